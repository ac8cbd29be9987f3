"""Is the key that this process works with still the ledger's? Asked in every unit: another process may replace it."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.keys import LedgerKey

KEY_CHECK = "key check"
"""The setting by which the key in force is known again."""


# asked in every unit, so of SQLite's driver itself: by way of SQLAlchemy it costs ten times as much as this answer
_IN_FORCE = f"SELECT value FROM setting WHERE name = '{KEY_CHECK}'"  # noqa: S608 (a constant of this module)


def require_in_force(connection: Connection, key: LedgerKey) -> None:
    """Raises `LedgerUnreadable` when the key was replaced: this process would write what nobody finds."""
    if _kept(connection) != key.check:
        raise LedgerUnreadable(
            "The ledger's key was replaced while this process ran: it writes nothing more.",
            advice="Start it again with the config that names the new key.",
        )


def _kept(connection: Connection) -> bytes | None:
    """The check of the key in force, read inside the connection's transaction."""
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        return connection.exec_driver_sql(_IN_FORCE).scalar()
    row = driver.execute(_IN_FORCE).fetchone()  # its errors are the ledger's too (`trouble`)
    return row[0] if row else None
