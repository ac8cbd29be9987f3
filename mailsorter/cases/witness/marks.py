"""The person's marks and how the witness recognises them: written anew, sharing nothing with the finder's comparison.

Everything is brought to one plain spelling (compatibility-normalised, no accents, lower case) and then looked for by
regular expressions with boundaries; addresses also in punycode, and with any plus-tag.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

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
        return _either(_phone_pattern(phone) for phone in self.phones if len(re.sub(r"\D", "", phone)) >= 9)

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


def _phone_pattern(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)[-9:]
    return r"[\s().\-/]*".join(digits) + r"(?!\d)"


def _either(patterns: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted({p for p in patterns if p})
    return re.compile("|".join(f"(?:{p})" for p in found)) if found else None


def _finds(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None
