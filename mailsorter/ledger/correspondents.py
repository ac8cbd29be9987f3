"""To whom the firm has written: keyed digests of addresses, so that a stranger is told from somebody it knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey, every_spelling
from mailsorter.ledger.schema import client, correspondent


def _record(dialect: Any) -> Any:
    return dialect.insert(correspondent).on_conflict_do_nothing(index_elements=["token"])


_RECORD = {"sqlite": _record(sqlite), "postgresql": _record(postgresql)}


class Correspondents:
    """Whom the firm has written to, in one unit. Addresses are canonical."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def record(self, addresses: Iterable[str]) -> None:
        """The firm has written to these; twice is as good as once."""
        self._record(self._token(address) for address in addresses)

    def record_for(self, pairs: Iterable[tuple[str, int]]) -> None:
        """The firm has written to these addresses in mail that was filed to these clients, by their numbers."""
        self._record(self._token_for(*pair) for pair in pairs)

    def known(self, addresses: Iterable[str]) -> set[str]:
        """Those of the addresses to whom the firm has written."""
        by_token = {self._token(address): address for address in set(addresses)}
        return {by_token[token] for token in self._found(by_token)}

    def known_for(self, pairs: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """Those of the pairs of address and client number that `record_for` was given."""
        by_token = {self._token_for(*pair): pair for pair in set(pairs)}
        return {by_token[token] for token in self._found(by_token)}

    def forget(self, addresses: Iterable[str]) -> int:
        """These people are no longer known, for any client; gives how many were."""
        people = set(addresses)
        clients = self._connection.execute(select(client.c.number)).scalars().all()
        count = self._forget(self._token(address) for address in people)
        self._forget(self._token_for(address, number) for address in people for number in clients)
        return count

    def _record(self, tokens: Iterable[bytes]) -> None:
        rows = [{"token": token, "at": self._now_s} for token in sorted(set(tokens))]
        if rows:
            self._connection.execute(_RECORD[self._connection.dialect.name], rows)

    def _found(self, tokens: Iterable[bytes]) -> set[bytes]:
        asked = every_spelling(tokens)
        found: set[bytes] = set()
        for some in chunks(asked):
            query = select(correspondent.c.token).where(correspondent.c.token.in_(some))
            found |= {asked[token] for token in self._connection.execute(query).scalars()}
        return found

    def _forget(self, tokens: Iterable[bytes]) -> int:
        count = 0
        for some in chunks(every_spelling(tokens)):
            count += self._connection.execute(delete(correspondent).where(correspondent.c.token.in_(some))).rowcount
        return count

    def _token_for(self, address: str, number: int) -> bytes:
        return self._key.digest("correspondent", address, str(number))

    def _token(self, address: str) -> bytes:
        return self._key.digest("correspondent", address)
