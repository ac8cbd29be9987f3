"""A mailbox that hands everything on: what every wrapper starts from.

A wrapper overrides one of four ways through: `_ask` for a reading call, `_walk` for one that gives pages, `_act` for a
change that answers once, `_each` for a change that answers per item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import (
    AttachedItem,
    Body,
    ChangePage,
    Detail,
    ItemCounts,
    Mailbox,
    Move,
    Outcome,
    Place,
    SearchHits,
    TreePage,
)
from mailsorter.model.contents import Contents
from mailsorter.model.folder import Folder, FolderPermission, FolderTree
from mailsorter.model.message import ItemStub, Message

T = TypeVar("T")


class PassedThrough:
    """Wraps a mailbox and changes nothing."""

    def __init__(self, inner: Mailbox) -> None:
        self._inner = inner

    # the four ways through -------------------------------------------------------------------------------------

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        """A reading call, safe to repeat."""
        return call()

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        """A reading call that gives pages; to call again is to begin again."""
        yield from call()

    def _act(self, method: str, call: Callable[[], T]) -> T:
        """A change that answers once."""
        return call()

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        """A change of many items that answers for each."""
        return call(asked)

    # the contract ----------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return self._inner.address

    @property
    def ids_survive_moves(self) -> bool:
        return self._inner.ids_survive_moves

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        return self._ask("tree", lambda: self._inner.tree(hidden=hidden, recoverable=recoverable))

    def tree_changes(self, cursor: str | None) -> TreePage:
        return self._ask("tree_changes", lambda: self._inner.tree_changes(cursor))

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        return self._walk("changes", lambda: self._inner.changes(folder_id, cursor))

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        return self._walk("messages", lambda: self._inner.messages(folder_id, detail, hidden=hidden, since=since))

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        return self._walk("list_ids", lambda: self._inner.list_ids(folder_id, hidden=hidden))

    def count_items(self, folder_id: str, *, hidden: bool = False) -> ItemCounts:
        return self._ask("count_items", lambda: self._inner.count_items(folder_id, hidden=hidden))

    def count_carrying(self) -> int | None:
        return self._ask("count_carrying", lambda: self._inner.count_carrying())

    def fetch(self, ids: Sequence[str], detail: Detail = Detail.ENVELOPE) -> list[Message | MailsorterError]:
        return self._ask("fetch", lambda: self._inner.fetch(ids, detail))

    def locate(self, ids: Sequence[str]) -> list[Place | MailsorterError]:
        return self._ask("locate", lambda: self._inner.locate(ids))

    def find(self, internet_message_id: str) -> list[Place]:
        return self._ask("find", lambda: self._inner.find(internet_message_id))

    def find_each(self, internet_message_ids: Sequence[str]) -> list[list[Place]]:
        return self._ask("find_each", lambda: self._inner.find_each(internet_message_ids))

    def find_traces(self, search_keys: Sequence[bytes], *, recoverable: bool = False) -> dict[bytes, list[Place]]:
        return self._ask("find_traces", lambda: self._inner.find_traces(search_keys, recoverable=recoverable))

    def texts(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        return self._ask("texts", lambda: self._inner.texts(ids))

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        return self._walk("bodies", lambda: self._inner.bodies(folder_id, hidden=hidden, since=since))

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        return self._ask("attachment_names", lambda: self._inner.attachment_names(ids))

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        return self._ask("contents", lambda: self._inner.contents(ids))

    def attachments(self, ids: Sequence[str]) -> list[tuple[AttachedItem, ...] | MailsorterError]:
        return self._ask("attachments", lambda: self._inner.attachments(ids))

    def mime(self, message_id: str) -> bytes:
        return self._ask("mime", lambda: self._inner.mime(message_id))

    def search(self, terms: Sequence[str]) -> SearchHits:
        return self._ask("search", lambda: self._inner.search(terms))

    def folder_permissions(
        self, folder_ids: Sequence[str]
    ) -> list[tuple[FolderPermission, ...] | MailsorterError] | None:
        return self._ask("folder_permissions", lambda: self._inner.folder_permissions(folder_ids))

    def create_folder(self, parent_id: str, name: str) -> Folder:
        return self._act("create_folder", lambda: self._inner.create_folder(parent_id, name))

    def rename_folder(self, folder_id: str, name: str) -> Folder:
        return self._act("rename_folder", lambda: self._inner.rename_folder(folder_id, name))

    def delete_empty_folder(self, folder_id: str) -> None:
        return self._act("delete_empty_folder", lambda: self._inner.delete_empty_folder(folder_id))

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._each("move", moves, self._inner.move)

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._each("copy", moves, self._inner.copy)

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        return self._each("categorize", id_categories, self._inner.categorize)

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        return self._each("delete_permanently", ids, self._inner.delete_permanently)

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        return self._each("delete_hard", ids, lambda some: self._inner.delete_hard(folder_id, some))
