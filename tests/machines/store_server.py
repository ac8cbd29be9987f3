"""One mailbox of a running emulator, spoken to as a machine speaks to `MemoryServer`: by senders, people and fate.

A message goes by the name `m` and its number in the store, whatever ids it gets over time; `ids_of` gives those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailsorter.emulator import Emulator, NewMessage
from mailsorter.emulator.store import Folder as Stored
from mailsorter.emulator.store import Message as StoredMessage
from mailsorter.emulator.store.records import Address
from mailsorter.mailbox.memory_server import FolderRef
from mailsorter.model.folder import Folder, FolderTree, WellKnown
from mailsorter.model.message import Message, Participant


class Writing(Protocol):
    """How one face writes ids."""

    ids_survive_moves: bool

    def folder_id(self, server: StoreServer, number: int) -> str: ...

    def message_id(self, server: StoreServer, number: int, generation: int) -> str: ...


class EwsWriting:
    """Plain base64; an item's id is another one after each move."""

    ids_survive_moves = False

    def folder_id(self, server: StoreServer, number: int) -> str:
        return _plain(server.box.ids.folder_id(number))

    def message_id(self, server: StoreServer, number: int, generation: int) -> str:
        return _plain(server.box.ids.default_id(number, generation))


class GraphWriting:
    """base64url; immutable ids."""

    ids_survive_moves = True

    def folder_id(self, server: StoreServer, number: int) -> str:
        return server.box.ids.folder_id(number)

    def message_id(self, server: StoreServer, number: int, generation: int) -> str:
        return server.box.ids.immutable_id(number)


def _plain(written: str) -> str:
    return written.translate(str.maketrans("-_", "+/"))


@dataclass(frozen=True, slots=True)
class Seen:
    """One item as the machines look at it."""

    message: Message


class StoreServer:
    """See the module. Methods are those of `MemoryServer` that the machines use."""

    def __init__(self, emulator: Emulator, address: str, writing: Writing, *, state: str) -> None:
        self._emulator = emulator
        self._store = emulator.store
        self._writing = writing
        self.address = address
        self.box = self._store.mailboxes.create(address, "Anna", state=state)

    # what lies where -----------------------------------------------------------------------------------------

    def folder(self, where: FolderRef) -> Folder:
        return self._folder(self._find(where))

    def tree(self) -> FolderTree:
        root = self._store.folders.well_known(self.box, "msgfolderroot")
        folders = [self._folder(one) for one in self._store.folders.subtree(root)]
        return FolderTree(self._writing.folder_id(self, root.id), folders)

    def ids(self, where: FolderRef) -> set[str]:
        return {f"m{one.id}" for one in self._store.messages.in_folder(self._find(where))}

    def everything(self) -> dict[str, str]:
        rows = self._store.db.rows("SELECT id, folder FROM message WHERE mailbox = ?", (self.box.id,))
        return {f"m{number}": self._writing.folder_id(self, folder) for number, folder in rows}

    def item(self, name: str) -> Seen:
        found = self._message(name)
        message_id = str(self._store.db.value("SELECT message_id FROM message WHERE id = ?", (found.id,)))
        return Seen(Message(id=name, folder_id="", internet_message_id=message_id))

    def ids_of(self, name: str) -> list[str]:
        """Every id that the message had so far, the present one last."""
        found = self._message(name)
        return [self._writing.message_id(self, found.id, n) for n in range(found.generation + 1)]

    # senders, people, fate -------------------------------------------------------------------------------------

    def deliver(
        self,
        where: FolderRef,
        *,
        from_: Participant,
        to: Sequence[Participant],
        subject: str = "",
        text: str = "",
        preview: str = "",
        internet_message_id: str | None = None,
        received_at: datetime | None = None,
    ) -> str:
        """The preview is the server's own affair here."""
        new = NewMessage(
            subject=subject,
            body=text,
            from_=Address(from_.name, from_.address),
            to=[Address(one.name, one.address) for one in to],
            message_id=internet_message_id,
            received=None if received_at is None else int(received_at.timestamp()),
        )
        return f"m{self._store.messages.create(self.box, self._find(where), new).id}"

    def user_moves(self, name: str, to: FolderRef) -> str:
        message, target = self._message(name), self._find(to)
        if message.folder != target.id:
            self._store.messages.move(self.box, message, target)
        return name

    def user_destroys(self, name: str) -> None:
        self._store.recoverable.erase(self._message(name))

    def user_renames_folder(self, folder: FolderRef, name: str) -> None:
        self._store.folders.rename(self.box, self._find(folder), name)

    def user_moves_folder(self, folder: FolderRef, to: FolderRef) -> None:
        self._store.folders.move(self.box, self._find(folder), self._find(to), rename_if_taken=True)

    def user_deletes_folder(self, folder: FolderRef) -> None:
        self._store.messages.delete_folder(self.box, self._find(folder))

    def forget_cursors(self) -> None:
        self._emulator.conditions.lose_delta_state(self.box.id)

    # inside ------------------------------------------------------------------------------------------------------

    def _folder(self, stored: Stored) -> Folder:
        known = stored.well_known
        return Folder(
            id=self._writing.folder_id(self, stored.id),
            parent_id=self._writing.folder_id(self, stored.parent),
            name=stored.name,
            well_known=WellKnown(known) if known in set(WellKnown) else None,
        )

    def _find(self, where: FolderRef) -> Stored:
        if isinstance(where, tuple):
            found = self._store.folders.well_known(self.box, "msgfolderroot")
            for name in where:
                below = {one.name: one for one in self._store.folders.children(found)}
                found = below.get(name) or self._store.folders.create(self.box, found, name)
            return found
        return self._store.folders.find(self.box, str(where).translate(str.maketrans("+/", "-_")))

    def _message(self, name: str) -> StoredMessage:
        return self._store.messages.get(self.box, int(name[1:]))
