"""Looking through a whole message, its attached messages and readable attachments, for one person.

Parsed with the standard library's `compat32` policy, which raises on no header (its newer policies and its address
parsers recurse without end on thousands of opening brackets); a part that cannot be decoded is counted, never guessed.
Nothing read here is kept.
"""

from __future__ import annotations

import codecs
import email
import email.errors
import html
import re
from email.header import decode_header
from email.message import Message as Mime

import msgspec

from mailsorter.cases.documents import is_document, read_document
from mailsorter.model.case import Seen
from mailsorter.model.person import Person

_TEXT_TYPES = frozenset({"application/json", "application/xml"})
_ADDRESS_HEADERS = (
    "from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-to", "original-recipient",
    "final-recipient", "x-failed-recipients", "delivered-to",
)  # fmt: skip
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"mailto:([^\"'?>\s]+)", re.IGNORECASE)
_BLOCK_LABEL = re.compile(
    r"^[\s>*|]*(?:from|van|von|de|to|aan|an|cc|sender|reply-to|antwoord aan)\s*\*?:", re.IGNORECASE
)
_MAX_DEPTH = 20  # attached messages inside attached messages


class Look(msgspec.Struct, frozen=True):
    """Where the person was seen in a message, and how many of its parts could not be read."""

    seen: tuple[Seen, ...]
    unread_parts: int


def look_through(raw: bytes, person: Person, *, envelope_too: bool = False) -> Look:
    """Everything of a message but its own envelope, which the caller has compared already.

    `envelope_too` for a message of which the server gave no envelope: its own header is looked at, too.
    """
    seen: dict[Seen, None] = {}
    mime = _parsed(raw)
    if mime is None:
        return Look(look_at_text(raw.decode("latin-1"), person), 1)
    if envelope_too and _headers_name(mime, person):
        seen[Seen.HEADER] = None
    unread = _walk(mime, person, seen, is_attached=False, depth=0)
    return Look(tuple(seen), unread)


def look_at_text(text: str, person: Person) -> tuple[Seen, ...]:
    """Where a body's plain text names the person: in a forwarded header block, or anywhere else."""
    if not person.is_mentioned(text):
        return ()
    in_block = any(_BLOCK_LABEL.match(line) and person.is_mentioned(line) for line in text.splitlines())
    return (Seen.FORWARDED,) if in_block else (Seen.BODY,)


def _walk(part: Mime, person: Person, seen: dict[Seen, None], *, is_attached: bool, depth: int) -> int:
    """Look at one message and its parts; gives the number of parts that could not be read."""
    if depth > _MAX_DEPTH:
        return 1
    if is_attached and _headers_name(part, person):
        seen[Seen.ATTACHED_MESSAGE] = None
    if part.get_content_type() == "message/delivery-status":
        return _delivery_status(part, person, seen)
    if part.is_multipart():
        children = [child for child in part.get_payload() if isinstance(child, Mime)]
        inside = part.get_content_type() == "message/rfc822"
        return sum(_walk(c, person, seen, is_attached=is_attached or inside, depth=depth + 1) for c in children)
    return _leaf(part, person, seen, is_attached=is_attached)


def _delivery_status(part: Mime, person: Person, seen: dict[Seen, None]) -> int:
    """The blocks of headers in which a bounce names whom it could not reach (RFC 3464)."""
    blocks = part.get_payload() if part.is_multipart() else []
    values = [str(v) for block in blocks if isinstance(block, Mime) for v in block.values()]
    if any(person.is_mentioned(_decoded(value)) for value in values):
        seen[Seen.HEADER] = None
    return 0


def _leaf(part: Mime, person: Person, seen: dict[Seen, None], *, is_attached: bool) -> int:
    name = _decoded(part.get_filename() or "")
    if person.is_mentioned(name):
        seen[Seen.ATTACHMENT_NAME] = None
    kind = part.get_content_type()
    content = _content(part)
    if kind in ("text/rfc822-headers", "message/rfc822") or (kind != "text/plain" and name.lower().endswith(".eml")):
        is_read = _walk_raw(content, person, seen)
        return 0 if is_read and content else 1
    if is_document(content):
        document = read_document(content)
        for place in look_at_text(document.text, person):
            seen[_place(place, name or kind, kind, is_attached)] = None
        return 0 if document.is_whole else 1
    if not kind.startswith("text/") and kind not in _TEXT_TYPES:
        return 1 if content else 0
    text = _text(content, part, is_html=kind == "text/html")
    for place in look_at_text(text, person):
        seen[_place(place, name, kind, is_attached)] = None
    return 0


def _walk_raw(content: bytes, person: Person, seen: dict[Seen, None]) -> bool:
    """An attached message that came as a file, or the headers that a bounce returns; could it be taken apart?"""
    mime = _parsed(content)
    if mime is None:
        return False
    _walk(mime, person, seen, is_attached=True, depth=1)
    return True


def _parsed(raw: bytes) -> Mime | None:
    """The message; None where parts lie in parts so deep that the parser, which recurses, gives up."""
    try:
        return email.message_from_bytes(raw)
    except RecursionError:
        return None


def _place(place: Seen, name: str, kind: str, is_attached: bool) -> Seen:
    if is_attached:
        return Seen.ATTACHED_MESSAGE
    return Seen.ATTACHMENT if name or kind not in ("text/plain", "text/html") else place


def _headers_name(part: Mime, person: Person) -> bool:
    values = [str(value) for name in _ADDRESS_HEADERS for value in part.get_all(name, [])]
    values.append(str(part.get("subject", "")))
    return any(person.is_mentioned(_decoded(value)) for value in values)


def _content(part: Mime) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _text(content: bytes, part: Mime, *, is_html: bool) -> str:
    charset = part.get_content_charset() or "utf-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"  # files written on Windows rarely say so
    try:
        text = content.decode(charset, "replace")
    except (LookupError, ValueError):
        text = content.decode("latin-1")
    if not is_html:
        return text
    linked = " ".join(_LINK.findall(text))  # an address may stand in the link alone
    return html.unescape(f"{_TAG.sub(' ', text)}\n{linked}")


def _decoded(raw: str) -> str:
    """A header's text with RFC 2047 words decoded; the raw text where they are damaged."""
    try:
        parts = decode_header(raw)
        return "".join(p.decode(c or "ascii", "replace") if isinstance(p, bytes) else p for p, c in parts)
    except (LookupError, ValueError, AssertionError, email.errors.HeaderParseError):
        return raw
