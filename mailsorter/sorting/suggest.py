"""Which outside domains have much mail that nothing recognises: candidates for the client book, as counts.

A domain is counted as it can be registered (`mail.acme.co.uk` as `acme.co.uk`); addresses at public mail providers
belong to nobody's domain and are counted together. Nothing is kept: the counts live as long as the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from publicsuffixlist import PublicSuffixList

from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.domains import PublicDomains
from mailsorter.sorting.matching.known import OUTSIDE


@dataclass
class DomainCount:
    """How much unmatched mail names people of one domain."""

    domain: str
    messages: int = 0
    from_lists: int = 0  # of which came through a mailing list or newsletter: hardly a client
    people: set[str] = field(default_factory=set)


class DomainTally:
    """Counts the outside domains of unmatched messages."""

    def __init__(self, book: MatchBook, public_domains: Collection[str] = ()) -> None:
        self._book = book
        self._public = PublicDomains(public_domains)
        self._suffixes = PublicSuffixList()
        self._counts: dict[str, DomainCount] = {}
        self._registrable: dict[str, str | None] = {}
        self.unmatched = 0
        self.at_public_providers = 0

    def add(self, message: Message, match: Match) -> None:
        """Count one message, if nothing recognises it. A domain counts once a message, however many people it has."""
        if match.outcome is not Outcome.UNMATCHED:
            return
        self.unmatched += 1
        people = self._outsiders(message)
        self.at_public_providers += "" in people
        for domain in people.keys() - {""}:
            count = self._counts.setdefault(domain, DomainCount(domain))
            count.messages += 1
            count.from_lists += bool(message.list_id) or "newsletter" in match.labels
            count.people |= people[domain]

    def most(self, at_least: int) -> list[DomainCount]:
        """Domains with at least so many messages; most first, what did not come through lists before what did."""
        wanted = [count for count in self._counts.values() if count.messages >= at_least]
        return sorted(wanted, key=lambda count: (count.from_lists - count.messages, -count.messages, count.domain))

    def _outsiders(self, message: Message) -> dict[str, set[str]]:
        """Outside addresses by registrable domain; "" holds those at public providers."""
        people: dict[str, set[str]] = defaultdict(set)
        for participant in message.participants:
            if self._book.known(participant.address) is not OUTSIDE:
                continue
            for address in addresses_in(participant.address):
                domain = domain_of(address)
                if domain not in self._registrable:
                    public = domain in self._public
                    self._registrable[domain] = "" if public else self._suffixes.privatesuffix(domain) or domain
                people[self._registrable[domain] or ""].add(address)
        return people
