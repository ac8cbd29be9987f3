"""Unicode normalisation in linear time, and other passes over a text for which no pattern is needed."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Literal

from mailsorter.patterns.linear import compiled

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

# UAX 15, section 13: no text of any language needs more than thirty marks on one letter.
_MANY_MARKS = compiled("normal.many-marks", r"\p{M}{31}")
_MARKS = compiled("normal.run-of-marks", r"\p{M}+")
_ANY_MARK = compiled("normal.mark", r"\p{M}")


def normalized(form: Form, text: str) -> str:
    """
    `unicodedata.normalize` without its quadratic case: the same result, in time linear in the text (n log n in marks).

    Python puts the marks on a letter in order by insertion, so that 30,000 of them in a row take most of a second and
    a megabyte many minutes. Long runs of marks are therefore put in order before, as UAX 15 orders them (by combining
    class, those of the same class as they were); then nothing has to be inserted.
    """
    if text.isascii():
        return text
    if len(text) > 30 and _MANY_MARKS.found_in(text):
        text = _MARKS.sub(lambda hit: _in_order(hit[0], form), text)
    return unicodedata.normalize(form, text)


def without_accents(text: str) -> str:
    """The text in compatibility decomposition, without combining marks.

    U+FDFA and U+FDFB, whole phrases in one character, become blanks: unfolded they are 18 and 8 letters, no name, and a
    way to make a text eighteen times as long. Nothing else in Unicode unfolds to more than seven.
    """
    if text.isascii():
        return text
    apart = normalized("NFKD", _without_phrases(text))
    if not _ANY_MARK.found_in(apart):
        return apart
    return apart.translate(_combining_marks())


class LettersAlone:
    """`without_accents(text).translate(letters)`, in one pass over the text. `letters` as `str.maketrans` makes it."""

    def __init__(self, letters: Mapping[int, str]) -> None:
        self._letters = letters

    def of(self, text: str) -> str:
        """The text without accents, and with what `letters` says in place of each letter that it names."""
        if text.isascii():
            return text.translate(self._letters) if any(code < 128 for code in self._letters) else text
        return normalized("NFKD", _without_phrases(text)).translate(self._table)

    @cached_property
    def _table(self) -> dict[int, str | None]:
        return {**_combining_marks(), **self._letters}


def compatible(text: str) -> str:
    """The text in NFKC, but for the two characters that unfold to phrases: blanks, as in `without_accents`."""
    return text if text.isascii() else normalized("NFKC", _without_phrases(text))


def only_words(text: str, joiners: str) -> str:
    """The text with a blank for everything that is no letter, no digit and none of `joiners`."""
    return text.translate(_word_table(joiners))


def encodable(text: str) -> str:
    """The text with `?` for each lone surrogate, which no encoding has: JSON can hold one, libraries refuse it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def digits_of(text: str) -> str:
    """The decimal digits of a text, of any script."""
    return "".join(filter(str.isdecimal, text))


def _without_phrases(text: str) -> str:
    return text.replace("\ufdfa", " ").replace("\ufdfb", " ")


@cache
def _combining_marks() -> dict[int, None]:
    """For `str.translate`: every character with a combining class. One look at each character of a text costs more."""
    return {code: None for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))}


@cache
def _word_table(joiners: str) -> _WordTable:
    return _WordTable(joiners)


def _in_order(marks: str, form: Form) -> str:
    """The marks, taken apart and in canonical order. Marks of class 0 keep their places: nothing moves across them."""
    if len(marks) <= 30:
        return marks
    apart: Literal["NFD", "NFKD"] = "NFKD" if form in ("NFKC", "NFKD") else "NFD"
    return "".join(_sorted_between(part for mark in marks for part in unicodedata.normalize(apart, mark)))


def _sorted_between(marks: Iterator[str]) -> Iterator[str]:
    movable: list[str] = []
    for mark in marks:
        if unicodedata.combining(mark):
            movable.append(mark)
            continue
        yield from sorted(movable, key=unicodedata.combining)
        movable.clear()
        yield mark
    yield from sorted(movable, key=unicodedata.combining)


class _WordTable(dict[int, str]):
    """For `str.translate`: what is no letter, no digit and no joiner becomes a blank. Learns as it meets letters."""

    _MOST = 20_000  # letters remembered: any script's, and no more memory than a few megabytes

    def __init__(self, joiners: str) -> None:
        super().__init__()
        self._joiners = joiners

    def __missing__(self, code: int) -> str:
        char = chr(code)
        meaning = char if char.isalnum() or char in self._joiners else " "
        if len(self) < self._MOST:
            self[code] = meaning
        return meaning


class WordFinder:
    """Words of letters and digits, which single joiners (`'`, `-`) may hold together: `[^\\W_]+(?:[-'][^\\W_]+)*`.

    By `str.translate` and `str.split`, which cost a third of what a pattern costs that has to give back every word.
    """

    def __init__(self, joiners: str) -> None:
        self._joiners = joiners
        self._table = _word_table(joiners)

    def words(self, text: str) -> Iterator[str]:
        """Every word, from left to right. Takes time linear in the text."""
        for token in text.translate(self._table).split():
            if token.isalnum():
                yield token
            else:
                yield from self._parts(token)

    def _parts(self, token: str) -> Iterator[str]:
        """The words of a run of letters, digits and joiners: a joiner holds only what is on both its sides."""
        start, last = 0, len(token) - 1
        for position, char in enumerate(token):
            if char not in self._joiners:
                continue
            joins = (
                start < position < last
                and token[position - 1] not in self._joiners
                and token[position + 1] not in self._joiners
            )
            if not joins:
                if start < position:
                    yield token[start:position]
                start = position + 1
        if start <= last:
            yield token[start:]
