"""TNEF for the witness, read by its frame alone (MS-OXTNEF 2.1): attributes with a length, and strings inside them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_ATTRIBUTE = struct.Struct("<BIL")
_TITLE, _DATA = 0x8010, 0x800F
_MOST = 10_000


def winmail_parts(content: bytes) -> Iterator[tuple[bool, bytes]]:
    """Is it a file, and its bytes. A length that lies ends the reading where the bytes end."""
    position = 6
    for _ in range(_MOST):
        if position + 9 > len(content):
            return
        _, name, length = _ATTRIBUTE.unpack_from(content, position)
        position += 9
        inside = content[position : position + length]
        yield name & 0xFFFF == _DATA, inside
        position += length + 2


def strings_in(raw: bytes) -> Iterator[str]:
    """Properties may be in either width, at even and odd places."""
    yield raw.decode("cp1252", "replace")
    yield raw.decode("utf-16-le", "replace")
    yield raw[1:].decode("utf-16-le", "replace")
