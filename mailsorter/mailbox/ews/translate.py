"""From EWS's XML to the model's words. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mailsorter.mailbox.answers import parent_last
from mailsorter.mailbox.authentication import headers_of, verdict_of
from mailsorter.mailbox.base import AttachedItem, Body
from mailsorter.mailbox.ews.elements import (
    FLAG_STATUS,
    FROM_SMTP,
    HEADERS,
    HIDDEN,
    PREVIEW,
    SEARCH_KEY,
    SENDER_SMTP,
    find,
    local_name,
    text,
    words,
)
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.contents import Attached, Contents
from mailsorter.model.folder import Folder, FolderPermission, WellKnown, may_hold_mail
from mailsorter.model.message import Message, Participant
from mailsorter.patterns import compiled

_MESSAGE_ID = compiled("ews.message-id", r"<[^<>\s]+>")
_READS_NOTHING = ("None", "Contributor")
_FLAGGED = "2"  # MAPI PR_FLAG_STATUS


def item_id(item: Any) -> str:
    """The id of an item, folder or conversation element."""
    found = find(item, "t:ItemId")
    return "" if found is None else str(found.get("Id", ""))


def parent_id(item: Any) -> str:
    """Where an item or folder lies."""
    found = find(item, "t:ParentFolderId")
    return "" if found is None else str(found.get("Id", ""))


def message(item: Any, trusted_gateways: Sequence[str] = ()) -> Message:
    """A message from its element, of whatever kind: Message, MeetingRequest, PostItem, a plain Item."""
    properties = _properties(item)
    block = properties.get(HEADERS[0])
    headers = list(headers_of(block)) if block else []
    conversation = find(item, "t:ConversationId")
    return Message(
        id=item_id(item),
        folder_id=parent_id(item),
        received_at=_time(text(item, "t:DateTimeReceived")),
        sent_at=_time(text(item, "t:DateTimeSent")),
        internet_message_id=text(item, "t:InternetMessageId"),
        conversation_id="" if conversation is None else str(conversation.get("Id", "")),
        references=_references(item),
        subject=text(item, "t:Subject"),
        preview=text(item, "t:Preview") or properties.get(PREVIEW[0], ""),
        from_=_participant(find(item, "t:From"), properties.get(FROM_SMTP[0])),
        sender=_participant(find(item, "t:Sender"), properties.get(SENDER_SMTP[0])),
        reply_to=_participants(find(item, "t:ReplyTo")),
        to=_participants(find(item, "t:ToRecipients")),
        cc=_participants(find(item, "t:CcRecipients")),
        bcc=_participants(find(item, "t:BccRecipients")),
        message_class=text(item, "t:ItemClass") or "IPM.Note",
        is_read=text(item, "t:IsRead").lower() != "false",
        is_draft=text(item, "t:IsDraft").lower() == "true",
        is_flagged=properties.get(FLAG_STATUS[0]) == _FLAGGED,
        has_attachments=text(item, "t:HasAttachments").lower() == "true",
        categories=_categories(item),
        list_id=next((value for name, value in headers if name == "list-id"), ""),
        author_check=verdict_of(headers, trusted_gateways) if headers else AuthorCheck.NONE,
        search_key=_binary(properties.get(SEARCH_KEY[0], "")),
    )


def folder(source: Any, well_known: WellKnown | None = None, *, parent: str | None = None) -> Folder:
    """A folder from its element; `parent` overrides what the server says, for the roots."""
    named = find(source, "t:FolderId")
    return Folder(
        id="" if named is None else str(named.get("Id", "")),
        parent_id=parent_id(source) if parent is None else parent,
        name=text(source, "t:DisplayName"),
        well_known=well_known,
        is_hidden=_properties(source).get(HIDDEN[0], "").lower() == "true",
        is_search=local_name(source) == "SearchFolder",
        item_count=_number(text(source, "t:TotalCount")),
        child_count=_number(text(source, "t:ChildFolderCount")),
    )


def named_itself(source: Any) -> WellKnown | None:
    """The folder that is never asked for by name, known by what the server says of it."""
    is_archive = text(source, "t:DistinguishedFolderId").lower() == WellKnown.ARCHIVE
    return WellKnown.ARCHIVE if is_archive else None


def is_mail_folder(source: Any) -> bool:
    """Folders that may hold mail, of whatever class, and saved searches; not calendars, contacts or tasks."""
    return local_name(source) in ("Folder", "SearchFolder") and may_hold_mail(text(source, "t:FolderClass"))


def permissions(source: Any) -> tuple[FolderPermission, ...]:
    """Who may do what with a folder. `ReadItems` says who reads; where it is left out, the level does."""
    listed = find(source, "t:PermissionSet/t:Permissions")
    return () if listed is None else tuple(_permission(one) for one in listed)


def _permission(source: Any) -> FolderPermission:
    who, level, reads = find(source, "t:UserId"), text(source, "t:PermissionLevel"), text(source, "t:ReadItems")
    named = ("DistinguishedUser", "PrimarySmtpAddress", "DisplayName", "SID")
    return FolderPermission(
        user=next((known for name in named if (known := text(who, f"t:{name}"))), ""),
        level=level,
        may_read=reads == "FullDetails" if reads else level not in _READS_NOTHING,
    )


def attachment_names(item: Any) -> tuple[str, ...]:
    """Names of what is attached, inline pictures too, in order."""
    attached = find(item, "t:Attachments")
    return () if attached is None else tuple(text(one, "t:Name") for one in attached)


def contents(item: Any) -> Contents:
    """The body's text, and what is attached."""
    attached = find(item, "t:Attachments")
    listed = () if attached is None else attached
    return Contents(
        text(item, "t:TextBody"), tuple(Attached(text(one, "t:Name"), _number(text(one, "t:Size"))) for one in listed)
    )


def attachments(item: Any) -> tuple[AttachedItem, ...]:
    """What is attached, in order: items of Exchange's own and files."""
    listed = find(item, "t:Attachments")
    return () if listed is None else tuple(_attached(one) for one in listed)


def _attached(source: Any) -> AttachedItem:
    return AttachedItem(
        name=text(source, "t:Name"),
        content_type=text(source, "t:ContentType"),
        size=_number(text(source, "t:Size")),
        is_item=local_name(source) == "ItemAttachment",
    )


def mime(item: Any) -> bytes:
    """The item's MIME content."""
    return _binary(text(item, "t:MimeContent"))


def _properties(source: Any) -> dict[str, str]:
    """Extended properties by tag, as this module writes tags (`0x300B`); Exchange writes them its own way."""
    found: dict[str, str] = {}
    for one in source.iterfind("{*}ExtendedProperty"):
        uri, value = one.find("{*}ExtendedFieldURI"), one.find("{*}Value")
        tag = uri.get("PropertyTag", "") if uri is not None else ""
        if tag and value is not None:
            found[_tag(tag)] = words(value)
    return found


def _tag(written: str) -> str:
    try:
        return f"0x{int(written, 16):04X}"
    except ValueError:
        return written


def _references(item: Any) -> tuple[str, ...]:
    named = f"{text(item, 't:References')} {text(item, 't:InReplyTo')}"
    return parent_last(_MESSAGE_ID.findall(named))


def _participants(source: Any) -> tuple[Participant, ...]:
    if source is None:
        return ()
    people = (_mailbox(one) for one in source.iterfind("{*}Mailbox"))
    return tuple(person for person in people if person is not None)


def _participant(source: Any, smtp: str | None) -> Participant | None:
    """One person; an X.500 address gives way to the SMTP address where MAPI knows it."""
    found = None if source is None else _mailbox(find(source, "t:Mailbox"))
    if found is None:
        return Participant(smtp) if smtp else None
    return Participant(smtp, found.name) if smtp and "@" not in found.address else found


def _mailbox(source: Any) -> Participant | None:
    if source is None:
        return None
    found = Participant(text(source, "t:EmailAddress"), text(source, "t:Name"))
    return found if found.address or found.name else None


def _categories(item: Any) -> tuple[str, ...]:
    listed = find(item, "t:Categories")
    return () if listed is None else tuple(words(one) for one in listed)


def _time(written: str) -> datetime | None:
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    if moment.year <= 1601:  # MAPI's way of saying "none"
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _binary(written: str) -> bytes:
    try:
        return base64.b64decode(written)
    except (binascii.Error, ValueError):
        return b""


def _number(written: str) -> int:
    return int(written) if written.strip().isdecimal() else 0


def body(item: Any) -> Body:
    """A message's text with its header block and what is attached to it."""
    found = find(item, "t:Body")
    has_attachments = text(item, "t:HasAttachments").lower() == "true"
    attached = attachments(item)
    return Body(
        id=item_id(item), content=text(item, "t:Body"), headers=_properties(item).get(HEADERS[0]) or "",
        is_html=found is not None and found.get("BodyType") == "HTML",
        has_attachments=has_attachments, attached=None if has_attachments and not attached else attached,
    )  # fmt: skip
