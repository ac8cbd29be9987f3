"""To whom the firm has written: keyed digests of addresses, so that a stranger is told from somebody it knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey, every_spelling
from mailsorter.ledger.schema import correspondent


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
        rows = [{"token": self._token(address), "at": self._now_s} for address in sorted(set(addresses))]
        if rows:
            self._connection.execute(_RECORD[self._connection.dialect.name], rows)

    def known(self, addresses: Iterable[str]) -> set[str]:
        """Those of the addresses to whom the firm has written."""
        by_token = {self._token(address): address for address in set(addresses)}
        asked = every_spelling(by_token)
        found: set[str] = set()
        for some in chunks(asked):
            query = select(correspondent.c.token).where(correspondent.c.token.in_(some))
            found |= {by_token[asked[token]] for token in self._connection.execute(query).scalars()}
        return found

    def forget(self, addresses: Iterable[str]) -> int:
        """These people are no longer known; gives how many were."""
        count = 0
        for some in chunks(every_spelling(self._token(address) for address in addresses)):
            count += self._connection.execute(delete(correspondent).where(correspondent.c.token.in_(some))).rowcount
        return count

    def _token(self, address: str) -> bytes:
        return self._key.digest("correspondent", address)
