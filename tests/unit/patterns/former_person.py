"""How 0.1.0 recognised a person, in the finder and in the witness, and which messages it opened: what the linear
patterns are compared with. Not to be changed. Short texts only.
"""

# ruff: noqa: E501, RUF100
from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailsorter.model.address import addresses_in, base_of, canonical_domain, domain_of, find_addresses
from mailsorter.model.case import Subject
from mailsorter.model.message import Message, Participant

PHONE_DIGITS = 9
_PHONE = re.compile(r"\+?\(?\d[\d\s().\-/\u00a0]{6,}\d")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation."""
    stripped = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return tuple(word.replace("’", "'").casefold() for word in _WORD.findall(stripped))


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
    digits = re.sub(r"\D", "", text)
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


# What mail programs put before the subject of a forwarded message, Dutch, English, German, French and Outlook's own.
_FORWARDED_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|antw|sv)\s*:\s*)*(?:fwd?|doorst|dvs|wg|tr|i|rv|enc)\s*:", re.IGNORECASE
)
_HEADER_BLOCK = re.compile(
    r"(?:^|\n|\s)[*>\s]*(?:from|van|von|de|sent|verzonden|gesendet|to|aan|an)\s*:\s*\S", re.IGNORECASE
)
_SEPARATOR = re.compile(r"-{3,}\s*(?:forwarded|original|oorspronkelijk|doorgestuurd)|begin forwarded", re.IGNORECASE)
_NEARLY_EMPTY = 40  # letters of preview: somebody sent an attachment and said no more than a greeting


def why_open(message: Message) -> str:
    """The reason to read this message's body, as a stable code; "" when nothing suggests it.

    `bounce` reports and receipts quote another message; `forwarded` by subject or by a header block at the top;
    `bare-attachment` says nothing itself, so that what it carries may be a message.
    """
    message_class = message.message_class.upper()
    if message_class.startswith("REPORT."):
        return "bounce"
    if (
        _FORWARDED_SUBJECT.match(message.subject)
        or _SEPARATOR.search(message.preview)
        or _has_header_block(message.preview)
    ):
        return "forwarded"
    if message.has_attachments and len("".join(message.preview.split())) < _NEARLY_EMPTY:
        return "bare-attachment"
    return ""


def is_unreadable(message: Message) -> bool:
    """Is the body encrypted, so that no server and no program of the firm's can look into it?"""
    message_class = message.message_class.upper()
    return message_class == "IPM.NOTE.SMIME" or message_class.endswith(".RPMSG.MICROSOFT.VOICEMAIL.UM.CA")


def _has_header_block(text: str) -> bool:
    return len(_HEADER_BLOCK.findall(text)) >= 2


_ADDRESS_EDGE = r"a-z0-9._%+\-"


def plain(text: str) -> str:
    """Lower case, compatibility forms unfolded, accents dropped."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower().replace("’", "'")


@dataclass(frozen=True)
class Marks:
    """What to look for, as the officer wrote it. `domains`: every address below them counts."""

    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    @cached_property
    def _address_pattern(self) -> re.Pattern[str] | None:
        return _either(p for address in self.addresses for p in _address_patterns(address))

    @cached_property
    def _domain_pattern(self) -> re.Pattern[str] | None:
        spelled = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        return _either(rf"@(?:[a-z0-9\-]+\.)*{re.escape(s)}(?![a-z0-9\-])(?!\.[a-z0-9])" for s in spelled)

    @cached_property
    def _name_pattern(self) -> re.Pattern[str] | None:
        return _either(p for name in self.names for p in _name_patterns(name))

    @cached_property
    def _phone_pattern(self) -> re.Pattern[str] | None:
        return _either(_mark_of_phone(phone) for phone in self.phones if len(re.sub(r"\D", "", phone)) >= 9)

    def in_address(self, raw: str) -> bool:
        """Does this participant's address belong to the person?"""
        text = plain(raw)
        return _finds(self._address_pattern, text) or _finds(self._domain_pattern, text)

    def in_text(self, raw: str) -> bool:
        """Does this text name the person by address, name or number?"""
        if not raw:
            return False
        text = plain(raw)
        patterns = (self._address_pattern, self._domain_pattern, self._name_pattern, self._phone_pattern)
        return any(_finds(pattern, text) for pattern in patterns)

    def in_book(self, line: str) -> bool:
        """Does a line of a client book name the person, or one of the domains as such?"""
        bare = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        pattern = _either(rf"(?<![a-z0-9.\-]){re.escape(s)}(?![a-z0-9\-])" for s in bare)
        return self.in_text(line) or self.in_address(line) or _finds(pattern, plain(line))

    def search_terms(self) -> tuple[str, ...]:
        """What the server's own search is asked for."""
        names = [n for n in self.names if len(n.split()) > 1 or len(n) >= 5]
        addresses = [a for a in self.addresses if "@" in a]
        return tuple(dict.fromkeys([*addresses, *self.domains, *names, *self.phones]))

    def byte_needles(self) -> tuple[bytes, ...]:
        """What a file must not hold, in lower case: addresses, full names, numbers as digits; UTF-8 and UTF-16."""
        texts = {a.lower() for a in self.addresses if "@" in a}
        texts |= {" ".join(n.lower().split()) for n in self.names if len(n.split()) > 1}
        texts |= {d for p in self.phones if len(d := re.sub(r"\D", "", p)) >= 9}
        return tuple(sorted({t.encode(e) for t in texts for e in ("utf-8", "utf-16-le")}))


def _address_patterns(raw: str) -> Iterable[str]:
    text = plain(raw.strip())
    if text.removeprefix("ex:").startswith("/o="):
        yield re.escape(text.removeprefix("ex:")) + r"(?![a-z0-9])"
        return
    local, at, _ = text.rpartition("@")
    if not at:
        return
    local = local.split("+")[0] or local
    quoted = re.escape(local)
    for spelled in _domain_spellings(raw.strip().rpartition("@")[2]):
        yield rf"(?<![{_ADDRESS_EDGE}]){quoted}(?:\+[^@\s<>]*)?\"?@{re.escape(spelled)}(?![a-z0-9\-])(?!\.[a-z0-9])"


def _domain_spellings(domain: str) -> set[str]:
    """A domain as Unicode without accents, and in punycode: in a text it may stand either way."""
    spelled = {plain(domain)}
    with contextlib.suppress(UnicodeError):  # a domain that IDNA refuses is only met as it was written
        spelled.add(unicodedata.normalize("NFKC", domain).lower().encode("idna").decode("ascii"))
    return {s for s in spelled if s}


def _name_patterns(raw: str) -> Iterable[str]:
    words = [re.escape(w) for w in re.findall(r"[^\W_]+(?:'[^\W_]+)*", plain(raw))]
    joined = "".join(words)
    if words and all(unicodedata.category(c) == "Lo" for c in joined.replace("\\", "")) and len(joined) > 1:
        yield joined
        return
    if len(words) == 1 and len(joined) < 5:
        return
    for cut in range(len(words)):
        turned = words[cut:] + words[:cut]
        yield r"(?<![^\W_])" + r"[\W_]+".join(turned) + r"(?![^\W_])"


def _mark_of_phone(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)[-9:]
    return r"[\s().\-/]*".join(digits) + r"(?!\d)"


def _either(patterns: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted({p for p in patterns if p})
    return re.compile("|".join(f"(?:{p})" for p in found)) if found else None


def _finds(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


_FAREWELL = re.compile(
    r"\b(?:groet\w*|gr|mvg|hoogachtend|hartelijk\w*|liefs|regards|wishes|sincerely|yours|cheers|thanks|gr[uü](?:ß|ss)e\w*|"
    r"gru(?:ß|ss)|cordialement|salutations)\b",
    re.IGNORECASE,
)

_GREETS_SOMEBODY = re.compile(r"\W*(?:aan|to|an|à|voor|for)\b", re.IGNORECASE)
_SIGNATURE = 100  # letters behind a farewell in which the writer's name stands


_FEATURE_WORD = re.compile(r"[^\W_]+(?:[-'/&][^\W_]+)*")
_PREFIX = re.compile(
    r"^\s*(?:(?:re|fwd?|fw|aw|antw(?:oord)?|betr|doorst|wg|tr|sv|vs)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)


def is_signed(person: Person, preview: str) -> bool:
    """The lookalike finder's own question."""
    farewells = list(_FAREWELL.finditer(preview))
    if not farewells:
        return False
    behind = preview[farewells[-1].end() :][:_SIGNATURE]
    return not _GREETS_SOMEBODY.match(behind) and person.names_name(behind)


def subject_words(subject: str) -> list[str]:
    """The words of a subject that prediction learns."""
    return _FEATURE_WORD.findall(_PREFIX.sub("", subject[:300]).lower())
