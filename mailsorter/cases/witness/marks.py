"""The person's marks and how the witness recognises them: written anew, sharing nothing with the finder's comparison.

Everything is brought to one plain spelling (compatibility-normalised, no accents, lower case) and then looked for by
regular expressions with boundaries; addresses also in punycode, and with any plus-tag.

The witness takes from `mailsorter.patterns` how a pattern is compiled, so that no text takes it more than linear time;
what its patterns say is its own. RE2 has no look-around: an edge is a character that belongs to the hit, or the text's
beginning or end. That is the same answer to the only question asked, whether there is a hit at all.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailsorter.patterns import Pattern, compiled, digits_of, escaped, normalized, of_data, without_accents

_BEFORE_ADDRESS = r"(?:^|[^a-z0-9._%+\-])"
_BEFORE_DOMAIN = r"(?:^|[^a-z0-9.\-])"
_AFTER_LABEL = r"(?:$|[^a-z0-9\-])"
_AFTER_DOMAIN = r"(?:$|[^a-z0-9\-.]|\.(?:$|[^a-z0-9]))"  # a dot may end the sentence, but not go on with a label
_NAME_WORD = compiled("witness.name-word", r"[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*")
_IN_ONE = 200  # alternatives of one pattern: a client's case may bring thousands


def plain(text: str) -> str:
    """Lower case, compatibility forms unfolded, accents dropped."""
    return without_accents(text).lower().replace("’", "'")


@dataclass(frozen=True)
class Marks:
    """What to look for, as the officer wrote it. `domains`: every address below them counts."""

    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    @cached_property
    def _address_pattern(self) -> tuple[Pattern, ...]:
        return _either(p for address in self.addresses for p in _address_patterns(address))

    @cached_property
    def _domain_pattern(self) -> tuple[Pattern, ...]:
        spelled = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        return _either(rf"@(?:[a-z0-9\-]+\.)*{escaped(s)}{_AFTER_DOMAIN}" for s in spelled)

    @cached_property
    def _name_pattern(self) -> tuple[Pattern, ...]:
        return _either(p for name in self.names for p in _name_patterns(name))

    @cached_property
    def _phone_pattern(self) -> tuple[Pattern, ...]:
        return _either(_phone_pattern(phone) for phone in self.phones if len(digits_of(phone)) >= 9)

    def in_address(self, raw: str) -> bool:
        """Does this participant's address belong to the person?"""
        text = plain(raw)
        return _finds(self._address_pattern, text) or _finds(self._domain_pattern, text)

    def in_text(self, raw: str) -> bool:
        """Does this text name the person by address, name or number?"""
        if not raw:
            return False
        text = plain(raw)
        patterns = (self._address_pattern, self._domain_pattern, self._phone_pattern)
        return any(_finds(pattern, text) for pattern in patterns) or _finds(self._name_pattern, _letters_only(text))

    def in_book(self, line: str) -> bool:
        """Does a line of a client book name the person, or one of the domains as such?"""
        bare = {s for d in self.domains for s in _domain_spellings(d.strip().strip(".@"))}
        pattern = _either(rf"{_BEFORE_DOMAIN}{escaped(s)}{_AFTER_LABEL}" for s in bare)
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
        texts |= {d for p in self.phones if len(d := digits_of(p)) >= 9}
        return tuple(sorted({t.encode(e) for t in texts for e in ("utf-8", "utf-16-le")}))


def _address_patterns(raw: str) -> Iterable[str]:
    text = plain(raw.strip())
    if text.removeprefix("ex:").startswith("/o="):
        yield escaped(text.removeprefix("ex:")) + "(?:$|[^a-z0-9])"
        return
    local, at, _ = text.rpartition("@")
    if not at:
        return
    local = local.split("+")[0] or local
    quoted = escaped(local)
    for spelled in _domain_spellings(raw.strip().rpartition("@")[2]):
        yield rf"{_BEFORE_ADDRESS}{quoted}(?:\+[^@\s<>]*)?\"?@{escaped(spelled)}{_AFTER_DOMAIN}"


def _domain_spellings(domain: str) -> set[str]:
    """A domain as Unicode without accents, and in punycode: in a text it may stand either way."""
    spelled = {plain(domain)}
    with contextlib.suppress(UnicodeError):  # a domain that IDNA refuses is only met as it was written
        spelled.add(normalized("NFKC", domain).lower().encode("idna").decode("ascii"))
    return {s for s in spelled if s}


def _letters_only(text: str) -> str:
    """The text with a blank for whatever is no letter and no digit. An apostrophe is kept: names have it inside."""
    return "".join(c if c.isalnum() or c == "'" else " " for c in text)


def _name_patterns(raw: str) -> Iterable[str]:
    words = _NAME_WORD.findall(plain(raw))
    joined = "".join(words)
    if words and all(unicodedata.category(c) == "Lo" for c in joined) and len(joined) > 1:
        yield joined
        return
    if len(words) == 1 and len(joined) < 5:
        return
    for cut in range(len(words)):
        turned = words[cut:] + words[:cut]
        yield "(?:^|[ '])" + "[ ']+".join(map(escaped, turned)) + "(?:[ ']|$)"


def _phone_pattern(phone: str) -> str:
    digits = digits_of(phone)[-9:]
    return r"[\s().\-/]*".join(digits) + r"(?:$|[^\d])"


def _either(patterns: Iterable[str]) -> tuple[Pattern, ...]:
    """The patterns as few alternations; () for none."""
    found = sorted({p for p in patterns if p})
    batches = (found[start : start + _IN_ONE] for start in range(0, len(found), _IN_ONE))
    return tuple(of_data("witness.marks", "|".join(f"(?:{p})" for p in batch)) for batch in batches)


def _finds(patterns: Iterable[Pattern], text: str) -> bool:
    return any(pattern.found_in(text) for pattern in patterns)
