"""Enough of RTF 1.9 to read what a person sees, in one pass over its tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailsorter.cases.parsers.budget import BeyondLimits
from mailsorter.cases.parsers.flow import Flow

_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
_HIDDEN = frozenset({"fonttbl", "colortbl", "stylesheet", "pict", "themedata", "datastore", "listtable", "generator"})
_BREAKS = {"par", "line", "tab", "cell", "row", "sect", "page", "nestcell", "nestrow"}
_SIGNS = {
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_MAX_DEPTH = 2_000


def rtf_texts(content: bytes) -> Iterator[str]:
    """The text. Raises `BeyondLimits` for groups in groups without end. An object inside is not read."""
    written, flow = content.decode("latin-1"), Flow()
    page, fallback, hidden, skip, starred = "cp1252", 1, False, 0, False
    groups: list[tuple[bool, int]] = []
    position, end = 0, len(written)
    while position < end:
        found = _TOKEN.match(written, position)
        if found is None:
            break
        position = found.end()
        word, number, byte, sign, brace, plain = found.groups()
        if brace == "{":
            if len(groups) >= _MAX_DEPTH:
                raise BeyondLimits
            groups.append((hidden, fallback))
            skip = 0
        elif brace == "}":
            hidden, fallback = groups.pop() if groups else (False, 1)
            skip = 0
        elif word == "bin":
            position += max(0, int(number or 0))
        elif sign == "*":
            starred = True
            continue
        elif word:
            if word == "ansicpg":
                page = _page(number)
            elif word == "uc":
                fallback = min(int(number or 1), 16)
            elif word in _HIDDEN or (starred and word != "fldinst"):
                hidden = True
            elif word == "u" and not hidden:
                flow.add(chr(int(number or 63) % 0x10000))
                skip = fallback
            elif not hidden:
                flow.add("\n" if word in _BREAKS else _SIGNS.get(word, ""))
        elif skip and (byte or plain):
            taken = min(skip, len(plain)) if plain else 1
            skip -= taken
            if plain and not hidden:
                flow.add(plain[taken:].encode("latin-1").decode(page, "replace"))
        elif not hidden:
            if byte:
                flow.add(_letters(written, found.start(), page))
                position = _behind_letters(written, found.start())
            elif plain:
                flow.add(plain.encode("latin-1").decode(page, "replace"))
            elif sign in ("{", "}", "\\"):
                flow.add(sign)
            elif sign == "~":
                flow.add(" ")
        starred = False
        yield from flow.ready()
    yield from flow.rest()


_HEX = re.compile(r"(?:\\'[0-9a-fA-F]{2}){1,1000}")


def _letters(written: str, start: int, page: str) -> str:
    """A run of escaped bytes, decoded together: in some code pages a letter takes two."""
    return bytes.fromhex(written[start : _behind_letters(written, start)].replace("\\'", "")).decode(page, "replace")


def _behind_letters(written: str, start: int) -> int:
    found = _HEX.match(written, start)
    return found.end() if found else start


def _page(number: str | None) -> str:
    name = f"cp{number}"
    try:
        b"".decode(name)
    except (LookupError, ValueError):
        return "cp1252"
    return name
