"""From Graph's JSON to the model's words. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import UNSET

from mailsorter.mailbox.answers import parent_last
from mailsorter.mailbox.authentication import headers_of, verdict_of
from mailsorter.mailbox.base import AttachedItem, Body
from mailsorter.mailbox.graph.wire import Attachment, GraphFolder, GraphMessage, MessageBody, Recipient, number
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.folder import Folder, WellKnown
from mailsorter.model.message import Message, Participant
from mailsorter.patterns import compiled

# MAPI properties as Graph names them (graph-facts, section 4)
REFERENCES = "String 0x1039"
IN_REPLY_TO = "String 0x1042"
MESSAGE_CLASS = "String 0x001A"
SENDER_SMTP = "String 0x5D01"
FROM_SMTP = "String 0x5D02"
SEARCH_KEY = "Binary 0x300B"
HEADERS = "String 0x007D"

_MESSAGE_ID = compiled("graph.message-id", r"<[^<>\s]+>")
_ITEM = "#microsoft.graph.itemattachment"
_SEARCH_FOLDER = "#microsoft.graph.mailsearchfolder"
_NO_ONE = Participant("", "")


def message(source: GraphMessage, folder_id: str = "", trusted_gateways: Sequence[str] = ()) -> Message:
    """A whole message. `folder_id` stands in where the server does not say where it lies."""
    properties = _properties(source)
    headers = _headers(source, properties)
    return Message(
        id=source.id,
        folder_id=_text(source.parent_folder_id) or folder_id,
        received_at=utc(source.received_date_time),
        sent_at=utc(source.sent_date_time),
        internet_message_id=source.internet_message_id or "",
        conversation_id=source.conversation_id or "",
        references=_references(source, properties),
        subject=source.subject or "",
        preview=source.body_preview or "",
        from_=_participant(source.from_, properties.get(FROM_SMTP.lower())),
        sender=_participant(source.sender, properties.get(SENDER_SMTP.lower())),
        reply_to=_participants(source.reply_to),
        to=() if source.to_recipients is UNSET else _participants(source.to_recipients),
        cc=_participants(source.cc_recipients),
        bcc=_participants(source.bcc_recipients),
        message_class=properties.get(MESSAGE_CLASS.lower()) or "IPM.Note",
        is_read=source.is_read is not False,
        is_draft=bool(source.is_draft),
        is_flagged=source.flag is not None and (source.flag.flagStatus or "").lower() == "flagged",
        has_attachments=bool(source.has_attachments),
        categories=tuple(source.categories or ()),
        list_id=next((value for name, value in headers if name == "list-id"), ""),
        author_check=verdict_of(headers, trusted_gateways) if headers else AuthorCheck.NONE,
        search_key=_binary(properties.get(SEARCH_KEY.lower())),
    )


def unreadable(message_id: str, folder_id: str) -> Message:
    """The stand-in for a message that Exchange has but cannot render."""
    return Message(id=message_id, folder_id=folder_id, is_unreadable=True)


def attached(source: Attachment) -> AttachedItem:
    """One attachment without its content."""
    return AttachedItem(
        name=source.name or "",
        content_type=source.content_type or "",
        size=number(source.size) or 0,
        is_item=(source.odata_type or "").lower() == _ITEM,
    )


def folder(source: GraphFolder, well_known: WellKnown | None = None, *, parent_id: str | None = None) -> Folder:
    """A folder; `parent_id` overrides what the server says, for the roots."""
    return Folder(
        id=source.id,
        parent_id=(source.parent_folder_id or "") if parent_id is None else parent_id,
        name=source.display_name or "",
        well_known=well_known,
        is_hidden=bool(source.is_hidden),
        is_search=(source.odata_type or "").lower() == _SEARCH_FOLDER,
        item_count=source.total_item_count or 0,
        child_count=source.child_folder_count or 0,
    )


def _properties(source: GraphMessage) -> dict[str, str]:
    """Extended properties by lower-case id: Exchange answers in a case of its own (`0x1039`, `0X1039`)."""
    listed = source.single_value_extended_properties
    return {p.id.lower(): p.value or "" for p in listed} if listed else {}


def _references(source: GraphMessage, properties: dict[str, str]) -> tuple[str, ...]:
    """References, then In-Reply-To where it is not among them: from MAPI, else from the header where that came."""
    if source.internet_message_headers is None:
        named = f"{properties.get(REFERENCES.lower(), '')} {properties.get(IN_REPLY_TO.lower(), '')}"
    else:
        named = f"{_header(source, 'references')} {_header(source, 'in-reply-to')}"
    return parent_last(_MESSAGE_ID.findall(named))


def _headers(source: GraphMessage, properties: dict[str, str]) -> list[tuple[str, str]]:
    """The transport headers from the top: listed, else from the MAPI property; [] where neither came."""
    if source.internet_message_headers is not None:
        return [((h.name or "").lower(), h.value or "") for h in source.internet_message_headers]
    block = properties.get(HEADERS.lower())
    return list(headers_of(block)) if block else []


def _header(source: GraphMessage, name: str) -> str:
    for header in source.internet_message_headers or ():
        if (header.name or "").lower() == name:
            return header.value or ""
    return ""


def _participant(source: Recipient | None, smtp: str | None = None) -> Participant | None:
    """One person; an Exchange-internal X.500 address gives way to the SMTP address where MAPI knows it."""
    found = _plain(source)
    if found is None:
        return Participant(smtp) if smtp else None
    return Participant(smtp, found.name) if smtp and "@" not in found.address else found


def _plain(source: Recipient | None) -> Participant | None:
    if source is None or source.emailAddress is None:
        return None
    found = Participant(source.emailAddress.address or "", source.emailAddress.name or "")
    return None if found == _NO_ONE else found


def _participants(source: Sequence[Recipient] | None) -> tuple[Participant, ...]:
    if not source:
        return ()
    people: Iterable[Participant | None] = map(_plain, source)
    return tuple(person for person in people if person is not None)


def utc(moment: datetime | None) -> datetime | None:
    """A date as Graph writes it, in UTC; None for none."""
    if moment is None or moment.year <= 1:  # 0001-01-01: Exchange's way of saying "none"
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _binary(value: str | None) -> bytes:
    try:
        return base64.b64decode(value or "")
    except binascii.Error:
        return b""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def body(item: MessageBody) -> Body:
    """A message's text with its header block, and what is attached to it where the answer says all of that."""
    found, listed = item.body, item.attachments
    is_whole = listed is not None and item.more_attachments is None and (listed or not item.has_attachments)
    headers = "\n".join(f"{one.name}: {one.value}" for one in item.internet_message_headers or ())
    return Body(
        id=item.id, content=(found.content if found else None) or "", headers=headers,
        is_html=bool(found and (found.contentType or "").lower() == "html"),
        has_attachments=bool(item.has_attachments), received_at=utc(item.received_date_time),
        attached=tuple(map(attached, listed or ())) if is_whole else None,
    )  # fmt: skip
