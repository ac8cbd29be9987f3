"""Small named values: the key's check, the client book's digest at the last run."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, insert, select

from mailsorter.ledger.schema import setting

# made once: building a statement costs thrice what running it does, and every look asks
_GET = select(setting.c.value).where(setting.c.name == bindparam("named"))
_REMOVE = delete(setting).where(setting.c.name == bindparam("named"))
_INSERT = insert(setting)


class Settings:
    """Named values of one unit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes | None:
        """The value, or None when it was never set."""
        return self._connection.execute(_GET, {"named": name}).scalar()

    def set(self, name: str, value: bytes) -> None:
        """Set the value, whatever it was."""
        self.remove(name)
        self._connection.execute(_INSERT, {"name": name, "value": value})

    def remove(self, name: str) -> None:
        """Forget the value; nothing happens when it was never set."""
        self._connection.execute(_REMOVE, {"named": name})
