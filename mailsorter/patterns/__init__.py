"""Patterns for mail text: linear in its length, whoever wrote it.

Anybody can send the firm an e-mail, so no text of a message ever meets `re`: its patterns may need time that grows
with the square or the power of the length. `compiled` gives patterns of RE2, which reads each character once, and
enters them in `TABLE`. This package is at the bottom: finder, matcher and witness share the way to compile, and no
pattern.
"""

from mailsorter.patterns.caps import Cap, before_token, before_word
from mailsorter.patterns.linear import (
    AFTER_WORD,
    BEFORE_WORD,
    TABLE,
    AnyOf,
    Hit,
    Pattern,
    compiled,
    escaped,
    of_data,
    one_of,
)
from mailsorter.patterns.normal import (
    LettersAlone,
    WordFinder,
    compatible,
    digits_of,
    encodable,
    normalized,
    only_words,
    without_accents,
)

__all__ = [
    "AFTER_WORD",
    "BEFORE_WORD",
    "TABLE",
    "AnyOf",
    "Cap",
    "Hit",
    "LettersAlone",
    "Pattern",
    "WordFinder",
    "before_token",
    "before_word",
    "compatible",
    "compiled",
    "digits_of",
    "encodable",
    "escaped",
    "normalized",
    "of_data",
    "one_of",
    "only_words",
    "without_accents",
]
