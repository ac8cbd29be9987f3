"""Which domains can be someone's, and which belong to everyone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from publicsuffixlist import PublicSuffixList

from mailsorter.model.public_mail import PUBLIC_MAIL_DOMAINS


def suffixes(domain: str) -> Iterator[str]:
    """The domain itself, then what remains as labels fall off at the left: a.b.nl, b.nl, nl."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list, read once in a process: reading it takes a third of a second, and nothing writes to it."""
    return PublicSuffixList()


class PublicDomains:
    """Public suffixes (co.uk, github.io) and mail providers (gmail.com): nobody's, whatever a client book says."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._suffixes = _public_suffixes()
        self.providers = PUBLIC_MAIL_DOMAINS | frozenset(more)

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str) and (
            domain in self.providers or "." not in domain or bool(self._suffixes.is_public(domain))
        )
