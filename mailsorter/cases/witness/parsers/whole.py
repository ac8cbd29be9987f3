"""A whole message for the witness: every header, every text, every name, every readable attachment."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from email.header import decode_header
from email.message import Message
from typing import Any

from mailsorter.cases.witness.parsers.attachment import Said, attachment_texts
from mailsorter.cases.witness.parsers.bounds import Left, TooMuch
from mailsorter.cases.witness.parsers.letters import readings


def read(raw: bytes) -> Said:
    """As `sandbox` is asked for it."""
    yield from message_texts(raw, Left(), 0)


def message_texts(raw: bytes, left: Left, nested: int) -> Said:
    """Headers and names first, then parts, the short before the long."""
    try:
        parts = list(_parts(email.message_from_bytes(raw), left))
    except RecursionError:  # parts in parts, hundreds deep: nobody can take it apart, so it counts as it stands
        yield "unread", "limits"
        yield "text", raw.decode("latin-1")
        return
    except TooMuch:
        yield "unread", "limits"
        return
    for part in parts:
        for _, value in part.raw_items():
            yield from (("text", text) for text in _header(str(value)))
        name = _asked(part.get_filename)
        if name:
            yield from (("text", one) for text in _header(str(name)) for one in named(text))
    for part in sorted(parts, key=_length):
        content = _asked(part.get_payload, decode=True)
        if isinstance(content, bytes):
            kind, charset = part.get_content_type(), _asked(part.get_content_charset)
            name = str(_asked(part.get_filename) or "")
            yield from attachment_texts(content, kind, charset, left, nested, name)


def named(file: str) -> tuple[str, str]:
    """A file's name, and the same without its ending: it may be an address with `.pdf` behind it."""
    return file, file.rpartition(".")[0]


def _parts(message: Message, left: Left) -> Iterator[Message]:
    for part in message.walk():
        left.next()
        yield part


def _length(part: Message) -> int:
    payload = part.get_payload()
    return len(payload) if isinstance(payload, str) else 0


def _header(raw: str) -> Iterator[str]:
    told = raw.encode("utf-8", "surrogateescape")
    yield from readings(told, None)
    if "=?" not in raw:
        return
    try:
        words = decode_header(raw)
    except Exception:  # noqa: BLE001  a damaged word raises what its decoder raises
        return
    yield "".join(next(readings(w, c)) if isinstance(w, bytes) else w for w, c in words)


def _asked(ask: Callable[..., Any], **how: Any) -> Any:
    """What a header says; None where it names a charset that raises."""
    try:
        return ask(**how)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
