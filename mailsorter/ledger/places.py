"""Mailboxes, folders and clients as the ledger's opaque numbers, found again by keyed digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.schema import client, folder, mailbox


class KnownFolder(msgspec.Struct, frozen=True):
    """A folder that the ledger knows: its number, Exchange id and path as last seen, and whose it is."""

    number: int
    id: str
    path: tuple[str, ...]
    client: int | None
    item_count: int


class _Sealed(msgspec.Struct, array_like=True):
    id: str
    path: tuple[str, ...]


class Places:
    """Numbers for mailboxes, folders and clients."""

    def __init__(self, connection: Connection, key: LedgerKey) -> None:
        self._connection = connection
        self._key = key
        self._numbers: dict[tuple[int, str], int] = {}  # of this unit; a number never changes

    def mailbox(self, address: str) -> int:
        """The mailbox's number, given now if it has none."""
        return self._number(mailbox, self._key.digest("mailbox", address.casefold()))

    def client(self, client_id: str) -> int:
        """The client's number, given now if it has none."""
        return self._number(client, self._key.digest("client", client_id))

    def client_tokens(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """Number to digest, for those of the numbers that are clients."""
        rows = self._connection.execute(
            select(client.c.number, client.c.token).where(client.c.number.in_(list(numbers)))
        )
        return {row.number: row.token for row in rows}

    def folder(
        self, mailbox_number: int, folder_id: str, path: tuple[str, ...], client_number: int | None = None
    ) -> int:
        """The folder's number; remembers its path when new, and whose folder it is when a client is given."""
        known = self._numbers.get((mailbox_number, folder_id))
        if known is not None and client_number is None:
            return known
        token = self._folder_token(mailbox_number, folder_id)
        row = self._connection.execute(select(folder.c.number, folder.c.client).where(folder.c.token == token)).first()
        number = int(row.number) if row else self._new_folder(mailbox_number, folder_id, token, path, client_number)
        if row is not None and client_number is not None and client_number != row.client:
            sealed = self._key.seal(_Sealed(folder_id, path), "folder")
            self._connection.execute(
                update(folder).where(folder.c.number == number).values(client=client_number, sealed=sealed)
            )
        self._numbers[mailbox_number, folder_id] = number
        return number

    def _new_folder(
        self, mailbox_number: int, folder_id: str, token: bytes, path: tuple[str, ...], client_number: int | None
    ) -> int:
        sealed = self._key.seal(_Sealed(folder_id, path), "folder")
        values = {"mailbox": mailbox_number, "token": token, "sealed": sealed, "client": client_number}
        return int(self._connection.execute(folder.insert().values(values).returning(folder.c.number)).scalar_one())

    def find_folder(self, mailbox_number: int, folder_id: str) -> int | None:
        """The folder's number if it has one."""
        token = self._folder_token(mailbox_number, folder_id)
        return self._connection.execute(select(folder.c.number).where(folder.c.token == token)).scalar()

    def folders(self, mailbox_number: int) -> list[KnownFolder]:
        """All folders known of the mailbox."""
        rows = self._connection.execute(select(folder).where(folder.c.mailbox == mailbox_number))
        return [self._known(row) for row in rows]

    def _known(self, row: Any) -> KnownFolder:
        clear = self._key.open(row.sealed, "folder", _Sealed)
        return KnownFolder(row.number, clear.id, clear.path, row.client, row.item_count)

    def update_folder(self, number: int, folder_id: str, path: tuple[str, ...], item_count: int) -> None:
        """Remember where the folder is now and how much it holds."""
        sealed = self._key.seal(_Sealed(folder_id, path), "folder")
        self._connection.execute(
            update(folder).where(folder.c.number == number).values(sealed=sealed, item_count=item_count)
        )

    def release_folder(self, number: int) -> None:
        """This folder is no client's any more."""
        self._connection.execute(update(folder).where(folder.c.number == number).values(client=None))

    def _folder_token(self, mailbox_number: int, folder_id: str) -> bytes:
        return self._key.digest("folder", str(mailbox_number), folder_id)

    def _number(self, table: Table, token: bytes) -> int:
        """The number of the row with that token; made now, unless another process makes it at this moment."""
        query = select(table.c.number).where(table.c.token == token)
        found = self._connection.execute(query).scalar()
        if found is None:
            self._insert_once(table, {"token": token})
            found = self._connection.execute(query).scalar_one()
        return int(found)

    def _insert_once(self, table: Table, values: dict[str, Any]) -> None:
        """Insert unless the token is there: two mailboxes of one firm meet their clients at the same time."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(values).on_conflict_do_nothing(index_elements=["token"])
        self._connection.execute(statement)
