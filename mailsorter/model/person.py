"""Is this address, name or number the person's? Exact where it decides, forgiving only about spelling.

Addresses: canonical form (case, IDN, quotes), a plus-tag does not make another person, X.500 names compare without
case. Names: every form in which the name is written (`model.names`); accents, case and punctuation do not count.
Numbers: in any notation (`model.phone`). What follows from where it is seen, `model.concern` says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from mailsorter.model.address import addresses_in, base_of, canonical, canonical_domain, domain_of, find_addresses
from mailsorter.model.case import Subject
from mailsorter.model.concern import Identifier
from mailsorter.model.message import Participant
from mailsorter.model.names import folded_words, forms_in_text, rotations
from mailsorter.model.phone import Phones
from mailsorter.patterns import compiled

__all__ = ["Person", "folded_words", "is_directory_name", "search_terms"]

# What a reader does not see inside a word: soft hyphens, blanks without width, marks of direction.
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF))
_AT_SIGNS = str.maketrans({"\uff20": "@", "\ufe6b": "@"})
_ENCAPSULATED = compiled("person.encapsulated", r"imceaex-([^@\s<>\"]+)")
_INSIDE = frozenset("!#$%&'*+-/=?^_`{|}~.")  # RFC 5322 allows them in a local part, and a text puts some before one
_BEFORE = "!#$%&'*/=?^`{|}~"


class Person:
    """A subject, prepared for comparison. `domains`: every address below them is the subject's (a client's case)."""

    def __init__(self, subject: Subject, *, domains: Iterable[str] = ()) -> None:
        self._domains = frozenset(filter(None, map(canonical_domain, domains)))
        self._addresses = frozenset(_comparable(subject.addresses))
        self._directory_names = frozenset(_directory_name(a) for a in subject.addresses if is_directory_name(a))
        spelled = (*subject.names, *subject.aliases)
        self._names = frozenset(form for name in spelled if (words := folded_words(name)) for form in rotations(words))
        self._text_names = frozenset(form for name in spelled for form in forms_in_text(name))
        # Scripts without capitals are often written without blanks: there a name is found inside a run of letters.
        self._unspaced = frozenset(name for n in self._names if len(name := "".join(n)) > 1 and _is_caseless(name))
        self._phones = Phones(subject.phones)
        self.identified_in_name = lru_cache(maxsize=50_000)(self.identified)  # a mailbox repeats its display names

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
        if self._directory_names and any(name in self._directory_names for name in _encapsulated(raw)):
            return True
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
        return self.identified(text) is not None

    def identified(self, text: str) -> Identifier | None:
        """The strongest that the text holds of the person; None for nothing."""
        if not text:
            return None
        text = text if text.isascii() else text.translate(_UNSEEN)
        if self.names_address(text):
            return Identifier.ADDRESS
        if self.names_phone(text):
            return Identifier.PHONE
        return Identifier.NAME if self.names_name(text) else None

    def names_address(self, text: str) -> bool:
        """Does the text hold one of the addresses, as such or as an X.500 name?"""
        text = text.replace("%40", "@") if text.isascii() else text.translate(_AT_SIGNS).replace("%40", "@")
        if "@" in text:
            if any(self._is_theirs(address) for address in find_addresses(text)):
                return True
            if any(self._is_theirs(address) for token in text.split() for address in _inside(token)):
                return True
        if not self._directory_names:
            return False
        lowered = text.lower()
        return any(_holds(lowered, name) for name in self._directory_names) or any(
            name in self._directory_names for name in _encapsulated(text)
        )

    def names_name(self, text: str) -> bool:
        """Does the text hold one of the names, in any form in which it is written?"""
        if not self._text_names and not self._unspaced:
            return False
        words = folded_words(text)
        if self._unspaced and any(name in "".join(words) for name in self._unspaced):
            return True
        haystack = f" {' '.join(words)} ".replace("'s ", " 's ")  # `Zandstra's` is of Zandstra
        return any(f" {name} " in haystack for name in self._text_names)

    def names_phone(self, text: str) -> bool:
        """Does the text hold one of the numbers, however it is written?"""
        return self._phones.are_in(text)


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


def _holds(text: str, name: str) -> bool:
    """Does the text hold this name of a directory, and no longer one that begins with it?"""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not text[end : end + 1].isalnum():
            return True
        start = text.find(name, end)
    return False


def _encapsulated(text: str) -> Iterator[str]:
    """Names of the directory that stand in an internet address: `_` is a slash there, `+XX` a character's number."""
    if "imceaex-" not in text.lower():
        return
    for found in _ENCAPSULATED.findall(text):
        first, *pieces = found.replace("_", "/").lower().split("+")
        yield first + "".join(chr(int(p[:2], 16)) + p[2:] if _is_hex(p[:2]) else f"+{p}" for p in pieces)


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(c in "0123456789abcdef" for c in text)


def _inside(token: str) -> Iterator[str]:
    """Addresses in what stands between two blanks, whatever is written against them: quotes, a link, a possessive."""
    if "@" not in token:
        return
    for before, after in pairwise(token.split("@")):
        domain = _leading(after).rstrip(".-").lower()
        local = _trailing(before)
        if not domain or not local:
            continue
        for start in {0} if local.isalnum() else {0, 1 + max(local.rfind(c) for c in _BEFORE)}:
            address = canonical(f"{local[start:].lstrip('_-.+')}@{domain}")
            if address:
                yield address


def _leading(text: str) -> str:
    for number, char in enumerate(text):
        if not (char.isalnum() or char in ".-" or unicodedata.combining(char)):
            return text[:number]
    return text


def _trailing(text: str) -> str:
    for number in range(len(text) - 1, -1, -1):
        char = text[number]
        if not (char.isalnum() or char in _INSIDE or unicodedata.combining(char)):
            return text[number + 1 :]
    return text
