"""When the ledger was last written, by its own entries: a clock that shows an earlier time is wrong, or one was."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from mailsorter.ledger.schema import audit, cursor, run

_MOMENTS = (func.max(audit.c.at), func.max(run.c.started), func.max(run.c.ended), func.max(cursor.c.at))


def newest_entry_s(connection: Connection) -> int | None:
    """Seconds since the epoch of the newest entry of audit chain, runs and cursors; None in an empty ledger."""
    found = [connection.execute(select(moment)).scalar() for moment in _MOMENTS]
    return max((int(moment) for moment in found if moment is not None), default=None)
