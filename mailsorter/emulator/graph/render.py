"""Messages and folders as Graph's JSON.

A page of a thousand messages is put together from ready pieces: what lies in `head` is cut out of its JSON without
being understood, the rest is formatted. That keeps such a page far below 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.store.compose import html_to_text
from mailsorter.emulator.store.ids import IdCodec
from mailsorter.emulator.store.records import Folder, Message


class Head(msgspec.Struct, omit_defaults=True):
    """The keys of `Message.head`, each left as the JSON it is."""

    internetMessageId: msgspec.Raw = msgspec.Raw(b"null")  # Graph's names
    subject: msgspec.Raw = msgspec.Raw(b'""')
    bodyPreview: msgspec.Raw = msgspec.Raw(b'""')
    importance: msgspec.Raw = msgspec.Raw(b'"normal"')
    conversationIndex: msgspec.Raw = msgspec.Raw(b"null")
    isDeliveryReceiptRequested: msgspec.Raw = msgspec.Raw(b"false")
    isReadReceiptRequested: msgspec.Raw = msgspec.Raw(b"false")
    toRecipients: msgspec.Raw = msgspec.Raw(b"[]")
    ccRecipients: msgspec.Raw = msgspec.Raw(b"[]")
    bccRecipients: msgspec.Raw = msgspec.Raw(b"[]")
    replyTo: msgspec.Raw = msgspec.Raw(b"[]")
    sender: msgspec.Raw = msgspec.Raw(b"")
    from_: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="from")


_decode_head = msgspec.json.Decoder(Head).decode


class Context(NamedTuple):
    """What rendering needs beside the message."""

    ids: IdCodec
    immutable: bool
    text_bodies: bool


class Source(NamedTuple):
    """A message with its decoded head and, when asked for, its body."""

    message: Message
    head: Head
    body_type: str
    body: str
    id: str


Piece = Callable[[Context, Source], bytes]


@lru_cache(maxsize=65_536)
def _iso(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime('"%Y-%m-%dT%H:%M:%SZ"').encode()


def _flag(name: str) -> Piece:
    return lambda context, source: b"true" if getattr(source.message, name) else b"false"


def _time(name: str) -> Piece:
    return lambda context, source: _iso(getattr(source.message, name))


def _raw(name: str) -> Piece:
    return lambda context, source: bytes(getattr(source.head, name))


def _text(value: str) -> bytes:
    return msgspec.json.encode(value)


def _body(context: Context, source: Source) -> bytes:
    body_type, body = source.body_type, source.body
    if context.text_bodies and body_type == "html":
        body_type, body = "text", html_to_text(body).strip()
    return msgspec.json.encode({"contentType": body_type, "content": body})


def _web_link(context: Context, source: Source) -> bytes:
    link = (
        "https://outlook.office365.com/owa/?ItemID="
        + quote(source.id, safe="")
        + "&exvsurl=1&viewmodel=ReadMessageItem"
    )
    return b'"' + link.encode("ascii") + b'"'


_PIECES: dict[str, Piece] = {
    "createdDateTime": _time("created"),
    "lastModifiedDateTime": _time("modified"),
    "changeKey": lambda context, source: b'"' + context.ids.change_key(source.message.seq).encode() + b'"',
    "categories": lambda context, source: source.message.categories.encode(),
    "receivedDateTime": _time("received"),
    "sentDateTime": _time("sent"),
    "hasAttachments": _flag("has_attachments"),
    "internetMessageId": _raw("internetMessageId"),
    "subject": _raw("subject"),
    "bodyPreview": _raw("bodyPreview"),
    "importance": _raw("importance"),
    "parentFolderId": lambda context, source: b'"' + context.ids.folder_id(source.message.folder).encode() + b'"',
    "conversationId": lambda context, source: (
        b'"' + context.ids.conversation_id(source.message.conversation).encode() + b'"'
    ),
    "conversationIndex": _raw("conversationIndex"),
    "isDeliveryReceiptRequested": _raw("isDeliveryReceiptRequested"),
    "isReadReceiptRequested": _raw("isReadReceiptRequested"),
    "isRead": _flag("is_read"),
    "isDraft": _flag("is_draft"),
    "webLink": _web_link,
    "inferenceClassification": lambda context, source: b'"' + source.message.inference.encode() + b'"',
    "body": _body,
    "sender": _raw("sender"),
    "from": _raw("from_"),
    "toRecipients": _raw("toRecipients"),
    "ccRecipients": _raw("ccRecipients"),
    "bccRecipients": _raw("bccRecipients"),
    "replyTo": _raw("replyTo"),
    "flag": lambda context, source: source.message.flag.encode(),
}

_LABELS = {name: b'"' + name.encode() + b'":' for name in _PIECES}

_MEETING = {"type": b'"singleInstance"', "isAllDay": b"false", "isOutOfDate": b"false", "isDelegated": b"false"}

#: OData type and meetingMessageType by message class; other classes are plain messages.
_EVENT_TYPES = {
    "IPM.Schedule.Meeting.Request": ("#microsoft.graph.eventMessageRequest", "meetingRequest"),
    "IPM.Schedule.Meeting.Canceled": ("#microsoft.graph.eventMessage", "meetingCancelled"),
    "IPM.Schedule.Meeting.Resp.Pos": ("#microsoft.graph.eventMessageResponse", "meetingAccepted"),
    "IPM.Schedule.Meeting.Resp.Neg": ("#microsoft.graph.eventMessageResponse", "meetingDeclined"),
    "IPM.Schedule.Meeting.Resp.Tent": ("#microsoft.graph.eventMessageResponse", "meetingTenativelyAccepted"),
}

#: Properties that come only when selected, rendered by the caller.
ON_REQUEST = frozenset({"internetMessageHeaders", "uniqueBody"})
_KNOWN = {name.lower(): name for name in (*_PIECES, *ON_REQUEST, "id")}
BASIC_HIDDEN = frozenset({"body", "bodyPreview", "uniqueBody"})


def selected(select: Sequence[str] | None, *, basic: bool = False) -> tuple[str, ...]:
    """The properties to show, in Graph's order; unknown names are refused as Graph does.

    `basic` leaves out what Mail.ReadBasic does not give.

    Raises:
        ExchangeError: BadRequest for a property that a message does not have.
    """
    if select is None or "*" in select:
        names: list[str] = list(_PIECES)
    else:
        names = []
        for name in select:
            known = _KNOWN.get(name.lower())
            if known is None:
                raise ExchangeError(
                    "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.message'."
                )
            if known not in names and known != "id":
                names.append(known)
        names.sort(key=_ORDER.__getitem__)
    return tuple(name for name in names if not (basic and name in BASIC_HIDDEN))


_ORDER = {name: number for number, name in enumerate((*_PIECES, *ON_REQUEST))}


def wants_body(names: Sequence[str]) -> bool:
    """Must bodies be read for these properties?"""
    return "body" in names or "uniqueBody" in names


def render_message(
    context: Context,
    message: Message,
    names: Sequence[str],
    *,
    body: tuple[str, str] = ("text", ""),
    extra: Sequence[tuple[str, bytes]] = (),
    typed: bool = False,
) -> bytes:
    """One message as JSON; `extra` are ready pairs to add, `typed` names the type of plain messages too (delta)."""
    ids = context.ids
    text_id = ids.immutable_id(message.id) if context.immutable else ids.default_id(message.id, message.generation)
    source = Source(message, _decode_head(message.head), body[0], body[1], text_id)
    event = _EVENT_TYPES.get(message.message_class)
    parts = []
    if event:
        parts.append(b'"@odata.type":"' + event[0].encode() + b'"')
    elif typed:
        parts.append(b'"@odata.type":"#microsoft.graph.message"')
    parts.append(
        b'"@odata.etag":"W/\\"' + ids.change_key(message.seq).encode() + b'\\"","id":"' + text_id.encode() + b'"'
    )
    for name in names:
        piece = _PIECES.get(name)
        value = piece(context, source) if piece is not None else b""
        if value:  # a message without a sender has no `from` at all
            parts.append(_LABELS[name] + value)
    if event and len(names) == len(_PIECES):
        parts.append(b'"meetingMessageType":"' + event[1].encode() + b'"')
        parts.extend(b'"' + name.encode() + b'":' + value for name, value in _MEETING.items())
    parts.extend(b'"' + name.encode() + b'":' + value for name, value in extra)
    return b"{" + b",".join(parts) + b"}"


def render_removed(context: Context, message: int, generation: int) -> bytes:
    """What delta says of a message that is not in the folder any more."""
    ids = context.ids
    text_id = ids.immutable_id(message) if context.immutable else ids.default_id(message, generation)
    return (
        b'{"@odata.type":"#microsoft.graph.message","id":"' + text_id.encode() + b'","@removed":{"reason":"deleted"}}'
    )


_FOLDER_NAMES = (
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "sizeInBytes",
    "isHidden",
)


def folder_selected(select: Sequence[str] | None, *, beta: bool = False) -> frozenset[str] | None:
    """The folder properties to show; None for all.

    Raises:
        ExchangeError: BadRequest for a property that a folder does not have.
    """
    if select is None or "*" in select:
        return None
    known = {name.lower(): name for name in (*_FOLDER_NAMES, "id", *(("wellKnownName",) if beta else ()))}
    for name in select:
        if name.lower() not in known:
            raise ExchangeError(
                "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.mailFolder'."
            )
    return frozenset(known[name.lower()] for name in select)


def render_folder(
    ids: IdCodec,
    folder: Folder,
    children: int,
    names: frozenset[str] | None,
    *,
    typed: bool = False,
    beta: bool = False,
) -> dict[str, Any]:
    """One folder as Graph shows it."""
    shown: dict[str, Any] = {}
    search: dict[str, Any] | None = msgspec.json.decode(folder.search) if folder.search else None
    if search is not None:
        shown["@odata.type"] = "#microsoft.graph.mailSearchFolder"
    elif typed:
        shown["@odata.type"] = "#microsoft.graph.mailFolder"
    shown["id"] = ids.folder_id(folder.id)
    values = {
        "displayName": folder.name,
        "parentFolderId": ids.folder_id(folder.parent) if folder.parent else ids.folder_id(folder.id),
        "childFolderCount": children,
        "unreadItemCount": folder.unread,
        "totalItemCount": folder.total,
        "sizeInBytes": folder.bytes,
        "isHidden": bool(folder.hidden),
    }
    if beta:
        values["wellKnownName"] = folder.well_known or None
    shown.update({name: value for name, value in values.items() if names is None or name in names})
    if search is not None and names is None:
        shown.update(search)
    return shown
