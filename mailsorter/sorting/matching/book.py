"""The client book, compiled for matching: what a lookup costs does not depend on how many clients there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo

from mailsorter.model.address import addresses_in, base_of, canonical, canonical_domain, domain_of
from mailsorter.model.client import Client, ClientStatus
from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.matching import MatchingPolicy
from mailsorter.model.rule import Rule
from mailsorter.patterns import Cap
from mailsorter.sorting.matching.domains import PublicDomains, suffixes
from mailsorter.sorting.matching.known import OUTSIDE, OWN, UNUSABLE, Dated, Known, Standing
from mailsorter.sorting.matching.phrases import PhraseIndex
from mailsorter.sorting.matching.rules import Met, RuleBook
from mailsorter.sorting.matching.single import of_one_client

# Two million distinct addresses would be half a gigabyte; this many are some 30 MB, more than a mailbox's year.
_CACHE_SIZE = 100_000


class MatchBook:
    """Whose an address, a domain or a project code is. Build once a run; never changed after.

    `own_domains` and `own_addresses` (a consultant's private one) are the firm's. An address that the book gives to
    a client is that client's even under a domain of the firm's own; a domain that is both is the firm's.
    Entries that can be nobody's (`co.uk`, `gmail.com`) are left out and named in `unusable_domains`.
    `zone` is where a day begins and ends, for the validity of addresses.
    """

    def __init__(
        self,
        clients: Iterable[Client],
        own_domains: Iterable[str],
        *,
        rules: Iterable[Rule] = (),
        own_addresses: Iterable[str] = (),
        public_domains: Iterable[str] = (),
        zone: tzinfo = UTC,
        policy: MatchingPolicy = MatchingPolicy(),
    ) -> None:
        self.zone = zone
        self.policy = policy
        self.most_people = policy.mass_mail_domains  # a plain name: every message asks for it
        self.is_first_edition = policy.is_first_edition  # asked for every message: a property costs a call
        self.clients: Mapping[str, Client] = {client.id: client for client in clients}
        self.left = frozenset(c.id for c in self.clients.values() if c.status is ClientStatus.LEFT)
        self.rules = RuleBook(rules)
        self._own_addresses = {found for raw in own_addresses if (found := canonical(raw))}
        self._own_domains = {found for raw in own_domains if (found := canonical_domain(raw))}
        self._by_address: dict[str, list[Dated]] = {}
        self._by_domain: dict[str, tuple[Evidence, ...]] = {}
        self.unusable_domains: list[tuple[str, str]] = []  # (client id, domain)
        public = PublicDomains(found for raw in public_domains if (found := canonical_domain(raw)))
        self.mail_providers = public.providers
        for client in self.clients.values():
            self._list_addresses(client)
            self._list_domains(client, public)
        self.codes: PhraseIndex[Evidence] = PhraseIndex(
            (code, Evidence(EvidenceKind.CODE, client.id, code))
            for client in self.clients.values()
            for code in client.codes
        )
        self.thread_evidence = _ThreadFacts(self.clients)
        self._of_one_fact: dict[Evidence, Known] = {}  # no more than the book has facts
        self.cache: dict[str, Known] = {}  # raw participant -> Known; matching reads it directly

    def known(self, raw: str) -> Known:
        """What the book says about a raw participant; remembered, because mail repeats its people."""
        found = self.cache.get(raw)
        if found is None:
            if len(raw) > Cap.PARTICIPANT:
                return UNUSABLE  # nobody's address, and not kept
            if len(self.cache) >= _CACHE_SIZE:
                self.cache.clear()
            found = self.cache[raw] = self._look_up(raw)
        return found

    @property
    def reads_attachment_names(self) -> bool:
        """Could an attachment's name say anything?"""
        return bool(self.codes) or any(rule.attachment_names for rule in self.rules.rules)

    def own(self, address: str) -> bool:
        """Is this canonical address one of the firm's own?"""
        return self.of_address(address).standing is Standing.OWN

    def of_address(self, address: str) -> Known:
        """What the book says about one canonical address: exact, else its base, else its domain."""
        listed = next((found for name in _names(address) if (found := self._by_address.get(name))), [])
        standing, by_domain = self._by_suffix(address)
        met = self.rules.of_address(address)
        rules = (met,) if met else ()
        if not listed:
            return self._known(standing, by_domain, (), rules)
        if all(entry.valid_from is None and entry.valid_until is None for entry in listed):
            evidence = tuple(entry.evidence for entry in listed) + self._beside(by_domain, listed)
            return self._known(Standing.OUTSIDE, evidence, (), rules)
        return self._known(Standing.OUTSIDE, by_domain, tuple(listed), rules)

    def _known(
        self, standing: Standing, evidence: tuple[Evidence, ...], dated: tuple[Dated, ...], rules: tuple[Met, ...]
    ) -> Known:
        """All addresses of which the book says no more than one and the same fact share one answer, which a processor's
        cache then holds sooner."""
        if dated or rules or len(evidence) > 1:
            return Known(standing, evidence, dated, rules)
        if not evidence:
            return OWN if standing is Standing.OWN else OUTSIDE
        (fact,) = evidence
        found = self._of_one_fact.get(fact)
        if found is None:
            # its own copy: what mail in use leads to lies close together, not scattered among all of a large book
            near = (Evidence(fact.kind, fact.client_id, fact.detail),)
            alone = of_one_client(fact.client_id, near, (), has_left=fact.client_id in self.left)
            found = self._of_one_fact[fact] = Known(standing, near, alone=alone)
        return found

    def _beside(self, by_domain: tuple[Evidence, ...], listed: Sequence[Dated]) -> tuple[Evidence, ...]:
        """What the domain of a listed address adds: the entry is nearer, so another client's domain says nothing."""
        if self.policy.is_first_edition:
            return by_domain
        clients = {entry.evidence.client_id for entry in listed}
        return tuple(fact for fact in by_domain if fact.client_id in clients)

    def _look_up(self, raw: str) -> Known:
        found = [self.of_address(address) for address in addresses_in(raw)]
        if not found:
            return UNUSABLE
        if len(found) == 1:
            return found[0]
        everyone_own = all(known.standing is Standing.OWN for known in found)
        return Known(
            Standing.OWN if everyone_own else Standing.OUTSIDE,
            tuple(e for known in found for e in known.evidence),
            tuple(d for known in found for d in known.dated),
            tuple(met for known in found for met in known.rules),
        )

    def _by_suffix(self, address: str) -> tuple[Standing, tuple[Evidence, ...]]:
        if address in self._own_addresses or base_of(address) in self._own_addresses:
            return Standing.OWN, ()
        for suffix in suffixes(domain_of(address)):
            if suffix in self._own_domains:
                return Standing.OWN, ()
            evidence = self._by_domain.get(suffix)
            if evidence:
                return Standing.OUTSIDE, evidence
        return Standing.OUTSIDE, ()

    def _list_addresses(self, client: Client) -> None:
        for entry in client.addresses:
            address = canonical(entry.address)
            if address:
                evidence = Evidence(EvidenceKind.ADDRESS, client.id, address)
                self._by_address.setdefault(address, []).append(Dated(entry.valid_from, entry.valid_until, evidence))

    def _list_domains(self, client: Client, public: PublicDomains) -> None:
        for raw in client.domains:
            domain = canonical_domain(raw.lstrip("@*."))
            if domain is None or domain in public:
                self.unusable_domains.append((client.id, raw))
                continue
            evidence = Evidence(EvidenceKind.DOMAIN, client.id, domain)
            held = self._by_domain.get(domain, ())
            if evidence not in held:
                self._by_domain[domain] = (*held, evidence)


class _ThreadFacts(dict[str, Evidence | None]):
    """What a thread of a client's says, made when first asked for: those in use lie close together in memory.

    None for an id that is no client's.
    """

    def __init__(self, clients: Mapping[str, Client]) -> None:
        super().__init__()
        self._clients = clients

    def __missing__(self, client_id: str) -> Evidence | None:
        if client_id not in self._clients:
            return None
        fact = self[client_id] = Evidence(EvidenceKind.THREAD, client_id)
        return fact


def _names(address: str) -> Iterator[str]:
    """The address, its base, and both without the tag of BATV (draft-levine-smtp-batv): `prvs=TAG=jan@…`, also as
    Barracuda writes it, `btv1==TAG==jan@…`."""
    local, _, domain = address.rpartition("@")
    bare = ""
    if local.startswith("prvs="):
        bare = local[5:].partition("=")[2]
    elif local.startswith("btv1=="):
        bare = local[6:].partition("==")[2]
    for name in (address, f"{bare}@{domain}" if bare else ""):
        if name:
            yield name
            base = base_of(name)
            if base:
                yield base
