"""The ways in which a person's name is written: `Jan Pieter de Vries`, `de Vries, Jan`, `J.P. de Vries`, `Vries JP de`.

A name is its words, without case, accents and punctuation. All that is recognised by a name alone is only *possible*
(`model.concern`), so these forms may be generous: what they bring is shown to a person and never decided by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailsorter.patterns import LettersAlone, WordFinder

Words = tuple[str, ...]

PARTICLES = frozenset(
    {
        *("de", "den", "der", "van", "von", "vd", "v", "d", "het", "'t", "t", "op", "in", "aan", "ter", "ten", "te"),
        *("la", "le", "du", "da", "di", "del", "dos", "das", "zu", "zum", "zur", "bin", "ibn", "al", "el", "s"),
    }
)
"""Words before a family name that belong to it (tussenvoegsels). None of them is a family name by itself."""

_WORDS = WordFinder("'’")
# Letters that Unicode does not take apart, as they are written where a keyboard lacks them.
_SINGLE = str.maketrans(
    {
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "ı": "i",
        "ħ": "h",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ß": "ss",
        "ẞ": "SS",
        "þ": "th",
        "Þ": "TH",
    }
)
_PLAIN = LettersAlone(_SINGLE)
_TWO_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe"}
)
_ALONE = 5  # letters of a name of one word that counts in a running text: `Jan` would mention everybody
_JOINED = 8  # letters of first and family name written as one word, as in a file's name
_CORE = 3  # letters of a family name that counts with initials alone


def folded_words(text: str) -> Words:
    """The words of a text without case, accents and punctuation."""
    if text.isascii():
        return tuple(word.lower() for word in _WORDS.words(text))
    plain = _PLAIN.of(text)
    return tuple(word.replace("’", "'").casefold() for word in _WORDS.words(plain))


def rotations(words: Words) -> Iterator[Words]:
    """`Jan de Vries` is also written `de Vries, Jan` and `Vries, Jan de`: every rotation, nothing else."""
    return (words[cut:] + words[:cut] for cut in range(len(words)))


def forms_in_text(name: str) -> frozenset[str]:
    """The forms to look for in a running text: words with single blanks between them."""
    spelled = {name, name.translate(_TWO_LETTERS)}
    found = {form for one in spelled for form in _forms(one)}
    return frozenset(" ".join(form) for form in found if len(form) > 1 or len(form[0]) >= _ALONE)


def _forms(name: str) -> Iterator[Words]:
    given, particles, core = _parts(name)
    words = given + particles + core
    yield from rotations(words)
    if not given or not core:
        return
    for before in {particles, *_short(particles), ()}:
        for first in {given, given[:1]}:
            yield from _orders(first, before, core)
    if len("".join(core)) >= _CORE:
        for first in _initials(given):
            for before in {particles, *_short(particles)}:
                yield from _orders(first, before, core)
    for joined in ("".join((given[0], *particles, *core)), "".join((*particles, *core, given[0]))):
        if len(joined) >= _JOINED:
            yield (joined,)


def _parts(name: str) -> tuple[Words, Words, Words]:
    """First names, particles, family name. The family name is what a comma says, else the last word, which hyphens may
    hold together, or all behind the first particles."""
    last, comma, first = name.partition(",")
    if comma and "," not in first:
        given, family = folded_words(first), folded_words(last)
        start = next((i for i, word in enumerate(family[:-1]) if word not in PARTICLES), len(family) - 1)
        return given, family[:start], family[start:]
    tokens = [words for token in name.split() if (words := folded_words(token))]
    if not tokens:
        return (), (), ()
    words = tuple(word for token in tokens for word in token)
    whole = len(words) - len(tokens[-1])  # where the last word begins
    start = next((i for i, word in enumerate(words[1:-1], 1) if word in PARTICLES), whole)
    end = start
    while end < len(words) - 1 and words[end] in PARTICLES:
        end += 1
    return words[:start], words[start:end], words[end:]


def _short(particles: Words) -> Iterator[Words]:
    """`van der` is also written `v.d.` and `vd`."""
    if particles and particles[0] in ("van", "von", "v"):
        rest = particles[1:]
        yield ("v", *(word[0] for word in rest))
        yield ("v", *rest)
        if rest:
            yield ("v" + "".join(word[0] for word in rest),)


def _initials(given: Words) -> Iterator[Words]:
    letters = tuple(word[0] for word in given)
    yield letters
    yield letters[:1]
    if len(letters) > 1:
        yield ("".join(letters),)


def _orders(first: Words, particles: Words, core: Words) -> Iterator[Words]:
    yield first + particles + core
    yield particles + core + first
    yield core + first + particles
