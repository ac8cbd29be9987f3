"""Small named values: the key's check, the client book's digest at the last run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.schema import setting

# made once: building a statement costs thrice what running it does, and every look asks
_GET = select(setting.c.value).where(setting.c.name == bindparam("named"))
_REMOVE = delete(setting).where(setting.c.name == bindparam("named"))


def _set(dialect: Any) -> Any:
    statement = dialect.insert(setting)
    return statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})


_SET = {"sqlite": _set(sqlite), "postgresql": _set(postgresql)}


class Settings:
    """Named values of one unit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes | None:
        """The value, or None when it was never set."""
        return self._connection.execute(_GET, {"named": name}).scalar()

    def set(self, name: str, value: bytes) -> None:
        """Set the value, whatever it was."""
        self._connection.execute(_SET[self._connection.dialect.name], {"name": name, "value": value})

    def remove(self, name: str) -> None:
        """Forget the value; nothing happens when it was never set."""
        self._connection.execute(_REMOVE, {"named": name})
