"""Text from mail as one harmless line, for letters, PDFs and CSV; `cli/clean.py` is stricter for terminals."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

# Of the format characters (Cf) these two belong to how Persian, Hindi and Sinhala names are spelled (Unicode 23.2).
_SPELLING = frozenset("\u200c\u200d")
_DROPPED = frozenset(("Cc", "Cf"))
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """The text without line and paragraph breaks, control and bidi characters; a lone surrogate shows as U+FFFD.

    Breaks (C0, U+0085, U+2028, U+2029) become one blank each, so that a name never makes a paragraph or a header.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(c) for c in " ".join(text.splitlines()))


def one_line_each(data: Any) -> Any:
    """The same for every text in nested mappings, lists and tuples; other values as they are."""
    if isinstance(data, str):
        return one_line(data)
    if isinstance(data, Mapping):
        return {key: one_line_each(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [one_line_each(value) for value in data]
    return data


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return _REPLACED
    return "" if category in _DROPPED and character not in _SPELLING else character
