"""Rows under a former key, met again by a thing that can be read: they take the digest of the key in force.

All that the ledger knows of one message is respelled together, so that what is found by the message's row (its steps,
its correction) is found by the same digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, bindparam, delete, select, true, update

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import every_spelling, former
from mailsorter.ledger.schema import correction, message, step, waiting


def respell_messages(connection: Connection, digests: Iterable[bytes]) -> None:
    """Give every row of these messages the newest spelling of its digest; nothing is asked without former keys."""
    stale = [digest for digest in digests if former(digest)]
    for table in (message, waiting, correction):
        respell(connection, table.c.token, stale)
    respell_all(connection, step.c.token, stale)


def respell_all(connection: Connection, column: Column[Any], digests: Iterable[bytes]) -> None:
    """The same of a column in which many rows may share one digest; it must have an index."""
    for found in _found(connection, column, digests, true()):
        connection.execute(_to_newest(column), [{"was": was, "now": now} for was, now in found.items()])


def respell(
    connection: Connection, column: Column[Any], digests: Iterable[bytes], where: ColumnElement[bool] | None = None
) -> None:
    """Give every row that `column` finds under a former spelling of these digests the newest one.

    `column` is unique among the rows that `where` names; where a row has the newest spelling already, that one stays
    and the former one goes.
    """
    condition = true() if where is None else where
    for found in _found(connection, column, digests, condition):
        query = select(column).where(column.in_(found.values()), condition)
        taken = set(connection.execute(query).scalars())
        fresh = {was: now for was, now in found.items() if now not in taken}
        if fresh:
            statement = _to_newest(column).where(condition)
            connection.execute(statement, [{"was": was, "now": now} for was, now in fresh.items()])
        if len(fresh) < len(found):
            double = column.in_([was for was in found if was not in fresh])
            connection.execute(delete(column.table).where(double, condition))


def _found(
    connection: Connection, column: Column[Any], digests: Iterable[bytes], condition: ColumnElement[bool]
) -> Iterator[dict[bytes, bytes]]:
    """Former spellings that the column holds, each with the newest, some at a time."""
    newest = {s: bytes(d) for s, d in every_spelling(d for d in digests if former(d)).items() if s != d}
    for some in chunks(newest, _AT_ONCE):
        present = connection.execute(select(column).where(column.in_(some), condition).distinct()).scalars()
        found = {was: newest[was] for was in present}
        if found:
            yield found


def _to_newest(column: Column[Any]) -> Any:
    return update(column.table).where(column == bindparam("was")).values({column: bindparam("now")})


_AT_ONCE = 800  # of SQLite's 999 bound values in one statement; the condition has some of its own
