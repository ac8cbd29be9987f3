"""Bytes to letters for the witness: the charset that is told where mail has it, and a second reading where in doubt."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

# What Python calls encodings and no mail program does. RFC 2978 registers what mail has.
_REFUSED = (
    "idna",
    "punycode",
    "undefined",
    "unicode",
    "raw",
    "rot",
    "mbcs",
    "oem",
    "hex",
    "base64",
    "zlib",
    "bz2",
    "uu",
)


def readings(content: bytes, told: str | None) -> Iterator[str]:
    """The text as its charset says; where that is none, as UTF-8 and as Windows-1252."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield content.decode("utf-16", "replace")
        return
    name = _text_codec(told or "utf-8")
    if name:
        try:
            yield content.decode(name, "replace")
        except (LookupError, ValueError, TypeError):
            name = ""
        else:
            return
    yield content.decode("utf-8", "replace")
    yield content.decode("cp1252", "replace")


def _text_codec(told: str) -> str:
    try:
        name = codecs.lookup(told.strip(" '\"")).name
    except (LookupError, ValueError, TypeError):
        return ""
    return "" if name.startswith(_REFUSED) or name.endswith("_codec") else name
