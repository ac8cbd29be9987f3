"""From a new message to the row that is stored: ids, dates, conversation and the ready JSON are settled here, once."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from mailsorter.emulator.store.markup import as_lines, without_tags
from mailsorter.emulator.store.records import Address, NewMessage

_PREVIEW_CHARACTERS = 255

NOT_FLAGGED = '{"flagStatus":"notFlagged"}'


def recipient(address: Address) -> dict[str, dict[str, str]]:
    """A participant in Graph's form."""
    return {"emailAddress": {"name": address.name or address.address, "address": address.address}}


def recipients(addresses: Sequence[Address]) -> list[dict[str, dict[str, str]]]:
    """Participants in Graph's form."""
    return [recipient(address) for address in addresses]


def html_to_text(markup: str) -> str:
    """An HTML body as plain text."""
    return as_lines(markup)


def preview_of(body: str, body_type: str) -> str:
    """The first 255 characters of a body as one line."""
    text = html.unescape(without_tags(body[:20_000])) if body_type == "html" else body[:4_000]
    return " ".join(text.split())[:_PREVIEW_CHARACTERS]


def message_ids(text: str) -> list[str]:
    """All message ids in a References or In-Reply-To header."""
    found = []
    for opened in text.split("<")[1:]:
        inside, closed, _ = opened.partition(">")
        if closed and inside and not any(c.isspace() for c in inside):
            found.append(f"<{inside}>")
    return found


def digest16(text: str) -> bytes:
    """Sixteen bytes that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def conversation_of(new: NewMessage, message_id: str) -> bytes:
    """The conversation a message belongs to: that of the oldest message it refers to, else its own."""
    if new.conversation is not None:
        return new.conversation
    roots = message_ids(new.references) or message_ids(new.in_reply_to)
    return digest16(roots[0] if roots else message_id)


def conversation_index(conversation: bytes, sent: int) -> str:
    """MAPI's conversation index: a header byte, five bytes of file time, the conversation."""
    ticks = (sent + 11_644_473_600) * 10_000_000
    return base64.b64encode(b"\x01" + (ticks >> 24 & 0xFFFFFFFFFF).to_bytes(5, "big") + conversation).decode("ascii")


def make_head(new: NewMessage, message_id: str, conversation: bytes, sent: int) -> str:
    """What Graph shows of a message and only a PATCH changes, as JSON."""
    head: dict[str, Any] = {
        "internetMessageId": message_id,
        "subject": new.subject,
        "bodyPreview": preview_of(new.body, new.body_type) if new.preview is None else new.preview,
        "importance": new.importance,
        "conversationIndex": conversation_index(conversation, sent),
        "isDeliveryReceiptRequested": new.delivery_receipt_requested,
        "isReadReceiptRequested": new.receipt_requested,
        "toRecipients": recipients(new.to),
        "ccRecipients": recipients(new.cc),
        "bccRecipients": recipients(new.bcc),
        "replyTo": recipients(new.reply_to),
    }
    sender = new.sender or new.from_
    if sender is not None:
        head["sender"] = recipient(sender)
    if new.from_ is not None:
        head["from"] = recipient(new.from_)
    return msgspec.json.encode(head).decode("utf-8")


def make_extra(new: NewMessage) -> str:
    """What Graph shows only on request (thread headers, own headers, extended properties), as JSON."""
    extra: dict[str, Any] = {}
    if new.references:
        extra["references"] = new.references
    if new.in_reply_to:
        extra["inReplyTo"] = new.in_reply_to
    if new.authentication != "pass":
        extra["authentication"] = new.authentication
    if new.headers:
        extra["headers"] = [list(pair) for pair in new.headers]
    if new.properties:
        extra["props"] = dict(new.properties)
    if new.multi_properties:
        extra["multi"] = {name: list(values) for name, values in new.multi_properties.items()}
    return msgspec.json.encode(extra).decode("utf-8") if extra else "{}"


def flag_json(flag: Mapping[str, object] | None) -> str:
    """A follow-up flag as JSON."""
    return msgspec.json.encode(dict(flag)).decode("utf-8") if flag else NOT_FLAGGED


def size_of(new: NewMessage) -> int:
    """Bytes that a message counts for: its MIME, or what its parts would make."""
    if new.mime is not None:
        return len(new.mime)
    attachments = sum(len(item.data) if item.data is not None else item.size for item in new.attachments)
    return 900 + len(new.body) + len(new.subject) + attachments * 4 // 3


def settle(new: NewMessage, *, now: int, unique: str) -> tuple[int, int, int, str, bytes]:
    """Created, received and sent times, message id and conversation of a new message.

    `unique` makes the message id of one that has none, as Exchange gives one on delivery.
    """
    received = new.received if new.received is not None else (new.sent if new.sent is not None else now)
    sent = new.sent if new.sent is not None else received
    created = new.created if new.created is not None else received
    message_id = new.message_id or f"<{digest16(unique).hex().upper()}@EMU.PROD.EXCHANGE.EXAMPLE>"
    return created, received, sent, message_id, conversation_of(new, message_id)


def message_row(
    new: NewMessage, *, mailbox: int, folder: int, area: int, seq: int, now: int, indexed: int, content: int, key: str
) -> tuple[Any, ...]:
    """The row of a new message without its `id`, in the order of `records.Message`."""
    created, received, sent, message_id, conversation = settle(new, now=now, unique=key)
    visible = [item for item in new.attachments if not item.is_inline]
    return (
        *(mailbox, folder, area, int(new.hidden), 1, seq, seq, seq, 0, created, max(created, received), received, sent),
        *(int(new.is_read), int(new.is_draft), int(bool(visible)), new.inference, flag_json(new.flag)),
        *(msgspec.json.encode(list(new.categories)).decode(), new.importance, new.message_class, size_of(new)),
        *(new.subject, new.from_.address if new.from_ else "", message_id, conversation),
        *(digest16(key), 0, 0, indexed, new.label, content, make_extra(new)),
        make_head(new, message_id, conversation, sent),
    )
