"""The ledger's client numbers as the book's client ids."""

from __future__ import annotations

from collections.abc import Iterable

from mailsorter.ledger.keys import LedgerKey, by_spelling
from mailsorter.ledger.ledger import Unit


class ClientNumbers:
    """Numbers back to ids, by digest: the ledger itself does not know what a client is called."""

    def __init__(self, key: LedgerKey, client_ids: Iterable[str]) -> None:
        self._by_token = by_spelling({key.digest("client", client_id): client_id for client_id in client_ids})
        self._ids: dict[int, str | None] = {}

    def learn(self, unit: Unit, numbers: Iterable[int]) -> None:
        """Look up the numbers not met before."""
        unknown = {n for n in numbers if n not in self._ids}
        if unknown:
            self._ids.update(dict.fromkeys(unknown))
            for number, token in unit.places.client_tokens(unknown).items():
                self._ids[number] = self._by_token.get(token)

    def ids(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The clients of these numbers that the book still has, in a stable order."""
        return tuple(sorted(found for n in numbers if (found := self._ids.get(n)) is not None))

    def id(self, number: int | None) -> str | None:
        """The client of this number, or None when there is none or the book no longer has it."""
        return None if number is None else self._ids.get(number)
