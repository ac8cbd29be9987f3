"""Is this address, name or number the person's? Exact where it decides, forgiving only about spelling.

Addresses: canonical form (case, IDN, quotes), a plus-tag does not make another person, X.500 names compare without
case. Names: the same words in the same order, or `last, first`; accents, case and punctuation do not count. Phones:
the same last nine digits, which is what a Dutch number keeps when +31 becomes 0.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mailsorter.model.address import addresses_in, base_of, canonical_domain, domain_of, find_addresses
from mailsorter.model.case import Subject
from mailsorter.model.message import Participant
from mailsorter.patterns import WordFinder, compiled, digits_of, without_accents

PHONE_DIGITS = 9
_PHONE = compiled("person.phone", r"\+?\(?\d[\d\s().\-/]{6,}\d")
_WORDS = WordFinder("'’")


def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation."""
    if text.isascii():
        return tuple(word.lower() for word in _WORDS.words(text))
    return tuple(word.replace("’", "'").casefold() for word in _WORDS.words(without_accents(text)))


class Person:
    """A subject, prepared for comparison. `domains`: every address below them is the subject's (a client's case)."""

    def __init__(self, subject: Subject, *, domains: Iterable[str] = ()) -> None:
        self._domains = frozenset(filter(None, map(canonical_domain, domains)))
        self._addresses = frozenset(_comparable(subject.addresses))
        self._directory_names = frozenset(_directory_name(a) for a in subject.addresses if is_directory_name(a))
        names = [folded_words(name) for name in (*subject.names, *subject.aliases)]
        self._names = frozenset(spelling for words in names if words for spelling in _spellings(words))
        # A single short word ("Jan", "AB") would mention everyone: it decides nothing in a running text.
        self._text_names = frozenset(" ".join(n) for n in self._names if len(n) > 1 or len(n[0]) >= 5)
        # Scripts without capitals are often written without blanks: there a name is found inside a run of letters.
        self._unspaced = frozenset(name for n in self._names if len(name := "".join(n)) > 1 and _is_caseless(name))
        self._phones = frozenset(filter(None, map(phone_key, subject.phones)))

    @property
    def addresses(self) -> frozenset[str]:
        """The internet addresses in canonical form, without plus-tags."""
        return self._addresses

    @property
    def names(self) -> frozenset[tuple[str, ...]]:
        """The names as folded words, each in every order in which it is written."""
        return self._names

    def is_address(self, raw: str) -> bool:
        """Is this raw participant address one of the person's?"""
        if not raw:
            return False
        if is_directory_name(raw):
            return _directory_name(raw) in self._directory_names
        return any(self._is_theirs(address) for address in addresses_in(raw))

    def _is_theirs(self, address: str) -> bool:
        if (base_of(address) or address) in self._addresses:
            return True
        return bool(self._domains) and any(domain in self._domains for domain in _suffixes(domain_of(address)))

    def is_participant(self, participant: Participant) -> bool:
        """Is this participant the person? A display name alone never decides, an address inside one does."""
        if self.is_address(participant.address):
            return True
        return not participant.address and "@" in participant.name and self.is_address(participant.name)

    def is_name(self, name: str) -> bool:
        """Is this display name exactly one of the person's names, in either order?"""
        words = folded_words(name)
        return bool(words) and words in self._names

    def is_mentioned(self, text: str) -> bool:
        """Does a text hold one of the person's addresses, names or numbers?"""
        if not text:
            return False
        return self.names_address(text) or self.names_name(text) or self.names_phone(text)

    def names_address(self, text: str) -> bool:
        """Does the text hold one of the addresses, as such or as an X.500 name?"""
        if "@" in text and any(self._is_theirs(address) for address in find_addresses(text)):
            return True
        if not self._directory_names:
            return False
        lowered = text.lower()
        return any(name in lowered for name in self._directory_names)

    def names_name(self, text: str) -> bool:
        """Does the text hold one of the names, word for word?"""
        if not self._text_names and not self._unspaced:
            return False
        words = folded_words(text)
        if self._unspaced and any(name in "".join(words) for name in self._unspaced):
            return True
        haystack = f" {' '.join(words)} "
        return any(f" {name} " in haystack for name in self._text_names)

    def names_phone(self, text: str) -> bool:
        """Does the text hold one of the numbers, however it is written?"""
        if not self._phones:
            return False
        return any(phone_key(found) in self._phones for found in _PHONE.findall(text))


def phone_key(text: str) -> str:
    """The last nine digits of a number, the same for `+31 6 …`, `0031 6…` and `06-…`; "" for too few digits."""
    digits = digits_of(text)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def search_terms(subject: Subject) -> tuple[str, ...]:
    """What to ask the server's own search for: addresses, names of more than one word, phones as written."""
    names = [n for n in (*subject.names, *subject.aliases) if len(folded_words(n)) > 1 or len(n) >= 5]
    addresses = [a for a in subject.addresses if not is_directory_name(a)]
    return tuple(dict.fromkeys([*addresses, *names, *subject.phones]))


def _comparable(raw: Iterable[str]) -> Iterable[str]:
    for address in raw:
        if not is_directory_name(address):
            yield from (base_of(found) or found for found in addresses_in(address))


def is_directory_name(raw: str) -> bool:
    """Is it an X.500 name, as Exchange writes its own people?"""
    return raw.strip().lower().removeprefix("ex:").startswith("/o=")


def _directory_name(raw: str) -> str:
    return raw.strip().lower().removeprefix("ex:")


def _suffixes(domain: str) -> Iterable[str]:
    """The domain and every parent of it: `mail.klant.nl`, `klant.nl`, `nl`."""
    labels = domain.split(".")
    return (".".join(labels[i:]) for i in range(len(labels)))


def _is_caseless(name: str) -> bool:
    return all(unicodedata.category(letter) == "Lo" for letter in name)


def _spellings(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """`Jan de Vries` is also written `de Vries, Jan` and `Vries, Jan de`: every rotation, nothing else."""
    for cut in range(len(words)):
        yield words[cut:] + words[:cut]
