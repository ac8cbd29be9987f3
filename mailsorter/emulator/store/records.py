"""Rows of the store as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mailsorter.emulator.store.ids import IdCodec


class Mailbox(NamedTuple):
    """One mailbox; times in seconds since the epoch."""

    id: int
    guid: str
    user_id: str
    address: str
    display_name: str
    kind: str
    """`user`, `shared`, `room`, `equipment`, `linked`, `others`, or `archive` for an in-place archive."""
    state: str
    """`ok`, `unlicensed`, `inactive`, `on-premises`, `moving`, or `no-mailbox` for a directory entry only."""
    archive_of: int | None
    created: int
    quota_bytes: int
    single_item_recovery: int
    retain_days: int
    litigation_hold: int
    delay_hold_until: int
    retention_policies: str
    folder_exists_status: int

    @property
    def ids(self) -> IdCodec:
        """Maker and reader of this mailbox's ids."""
        return IdCodec(self.guid)


class Folder(NamedTuple):
    """One folder with its counts."""

    id: int
    mailbox: int
    parent: int
    name: str
    well_known: str
    folder_class: str
    hidden: int
    recoverable: int
    search: str | None
    seq: int
    entered_seq: int
    total: int
    unread: int
    bytes: int


class Message(NamedTuple):
    """One message without its body; `head` is what Graph shows of it as ready JSON, `extra` the rest as JSON."""

    id: int
    mailbox: int
    folder: int
    area: int
    """0 in the visible tree, 1 in Recoverable Items."""
    hidden: int
    generation: int
    """Counts moves; part of the default id."""
    seq: int
    """Change number of the last change of any kind."""
    content_seq: int
    """Change number of the last change other than a move."""
    entered_seq: int
    """Change number at which it came into its folder."""
    away_seq: int
    """Change number at which it last left the folder it is now back in; 0 when it never did."""
    created: int
    modified: int
    received: int
    sent: int
    is_read: int
    is_draft: int
    has_attachments: int
    inference: str
    flag: str
    categories: str
    importance: str
    message_class: str
    size: int
    subject: str
    from_address: str
    message_id: str
    conversation: bytes
    search_key: bytes
    last_folder: int
    discarded: int
    indexed: int
    label: str
    content: int
    extra: str
    head: str


FOLDER_COLUMNS = ", ".join(Folder._fields)
MAILBOX_COLUMNS = ", ".join(Mailbox._fields)
MESSAGE_COLUMNS = ", ".join(f"message.{name}" for name in Message._fields)


class Address(NamedTuple):
    """A mail participant as Graph shows one."""

    name: str
    address: str


@dataclass(slots=True)
class NewAttachment:
    """An attachment to be stored; `part` numbers a MIME part whose bytes are read from the message's MIME."""

    name: str
    content_type: str = "application/octet-stream"
    data: bytes | None = None
    part: int | None = None
    size: int = 0
    kind: str = "file"
    is_inline: bool = False
    content_id: str | None = None


@dataclass(slots=True)
class NewMessage:
    """A message to be stored: delivered, seeded, or created over Graph. Times in seconds since the epoch.

    What is left None is filled in: ids from the contents, dates from each other, the conversation from References.
    """

    subject: str = ""
    body: str = ""
    body_type: str = "text"
    from_: Address | None = None
    sender: Address | None = None
    to: Sequence[Address] = ()
    cc: Sequence[Address] = ()
    bcc: Sequence[Address] = ()
    reply_to: Sequence[Address] = ()
    message_id: str | None = None
    references: str = ""
    in_reply_to: str = ""
    received: int | None = None
    sent: int | None = None
    created: int | None = None
    is_read: bool = False
    is_draft: bool = False
    hidden: bool = False
    importance: str = "normal"
    inference: str = "focused"
    message_class: str = "IPM.Note"
    categories: Sequence[str] = ()
    flag: Mapping[str, object] | None = None
    conversation: bytes | None = None
    preview: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    authentication: str = "pass"
    """What its headers say of the author: pass, fail, none, internal; "": nothing. MIME says it itself."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """Extended properties of one value, by normal id."""
    multi_properties: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Those of several values."""
    attachments: Sequence[NewAttachment] = ()
    mime: bytes | None = None
    receipt_requested: bool = False
    delivery_receipt_requested: bool = False
    label: str = ""
