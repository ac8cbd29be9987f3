"""Small named values: the key's check, the client book's digest at the last run."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from mailsorter.ledger.schema import setting


class Settings:
    """Named values of one unit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes | None:
        """The value, or None when it was never set."""
        return self._connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar()

    def set(self, name: str, value: bytes) -> None:
        """Set the value, whatever it was."""
        self._connection.execute(delete(setting).where(setting.c.name == name))
        self._connection.execute(setting.insert().values(name=name, value=value))

    def remove(self, name: str) -> None:
        """Forget the value; nothing happens when it was never set."""
        self._connection.execute(delete(setting).where(setting.c.name == name))
