"""What people said by moving mail: one row a message they put somewhere, as digests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, bindparam, delete, func, select

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import every_spelling
from mailsorter.ledger.respell import respell_messages
from mailsorter.ledger.schema import correction, step


class CorrectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person put the message of `token` into `client`'s folder (None: out of every client's folder).

    `rejected` is the client out of whose folder they took it, where a run had put it.
    """

    mailbox: int
    token: bytes
    thread: bytes | None = None
    message_id: bytes | None = None
    sender: bytes | None = None
    client: int | None = None
    rejected: int | None = None


_BY = {c.name: select(correction).where(c.in_(bindparam("some", expanding=True))) for c in correction.c}


class Corrections:
    """Corrections of one unit."""

    def __init__(self, connection: Connection, now_s: int) -> None:
        self._connection = connection
        self._now_s = now_s

    def record(self, rows: Iterable[CorrectionRow]) -> None:
        """Write corrections; a message's newest replaces its earlier one."""
        rows = list(rows)
        respell_messages(self._connection, [row.token for row in rows])
        for row in rows:
            self._connection.execute(delete(correction).where(correction.c.token == row.token))
            self._connection.execute(correction.insert().values(at=self._now_s, **msgspec.structs.asdict(row)))

    def of_threads(self, tokens: Iterable[bytes]) -> dict[bytes, list[CorrectionRow]]:
        """Corrections of these conversations, by conversation digest."""
        return self._by(correction.c.thread, tokens)

    def of_message_ids(self, tokens: Iterable[bytes]) -> dict[bytes, list[CorrectionRow]]:
        """Corrections of the messages of these msg-ids, by msg-id digest."""
        return self._by(correction.c.message_id, tokens)

    def of_messages(self, tokens: Iterable[bytes]) -> dict[bytes, list[CorrectionRow]]:
        """Corrections of these very messages, by message digest."""
        return self._by(correction.c.token, tokens)

    def of_senders(self, tokens: Iterable[bytes]) -> dict[bytes, list[CorrectionRow]]:
        """Corrections of mail of these senders, by sender digest: suggestions only."""
        return self._by(correction.c.sender, tokens)

    def contradicted(self, evidence: int, since_s: int) -> set[int]:
        """Clients out of whose folders people took mail, since then, that runs had put there on this evidence."""
        query = (
            select(correction.c.rejected)
            .join(step, (step.c.token == correction.c.token) & (step.c.client == correction.c.rejected))
            .where(correction.c.at >= since_s, step.c.evidence == evidence)
            .distinct()
        )
        return set(self._connection.execute(query).scalars())

    def forget(self, tokens: Iterable[bytes]) -> int:
        """Delete the corrections of these messages; gives how many there were."""
        return sum(
            self._connection.execute(delete(correction).where(correction.c.token.in_(some))).rowcount
            for some in chunks(every_spelling(tokens))
        )

    def count(self) -> int:
        """How many corrections there are."""
        return int(self._connection.execute(select(func.count()).select_from(correction)).scalar_one())

    def _by(self, column: Column[Any], tokens: Iterable[bytes]) -> dict[bytes, list[CorrectionRow]]:
        found: dict[bytes, list[CorrectionRow]] = {}
        asked = every_spelling(tokens)
        for some in chunks(asked):
            for r in self._connection.execute(_BY[column.name], {"some": some}):
                row = CorrectionRow(
                    mailbox=r.mailbox, token=r.token, thread=r.thread, message_id=r.message_id, sender=r.sender,
                    client=r.client, rejected=r.rejected,
                )  # fmt: skip
                found.setdefault(asked[getattr(r, column.name)], []).append(row)
        return found
