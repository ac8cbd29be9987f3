"""TNEF (winmail.dat, MS-OXTNEF) by tnefparse: what Outlook packs where it thinks that the reader is an Outlook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_MAX_DEPTH = 8


def tnef_parts(content: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Kind, name and content: `text`, `html`, `rtf` of the message and its properties, `file` for what it carries."""
    from tnefparse.tnef import TNEF

    yield from _parts(TNEF(content, do_checksum=False), 0)


def _parts(tnef: Any, depth: int) -> Iterator[tuple[str, str, bytes]]:
    for one in (*tnef.msgprops, *tnef.mapiprops):
        yield from _strings(getattr(one, "data", ""))
    if tnef.body:
        yield "text", "", _bytes(tnef.body).replace(b"\0", b"")
    if tnef.htmlbody:
        yield "html", "", _bytes(tnef.htmlbody)
    if tnef._rtfbody:
        yield "rtf", "", _bytes(tnef.rtfbody)
    for attachment in tnef.attachments:
        for one in attachment.mapi_attrs:
            yield from _strings(getattr(one, "data", ""))
        inner = getattr(attachment, "embed", None)
        if inner is not None and depth < _MAX_DEPTH:
            yield "file", str(attachment.long_filename()), b""
            yield from _parts(inner, depth + 1)
        else:
            yield "file", str(attachment.long_filename()), _bytes(attachment.data)


def _strings(value: Any) -> Iterator[tuple[str, str, bytes]]:
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _strings(getattr(one, "data", one))
    elif isinstance(value, str) and value.strip("\0 "):
        yield "text", "", value.encode("utf-8", "replace")
    elif isinstance(value, bytes) and 3 < len(value) < 10_000_000 and b"@" in value[:4096].replace(b"\0", b""):
        yield "text", "", value.replace(b"\0", b"")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
