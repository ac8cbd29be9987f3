"""A mailbox in memory that keeps the whole contract of `mailsorter.mailbox.base`.

`MemoryMailbox("anna@firm.example")` has a server of its own (`.server`), on which a test delivers mail and acts as
other people; several mailbox objects may share one server, as processes do over time. `fail_next` plays bad luck.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from mailsorter.clock import Clock
from mailsorter.errors import CursorLost, Held, MailsorterError, NotFound, PoisonItem, Refused, Unreachable
from mailsorter.mailbox.base import (
    AttachedItem,
    Body,
    ChangePage,
    Detail,
    Done,
    ItemCounts,
    Move,
    Outcome,
    Place,
    SearchHits,
    TreePage,
)
from mailsorter.mailbox.memory_server import Item, MemoryServer, rendered
from mailsorter.model.contents import Attached, Contents
from mailsorter.model.folder import Folder, FolderPermission, FolderTree, WellKnown
from mailsorter.model.message import ItemStub, Message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Fault:
    error: BaseException
    after_items: int | None  # how many items are changed before it strikes; None: all of them


class MemoryMailbox:
    """One mailbox over a `MemoryServer`.

    `calls` counts the contract's methods by name. Pages hold `page_size` items, small by default so that a test of
    a dozen messages already pages.
    """

    def __init__(
        self,
        address: str = "anna@firm.example",
        *,
        server: MemoryServer | None = None,
        clock: Clock | None = None,
        ids_survive_moves: bool = True,
        page_size: int = 5,
    ) -> None:
        self.server = server or MemoryServer(address, clock=clock, ids_survive_moves=ids_survive_moves)
        self.calls: Counter[str] = Counter()
        self._page_size = page_size
        self._faults: dict[str, deque[_Fault]] = {}
        self._item_errors: dict[str, MailsorterError] = {}

    @property
    def address(self) -> str:
        return self.server.address

    @property
    def ids_survive_moves(self) -> bool:
        return self.server.ids_survive_moves

    # bad luck ------------------------------------------------------------------------------------------------

    def fail_next(self, method: str, error: BaseException, *, times: int = 1, after_items: int | None = 0) -> None:
        """The next `times` calls of the method fail with `error`, once `after_items` of its items are changed
        (None: all, so that only the answer is lost).

        `Unreachable` out of a changing call over many items comes back per item, as the contract says; every other
        error is raised, also one that is no `MailsorterError`, to play the end of the process.
        """
        self._faults.setdefault(method, deque()).extend(_Fault(error, after_items) for _ in range(times))

    def fail_item(self, item_id: str, error: MailsorterError | None) -> None:
        """Every change of this item answers the error, until called again with None."""
        if error is None:
            self._item_errors.pop(item_id, None)
        else:
            self._item_errors[item_id] = error

    # reading -------------------------------------------------------------------------------------------------

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        self._read("tree")
        return self.server.tree(hidden=hidden, recoverable=recoverable)

    def tree_changes(self, cursor: str | None) -> TreePage:
        self._read("tree_changes")
        since = self._since("tree", cursor)
        tree = None
        if cursor is None or since < self.server.sequence:
            tree = self.server.tree(hidden=False, recoverable=False)
        return TreePage(tree=tree, cursor=self._cursor("tree", self.server.sequence))

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        while True:
            self._read("changes")
            page = self._change_page(folder_id, self._since(folder_id, cursor))
            yield page
            if page.is_last:
                return
            cursor = page.cursor

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        for page in self._pages(folder_id, hidden, "messages"):
            yield tuple(self._listed(item, detail) for item in page)

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        for page in self._pages(folder_id, hidden, "list_ids"):
            yield tuple(ItemStub(item.message.id, folder_id) for item in page)

    def count_items(self, folder_id: str, *, hidden: bool = False) -> ItemCounts:
        self._read("count_items")
        items = self.server.items(folder_id)
        return ItemCounts(held=len(items), listed=sum(hidden or not item.is_associated for item in items))

    def count_carrying(self) -> int | None:
        self._read("count_carrying")
        items = (item for folder in self.server.tree() for item in self.server.items(folder.id))
        return sum(item.message.has_attachments for item in items if not item.is_associated)

    def fetch(self, ids: Sequence[str], detail: Detail = Detail.ENVELOPE) -> list[Message | MailsorterError]:
        return self._each("fetch", ids, lambda item: self._shown(item.message, detail))

    def locate(self, ids: Sequence[str]) -> list[Place | MailsorterError]:
        return self._each("locate", ids, lambda item: Place(item.message.id, item.message.folder_id), poison=False)

    def find(self, internet_message_id: str) -> list[Place]:
        self._read("find")
        return [
            Place(item.message.id, folder.id)
            for folder in self.server.tree(hidden=True, recoverable=False)
            for item in self.server.items(folder.id)
            if item.message.internet_message_id == internet_message_id
        ]

    def find_each(self, internet_message_ids: Sequence[str]) -> list[list[Place]]:
        return [self.find(one) for one in internet_message_ids]

    def find_traces(self, search_keys: Sequence[bytes], *, recoverable: bool = False) -> dict[bytes, list[Place]]:
        self._read("find_traces")
        found: dict[bytes, list[Place]] = {}
        for folder in self.server.tree(hidden=True, recoverable=recoverable):
            for item in self.server.items(folder.id):
                if item.message.search_key and item.message.search_key in search_keys:
                    found.setdefault(item.message.search_key, []).append(Place(item.message.id, folder.id))
        return found

    def texts(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        return self._each("texts", ids, lambda item: item.text)

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        for page in self._pages(folder_id, hidden, "bodies"):
            yield tuple(
                Body(id=item.message.id, content=item.text, has_attachments=item.message.has_attachments)
                for item in page
                if not item.message.is_unreadable
            )

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        return self._each("attachment_names", ids, lambda item: item.attachment_names)

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        return self._each("contents", ids, _contents)

    def attachments(self, ids: Sequence[str]) -> list[tuple[AttachedItem, ...] | MailsorterError]:
        return self._each("attachments", ids, lambda item: tuple(AttachedItem(name=n) for n in item.attachment_names))

    def mime(self, message_id: str) -> bytes:
        self._read("mime")
        return rendered(_readable(self.server.item(message_id)))

    def search(self, terms: Sequence[str]) -> SearchHits:
        self._read("search")
        wanted = [term.casefold() for term in terms]
        hits = [
            item.message
            for folder in self.server.tree(hidden=False, recoverable=False)
            for item in self.server.items(folder.id)
            if not item.is_associated and any(term in _haystack(item) for term in wanted)
        ]
        hits.sort(key=lambda message: (message.sent_at is not None, message.sent_at), reverse=True)
        return SearchHits(tuple(hits[:1000]), is_complete=len(hits) <= 1000)

    def folder_permissions(
        self, folder_ids: Sequence[str]
    ) -> list[tuple[FolderPermission, ...] | MailsorterError] | None:
        return None

    # changing ------------------------------------------------------------------------------------------------

    def create_folder(self, parent_id: str, name: str) -> Folder:
        return self._once("create_folder", lambda: self.server.create_folder(parent_id, name))

    def rename_folder(self, folder_id: str, name: str) -> Folder:
        return self._once("rename_folder", lambda: self.server.rename_folder(folder_id, name))

    def delete_empty_folder(self, folder_id: str) -> None:
        def delete() -> None:
            if self.server.items(folder_id) or self.server.tree().children(folder_id):
                raise Refused("The folder is not empty.", code="FolderNotEmpty")
            self.server.delete_folder(folder_id)

        self._once("delete_empty_folder", delete)

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        def one(move: Move) -> Done:
            return Done(self.server.user_moves(move.id, move.to_folder_id), move.to_folder_id)

        return self._change("move", moves, lambda move: move.id, one)

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        def one(move: Move) -> Done:
            return Done(self.server.user_copies(move.id, move.to_folder_id), move.to_folder_id)

        return self._change("copy", moves, lambda move: move.id, one)

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        def one(pair: tuple[str, tuple[str, ...]]) -> Done:
            self.server.user_changes(pair[0], categories=pair[1])
            return Done(pair[0], self.server.item(pair[0]).message.folder_id)

        return self._change("categorize", id_categories, lambda pair: pair[0], one)

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        purges = self.server.folder(WellKnown.RECOVERABLE_PURGES).id

        def one(item_id: str) -> Done:
            return Done(self.server.user_moves(item_id, purges), purges)

        return self._change("delete_permanently", ids, lambda item_id: item_id, one)

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        def one(item_id: str) -> Done:
            item = self.server.item(item_id)
            if item.message.folder_id != folder_id:
                raise NotFound("The item is not in that folder.")
            if item.is_held:
                raise Held("A hold protects the item.")
            self.server.user_destroys(item_id)
            return Done(item_id)

        return self._change("delete_hard", ids, lambda item_id: item_id, one)

    # inside ----------------------------------------------------------------------------------------------------

    def _listed(self, item: Item, detail: Detail) -> Message:
        """What a listing shows: of an item that cannot be rendered only that it is there."""
        if item.is_poison and detail is not Detail.IDS:
            return Message(id=item.message.id, folder_id=item.message.folder_id, is_unreadable=True)
        return self._shown(item.message, detail)

    def _shown(self, message: Message, detail: Detail) -> Message:
        """Only what was asked for is filled."""
        if detail is Detail.IDS:
            return Message(id=message.id, folder_id=message.folder_id)
        if detail is Detail.ENVELOPE and self.ids_survive_moves:
            return msgspec.structs.replace(message, search_key=b"")
        return message

    def _enter(self, method: str) -> _Fault | None:
        """Count the call; the fault that waits for it, if any."""
        self.calls[method] += 1
        waiting = self._faults.get(method)
        return waiting.popleft() if waiting else None

    def _read(self, method: str) -> None:
        fault = self._enter(method)
        if fault is not None:
            raise fault.error

    def _once(self, method: str, act: Callable[[], T]) -> T:
        fault = self._enter(method)
        if fault is not None and fault.after_items == 0:
            raise fault.error
        result = act()
        if fault is not None:
            raise fault.error
        return result

    def _change(
        self, method: str, asked: Sequence[T], id_of: Callable[[T], str], act: Callable[[T], Done]
    ) -> list[Outcome]:
        fault = self._enter(method)
        outcomes: list[Outcome] = []
        reach = len(asked) if fault is None or fault.after_items is None else fault.after_items
        for one in asked[:reach]:
            try:
                if id_of(one) in self._item_errors:
                    raise self._item_errors[id_of(one)]
                outcomes.append(act(one))
            except MailsorterError as error:
                outcomes.append(error)
        if fault is None:
            return outcomes
        if isinstance(fault.error, Unreachable):
            return [fault.error for _ in asked]
        raise fault.error

    def _each(
        self, method: str, ids: Sequence[str], look: Callable[[Item], T], *, poison: bool = True
    ) -> list[T | MailsorterError]:
        self._read(method)
        answers: list[T | MailsorterError] = []
        for item_id in ids:
            try:
                item = self.server.item(item_id)
                answers.append(look(_readable(item) if poison else item))
            except MailsorterError as error:
                answers.append(error)
        return answers

    def _pages(self, folder_id: str, hidden: bool, method: str) -> Iterator[list[Item]]:
        """Snapshot pages; a folder without items still gives one page, so that a caller sees it was looked into."""
        items = [item for item in self.server.items(folder_id) if hidden or not item.is_associated]
        for start in range(0, max(1, len(items)), self._page_size):
            self._read(method)
            yield items[start : start + self._page_size]

    def _change_page(self, folder_id: str, since: int) -> ChangePage:
        news: list[tuple[int, Message | str]] = [
            (item.changed, self._listed(item, Detail.ENVELOPE))
            for item in self.server.changed_since(folder_id, since)
            if not item.is_associated
        ]
        news.extend(self.server.removed_since(folder_id, since) if since else [])
        news.sort(key=lambda entry: entry[0])
        taken = news[: self._page_size]
        is_last = len(taken) == len(news)
        return ChangePage(
            messages=tuple(what for _, what in taken if isinstance(what, Message)),
            removed=tuple(what for _, what in taken if isinstance(what, str)),
            cursor=self._cursor(folder_id, self.server.sequence if is_last else taken[-1][0]),
            is_last=is_last,
        )

    def _cursor(self, scope: str, sequence: int) -> str:
        return f"{self.server.epoch}|{scope}|{sequence}"

    def _since(self, scope: str, cursor: str | None) -> int:
        if cursor is None:
            return 0
        epoch, of, sequence = cursor.split("|")
        if (int(epoch), of) != (self.server.epoch, scope):
            raise CursorLost(f"Exchange no longer knows this delta state of mailbox {self.address}.")
        return int(sequence)


def _readable(item: Item) -> Item:
    if item.is_poison:
        raise PoisonItem("Exchange cannot read this item.")
    return item


def _contents(item: Item) -> Contents:
    attached = (Attached(name, item.attachment_sizes.get(name, 0)) for name in item.attachment_names)
    return Contents(item.text, tuple(attached))


def _haystack(item: Item) -> str:
    envelope = item.message
    people: Iterable[str] = (p for who in envelope.participants for p in (who.address, who.name))
    return "\n".join([envelope.subject, item.text, *people, *item.attachment_names]).casefold()
