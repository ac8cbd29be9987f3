"""A firm where Exchange does not tell everything: mailboxes and folders refused, listings cut, deletes refused, search
that fails. The finder, the eraser and the witness all meet the same lies, each by its own road."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from mailsorter.cases.witness import MailboxLook, Marks
from mailsorter.errors import NotPermitted, Refused
from mailsorter.mailbox.base import Body, Detail, Mailbox, Outcome, SearchHits
from mailsorter.mailbox.wrap.through import PassedThrough
from mailsorter.model.folder import FolderTree, show_path
from mailsorter.model.message import ItemStub, Message
from tests.cases.office import MemoryWitness, World

Place = tuple[str, str]  # a mailbox's address and a folder's path


@dataclass
class Lies:
    """What Exchange keeps back. Each set is emptied when it tells the truth again."""

    mailboxes: set[str] = field(default_factory=set)  # refused altogether
    folders: set[Place] = field(default_factory=set)  # refused
    cuts: set[Place] = field(default_factory=set)  # half of the listing is missing
    deletes: set[str] = field(default_factory=set)  # mailboxes that refuse every permanent delete
    searches: dict[str, str] = field(default_factory=dict)  # mailbox to `fails`, `empty` (texts too) or `other-ids`

    def stop(self) -> None:
        """Tell the truth from now on."""
        for some in (self.mailboxes, self.folders, self.cuts, self.deletes, self.searches):
            some.clear()

    def tell(self, world: World) -> None:
        """Put these lies between the office and its mailboxes."""
        world.change(
            open_mailbox=lambda address: LyingMailbox(world.mailboxes[address], self),
            open_eraser=lambda address: LyingMailbox(world.wrap(world.mailboxes[address]), self),
            open_witness=lambda: LyingWitness(world, self),
        )


class LyingMailbox(PassedThrough):
    """A connector to such an Exchange."""

    def __init__(self, inner: Any, lies: Lies) -> None:
        super().__init__(inner)
        self._lies = lies

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        if self.address in self._lies.mailboxes:
            raise NotPermitted(f"{self.address} is refused.")
        return super().tree(hidden=hidden, recoverable=recoverable)

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        inner: Mailbox = self._inner
        tree = inner.tree(hidden=True, recoverable=True)
        place = (self.address, show_path(tree.path(folder_id)) if folder_id in tree else "")
        if self.address in self._lies.mailboxes:
            raise NotPermitted(f"{self.address} is refused.")
        if place in self._lies.folders:
            raise Refused("This folder is refused.")
        everything = [m for page in super().messages(folder_id, detail, hidden=hidden, since=since) for m in page]
        yield tuple(everything[: len(everything) // 2] if place in self._lies.cuts else everything)

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        for page in self.messages(folder_id, Detail.IDS, hidden=hidden):
            yield tuple(ItemStub(message.id, message.folder_id) for message in page)

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        is_empty = self._lies.searches.get(self.address) == "empty"
        for page in super().bodies(folder_id, hidden=hidden, since=since):
            yield tuple(msgspec.structs.replace(body, content="") for body in page) if is_empty else page

    def search(self, terms: Sequence[str]) -> SearchHits:
        match self._lies.searches.get(self.address):
            case "fails":
                raise Refused("Search is refused.")
            case "empty":
                return SearchHits((), is_complete=True)
            case "other-ids":
                hits = super().search(terms)
                others = tuple(msgspec.structs.replace(m, id=f"default-{m.id}") for m in hits.messages)
                return SearchHits(others, is_complete=hits.is_complete)
        return super().search(terms)

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        if self.address in self._lies.deletes:
            return [Refused("The delete is refused.") for _ in ids]
        return super().delete_permanently(ids)

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        if self.address in self._lies.deletes:
            return [Refused("The delete is refused.") for _ in ids]
        return super().delete_hard(folder_id, ids)


class LyingWitness:
    """The witness before the same Exchange: it is refused what the connector is refused, and says so."""

    def __init__(self, world: World, lies: Lies) -> None:
        self._world, self._lies = world, lies

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = "indexed") -> MailboxLook:
        if mailbox in self._lies.mailboxes:
            return MailboxLook(mailbox=mailbox, not_seen=[("msgfolderroot", "http-403")])
        server = self._world.servers[mailbox]
        look = MemoryWitness(self._world.servers).look(mailbox, marks, watched, depth)
        tree = server.tree()
        paths = {show_path(tree.path(folder.id)): folder.id for folder in tree}
        folders = []
        for folder in look.folders:
            ids = [item.message.id for item in server.items(paths[folder.folder])]
            shown = ids
            if (mailbox, folder.folder) in self._lies.folders:
                look.not_seen.append((folder.folder, "http-403"))
                shown = []
            elif (mailbox, folder.folder) in self._lies.cuts:
                shown = ids[: len(ids) // 2]
            hidden = set(ids) - set(shown)
            look.hits = [hit for hit in look.hits if hit.id not in hidden]
            folders.append(msgspec.structs.replace(folder, items=len(shown), held=len(ids)))
        look.folders = folders
        return look
