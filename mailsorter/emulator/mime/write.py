"""MIME from a message's properties, on demand, as Exchange regenerates it: not the bytes that were once sent."""

from __future__ import annotations

import email
import re
from collections.abc import Mapping, Sequence
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate
from typing import Any

import msgspec

from mailsorter.emulator.mime.read import decode_words
from mailsorter.emulator.store.messages import Attachment, Messages
from mailsorter.emulator.store.records import Message

_PEOPLE = (
    ("From", "from"),
    ("Sender", "sender"),
    ("To", "toRecipients"),
    ("Cc", "ccRecipients"),
    ("Bcc", "bccRecipients"),
    ("Reply-To", "replyTo"),
)
_LINE_ENDS = re.compile(r"[\r\n]+")


def mime_of(messages: Messages, message: Message) -> bytes:
    """The message as RFC 5322 text: what it came with, or made from its properties."""
    stored = messages.stored_mime(message)
    if stored is not None:
        return stored
    body_type, body = messages.body(message)
    return write_mime(message, body_type, body, messages.attachments(message))


def write_mime(message: Message, body_type: str, body: str, attachments: Sequence[Attachment]) -> bytes:
    """RFC 5322 text from properties."""
    head: dict[str, Any] = msgspec.json.decode(message.head)
    extra: dict[str, Any] = msgspec.json.decode(message.extra)
    part: MIMEBase = MIMEText(body, "html" if body_type == "html" else "plain", "utf-8")
    whole = part
    if attachments:
        report = message.message_class.startswith("REPORT.")
        whole = MIMEMultipart("report" if report else "mixed")
        if report:
            whole.set_param("report-type", "delivery-status")
        whole.attach(part)
        for item in attachments:
            whole.attach(_attached(item))
    headers = _headers(message, head, extra)
    for name, value in reversed(headers):
        if name.lower() not in ("mime-version", "content-type", "content-transfer-encoding"):
            whole._headers.insert(0, (name, _encoded(value)))  # type: ignore[attr-defined]  # headers in order, on top
    return whole.as_bytes()


def _headers(message: Message, head: Mapping[str, Any], extra: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    if not message.is_draft:
        stamp = formatdate(message.received, usegmt=False)
        headers.append(("Received", f"from mail.relay.example by exchange.emulator.example with ESMTPS; {stamp}"))
    for name, key in _PEOPLE:
        value = head.get(key) or []
        people = [value] if isinstance(value, dict) else value
        if people and not (key == "sender" and value == head.get("from")):
            headers.append((name, ", ".join(_mailbox(person) for person in people)))
    headers.append(("Subject", message.subject))
    headers.append(("Date", formatdate(message.sent)))
    headers.append(("Message-ID", message.message_id))
    for name, key in (("References", "references"), ("In-Reply-To", "inReplyTo")):
        if extra.get(key):
            headers.append((name, extra[key]))
    if message.importance != "normal":
        headers.append(("Importance", message.importance))
    headers.extend((name, value) for name, value in extra.get("headers", []))
    return headers


def _mailbox(person: Mapping[str, Any]) -> str:
    address = person.get("emailAddress", {})
    name, spec = str(address.get("name") or ""), str(address.get("address") or "")
    if not spec.isascii():
        return f"{name} <{spec}>" if name and name != spec else spec
    return formataddr((_LINE_ENDS.sub(" ", name) if name != spec else "", spec))


def _encoded(value: str) -> str:
    line = _LINE_ENDS.sub(" ", value)
    return line if line.isascii() else Header(line, "utf-8").encode()


def _attached(item: Attachment) -> MIMEBase:
    main, _, sub = item.content_type.partition("/")
    part = MIMEBase(main or "application", sub or "octet-stream")
    data = item.data or b""
    if item.content_type == "message/delivery-status":  # written as blocks of headers, never as one text
        part.set_payload(email.message_from_bytes(b"Content-Type: message/delivery-status\n\n" + data).get_payload())
    elif main == "message":
        part.set_payload(data.decode("utf-8", "replace"))
    else:
        part.set_payload(data)
        encode_base64(part)
    disposition = "inline" if item.is_inline else "attachment"
    part.add_header("Content-Disposition", disposition, filename=("utf-8", "", item.name))
    if item.content_id:
        part.add_header("Content-ID", f"<{item.content_id}>")
    return part


def header_list(mime: bytes) -> list[dict[str, str]]:
    """The header block as Graph's `internetMessageHeaders`."""
    parsed = email.message_from_bytes(_header_block(mime))
    return [{"name": str(name), "value": decode_words(value)} for name, value in parsed.items()]


def _header_block(mime: bytes) -> bytes:
    for end in (b"\r\n\r\n", b"\n\n"):
        position = mime.find(end)
        if position >= 0:
            return mime[: position + len(end)]
    return mime


def transport_headers(mime: bytes) -> str:
    """The raw header block: extended property String 0x007D."""
    return _header_block(mime).decode("utf-8", "replace").strip("\r\n")
