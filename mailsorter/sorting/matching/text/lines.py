"""A body as lines without what mail programs put around them."""

from __future__ import annotations

import re

_QUOTE = re.compile(r"^(?:[>|]\s?)+")
_EMPHASIS = re.compile(r"^[*_]+(?=\S)|(?<=:)[*_]+|[*_]+(?=:)")
_MAILTO_TWIN = re.compile(r"[<\[]mailto:[^>\]]{0,320}[>\]]", re.IGNORECASE)
_INVISIBLE = {ord(c): None for c in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"} | {0xA0: " "}

# A body is read this far: headers of forwarded mail, bounces and forms stand near its top, and a megabyte of quoted
# history must not cost a second.
MAX_CHARS = 32_000
_MAX_LINES = 600
_MAX_LINE_CHARS = 4_000


def plain_lines(text: str) -> list[str]:
    """Lines without quote marks, emphasis and invisible characters; never more than the first 600."""
    cleaned = text[:MAX_CHARS].translate(_INVISIBLE)
    return [_plain(line[:_MAX_LINE_CHARS]) for line in cleaned.splitlines()[:_MAX_LINES]]


def _plain(line: str) -> str:
    bare = _QUOTE.sub("", line.strip()).strip()
    if bare[:1] in "*_" or "*:" in bare[:24] or ":*" in bare[:24]:
        bare = _EMPHASIS.sub("", bare)
    return bare


def without_link_twins(value: str) -> str:
    """`jan@acme.example<mailto:jan@acme.example>` names one address; where the link alone holds it, it stays."""
    stripped = _MAILTO_TWIN.sub(" ", value)
    return stripped if "@" in stripped else value
