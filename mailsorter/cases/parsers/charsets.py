"""Bytes as text, whatever they say of their charset. Never raises."""

from __future__ import annotations

import codecs

# Python knows more encodings than mail has: these are no charsets (RFC 2978), and some take quadratic time or raise
# whatever the way of handling errors is.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "rot_13", "rot13"}
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(content: bytes, charset: str | None) -> str:
    """The text by its byte order mark, else by the charset that is named, else UTF-8, else Windows' Western one."""
    for mark, name in _BOMS:  # files written on Windows rarely say more
        if content.startswith(mark):
            return content.decode(name, "replace")
    codec = _codec(charset)
    if codec is not None:
        try:
            return content.decode(codec, "replace")
        except (LookupError, ValueError, TypeError, RecursionError):
            pass  # a codec that does not keep its word
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _codec(charset: str | None) -> str | None:
    try:
        info = codecs.lookup((charset or "utf-8").strip().strip("'\""))
    except (LookupError, ValueError, TypeError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name.replace("-", "_") in _NO_CHARSETS:
        return None
    return info.name
