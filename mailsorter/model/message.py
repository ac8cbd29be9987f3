"""A message as every connector delivers it: names and units of RFC 5322 and Exchange, nothing of any vendor's JSON.

These are msgspec structs, not dataclasses, because a backlog makes a million of them: creation costs a fifth. They hold
only texts, dates and tuples of such, so no cycle can pass through them and the collector need not track them.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailsorter.model.author_check import AuthorCheck


class Participant(msgspec.Struct, frozen=True, gc=False):
    """One address with its display name, raw as delivered: upper case, X.500, empty or malformed as it may be."""

    address: str
    name: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message's envelope. `id` is the stable half of its key: opaque, unique inside its mailbox, case-sensitive.

    Only what was asked for is filled; the rest holds its default. Times are aware UTC. A body is never part of it.
    """

    id: str
    folder_id: str
    received_at: datetime | None = None
    sent_at: datetime | None = None
    internet_message_id: str = ""  # with its angle brackets, as delivered; "" when missing
    conversation_id: str = ""  # the server's own grouping, opaque
    references: tuple[str, ...] = ()  # msg-ids of References and In-Reply-To with brackets; the last is the parent
    subject: str = ""
    preview: str = ""  # the first 255 characters of the body's text, as Exchange makes it
    from_: Participant | None = None
    sender: Participant | None = None
    reply_to: tuple[Participant, ...] = ()
    to: tuple[Participant, ...] = ()
    cc: tuple[Participant, ...] = ()
    bcc: tuple[Participant, ...] = ()
    message_class: str = "IPM.Note"  # MAPI PR_MESSAGE_CLASS
    is_read: bool = True
    is_draft: bool = False
    is_flagged: bool = False
    has_attachments: bool = False
    categories: tuple[str, ...] = ()
    list_id: str = ""  # RFC 2919, where the server shows headers
    is_unreadable: bool = (
        False  # Exchange has it but cannot render it: only id and folder are filled; never decide on it
    )
    author_check: AuthorCheck = AuthorCheck.NONE  # the receiving server's, on the author
    search_key: bytes = b""  # MAPI PR_SEARCH_KEY: survives move and copy, so copies share it

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Everyone the envelope names: from, sender, reply-to, to, cc and bcc, in that order, repeats included."""
        first = tuple(p for p in (self.from_, self.sender) if p is not None)
        return first + self.reply_to + self.to + self.cc + self.bcc


class ItemStub(msgspec.Struct, frozen=True, gc=False):
    """What a complete listing tells of one item: enough to compare with the ledger, no personal data."""

    id: str
    folder_id: str
