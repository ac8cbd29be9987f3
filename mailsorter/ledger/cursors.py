"""Where reading stopped: one sealed cursor a folder (a deltaLink names the mailbox, so it is never kept readable)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.schema import cursor

TREE = 0
"""The folder number under which the cursor of the folder tree is kept."""

_OF_MAILBOX = cursor.c.mailbox == bindparam("of")
_OF_FOLDER = _OF_MAILBOX & (cursor.c.folder == bindparam("at_folder"))
_GET = select(cursor.c.sealed).where(_OF_FOLDER)
_ALL = select(cursor.c.folder, cursor.c.sealed).where(_OF_MAILBOX)
_FORGET = delete(cursor).where(_OF_FOLDER)


def _set(dialect: Any) -> Any:
    statement = dialect.insert(cursor)
    new = {"sealed": statement.excluded.sealed, "at": statement.excluded.at}
    return statement.on_conflict_do_update(index_elements=["mailbox", "folder"], set_=new)


_SET = {"sqlite": _set(sqlite), "postgresql": _set(postgresql)}


class Cursors:
    """Cursors of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def get(self, mailbox: int, folder: int) -> str | None:
        """The cursor, or None when the folder must be read from its beginning."""
        sealed = self._connection.execute(_GET, {"of": mailbox, "at_folder": folder}).scalar()
        return None if sealed is None else self._key.open(sealed, "cursor", str)

    def all(self, mailbox: int) -> dict[int, str]:
        """Every cursor of the mailbox, by folder number, the tree's included."""
        rows = self._connection.execute(_ALL, {"of": mailbox})
        return {folder: self._key.open(sealed, "cursor", str) for folder, sealed in rows}

    def at(self, mailbox: int) -> dict[int, int]:
        """When each folder's cursor was last written: folder number to seconds since 1970."""
        rows = self._connection.execute(select(cursor.c.folder, cursor.c.at).where(cursor.c.mailbox == mailbox))
        return {row.folder: row.at for row in rows}

    def set(self, mailbox: int, folder: int, value: str) -> None:
        """Reading stopped here. Belongs in the unit that records what was read."""
        sealed = self._key.seal(value, "cursor")
        values = {"mailbox": mailbox, "folder": folder, "sealed": sealed, "at": self._now_s}
        self._connection.execute(_SET[self._connection.dialect.name], values)

    def forget(self, mailbox: int, folder: int | None = None) -> None:
        """Read from the beginning next time: one folder, or (None) the whole mailbox."""
        if folder is None:
            self._connection.execute(delete(cursor).where(cursor.c.mailbox == mailbox))
        else:
            self._connection.execute(_FORGET, {"of": mailbox, "at_folder": folder})
