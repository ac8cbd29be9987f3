"""Does this name or address look like one of the person's names? Pure, forgiving, and only ever used to offer.

A display name looks like theirs when each of its words is one of their words or its initial (`P. de Vries`, `Piet`),
one whole word at least; a local part when it is put together from their words as people do: `pdevries`, `vries.p`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsorter.model.person import folded_words

_MIN_LETTERS = 3  # of a word that counts as a whole one
_MIN_LOCAL_PART = 4  # letters; shorter ones belong to many
_PARTICLES = frozenset(
    {
        "de", "den", "der", "van", "von", "vd", "het", "ter", "ten", "te", "la", "le", "du", "da", "di", "del", "dos",
        "das", "zu", "bin", "ibn", "al", "el",
    }
)  # of names, never a name by themselves  # fmt: skip


class Resemblance:
    """The person's names, prepared. `names`: their words as `folded_words` gives them; `local_parts`: known ones."""

    def __init__(self, names: Iterable[tuple[str, ...]], local_parts: Iterable[str] = ()) -> None:
        spelled = {tuple(words) for words in names if words}
        self._words = frozenset(word for words in spelled for word in words)
        self._initials = frozenset(word[0] for word in self._words - _PARTICLES)
        made = {form for words in spelled for form in _local_parts(words)} | {_letters(part) for part in local_parts}
        self._local_parts = frozenset(form for form in made if len(form) >= _MIN_LOCAL_PART)

    def is_like(self, name: str, address: str) -> bool:
        """Does the display name or the local part of the address look like one of the person's?"""
        return self._is_name(folded_words(name)) or _letters(address.partition("@")[0]) in self._local_parts

    def _is_name(self, words: tuple[str, ...]) -> bool:
        if not all(word in self._words or (len(word) == 1 and word in self._initials) for word in words):
            return False
        return any(len(word) >= _MIN_LETTERS and word not in _PARTICLES for word in words)


def _local_parts(words: tuple[str, ...]) -> Iterator[str]:
    """What people make of their name before the @, in every rotation of it that `words` stands for."""
    for chosen in (words, tuple(word for word in words if word not in _PARTICLES)):
        if not chosen:
            continue
        yield "".join(chosen)
        yield chosen[0][:1] + "".join(chosen[1:])
        yield chosen[0] + "".join(word[:1] for word in chosen[1:])
        if chosen[0] not in _PARTICLES:
            yield chosen[0]
        yield "".join(chosen[1:])
        yield "".join(chosen[1:]) + chosen[0][:1]


def _letters(local_part: str) -> str:
    """A local part without its plus-tag, dots, digits and accents."""
    letters = "".join(folded_words(local_part.partition("+")[0]))
    return "".join(c for c in letters if not c.isdecimal() and c not in "_'’")
