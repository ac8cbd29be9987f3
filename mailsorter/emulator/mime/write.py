"""MIME from a message's properties, on demand, as Exchange regenerates it: not the bytes that were once sent."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.encoders import encode_base64
from email.header import Header
from email.message import Message as EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate
from typing import Any

import msgspec

from mailsorter.emulator.mime.read import decode_words
from mailsorter.emulator.store.messages import Attachment, Messages
from mailsorter.emulator.store.records import Message
from mailsorter.emulator.store.surrogates import in_mime

_PEOPLE = (
    ("From", "from"),
    ("Sender", "sender"),
    ("To", "toRecipients"),
    ("Cc", "ccRecipients"),
    ("Bcc", "bccRecipients"),
    ("Reply-To", "replyTo"),
)
_WIRE = email.policy.compat32.clone(linesep="\r\n")
_TYPE_PART = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*")
_LINE_ENDS = re.compile(r"[\r\n]+")
_OF_THE_PART = ("mime-version", "content-type", "content-transfer-encoding")
_OF_A_TEXT = (("MIME-Version", "1.0"), ("Content-Transfer-Encoding", "base64"))


def mime_of(messages: Messages, message: Message) -> bytes:
    """The message as RFC 5322 text: what it came with, or made from its properties."""
    stored = messages.stored_mime(message)
    if stored is not None:
        return stored
    body_type, body = messages.body(message)
    return write_mime(message, body_type, body, messages.attachments(message))


def write_mime(message: Message, body_type: str, body: str, attachments: Sequence[Attachment]) -> bytes:
    """RFC 5322 text from properties."""
    head: dict[str, Any] = msgspec.json.decode(in_mime(message.head))
    extra: dict[str, Any] = msgspec.json.decode(in_mime(message.extra))
    part: EmailMessage = MIMEText(in_mime(body), "html" if body_type == "html" else "plain", "utf-8")
    others = [_attached(item) for item in attachments]
    if message.message_class.startswith("IPM.Schedule.Meeting."):
        others.insert(0, _invitation(message, head))
    whole = part
    if others:
        whole = _container(message)
        for one in (part, *others):
            whole.attach(one)
    headers = _headers(message, head, extra)
    for name, value in reversed(headers):
        if name.lower() not in _OF_THE_PART:
            whole._headers.insert(0, (name, _encoded(value)))  # type: ignore[attr-defined]  # headers in order, on top
    return whole.as_bytes(policy=_WIRE)


def _container(message: Message) -> EmailMessage:
    """What holds a body and what is attached to it."""
    report = message.message_class.startswith("REPORT.")
    boundary = f"_000_{message.search_key.hex()}_"  # the same each time it is asked for
    whole = MIMEMultipart("report" if report else "mixed", boundary=boundary)
    if report:
        whole.set_param("report-type", "delivery-status")
    return whole


def headers_of(messages: Messages, message: Message) -> list[dict[str, str]]:
    """The message's header block as Graph's `internetMessageHeaders`, as `header_list` reads it from the MIME.

    The MIME itself is not made for it: a page of a thousand header blocks would take a second or two.
    """
    stored = messages.stored_mime(message)
    if stored is not None:
        return header_list(stored)
    head: dict[str, Any] = msgspec.json.decode(in_mime(message.head))
    extra: dict[str, Any] = msgspec.json.decode(in_mime(message.extra))
    own = [(name, value) for name, value in _headers(message, head, extra) if name.lower() not in _OF_THE_PART]
    if messages.carries(message) or message.message_class.startswith("IPM.Schedule.Meeting."):
        part = [(name, str(value)) for name, value in _container(message).raw_items()]
    else:
        kind = "html" if messages.body_type(message) == "html" else "plain"
        part = [("Content-Type", f'text/{kind}; charset="utf-8"'), *_OF_A_TEXT]
    return [{"name": name, "value": decode_words(_encoded(value))} for name, value in (*own, *part)]


def _headers(message: Message, head: Mapping[str, Any], extra: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    if not message.is_draft:
        stamp = formatdate(message.received, usegmt=False)
        headers.extend(stamps(_author_domain(head), str(extra.get("authentication", "pass"))))
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


def stamps(author_domain: str, authentication: str) -> list[tuple[str, str]]:
    """What Exchange Online writes above its first Received, without a server's name, of a check that ended so.

    `authentication`: pass, fail, none; internal for mail of somebody signed in; "" for a server that does not check.
    """
    if authentication == "internal":
        return [("X-MS-Exchange-Organization-AuthAs", "Internal")]
    anonymous = [("X-MS-Exchange-Organization-AuthAs", "Anonymous")]
    if not authentication:
        return anonymous
    reason = {"pass": "100", "fail": "000"}.get(authentication, "601")
    results = (
        f"spf={authentication} (sender IP is 192.0.2.1) smtp.mailfrom={author_domain}; dkim=none (message not signed) "
        f"header.d=none;dmarc={authentication} action=none header.from={author_domain};compauth={authentication} "
        f"reason={reason}"
    )
    return [*anonymous, ("Authentication-Results", results)]


def _author_domain(head: Mapping[str, Any]) -> str:
    author = head.get("from") or head.get("sender") or {}
    domain = str(author.get("emailAddress", {}).get("address") or "").rpartition("@")[2]
    return "".join(c for c in domain if c.isalnum() or c in ".-") or "none"


def _mailbox(person: Mapping[str, Any]) -> str:
    address = person.get("emailAddress", {})
    name, spec = str(address.get("name") or ""), str(address.get("address") or "")
    if not spec.isascii():
        return f"{name} <{spec}>" if name and name != spec else spec
    return formataddr((_LINE_ENDS.sub(" ", name) if name != spec else "", spec))


def _encoded(value: str) -> str:
    line = _LINE_ENDS.sub(" ", value)
    return line if line.isascii() else Header(line, "utf-8").encode()


def _attached(item: Attachment) -> EmailMessage:
    data = item.data or b""
    kind = item.content_type.lower()
    if kind in ("message/rfc822", "message/delivery-status"):
        part: EmailMessage = email.message_from_bytes(b"Content-Type: " + kind.encode("ascii") + b"\r\n\r\n" + data)
    else:
        main, _, sub = kind.partition("/")
        is_plain = _TYPE_PART.fullmatch(main) and _TYPE_PART.fullmatch(sub) and main not in ("message", "multipart")
        part = MIMEBase(main, sub) if is_plain else MIMEBase("application", "octet-stream")
        part.set_payload(data)
        encode_base64(part)
    disposition = "inline" if item.is_inline else "attachment"
    part.add_header("Content-Disposition", disposition, filename=("utf-8", "", item.name))
    if item.content_id:
        part.add_header("Content-ID", f"<{_LINE_ENDS.sub(' ', item.content_id)}>")
    return part


def _invitation(message: Message, head: Mapping[str, Any]) -> EmailMessage:
    """The calendar part of a meeting message, without which no reader takes it for one."""
    method = {"Request": "REQUEST", "Canceled": "CANCEL"}.get(message.message_class.split(".")[3], "REPLY")
    organizer = head.get("from", {}).get("emailAddress", {}).get("address", "")
    start = datetime.fromtimestamp(message.received + 7 * 86_400, UTC)
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//mailsorter emulator//EN", f"METHOD:{method}", "BEGIN:VEVENT"),
        *(f"UID:{message.search_key.hex()}", f"DTSTART:{start:%Y%m%dT%H0000Z}", f"ORGANIZER:mailto:{organizer}"),
        *(f"SUMMARY:{_LINE_ENDS.sub(' ', message.subject)}", "END:VEVENT", "END:VCALENDAR", ""),
    )
    part = MIMEText("\r\n".join(lines), "calendar", "utf-8")
    part.set_param("method", method)
    return part


def header_list(mime: bytes) -> list[dict[str, str]]:
    """The header block as Graph's `internetMessageHeaders`."""
    parsed = email.message_from_bytes(_header_block(mime))
    return [{"name": str(name), "value": decode_words(value)} for name, value in parsed.raw_items()]


def _header_block(mime: bytes) -> bytes:
    for end in (b"\r\n\r\n", b"\n\n"):
        position = mime.find(end)
        if position >= 0:
            return mime[: position + len(end)]
    return mime


def transport_headers(mime: bytes) -> str:
    """The raw header block: extended property String 0x007D."""
    return _header_block(mime).decode("utf-8", "replace").strip("\r\n")
