"""Is the key that this process works with still the ledger's? Asked in every unit: another process may replace it."""

from __future__ import annotations

from sqlalchemy import Connection

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.settings import Settings

KEY_CHECK = "key check"
"""The setting by which the key in force is known again."""


def require_in_force(connection: Connection, key: LedgerKey) -> None:
    """Raises `LedgerUnreadable` when the key was replaced: this process would write what nobody finds."""
    if Settings(connection).get(KEY_CHECK) != key.check:
        raise LedgerUnreadable(
            "The ledger's key was replaced while this process ran: it writes nothing more.",
            advice="Start it again with the config that names the new key.",
        )
