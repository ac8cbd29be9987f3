"""Where reading stopped: one sealed cursor a folder (a deltaLink names the mailbox, so it is never kept readable)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.schema import cursor

TREE = 0
"""The folder number under which the cursor of the folder tree is kept."""


class Cursors:
    """Cursors of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def get(self, mailbox: int, folder: int) -> str | None:
        """The cursor, or None when the folder must be read from its beginning."""
        query = select(cursor.c.sealed).where(cursor.c.mailbox == mailbox, cursor.c.folder == folder)
        sealed = self._connection.execute(query).scalar()
        return None if sealed is None else self._key.open(sealed, "cursor", str)

    def at(self, mailbox: int) -> dict[int, int]:
        """When each folder's cursor was last written: folder number to seconds since 1970."""
        rows = self._connection.execute(select(cursor.c.folder, cursor.c.at).where(cursor.c.mailbox == mailbox))
        return {row.folder: row.at for row in rows}

    def set(self, mailbox: int, folder: int, value: str) -> None:
        """Reading stopped here. Belongs in the unit that records what was read."""
        self.forget(mailbox, folder)
        sealed = self._key.seal(value, "cursor")
        self._connection.execute(cursor.insert().values(mailbox=mailbox, folder=folder, sealed=sealed, at=self._now_s))

    def forget(self, mailbox: int, folder: int | None = None) -> None:
        """Read from the beginning next time: one folder, or (None) the whole mailbox."""
        condition = cursor.c.mailbox == mailbox
        if folder is not None:
            condition &= cursor.c.folder == folder
        self._connection.execute(delete(cursor).where(condition))
