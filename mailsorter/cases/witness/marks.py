"""The person's marks and how the witness recognises them: written anew, sharing nothing with the finder's comparison.

Everything is looked for by regular expressions with boundaries. Addresses and numbers in the text as it is, in one
case and compatibility-normalised, because an accent makes another address; names in its words without accents.

The witness takes from `mailsorter.patterns` how a pattern is compiled, so that no text takes it more than linear time;
what its patterns say is its own. RE2 has no look-around: an edge is a character that belongs to the hit, or the text's
beginning or end. That is the same answer to the only question asked, whether there is a hit at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailsorter.cases.witness.names import name_patterns, words_of
from mailsorter.cases.witness.numbers import number_pattern
from mailsorter.patterns import Pattern, compatible, digits_of, escaped, of_data

SURE, BY_NAME, NOTHING = "sure", "name", ""
"""How a text shows the person: by address or number, by nothing surer than a name, or not at all."""

_BEFORE_ADDRESS = r"(?:^|[^\p{L}\p{N}\p{M}._%+\-])"
_BEFORE_DOMAIN = r"(?:^|[^\p{L}\p{N}.\-])"
_AFTER_LABEL = r"(?:$|[^\p{L}\p{N}\-])"
_AFTER_DOMAIN = r"(?:$|[^\p{L}\p{N}\p{M}\-.]|\.(?:$|[^\p{L}\p{N}]))"
"""A dot may end the sentence, but not go on with a label."""
_AFTER_NAME = r"(?:$|[^\p{L}\p{N}+])"  # of Exchange's directory
_IN_ONE = 200  # alternatives of one pattern: a client's case may bring thousands
_UNSEEN = dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, 0xFEFF))


def exact(text: str) -> str:
    """Lower case, compatibility forms unfolded, letters composed, nothing invisible; `%40` as the sign that it is."""
    return compatible(text.translate(_UNSEEN)).lower().replace("%40", "@")


@dataclass(frozen=True)
class Marks:
    """What to look for, as the officer wrote it. `domains`: every address below them counts."""

    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    @cached_property
    def _address_pattern(self) -> tuple[Pattern, ...]:
        internet = _either(
            (p for one in self.addresses for p in _address_patterns(one)), _BEFORE_ADDRESS, _AFTER_DOMAIN
        )
        return internet + _either((p for one in self.addresses for p in _directory_patterns(one)), "", _AFTER_NAME)

    @cached_property
    def _domain_pattern(self) -> tuple[Pattern, ...]:
        spelled = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        return _either(map(escaped, spelled), r"@(?:[\p{L}\p{N}\-]+\.)*", _AFTER_DOMAIN)

    @cached_property
    def _name_pattern(self) -> tuple[Pattern, ...]:
        return _either(p for name in self.names for p in name_patterns(name))

    @cached_property
    def _phone_pattern(self) -> tuple[Pattern, ...]:
        return _either(map(number_pattern, self.phones))

    def in_address(self, raw: str) -> bool:
        """Does this participant's address belong to the person?"""
        text = exact(raw)
        return _finds(self._address_pattern, text) or _finds(self._domain_pattern, text)

    def strength(self, raw: str) -> str:
        """How this text shows the person: `SURE`, `BY_NAME` or `NOTHING`."""
        if not raw:
            return NOTHING
        text = exact(raw)
        if any(_finds(p, text) for p in (self._address_pattern, self._domain_pattern, self._phone_pattern)):
            return SURE
        return BY_NAME if self._name_pattern and _finds(self._name_pattern, words_of(raw)) else NOTHING

    def in_text(self, raw: str) -> bool:
        """Does this text name the person by address, name or number?"""
        return bool(self.strength(raw))

    def in_book(self, line: str) -> bool:
        """Does a line of a client book name the person, or one of the domains as such?"""
        bare = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        pattern = _either(map(escaped, bare), _BEFORE_DOMAIN, _AFTER_LABEL)
        return self.in_text(line) or self.in_address(line) or _finds(pattern, exact(line))

    def search_terms(self) -> tuple[str, ...]:
        """What the server's own search is asked for."""
        names = [n for n in self.names if len(n.split()) > 1 or len(n) >= 5]
        addresses = [a for a in self.addresses if "@" in a]
        return tuple(dict.fromkeys([*addresses, *self.domains, *names, *self.phones]))

    def byte_needles(self) -> tuple[bytes, ...]:
        """What a file must not hold, in lower case: addresses, full names, numbers as digits; UTF-8 and UTF-16."""
        texts = {a.lower() for a in self.addresses if "@" in a}
        texts |= {" ".join(n.lower().split()) for n in self.names if len(n.split()) > 1}
        texts |= {d for p in self.phones if len(d := digits_of(p)) >= 9}
        return tuple(sorted({t.encode(e) for t in texts for e in ("utf-8", "utf-16-le")}))


def _address_patterns(raw: str) -> Iterable[str]:
    text = exact(raw.strip())
    local, at, _ = text.rpartition("@")
    if not at or text.removeprefix("ex:").startswith("/o="):
        return
    local = local.split("+")[0] or local
    quoted = escaped(local)
    for spelled in _domain_spellings(raw.strip().rpartition("@")[2]):
        yield rf"{quoted}(?:\+[^@\s<>]*)?\"?@{escaped(spelled)}"


def _directory_patterns(raw: str) -> Iterable[str]:
    """An X.500 name as it is, and as an internet address carries it (IMCEAEX)."""
    name = exact(raw.strip()).removeprefix("ex:")
    if name.startswith("/o="):
        packed = "".join(c if c.isalnum() or c in "=-" else "_" if c == "/" else f"+{ord(c):02x}" for c in name)
        yield from (escaped(name), escaped(f"imceaex-{packed}"))


def _domain_spellings(domain: str) -> set[str]:
    """A domain as letters and in punycode: in a text it may stand either way."""
    spelled = {exact(domain)}
    with contextlib.suppress(UnicodeError):  # a domain that IDNA refuses is only met as it was written
        spelled.add(exact(domain).encode("idna").decode("ascii"))
    with contextlib.suppress(UnicodeError):
        spelled.add(exact(domain).encode("ascii").decode("idna"))
    return {s for s in spelled if s}


def _either(patterns: Iterable[str], before: str = "", after: str = "") -> tuple[Pattern, ...]:
    """The patterns as few alternations, each between the same edges; () for none."""
    found = sorted({p for p in patterns if p})
    batches = (found[start : start + _IN_ONE] for start in range(0, len(found), _IN_ONE))
    return tuple(
        of_data("witness.marks", f"{before}(?:{'|'.join(f'(?:{p})' for p in batch)}){after}") for batch in batches
    )


def _finds(patterns: Iterable[Pattern], text: str) -> bool:
    return any(pattern.found_in(text) for pattern in patterns)
