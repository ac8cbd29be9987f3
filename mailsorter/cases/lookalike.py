"""Other addresses that may be the same person: collected while listing, offered to a person, never assumed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.case import Lookalike, Seen
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person

_SHARED_LOCAL_PARTS = frozenset(
    {
        "info", "contact", "sales", "office", "admin", "administratie", "mail", "post", "hello", "support",
        "service", "inkoop", "verkoop", "factuur", "noreply", "no-reply", "team", "hr", "webmaster",
        "postmaster", "abuse", "marketing", "boekhouding", "receptie", "secretariaat",
    }
)  # fmt: skip
_MIN_LOCAL_PART = 5  # shorter ones (jan, info) belong to many


class LookalikeFinder:
    """Adds to `known`: address → why, and how often it was met."""

    def __init__(self, person: Person, own_domains: tuple[str, ...], known: dict[str, Lookalike]) -> None:
        self._person = person
        self._own_domains = own_domains
        self._known = known
        self._local_parts = frozenset(
            local
            for address in person.addresses
            if len(local := address.partition("@")[0]) >= _MIN_LOCAL_PART and local not in _SHARED_LOCAL_PARTS
        )
        self._reason = lru_cache(maxsize=50_000)(self._why)

    def look(self, message: Message) -> None:
        """Compare every participant of the envelope."""
        for participant in message.participants:
            reason = self._reason(participant)
            if reason:
                self._note(participant.address, reason)

    def look_at_writer(self, message: Message, seen: Sequence[Seen]) -> None:
        """Mail whose own text carries the person's number may be written by them from another address."""
        writer = message.from_
        if writer is None or Seen.BODY not in seen or not self._person.names_phone(message.preview):
            return
        if self._is_outside(writer.address) and not self._person.is_participant(writer):
            self._note(writer.address, "same-phone")

    def _why(self, participant: Participant) -> str:
        if self._person.is_participant(participant):
            return ""
        if participant.name and self._person.is_name(participant.name):
            return "same-name"
        for address in addresses_in(participant.address):
            if address.partition("@")[0] in self._local_parts and self._is_outside(address):
                return "same-local-part"
        return ""

    def _is_outside(self, address: str) -> bool:
        return not any(domain_of(a) in self._own_domains for a in addresses_in(address))

    def _note(self, raw: str, reason: str) -> None:
        address = next(iter(addresses_in(raw)), raw.lower())
        known = self._known.get(address)
        count = known.count + 1 if known else 1
        self._known[address] = (
            msgspec.structs.replace(known, count=count)
            if known
            else Lookalike(address=address, reason=reason, count=count)
        )
