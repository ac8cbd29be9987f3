"""Attachments of a message."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

import msgspec

from mailsorter.emulator.errors import ExchangeError, item_not_found
from mailsorter.emulator.graph.directory import context_user
from mailsorter.emulator.graph.inbound import read_attachment
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer, iso, no_content
from mailsorter.emulator.mime.read import nth_part
from mailsorter.emulator.store import Message
from mailsorter.emulator.store.messages import Attachment

_TYPES = {
    "file": "#microsoft.graph.fileAttachment",
    "item": "#microsoft.graph.itemAttachment",
    "reference": "#microsoft.graph.referenceAttachment",
}


def attachment_bytes(call: Call, message: Message, item: Attachment) -> bytes:
    """What is attached."""
    if item.data is not None:
        return item.data
    mime = call.face.store.messages.stored_mime(message)
    return nth_part(mime, item.part) if mime is not None and item.part is not None else b""


def _render(call: Call, message: Message, item: Attachment, *, content: bool) -> dict[str, Any]:
    generation = None if call.request.immutable else message.generation
    shown: dict[str, Any] = {
        "@odata.type": _TYPES[item.kind],
        "@odata.mediaContentType": item.content_type,
        "id": call.mailbox.ids.attachment_id(message.id, generation, item.id),
        "lastModifiedDateTime": iso(message.modified),
        "name": item.name,
        "contentType": item.content_type,
        "size": item.size,
        "isInline": bool(item.is_inline),
    }
    if item.kind == "file":
        shown |= {"contentId": item.content_id, "contentLocation": None}
        if content:
            shown["contentBytes"] = base64.b64encode(attachment_bytes(call, message, item)).decode("ascii")
    return shown


_INNER_SELECT = re.compile(r"\$?select=([^;)]*)", re.IGNORECASE)


def render_all(call: Call, message: Message, inner: str = "") -> bytes:
    """All attachments for `$expand=attachments(…)`: whole, or as the `$select` between the parentheses says."""
    wanted = _INNER_SELECT.search(inner)
    ignored = call.face.conditions.graph.ignores_inner_select
    select = tuple(name.strip() for name in wanted[1].split(",")) if wanted and not ignored else None
    items = call.face.store.messages.attachments(message)
    return msgspec.json.encode([_selected(call, message, item, select) for item in items])


def _selected(call: Call, message: Message, item: Attachment, select: tuple[str, ...] | None) -> dict[str, Any]:
    content = select is None or any(name.lower() == "contentbytes" for name in select)
    return _shown(_render(call, message, item, content=content), select)


def _message(call: Call, words: int) -> Message:
    from mailsorter.emulator.graph import messages  # messages shows attachments, attachments find messages

    whole = call.words
    call.words = whole[: len(whole) - words]
    try:
        return messages.addressed(call)
    finally:
        call.words = whole


def _shown(shown: dict[str, Any], select: tuple[str, ...] | None) -> dict[str, Any]:
    if select is None:
        return shown
    wanted = {name.lower() for name in select} | {"id"}
    return {name: value for name, value in shown.items() if name.startswith("@") or name.lower() in wanted}


def _find(call: Call, message: Message) -> Attachment:
    number = call.mailbox.ids.read_attachment_id(call.words[-1])
    for item in call.face.store.messages.attachments(message):
        if item.id == number:
            return item
    raise item_not_found()


def _context(call: Call, message: Message, suffix: str = "") -> str:
    generation = None if call.request.immutable else message.generation
    ids = call.mailbox.ids
    text_id = ids.immutable_id(message.id) if generation is None else ids.default_id(message.id, generation)
    version = "beta" if call.beta else "v1.0"
    place = f"{context_user(call.mailbox)}/messages('{quote(text_id, safe='')}')/attachments"
    return f"{call.request.origin}/{version}/$metadata#{place}{suffix}"


def list_attachments(call: Call) -> Response:
    """GET messages/{id}/attachments."""
    message = _message(call, 0)
    items = call.face.store.messages.attachments(message)
    shown = [_selected(call, message, item, call.request.options.select) for item in items]
    return answer({"@odata.context": _context(call, message), "value": shown})


def count_attachments(call: Call) -> Response:
    """GET messages/{id}/attachments/$count."""
    count = len(call.face.store.messages.attachments(_message(call, 0)))
    return Response(200, str(count).encode(), content_type="text/plain")


def get_attachment(call: Call) -> Response:
    """GET messages/{id}/attachments/{a}."""
    message = _message(call, 1)
    shown = _shown(_render(call, message, _find(call, message), content=True), call.request.options.select)
    return answer({"@odata.context": _context(call, message, "/$entity"), **shown})


def get_attachment_value(call: Call) -> Response:
    """GET messages/{id}/attachments/{a}/$value: the bytes."""
    message = _message(call, 1)
    item = _find(call, message)
    if item.kind == "reference":
        raise ExchangeError("ErrorInvalidRequest", "A reference attachment has no content.")
    return Response(200, attachment_bytes(call, message, item), content_type=_safe_type(item.content_type))


def _safe_type(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "application/octet-stream"


def add_attachment(call: Call) -> Response:
    """POST messages/{id}/attachments."""
    message = _message(call, 0)
    store = call.face.store
    number = store.messages.add_attachment(call.mailbox, message, read_attachment(call.request.json()))
    changed = store.messages.get(call.mailbox, message.id)
    item = next(item for item in store.messages.attachments(changed) if item.id == number)
    shown = _render(call, changed, item, content=True)
    return answer({"@odata.context": _context(call, changed, "/$entity"), **shown}, 201)


def remove_attachment(call: Call) -> Response:
    """DELETE messages/{id}/attachments/{a}."""
    message = _message(call, 1)
    call.face.store.messages.remove_attachment(call.mailbox, message, _find(call, message).id)
    return no_content()
