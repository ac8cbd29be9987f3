"""Mailboxes, folders and clients as the ledger's opaque numbers, found again by keyed digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.keys import LedgerKey, spellings
from mailsorter.ledger.respell import respell
from mailsorter.ledger.schema import client, cursor, folder, mailbox


class KnownFolder(msgspec.Struct, frozen=True):
    """A folder that the ledger knows: its number, Exchange id and path as last seen, and whose it is."""

    number: int
    id: str
    path: tuple[str, ...]
    client: int | None
    item_count: int


class KnownMailbox(msgspec.Struct, frozen=True):
    """A mailbox that the ledger met. `address` is "" when an older version met it, which kept only a digest."""

    number: int
    address: str
    has_filed: bool  # the ledger has folders or cursors of it


class FolderFacts(msgspec.Struct, array_like=True):
    """A folder's Exchange id and path, sealed in the ledger."""

    id: str
    path: tuple[str, ...]


class PlacesMet:
    """What one process has met: found again it needs no second look. Numbers never change, and none is taken back.

    `folders` are as last read, by number, each with its sealed name: opening that again would tell the same.
    """

    def __init__(self) -> None:
        self.folders: dict[int, tuple[bytes, KnownFolder]] = {}
        self.clients: dict[str, int] = {}
        self.numbers: dict[tuple[int, str], int] = {}  # of folders, by the mailbox's number and Exchange's id


_ADDRESS = "mailbox address"

# made once: building a statement costs thrice what running it does
_TOKEN: BindParameter[bytes] = bindparam("digests", expanding=True)
_NUMBER = {table.name: select(table.c.number).where(table.c.token.in_(_TOKEN)) for table in (mailbox, client)}
_MAILBOX = select(mailbox.c.number, mailbox.c.sealed.is_not(None)).where(mailbox.c.token.in_(_TOKEN))
_FOLDER = select(folder.c.number, folder.c.client).where(folder.c.token.in_(_TOKEN))
_NEW_FOLDER = insert(folder).returning(folder.c.number)
_FOLDERS = (
    select(folder.c.number, folder.c.sealed, folder.c.client, folder.c.item_count)
    .where(folder.c.mailbox == bindparam("of"), folder.c.number > bindparam("behind"))
    .order_by(folder.c.number)
)
_UPDATE = update(folder).where(folder.c.number == bindparam("which"))
_RECOUNT = _UPDATE.values(item_count=bindparam("count"))
_RENAME = _UPDATE.values(item_count=bindparam("count"), sealed=bindparam("name"))


class Places:
    """Numbers for mailboxes, folders and clients."""

    def __init__(self, connection: Connection, key: LedgerKey, met: PlacesMet | None = None) -> None:
        """`met` outlives the unit."""
        self._connection = connection
        self._key = key
        self._met = met or PlacesMet()
        self._numbers: dict[tuple[int, str], int] = {}  # of this unit; a number never changes
        self._clients: dict[str, int] = {}  # likewise; perhaps given in this unit, which may yet fail

    def mailbox(self, address: str) -> int:
        """The mailbox's number, given now if it has none. Its address is sealed beside it, once."""
        digest = self._key.digest("mailbox", address.casefold())
        row = self._connection.execute(_MAILBOX, {"digests": spellings(digest)}).first()
        number, is_sealed = (int(row[0]), bool(row[1])) if row is not None else (self._number(mailbox, digest), False)
        if not is_sealed:
            sealed = self._key.seal(address, _ADDRESS)
            self._connection.execute(update(mailbox).where(mailbox.c.number == number).values(sealed=sealed))
        return number

    def find_mailbox(self, address: str) -> int | None:
        """The mailbox's number if it has one."""
        return self._find_number(mailbox, self._key.digest("mailbox", address.casefold()))

    def known_mailboxes(self) -> list[KnownMailbox]:
        """Every mailbox that the ledger ever met, by number."""
        filed = set().union(  # no message was ever filed without its folder
            *(self._connection.execute(select(table.c.mailbox).distinct()).scalars() for table in (folder, cursor))
        )
        rows = self._connection.execute(select(mailbox.c.number, mailbox.c.sealed).order_by(mailbox.c.number)).all()
        return [KnownMailbox(r.number, self._address(r.sealed), r.number in filed) for r in rows]

    def reseal_mailboxes(self) -> None:
        """Seal every known address with the key in force, and spell its digest anew."""
        for row in self._connection.execute(select(mailbox).where(mailbox.c.sealed.is_not(None))).all():
            digest = self._key.digest("mailbox", self._address(row.sealed).casefold())
            sealed = self._key.reseal(row.sealed, _ADDRESS)
            if sealed != row.sealed:
                self._connection.execute(update(mailbox).where(mailbox.c.number == row.number).values(sealed=sealed))
            respell(self._connection, mailbox.c.token, [digest])

    def _address(self, sealed: bytes | None) -> str:
        return self._key.open(sealed, _ADDRESS, str) if sealed is not None else ""

    def client(self, client_id: str) -> int:
        """The client's number, given now if it has none."""
        number = self._met.clients.get(client_id) or self._clients.get(client_id)
        if number is None:
            digest = self._key.digest("client", client_id)
            number = self._find_number(client, digest)
            if number is not None:
                self._met.clients[client_id] = number
            else:
                number = self._clients[client_id] = self._number(client, digest)
        return number

    def respell(self, addresses: Iterable[str], client_ids: Iterable[str]) -> None:
        """Give these mailboxes and clients, where they have a number, the digests of the key in force."""
        mailboxes = [self._key.digest("mailbox", address.casefold()) for address in addresses]
        respell(self._connection, mailbox.c.token, mailboxes)
        respell(self._connection, client.c.token, [self._key.digest("client", client_id) for client_id in client_ids])

    def mailbox_numbers(self) -> list[int]:
        """The numbers of all mailboxes that the ledger ever met."""
        return list(self._connection.execute(select(mailbox.c.number).order_by(mailbox.c.number)).scalars())

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
        met = (mailbox_number, folder_id)
        known = self._numbers.get(met) or self._met.numbers.get(met)
        if known is not None and client_number is None:
            return known
        token = self._folder_token(mailbox_number, folder_id)
        row = self._connection.execute(_FOLDER, {"digests": spellings(token)}).first()
        number = int(row.number) if row else self._new_folder(mailbox_number, folder_id, token, path, client_number)
        if row is not None and client_number is not None and client_number != row.client:
            sealed = self._key.seal(FolderFacts(folder_id, path), "folder")
            self._connection.execute(
                update(folder).where(folder.c.number == number).values(client=client_number, sealed=sealed)
            )
        if row is not None and known is None:
            self._met.numbers[met] = number  # it was there before this unit, which may yet fail
        self._numbers[met] = number
        return number

    def _new_folder(
        self, mailbox_number: int, folder_id: str, token: bytes, path: tuple[str, ...], client_number: int | None
    ) -> int:
        sealed = self._key.seal(FolderFacts(folder_id, path), "folder")
        values = {"mailbox": mailbox_number, "token": token, "sealed": sealed, "client": client_number}
        return int(self._connection.execute(_NEW_FOLDER, values).scalar_one())

    def find_folder(self, mailbox_number: int, folder_id: str) -> int | None:
        """The folder's number if it has one."""
        token = self._folder_token(mailbox_number, folder_id)
        row = self._connection.execute(_FOLDER, {"digests": spellings(token)}).first()
        return None if row is None else row.number

    def folders(self, mailbox_number: int, after: int = 0) -> list[KnownFolder]:
        """All folders known of the mailbox, or those behind that number, in the order in which they were met."""
        rows = self._connection.execute(_FOLDERS, {"of": mailbox_number, "behind": after}).all()
        met, found = self._met.folders, []
        for number, sealed, owner, count in rows:
            before = met.get(number)
            if before is None or before[0] != sealed or before[1].client != owner or before[1].item_count != count:
                found.append(self._known(number, sealed, owner, count))
            else:  # as it was, hundreds of them a look
                found.append(before[1])
        return found

    def _known(self, number: int, sealed: bytes, owner: int | None, count: int) -> KnownFolder:
        before = self._met.folders.get(number)
        if before is None or before[0] != sealed:
            clear = self._key.open(sealed, "folder", FolderFacts)
            known = KnownFolder(number, clear.id, clear.path, owner, count)
        else:
            known = msgspec.structs.replace(before[1], client=owner, item_count=count)
        self._met.folders[number] = sealed, known
        return known

    def update_folders(self, changed: Sequence[tuple[KnownFolder, tuple[str, ...], int]]) -> None:
        """Remember where these folders are now and how much each holds: (as known, path, item count)."""
        moved = [(known, path, count) for known, path, count in changed if path != known.path]
        recounted = [{"which": known.number, "count": count} for known, path, count in changed if path == known.path]
        if recounted:
            self._connection.execute(_RECOUNT, recounted)
        if moved:
            self._connection.execute(
                _RENAME,
                [
                    {
                        "which": known.number, "count": count,
                        "name": self._key.seal(FolderFacts(known.id, path), "folder"),
                    }
                    for known, path, count in moved
                ],
            )  # fmt: skip

    def release_folder(self, number: int) -> None:
        """This folder is no client's any more."""
        self._connection.execute(update(folder).where(folder.c.number == number).values(client=None))

    def _folder_token(self, mailbox_number: int, folder_id: str) -> bytes:
        return self._key.digest("folder", str(mailbox_number), folder_id)

    def _number(self, table: Table, token: bytes) -> int:
        """The number of the row with that token; made now, unless another process makes it at this moment."""
        found = self._find_number(table, token)
        if found is None:
            self._insert_once(table, {"token": token})
            found = self._find_number(table, token)
        assert found is not None
        return found

    def _find_number(self, table: Table, token: bytes) -> int | None:
        return self._connection.execute(_NUMBER[table.name], {"digests": spellings(token)}).scalar()

    def _insert_once(self, table: Table, values: dict[str, Any]) -> None:
        """Insert unless the token is there: two mailboxes of one firm meet their clients at the same time."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(values).on_conflict_do_nothing(index_elements=["token"])
        self._connection.execute(statement)
