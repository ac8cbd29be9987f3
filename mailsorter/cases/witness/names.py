"""How the witness looks for a name: one pattern for each order in which its parts are written.

Written anew, sharing nothing with the finder's forms. A text is brought to words in lower case, without accents, with
one blank between them; apostrophes stay, because names have them inside.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from mailsorter.patterns import LettersAlone, escaped, normalized, only_words

_OWN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th"}
)
_FOLDED = LettersAlone(_OWN_LETTERS)
_AS_TWO = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa"), ("ø", "oe"))
_BEFORE_FAMILY = frozenset(
    {
        *("de", "den", "der", "van", "von", "vd", "v", "d", "het", "'t", "t", "op", "in", "aan", "ter", "ten", "te"),
        *("la", "le", "du", "da", "di", "del", "dos", "das", "zu", "zum", "zur", "bin", "ibn", "al", "el", "s"),
    }
)
_BLANKS = "[ ']+"
_SHORT, _LONG = 5, 8
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF))


def words_of(text: str) -> str:
    """The text as words with single blanks."""
    folded = _FOLDED.of(text.translate(_UNSEEN).lower()).lower().replace("’", "'")
    return " ".join(only_words(folded, "'").split())


def name_patterns(name: str) -> Iterator[str]:
    """Patterns over `words_of` a text."""
    lowered = name.lower()
    spelled = {lowered}
    for letter, two in _AS_TWO:
        spelled.add(normalized("NFC", lowered).replace(letter, two))
    as_two = normalized("NFC", lowered)
    for letter, two in _AS_TWO:
        as_two = as_two.replace(letter, two)
    for one in spelled | {as_two}:
        yield from _patterns(one)


def _patterns(name: str) -> Iterator[str]:
    first, family = _divided(name)
    everything = [*first, *family]
    run = "".join(everything)
    if not everything:
        return
    if len(run) > 1 and all(unicodedata.category(c) == "Lo" for c in run):
        yield " *".join(run)
        return
    if len(everything) == 1:
        if len(run) >= _SHORT:
            yield _alone(escaped(run))
        return
    for cut in range(len(everything)):
        yield _alone(_BLANKS.join(map(escaped, everything[cut:] + everything[:cut])))
    if first and family:
        yield from map(_alone, _orders(first, family))


def _orders(first: list[str], family: list[str]) -> Iterator[str]:
    """First name or initials, particles, family name, in each order. Particles may be missing beside a first name."""
    particles = []
    while len(family) > 1 and family[0] in _BEFORE_FAMILY:
        particles.append(family.pop(0))
    core = _BLANKS.join(map(escaped, family))
    letters = " *".join(word[0] for word in first)
    given = f"(?:{escaped(first[0])}|{_BLANKS.join(map(escaped, first))})"
    either = f"(?:{given}|{first[0][0]}|{letters})" if len("".join(family)) > 2 else given
    if not particles:
        yield f"{either}{_BLANKS}{core}"
        yield f"{core}{_BLANKS}{either}"
    else:
        before = " *".join(f"(?:{escaped(word)}|{word[0]})" for word in particles)
        if particles[0] not in ("van", "von", "v"):
            before = _BLANKS.join(map(escaped, particles))
        yield f"{either}{_BLANKS}{before}{_BLANKS}{core}"
        yield f"{before}{_BLANKS}{core}{_BLANKS}{either}"
        yield f"{core}{_BLANKS}{either}{_BLANKS}{before}"
        yield f"{given}{_BLANKS}{core}"
        yield f"{core}{_BLANKS}{given}"
    for one_word in (first[0] + "".join([*particles, *family]), "".join([*particles, *family]) + first[0]):
        if len(one_word) >= _LONG:
            yield escaped(one_word)


def _divided(name: str) -> tuple[list[str], list[str]]:
    """First names, and the family name with what is before it."""
    if name.count(",") == 1:
        family, first = name.split(",")
        return words_of(first).split(), words_of(family).split()
    tokens = [words_of(token).split() for token in name.split()]
    tokens = [token for token in tokens if token]
    words = [word for token in tokens for word in token]
    for number in range(1, len(words) - 1):
        if words[number] in _BEFORE_FAMILY:
            return words[:number], words[number:]
    last = len(tokens[-1]) if tokens else 0
    return words[: len(words) - last], words[len(words) - last :]


def _alone(pattern: str) -> str:
    return f"(?:^|[ '])(?:{pattern})(?:[ ']|$)"
