"""Addresses as they really are, brought to one form in which equal means equal.

The form: local part in NFC and lower case (Exchange compares so) without needless quotes, `@`, domain in lower-case
ASCII (IDNA 2008 after UTS 46 mapping). Two dots, apostrophes and other breaches of RFC 5322 that occur in the wild are
kept, because the server delivers such mail. What is no internet address (X.500 names, empty groups, bare words) gives
nothing; it never raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from mailsorter.model.domain_name import in_ascii
from mailsorter.patterns import Cap, compiled, normalized

# The form that nearly every address has already; everything else takes the slow road.
_PLAIN = compiled(
    "address.plain", r"^[a-z0-9][a-z0-9._+=&-]*@[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]*[a-z0-9]$", ignore_case=False
)
# Exchange's own directory names, also as they look after encapsulation in an SMTP address (MS-OXCMAIL 2.1.1).
_DIRECTORY_NAME = compiled("address.directory-name", r"(?:ex:)?/(?:o|ou|cn|c|a|p)=|imcea[a-z0-9]+-")
_SCHEME = compiled("address.scheme", r"(?:smtp|mailto|sip):")
_INSIDE_ANGLES = compiled("address.inside-angles", r"<([^<>]*)>")
_COMMENT = compiled("address.comment", r"\([^()]*\)")
# What ends an address in a text, besides white space. A quoted local part (RFC 5321: 64 letters) may hold it.
_ENDS = str.maketrans(dict.fromkeys('<>()[],;:"\\|', " "))
_QUOTED = compiled("address.quoted", r'"(?:[^"\\\n]|\\.){1,64}"@[^\s<>()\[\],;:"\\|]+')
_ESCAPED = compiled("address.escaped", r"\\(.)")

_FIRST_OF_DIRECTORY_NAMES = frozenset("/eEiI")
_LONGEST_DOMAIN = 253  # RFC 1035
_NEVER_IN_DOMAINS = frozenset('@/,;:<>()"')
_BETWEEN_ADDRESSES = frozenset(",;:<>")


def addresses_in(raw: str) -> tuple[str, ...]:
    """Every address in a raw participant, in canonical form and order; () when it holds none.

    A raw value is usually one address, but may be a group (`Team: a@x.example, b@x.example;`), a whole mailbox with
    its display name, or nothing that mail could be sent to.
    """
    if len(raw) > Cap.PARTICIPANT:
        return ()
    lowered = raw.lower()
    if len(raw) <= _LONGEST_DOMAIN and _PLAIN.found_in(lowered) and not lowered.startswith("imcea"):
        return (lowered,)
    if not raw or "@" not in raw.replace("＠", "@"):
        return ()
    return _addresses_taken_apart(raw)


@lru_cache(maxsize=65_536)  # a case asks two questions of each participant, and a header may name 55,000
def _addresses_taken_apart(raw: str) -> tuple[str, ...]:
    cleaned = _printable(raw).replace("＠", "@")
    if _DIRECTORY_NAME.begins(cleaned):
        return ()
    in_angles = [part for part in _INSIDE_ANGLES.findall(cleaned) if "@" in part]
    source = ", ".join(in_angles) if in_angles else _COMMENT.sub(" ", cleaned)
    return _unique(canonical(found) for found in _addresses_like(source))


def find_addresses(text: str) -> tuple[str, ...]:
    """Every address written anywhere in a text, in canonical form, first mention first, each once."""
    return _unique(canonical(token) for token in _tokens_with_at(text))


def canonical(raw: str) -> str | None:
    """One address in canonical form, or None when the text is no address of the internet."""
    text = _printable(raw)
    if ":" in text:
        text = _without_scheme(text)
    text = text.strip("<>,; ")
    if text[:1] in _FIRST_OF_DIRECTORY_NAMES and _DIRECTORY_NAME.begins(text):
        return None
    before, _, after = text.rpartition("@")
    local, domain = _local_part(before), canonical_domain(after)
    return f"{local}@{domain}" if local and domain else None


def canonical_domain(raw: str) -> str | None:
    """A domain in lower-case ASCII without outer dots; None for what cannot be one (an IP literal, a blank)."""
    domain = normalized("NFC", raw.strip().strip(".'\"*!?").lower())
    if (
        not domain
        or len(domain) > _LONGEST_DOMAIN
        or domain.startswith("[")
        or domain.split() != [domain]
        or not _NEVER_IN_DOMAINS.isdisjoint(domain)
    ):
        return None
    if domain.isascii():
        return domain
    return in_ascii(domain)


def base_of(address: str) -> str | None:
    """The canonical address without its plus-tag (RFC 5233), or None when it has none."""
    local, _, domain = address.rpartition("@")
    base, plus, _ = local.partition("+")
    return f"{base}@{domain}" if plus and base else None


def domain_of(address: str) -> str:
    """The domain of a canonical address."""
    return address.rpartition("@")[2]


def _addresses_like(source: str) -> list[str]:
    if source.split() == [source] and _BETWEEN_ADDRESSES.isdisjoint(source):
        return [source]  # one token, however damaged: of two @ in a row the last one counts
    return _tokens_with_at(source)


def _tokens_with_at(text: str) -> list[str]:
    if "@" not in text:
        return []
    found = dict.fromkeys(_tokens(text))  # a long thread names the same few people again and again
    return [token.strip("*") for token in found if "@" in token]


def _tokens(text: str) -> Iterator[str]:
    """What stands between white space and brackets, once over the text; a quoted local part may hold both."""
    if '"@' not in text:
        yield from text.translate(_ENDS).split()
        return
    clean = text.encode("utf-8", "replace").decode()
    rest = 0
    for hit in _QUOTED.finditer(clean):
        quoted = hit[0]
        start = clean.index(quoted, rest)  # its first occurrence behind the last hit is the hit
        yield from clean[rest:start].translate(_ENDS).split()
        yield quoted
        rest = start + len(quoted)
    yield from clean[rest:].translate(_ENDS).split()


def _without_scheme(text: str) -> str:
    hit = _SCHEME.search(text)
    return text if hit is None else text[: hit.start()] + text[hit.end() :]


def _local_part(raw: str) -> str:
    local = normalized("NFC", raw.strip()).lower()
    if len(local) > 2 and local[0] == local[-1] == '"':
        return _ESCAPED.sub(lambda hit: hit[1], local[1:-1])
    # Outlook wraps an address typed as its own display name in apostrophes; a closing one lands on the domain.
    return local.lstrip("'\"")


def _printable(raw: str) -> str:
    """Without control, zero-width and direction characters, which are invisible to whoever reads the address."""
    if raw.isprintable():
        return raw.strip()
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in raw).strip()


def _unique(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address in found if address))
