"""Many fixed phrases found in one short text: project codes and words of rules.

One Aho-Corasick automaton, so that a text costs the same with a hundred thousand phrases as with ten. Both sides are
folded alike: case, the dashes and spaces that word processors put in, full-width letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from mailsorter.patterns import Cap, encodable, normalized

T = TypeVar("T")

_MOST = Cap.PHRASE_TEXT  # as a plain name: asked for every subject

_LOOKALIKES = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), "\xad": None, "\u200b": None, "\ufeff": None})


def fold(text: str) -> str:
    """The form in which phrases and texts are compared."""
    if text.isascii():
        return text.lower()
    return normalized("NFKC", encodable(text)).translate(_LOOKALIKES).casefold()


class PhraseIndex(Generic[T]):
    """Phrases with a value each; several values may share a phrase.

    A phrase counts only at word boundaries: no letter or digit next to it. Brackets, slashes, dashes and underscores
    are boundaries. A phrase of digits and separators alone ("2024-01") must not be part of a longer number or date.
    Of phrases that lie inside one another only the longest counts: `ACM-24/2` is not `ACM-24`.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        values: dict[str, list[T]] = {}
        for phrase, value in phrases:
            folded = " ".join(fold(phrase).split())
            if folded:
                held = values.setdefault(folded, [])
                if value not in held:
                    held.append(value)
        self._values = [tuple(held) for held in values.values()]
        self._is_number = [not any(c.isalpha() for c in phrase) for phrase in values]
        self._longest = max(map(len, values), default=0)
        self._automaton = (
            AhoCorasick(list(values), implementation=Implementation.ContiguousNFA, store_patterns=False)
            if values
            else None
        )

    def __len__(self) -> int:
        return len(self._values)

    def find(self, text: str) -> Sequence[T]:
        """Values of the phrases that occur in the text, in order of appearance; may repeat."""
        if self._automaton is None or not text:
            return ()
        if len(text) > _MOST:
            return self._find_in_long(text)
        folded = text.lower() if text.isascii() else fold(text)
        hits = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if not hits:
            return ()
        good = [hit for hit in hits if _stands_alone(folded, hit[1], hit[2], is_number=self._is_number[hit[0]])]
        if len(good) > 1:
            good = _longest(good)
        return [value for hit in good for value in self._values[hit[0]]]

    def _find_in_long(self, text: str) -> Sequence[T]:
        """As `find`, in the beginning of the text. A hit near the cut does not count: what was cut off could be the
        rest of a longer phrase, or of a number, of which the hit is a part."""
        folded = fold(text[: Cap.PHRASE_TEXT])
        last_start = len(folded) - self._longest - _BEHIND
        hits = self._automaton.find_matches_as_indexes(folded, overlapping=True) if self._automaton else []
        good = [hit for hit in hits if _stands_alone(folded, hit[1], hit[2], is_number=self._is_number[hit[0]])]
        return [value for hit in _longest(good) if hit[1] <= last_start for value in self._values[hit[0]]]


def _stands_alone(text: str, start: int, end: int, *, is_number: bool) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if (before.isalnum() and text[start].isalnum()) or (after.isalnum() and text[end - 1].isalnum()):
        return False
    if not is_number:
        return True
    in_number = before in _JOINS and before != "" and text[start - 2 : start - 1].isdigit()
    goes_on = after in _JOINS and after != "" and text[end + 1 : end + 2].isdigit()
    return not (
        in_number
        or goes_on
        or _is_group(text[max(0, start - _GROUP) : start], -1)
        or _is_group(text[end : end + _GROUP], 0)
    )


def _is_group(near: str, side: int) -> bool:
    """Is the word near a number, on its left (-1) or right (0), another group of it, as in `020 881204`? A year is
    none."""
    if not near[side : side + 1 or None].isspace():
        return False
    words = near.split()
    word = words[side].strip("()+") if words else ""
    return word.isdecimal() and 2 <= len(word) <= _LONGEST_GROUP and not (len(word) == 4 and word[:2] in ("19", "20"))


_JOINS = frozenset("-./,:_+")
_LONGEST_GROUP = 4  # digits
_GROUP = 8  # characters: a group, its brackets, and blanks
_BEHIND = 32  # characters behind a phrase that can say that it is part of something longer; normalisation joins marks


def _longest(hits: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    by_place = sorted(hits, key=lambda hit: (hit[1], -hit[2]))
    kept: list[tuple[int, int, int]] = []
    furthest = -1
    for hit in by_place:
        if hit[2] > furthest:
            kept.append(hit)
            furthest = hit[2]
    return kept
