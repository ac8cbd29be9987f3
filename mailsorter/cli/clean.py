"""Making text from mail harmless for a terminal.

A subject may hold escape sequences that repaint the screen, and direction marks that make one address look like
another. Neither survives; nothing else is changed. No text is ever read as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Cc control, Cf format (bidi, zero width), Cs lone surrogates, Zl and Zp line and paragraph separators
_HARMFUL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANKS = re.compile(r"[\t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+")


class _Shown(dict[int, int | str | None]):
    """For `str.translate`: what is shown of each character. Remembers those of the basic plane only."""

    def __init__(self, instead: Callable[[str], str | None]) -> None:
        super().__init__()
        self._instead = instead

    def __missing__(self, code: int) -> int | str | None:
        character = chr(code)
        found = self._instead(character) if unicodedata.category(character) in _HARMFUL else code
        if code < 0x10000:
            self[code] = found
        return found


def clean(text: str) -> str:
    """The text on one line, without control, bidi and other invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return _BLANKS.sub(" ", text).translate(_WITHOUT)


def escape(document: str, encoding: str = "utf-8") -> str:
    """A JSON document in which those characters stand as `\\uXXXX`: a reader of JSON gets them, a terminal does not.

    So do letters that the encoding lacks: beside UTF-8 all that are not ASCII.
    """
    if document.isascii():
        return document.replace("\x7f", "\\u007f")
    if encoding.lower().replace("-", "") == "utf8":
        return document.translate(_ESCAPED)
    return "".join(c if c == "\n" or (c.isascii() and c.isprintable()) else _escaped(c) for c in document)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[i : i + 2], 'big'):04x}" for i in range(0, len(units), 2))


_WITHOUT = _Shown(lambda character: None)
_ESCAPED = _Shown(lambda character: character if character == "\n" else _escaped(character))
