"""Entries that name a forgotten person again: what a later edit or import of the client book brought back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailsorter.ledger.ledger import Ledger
from mailsorter.model.address import base_of, canonical


class Returned(msgspec.Struct, frozen=True):
    """A client whose entry names an address of a forgotten person, and the case in which they were forgotten."""

    client_id: str
    case: str


def returned(ledger: Ledger, entries: Iterable[tuple[str, str]]) -> list[Returned]:
    """Of (client id, address) pairs, those whose address belongs to a forgotten person; each client and case once."""
    spelled: dict[str, set[str]] = {}
    for client_id, raw in entries:
        address = canonical(raw)
        if address is not None:
            spelled.setdefault(base_of(address) or address, set()).add(client_id)
    with ledger.reading() as unit:
        found = unit.tombstones.forgotten_cases(spelled)
    pairs = {(client_id, case) for address, case in found.items() for client_id in spelled[address]}
    return [Returned(client_id, case) for client_id, case in sorted(pairs)]
