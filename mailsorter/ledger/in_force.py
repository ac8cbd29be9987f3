"""Is the key that this process works with still the ledger's? Asked in every unit: another process may replace it."""

from __future__ import annotations

from sqlalchemy import Connection

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.keys import LedgerKey

KEY_CHECK = "key check"
"""The setting by which the key in force is known again."""


# asked in every unit, so as the driver takes it: a compiled statement costs four times as much as this answer
_IN_FORCE = f"SELECT value FROM setting WHERE name = '{KEY_CHECK}'"  # noqa: S608 (a constant of this module)


def require_in_force(connection: Connection, key: LedgerKey) -> None:
    """Raises `LedgerUnreadable` when the key was replaced: this process would write what nobody finds."""
    if connection.exec_driver_sql(_IN_FORCE).scalar() != key.check:
        raise LedgerUnreadable(
            "The ledger's key was replaced while this process ran: it writes nothing more.",
            advice="Start it again with the config that names the new key.",
        )
