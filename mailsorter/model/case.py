"""The words of a case: whom it is about, what was found of them, and what becomes of each finding.

Everything here that can be read (`Subject`, `Finding`, …) lives only in memory and in the sealed case file.
"""

from __future__ import annotations

import enum
import hashlib
from datetime import date, datetime

import msgspec


class CaseKind(enum.StrEnum):
    """What was asked for, and by whom."""

    ERASURE = "erasure"
    ACCESS = "access"
    RECTIFICATION = "rectification"
    CLIENT_LEAVES = "client-leaves"


class Role(enum.StrEnum):
    """What the person is to a message, strongest first."""

    AUTHOR = "author"
    ONLY_RECIPIENT = "only-recipient"
    ONE_OF_MANY = "one-of-many"
    MENTIONED = "mentioned"
    POSSIBLE = "possible"  # nothing surer than a name was seen: a person decides whether it is theirs


class Seen(enum.StrEnum):
    """Where in a message the person was seen."""

    FROM = "from"
    SENDER = "sender"
    REPLY_TO = "reply-to"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    DISPLAY_NAME = "display-name"  # of a participant, at whatever address
    RESENT = "resent"  # Resent-From, Resent-To, …
    CALENDAR = "calendar"  # an invitation's organiser or attendee
    SUBJECT = "subject"
    PREVIEW = "preview"
    FORWARDED = "forwarded-block"
    BODY = "body"
    HEADER = "header"
    ATTACHED_MESSAGE = "attached-message"
    ATTACHMENT = "attachment"
    ATTACHMENT_NAME = "attachment-name"
    SEARCH = "search"  # the server's index says so; what was read does not show it
    CLIENT_FOLDER = "client-folder"
    THREAD = "thread"
    WITNESS = "witness"  # the proof's witness saw it, and no search had listed it
    NOT_RENDERED = "not-rendered"  # beside another place: the server gave no envelope, so little is known of it


class Verdict(enum.StrEnum):
    """What becomes of a finding."""

    ERASE = "erase"
    KEEP = "keep"  # on a ground, until a day
    LOOK = "look"  # a person must decide
    NOT_THEIRS = "not-theirs"  # a person decided that it does not concern the subject


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The person (or client) a case is about, as the officer wrote it down."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # internet addresses and X.500 names
    aliases: tuple[str, ...] = ()  # other names and handles
    phones: tuple[str, ...] = ()
    client_id: str = ""
    language: str = "nl"
    objects: bool = False  # the request objects to processing (art. 21): a purpose must be balanced by a person
    request_message_id: str = ""  # the internetMessageId of the request itself


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One message that concerns the subject, with what a reviewer needs to judge it."""

    mailbox: str
    id: str
    folder_id: str
    folder: str  # path for people
    recoverable: str = ""  # well-known name of the Recoverable Items folder it lies in; "" elsewhere
    role: Role
    seen: tuple[Seen, ...]
    received_at: datetime | None = None
    internet_message_id: str = ""
    search_key: bytes = b""
    conversation_id: str = ""
    subject: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_attachments: bool = False
    attachments: tuple[str, ...] = ()  # names; filled only where a ground is recognised by them
    attachments_read: bool | None = None  # were the names asked for and told? None: found by a version that did not say
    message_class: str = "IPM.Note"
    fingerprint: bytes = b""  # changes when the message does: see `model.finding.fingerprint`
    contract_ended_on: date | None = None  # of the client in whose folder it lies
    by_name: tuple[Seen, ...] = ()  # those places of `seen` that show nothing surer than a name

    @property
    def key(self) -> tuple[str, str]:
        """The message's key: mailbox and stable id."""
        return (self.mailbox, self.id)

    @property
    def lacks_attachment_names(self) -> bool:
        """Are its attachments' names unknown? Older versions asked only messages said to have attachments."""
        if self.attachments_read is None:
            return self.has_attachments and not self.attachments
        return not self.attachments_read

    @property
    def handle(self) -> str:
        """A short name for people to type: ten hexadecimal digits of the key's digest."""
        return hashlib.sha256(f"{self.mailbox}\0{self.id}".encode()).hexdigest()[:10]


class NotSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be looked into, and why. `count` messages, or 0 where the number is unknown."""

    mailbox: str
    folder: str = ""
    reason: str  # stable code: unreachable, not-permitted, gone, unreadable, attachments-not-opened, archive, …
    count: int = 0


class Lookalike(msgspec.Struct, frozen=True, kw_only=True):
    """Another address that may be the same person: offered, never assumed."""

    address: str
    reason: str  # stable code: same-name, same-local-part, same-signature, same-phone, same-thread, answers-for-them
    count: int  # messages


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message stays: which rule recognised it by what, on which article, until when."""

    rule: str
    basis: str
    article: str
    until: date
    recognised_by: str
    purpose: str = ""


class PlanItem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding with what becomes of it. `decided_by` and `decision_reason` are set where a person decided."""

    finding: Finding
    verdict: Verdict
    reason: str  # stable code
    ground: Ground | None = None
    decided_by: str = ""
    decision_reason: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer's word on one finding."""

    mailbox: str
    id: str
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    ground: Ground | None = None
    by_sender: bool = False  # one decision for all the items of one sender that were listed


class ItemState(enum.StrEnum):
    """How far an approved item came. Everything but PENDING and PURGED is final for its round."""

    PENDING = "pending"
    PURGED = "purged"  # permanentDelete done: lies in Recoverable Items
    ERASED = "erased"  # hard delete done
    RETAINED = "retained"  # stays in Recoverable Items until Exchange's own retention ends
    HELD = "held"  # a hold protects it
    KEPT = "kept"  # on a ground
    LEFT = "left"  # not theirs, by a person's decision
    CHANGED = "changed"  # not what was approved any more: left out
    GONE = "gone"  # somebody else deleted it before us: looked for and not found
    LOOK = "look"  # a person must look
    FAILED = "failed"
