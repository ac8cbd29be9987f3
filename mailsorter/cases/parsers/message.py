"""A whole message: its headers, texts, attachments and the messages attached to it.

Parsed with the standard library's `compat32` policy, which raises on no header (its newer policies and its address
parsers recurse without end on thousands of opening brackets). Headers, names and texts come first and documents last,
the small ones before the large ones: where a limit is met, little was missed.
"""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email.header import decode_header
from email.message import Message as Mime
from typing import Any

from mailsorter.cases.parsers.anything import Said, is_document, read_anything, read_text
from mailsorter.cases.parsers.budget import CLOSED, LIMITS, BeyondLimits, Budget
from mailsorter.cases.parsers.calendar import people_of
from mailsorter.cases.parsers.charsets import decoded

KINDS = frozenset({"header", "resent", "report", "calendar", "body", "name", "attachment", "attached", "unread"})
"""`header`: of the message itself; `resent`: of whoever resent it; `report`: whom a report or receipt is about;
`calendar`: organiser and attendees; `name`: of an attachment; `attached`: all of an attached message, its headers too;
`unread`: the reason why a part was not read."""

_RESENT = frozenset({"resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc"})
_REPORT = frozenset({"original-recipient", "final-recipient", "x-failed-recipients"})
_HEADERS = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "delivered-to"}) | _RESENT | _REPORT
_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification"})
_CALENDARS = frozenset({"text/calendar", "application/ics"})
_MAX_DEPTH = 20  # parts in parts, attached messages in attached messages
_TEXT_TYPES = frozenset({"application/json", "application/xml"})


class _Later:
    """A document that is read behind everything else."""

    __slots__ = ("is_attached", "kind", "name", "part", "size")

    def __init__(self, part: Mime, name: str, kind: str, *, is_attached: bool) -> None:
        self.part, self.name, self.kind, self.is_attached = part, name, kind, is_attached
        self.size = _size(part)


def read_message(raw: bytes) -> Said:
    """Everything that a message says, as pairs of a kind and a text."""
    yield from _message(raw, Budget(), is_attached=False)


def read_attached(raw: bytes, budget: Budget) -> Said:
    """A message that came as a file."""
    try:
        with budget.inside_message():
            yield from _message(raw, budget, is_attached=True)
    except BeyondLimits:
        yield "unread", LIMITS


def _message(raw: bytes, budget: Budget, *, is_attached: bool) -> Said:
    mime = _parsed(raw)
    if mime is None:  # parts in parts so deep that the parser, which recurses, gives up: as it stands
        yield "unread", LIMITS
        yield "attached" if is_attached else "body", raw.decode("latin-1")
        return
    later: list[_Later] = []
    if not is_attached:
        yield from _own_headers(mime)
    yield from _walk(mime, budget, later, is_attached=is_attached, depth=0)
    for document in sorted(later, key=lambda one: one.size):
        content = _content(document.part)
        said = read_anything(content, budget, name=document.name, kind=document.kind, charset=_charset(document.part))
        for kind, text in said:
            yield _placed(kind, is_attached=document.is_attached), text


def _placed(kind: str, *, is_attached: bool) -> str:
    if kind in ("unread", "name", "attached"):
        return kind
    if kind in KINDS or is_attached:  # what a message that came as a file says, is said by an attached message
        return "attached"
    return "attachment"


def _parsed(raw: bytes) -> Mime | None:
    try:
        return email.message_from_bytes(raw)
    except RecursionError:
        return None


def _walk(part: Mime, budget: Budget, later: list[_Later], *, is_attached: bool, depth: int) -> Said:
    try:
        budget.entry()
    except BeyondLimits:
        yield "unread", LIMITS
        return
    if depth > _MAX_DEPTH:
        yield "unread", LIMITS
        return
    if is_attached:
        yield from (("attached", value) for value in _headers(part))
    kind = part.get_content_type()
    if kind in _REPORTS:
        yield from _report(part)
    elif part.is_multipart():
        inside = is_attached or kind == "message/rfc822"
        for child in part.get_payload():
            if isinstance(child, Mime):
                yield from _walk(child, budget, later, is_attached=inside, depth=depth + 1)
    else:
        yield from _leaf(part, kind, budget, later, is_attached=is_attached)


def _report(part: Mime) -> Said:
    """The blocks of headers in which a report or a receipt names whom it is about (RFC 3464, RFC 8098)."""
    blocks = part.get_payload() if part.is_multipart() else []
    if not blocks:
        yield "report", decoded(_content(part), _charset(part))
    for block in blocks:
        if isinstance(block, Mime):
            yield from (("report", header_text(str(value))) for _, value in block.raw_items())


def _leaf(part: Mime, kind: str, budget: Budget, later: list[_Later], *, is_attached: bool) -> Said:
    name = header_text(_file_name(part))
    if name:
        yield "name", name
    content = _content(part)
    is_message = kind in ("text/rfc822-headers", "message/rfc822") or (
        kind != "text/plain" and name.lower().endswith(".eml")
    )
    if is_message:
        yield from _as_message(content, budget)
    elif is_document(content) or not (kind.startswith("text/") or kind in _TEXT_TYPES):
        later.append(_Later(part, name, kind, is_attached=is_attached))
    else:
        is_body = kind in ("text/plain", "text/html") and not name
        place = "attached" if is_attached else "body" if is_body else "attachment"
        for text in read_text(content, name.lower(), kind, _charset(part)):
            yield place, text
            if kind in _CALENDARS and not name and not is_attached:
                yield from (("calendar", line) for line in people_of(text))


def _as_message(content: bytes, budget: Budget) -> Said:
    if not content:
        yield "unread", CLOSED
        return
    yield from read_attached(content, budget)


def _own_headers(part: Mime) -> Said:
    for name, value in part.raw_items():
        lowered = name.lower()
        if lowered in _HEADERS:
            kind = "resent" if lowered in _RESENT else "report" if lowered in _REPORT else "header"
            yield kind, header_text(str(value))


def _headers(part: Mime) -> Iterator[str]:
    values = [str(value) for name, value in part.raw_items() if name.lower() in _HEADERS]
    return (header_text(value) for value in dict.fromkeys(values))


def header_text(raw: str) -> str:
    """A header's text with RFC 2047 words decoded; the raw text where they are damaged.

    Bytes that are no ASCII stand there as lone surrogates: most often they are UTF-8 (RFC 6532).
    """
    raw = decoded(raw.encode("utf-8", "surrogateescape"), None)
    if "=?" not in raw:
        return raw
    try:
        words = decode_header(raw)
    except Exception:  # noqa: BLE001  a damaged word raises what its decoder raises
        return raw
    return "".join(decoded(word, charset or "ascii") if isinstance(word, bytes) else word for word, charset in words)


def _content(part: Mime) -> bytes:
    payload = _safely(lambda: part.get_payload(decode=True))
    if isinstance(payload, bytes):
        return payload
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _file_name(part: Mime) -> str:
    name = _safely(lambda: part.get_filename())
    return name if isinstance(name, str) else ""


def _charset(part: Mime) -> str | None:
    charset = _safely(lambda: part.get_content_charset())
    return charset if isinstance(charset, str) else None


def _size(part: Mime) -> int:
    raw = part.get_payload()
    return len(raw) if isinstance(raw, str) else 0


def _safely(ask: Callable[[], Any]) -> Any:
    """A question about a header, which may name a charset that raises whatever it likes (RFC 2231)."""
    try:
        return ask()
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
