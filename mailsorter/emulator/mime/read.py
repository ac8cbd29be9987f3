"""From RFC 5322 text to a new message. Never raises on odd mail: what cannot be read is taken as text.

Uses `compat32`: the newer policies raise on broken headers and are nine times slower.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime

from mailsorter.emulator.store.records import Address, NewAttachment, NewMessage

#: Exchange itself takes no more levels of parts than this.
_MAX_DEPTH = 100

# Linear: one character, and at most three; neither can be tried twice at a place.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FOLD = re.compile(r"\r?\n[ \t]?")
_MOST_PARAMETERS = 10_000  # characters of a header with parameters: the standard library counts quotes for each `;`
_IMPORTANCE = {"h": "high", "1": "high", "2": "high", "l": "low", "4": "low", "5": "low"}
_MEETING_CLASSES = {
    "REQUEST": "IPM.Schedule.Meeting.Request",
    "CANCEL": "IPM.Schedule.Meeting.Canceled",
    "REPLY": "IPM.Schedule.Meeting.Resp.Pos",
}


class _Capped(email.policy.Compat32):
    """`compat32` that cuts the headers of which the standard library reads parameters in quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """A header's name and value, as its lines are met."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MOST_PARAMETERS] if name.lower().startswith("content-") else value


_READING = _Capped()


def raw_headers(message: MimeMessage, name: str) -> list[str]:
    """A header's values as they stand in the mail; `get_all` would replace 8-bit letters."""
    wanted = name.lower()
    return [str(value) for key, value in message.raw_items() if key.lower() == wanted]


def _first(message: MimeMessage, name: str) -> str:
    found = raw_headers(message, name)
    return decode_words(found[0]) if found else ""


def decode_words(raw: object) -> str:
    """A header's text with encoded words resolved, folds and control characters gone."""
    text = str(raw) if raw is not None else ""
    if "=?" in text:
        try:
            text = "".join(
                part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
                for part, charset in decode_header(text)
            )
        except (LookupError, ValueError, HeaderParseError):
            text = str(raw)
    return _CONTROL.sub("", _FOLD.sub(" ", _readable(text))).strip()


def _readable(text: str) -> str:
    """Raw 8-bit header bytes (surrogates) as UTF-8, else Latin-1."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raw = text.encode("ascii", "surrogateescape") if text.isascii() else text.encode("utf-8", "surrogateescape")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    return text


def addresses(values: list[str]) -> list[Address]:
    """Participants of address headers; an entry without an address is left out."""
    try:
        pairs = getaddresses([_readable(_FOLD.sub(" ", str(value))) for value in values])
    except (TypeError, ValueError, IndexError, RecursionError):
        return []
    return [Address(decode_words(name), decode_words(address)) for name, address in pairs if address.strip()]


def parse_date(text: str | None) -> int | None:
    """Seconds since the epoch of a Date; None when it cannot be read or lies outside 1970 to 2200."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(_FOLD.sub(" ", str(text)).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = int(moment.timestamp())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return seconds if 0 <= seconds <= int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) else None


def received_at(message: MimeMessage) -> int | None:
    """The time in the top Received header."""
    top = message.get("Received")
    return parse_date(str(top).rpartition(";")[2]) if top and ";" in str(top) else None


def part_bytes(part: MimeMessage) -> bytes:
    """Decoded bytes of a part; of an attached message, its text."""
    if part.get_content_maintype() == "message" and part.is_multipart():
        inner = part.get_payload()
        try:
            return b"".join(item.as_bytes(policy=_FAITHFUL) for item in inner if isinstance(item, MimeMessage))
        except (RecursionError, LookupError, UnicodeError, ValueError, AttributeError):
            return b""
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    return b"" if part.is_multipart() else str(part.get_payload()).encode("utf-8", "surrogateescape")


_FAITHFUL = email.policy.compat32.clone(max_line_length=None)


def part_text(part: MimeMessage) -> str:
    """Decoded text of a part in its charset, else as UTF-8, else as Latin-1."""
    data = part_bytes(part)
    for charset in (_charset(part), "utf-8"):
        try:
            return data.decode(charset or "ascii").replace("\x00", "")
        except (LookupError, ValueError):  # some codecs raise a plain UnicodeError, a nought in the name ValueError
            continue
    return data.decode("latin-1").replace("\x00", "")


def _charset(part: MimeMessage) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def leaves(message: MimeMessage, depth: int = 0) -> Iterator[MimeMessage]:
    """Parts that are no containers, in order; an attached message is one leaf, and so is what lies too deep."""
    if message.is_multipart() and message.get_content_maintype() != "message" and depth < _MAX_DEPTH:
        payload = message.get_payload()
        for part in payload if isinstance(payload, list) else []:
            if isinstance(part, MimeMessage):
                yield from leaves(part, depth + 1)
    else:
        yield message


def message_class(message: MimeMessage) -> str:
    """The MAPI message class that Exchange would give."""
    content_type = message.get_content_type()
    if content_type == "multipart/report":
        report = str(message.get_param("report-type") or "").lower()
        return "REPORT.IPM.Note.IPNRN" if "disposition" in report else "REPORT.IPM.Note.NDR"
    if content_type == "multipart/signed":
        return "IPM.Note.SMIME.MultipartSigned"
    if content_type in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return "IPM.Note.SMIME"
    for part in leaves(message):
        if part.get_content_type() == "text/calendar":
            method = str(part.get_param("method") or "").upper()
            return _MEETING_CLASSES.get(method, "IPM.Note")
    return "IPM.Note"


def _bodies(parts: list[MimeMessage]) -> tuple[str, str, int | None]:
    """Body type, body and the number of the part taken: the first HTML part, else the first plain one."""
    for wanted in ("text/html", "text/plain"):
        for number, part in enumerate(parts):
            if part.get_content_type() == wanted and part.get_content_disposition() != "attachment":
                return ("html" if wanted == "text/html" else "text"), part_text(part), number
    return "text", "", None


def _attachments(parts: list[MimeMessage], body: int | None) -> list[NewAttachment]:
    found: list[NewAttachment] = []
    for number, part in enumerate(parts):
        content_type = part.get_content_type()
        disposition = part.get_content_disposition()
        if number == body or (content_type in ("text/plain", "text/html") and disposition != "attachment"):
            continue
        if content_type in ("text/calendar", "message/delivery-status") and disposition != "attachment":
            continue
        data = part_bytes(part)
        is_message = content_type == "message/rfc822"
        content_id = str(part.get("Content-ID") or "").strip("<> \r\n\t") or None
        found.append(
            NewAttachment(
                name=_part_name(part, number, is_message),
                content_type=content_type,
                part=number,
                size=len(data),
                kind="item" if is_message else "file",
                is_inline=disposition == "inline" or (content_id is not None and disposition != "attachment"),
                content_id=content_id,
            )
        )
    return found


def _part_name(part: MimeMessage, number: int, is_message: bool) -> str:
    try:
        name = decode_words(part.get_filename())
    except (TypeError, ValueError, LookupError):
        name = ""
    if not name and is_message:
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], MimeMessage):
            name = _first(inner[0], "Subject")
    return name or f"part{number}"


def _parsed(data: bytes) -> MimeMessage:
    """The message; of one with parts in hundreds of parts, which Exchange would refuse, its own headers alone."""
    try:
        return email.message_from_bytes(data, policy=_READING)
    except RecursionError:
        return BytesHeaderParser(policy=_READING).parsebytes(data)


def read_mime(data: bytes, *, is_draft: bool = False) -> NewMessage:
    """A new message from MIME bytes, which are kept with it and served back by `$value`."""
    message = _parsed(data)
    parts = list(leaves(message))
    body_type, body, taken = _bodies(parts)
    sent = parse_date(message.get("Date"))
    senders = addresses(raw_headers(message, "From"))
    agents = addresses(raw_headers(message, "Sender"))
    priority = str(message.get("Importance") or message.get("X-Priority") or "").strip().lower()
    return NewMessage(
        subject=_first(message, "Subject"),
        body=body,
        body_type=body_type,
        from_=senders[0] if senders else None,
        sender=agents[0] if agents else None,
        to=addresses(raw_headers(message, "To")),
        cc=addresses(raw_headers(message, "Cc")),
        bcc=addresses(raw_headers(message, "Bcc")),
        reply_to=addresses(raw_headers(message, "Reply-To")),
        message_id=_first(message, "Message-ID") or None,
        references=_first(message, "References"),
        in_reply_to=_first(message, "In-Reply-To"),
        received=received_at(message) or sent,
        sent=sent,
        is_draft=is_draft,
        importance=_IMPORTANCE.get(priority[:1], "normal"),
        message_class=message_class(message),
        attachments=_attachments(parts, taken),
        mime=data,
        receipt_requested=message.get("Disposition-Notification-To") is not None,
        delivery_receipt_requested=message.get("Return-Receipt-To") is not None,
        conversation=thread_index(message.get("Thread-Index")) if not message.get("References") else None,
    )


def thread_index(text: object) -> bytes | None:
    """The conversation in a Thread-Index header, which Outlook writes."""
    try:
        raw = base64.b64decode(str(text or ""), validate=False)
    except (binascii.Error, ValueError):
        return None
    return raw[6:22] if len(raw) >= 22 else None


def nth_part(data: bytes, number: int) -> bytes:
    """The decoded bytes of one part, counted as `read_mime` counts them; empty when there is none."""
    parts = list(leaves(_parsed(data)))
    return part_bytes(parts[number]) if 0 <= number < len(parts) else b""
