"""What must not come back: keyed digests of erased messages and of forgotten addresses, each with a last day.

A restored backup gives an erased message a new Exchange id, but the same search key, msg-id and date. Two of the three
must agree, because a msg-id alone can be forged and a search key alone is shared by copies that were kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, or_, select

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey, by_spelling, every_spelling, is_same, spellings
from mailsorter.ledger.schema import forgotten, tombstone
from mailsorter.model.message import Message

_PARAMETERS = 400  # each digest is bound twice


class Traces(msgspec.Struct, frozen=True):
    """The digests by which a message is known again when its id has changed; None where it has no such property."""

    search_key: bytes | None
    message_id: bytes | None
    date: bytes | None

    def is_same(self, other: Traces) -> bool:
        """Do at least two of the three agree?"""
        pairs = ((self.search_key, other.search_key), (self.message_id, other.message_id), (self.date, other.date))
        return sum(is_same(mine, theirs) for mine, theirs in pairs) >= 2


def traces_of(key: LedgerKey, search_key: bytes, internet_message_id: str, received_at: datetime | None) -> Traces:
    """A message's digests."""
    msg_id = internet_message_id.strip()
    return Traces(
        key.digest("search-key", search_key) if search_key else None,
        key.digest("message-id", msg_id) if msg_id else None,
        key.digest("received", str(int(received_at.timestamp()))) if received_at else None,
    )


class Tombstones:
    """Tombstones and forgotten addresses of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def bury(self, erased: Iterable[Traces], expires_s: int) -> None:
        """Remember erased messages until the backup horizon has passed."""
        rows = [
            {"search_key": t.search_key, "message_id": t.message_id, "date": t.date, "expires": expires_s}
            for t in erased
            if sum(d is not None for d in (t.search_key, t.message_id, t.date)) >= 2
        ]
        if rows:
            self._connection.execute(tombstone.insert(), rows)

    def risen(self, messages: Sequence[Message]) -> list[Message]:
        """Those of the messages that were erased before: a restored backup brought them back."""
        traces = [traces_of(self._key, m.search_key, m.internet_message_id, m.received_at) for m in messages]
        wanted = {d for t in traces for d in (t.search_key, t.message_id) if d is not None}
        known: dict[bytes, list[Traces]] = {}
        for some in chunks(every_spelling(wanted), _PARAMETERS):
            query = select(tombstone).where(
                or_(tombstone.c.search_key.in_(some), tombstone.c.message_id.in_(some)),
                tombstone.c.expires > self._now_s,
            )
            for row in self._connection.execute(query):
                grave = Traces(row.search_key, row.message_id, row.date)
                for digest in (row.search_key, row.message_id):
                    if digest is not None:
                        known.setdefault(digest, []).append(grave)
        return [m for m, t in zip(messages, traces, strict=True) if _is_buried(t, known)]

    def any(self) -> bool:
        """Is there a tombstone that still stands?"""
        query = select(tombstone.c.number).where(tombstone.c.expires > self._now_s).limit(1)
        return self._connection.execute(query).first() is not None

    def forget_address(self, case_number: str, addresses: Iterable[str], expires_s: int) -> None:
        """Remember, keyed, that these canonical addresses belong to a forgotten person."""
        rows = [
            {"case_number": case_number, "address": self._key.digest("forgotten", a), "expires": expires_s}
            for a in addresses
        ]
        if rows:
            self._connection.execute(forgotten.insert(), rows)

    def forgotten_cases(self, addresses: Iterable[str]) -> dict[str, str]:
        """Those of the canonical addresses that belong to a forgotten person, each with the case's number."""
        by_digest = by_spelling({self._key.digest("forgotten", a): a for a in addresses})
        found: dict[str, str] = {}
        for some in chunks(by_digest, _PARAMETERS):
            query = select(forgotten).where(forgotten.c.address.in_(some), forgotten.c.expires > self._now_s)
            found |= {by_digest[r.address]: r.case_number for r in self._connection.execute(query)}
        return found

    def expire(self) -> int:
        """Delete what has outlived its day; gives how many."""
        old = self._connection.execute(delete(tombstone).where(tombstone.c.expires <= self._now_s)).rowcount
        return old + self._connection.execute(delete(forgotten).where(forgotten.c.expires <= self._now_s)).rowcount


def _is_buried(traces: Traces, known: dict[bytes, list[Traces]]) -> bool:
    digests = (*spellings(traces.search_key), *spellings(traces.message_id))
    return any(traces.is_same(grave) for d in digests for grave in known.get(d, ()))
