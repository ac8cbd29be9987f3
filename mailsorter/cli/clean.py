"""Making text from mail harmless for a terminal.

A subject may hold escape sequences that repaint the screen, and direction marks that make one address look like
another. Neither survives; nothing else is changed. No text is ever read as markup.
"""

from __future__ import annotations

import re
import unicodedata

# Cc control, Cf format (bidi, zero width), Cs lone surrogates, Zl and Zp line and paragraph separators
_HARMFUL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANKS = re.compile(r"[\t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+")


def clean(text: str) -> str:
    """The text on one line, without control, bidi and other invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    one_line = _BLANKS.sub(" ", text)
    return "".join(c for c in one_line if unicodedata.category(c) not in _HARMFUL)


def escape(document: str, encoding: str = "utf-8") -> str:
    """A JSON document in which those characters stand as `\\uXXXX`: a reader of JSON gets them, a terminal does not.

    So do letters that the encoding lacks: beside UTF-8 all that are not ASCII.
    """
    if document.isascii():
        return document.replace("\x7f", "\\u007f")
    is_utf8 = encoding.lower().replace("-", "") == "utf8"
    return "".join(
        c if c == "\n" or ((is_utf8 or c.isascii()) and unicodedata.category(c) not in _HARMFUL) else _escaped(c)
        for c in document
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[i : i + 2], 'big'):04x}" for i in range(0, len(units), 2))
