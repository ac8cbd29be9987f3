"""The folder tree of one mailbox: by one flat delta where that is enough, by enumeration where it is not.

Graph's folder delta gives every visible folder flat in one request, `msgfolderroot` excluded; it knows neither hidden
folders nor Recoverable Items, which are listed folder by folder. Version 1.0 does not say which folder is the Inbox:
the well-known names are asked for once, in one batch, and kept, because folder ids never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from mailsorter.errors import CursorLost, MailboxGone, MailsorterError, NotFound
from mailsorter.mailbox.base import TreePage
from mailsorter.mailbox.graph import query, translate, wire
from mailsorter.mailbox.graph.client import Answer, GraphClient, Request, decoded
from mailsorter.mailbox.graph.other_classes import OtherClasses
from mailsorter.mailbox.graph.pages import next_link, walk
from mailsorter.mailbox.graph.refusals import Asked
from mailsorter.mailbox.graph.wire import GraphFolder
from mailsorter.model.folder import Folder, FolderTree, WellKnown

_V = TypeVar("_V")
_NAMED = [name for name in WellKnown if not name.startswith("recoverable")]
# Recoverable Items' subfolders have the same English names in every language
_RECOVERABLE = {
    "deletions": WellKnown.RECOVERABLE_DELETIONS,
    "purges": WellKnown.RECOVERABLE_PURGES,
    "versions": WellKnown.RECOVERABLE_VERSIONS,
    "discoveryholds": WellKnown.RECOVERABLE_DISCOVERY_HOLDS,
    "substrateholds": WellKnown.RECOVERABLE_SUBSTRATE_HOLDS,
}


class TreeReader:
    """Reads the tree; keeps what it saw last, so that a later look costs one request."""

    def __init__(self, client: GraphClient, address: str, asked: Asked) -> None:
        self._client = client
        self._asked = asked
        self._users = query.users(address)
        self._others = OtherClasses(client, address, asked.client_id)
        self._well_known: dict[str, WellKnown] = {}
        self._missing: list[WellKnown] = list(_NAMED)
        self._root: GraphFolder | None = None
        self._kept: tuple[str, dict[str, GraphFolder]] = ("", {})

    def tree(self, *, hidden: bool, recoverable: bool) -> FolderTree:
        """See `Mailbox.tree`."""
        if not hidden and not recoverable:
            self._look(None)
            return self._visible()
        self._resolve()
        folders = [self._root_folder()]
        below = self._enumerate(self._root_id, hidden=True) if hidden else self._look(None).values()
        folders.extend(self._named(f) for f in below if hidden or not f.is_hidden)
        if recoverable:
            folders.extend(self._recoverable())
        others, lacks = self._others.beside({f.id for f in folders}, self._root_id) if hidden else ([], "")
        return FolderTree(self._root_id, [*folders, *others], lacks=lacks)

    def changes(self, cursor: str | None) -> TreePage:
        """See `Mailbox.tree_changes`."""
        if cursor is not None and not self._client.is_own(cursor):
            raise CursorLost("The cursor belongs to another Graph address.")
        news, link = self._delta(cursor or f"{self._users}/mailFolders/delta")
        if cursor is not None and not news:
            if self._kept[0] == cursor:
                self._kept = (link, self._kept[1])
            return TreePage(tree=None, cursor=link)
        if cursor is None:
            self._keep(link, {f.id: f for f in news if f.removed is None})
        elif self._kept[0] == cursor:
            self._keep(link, _merged(self._kept[1], news))
        else:  # another process kept that tree: see it whole
            self._look(None)
        return TreePage(tree=self._visible(), cursor=self._kept[0])

    def root_id(self) -> str:
        """The visible root's id."""
        self._resolve()
        return self._root_id

    def _look(self, cursor: None) -> dict[str, GraphFolder]:
        news, link = self._delta(cursor or f"{self._users}/mailFolders/delta")
        self._keep(link, {f.id: f for f in news if f.removed is None})
        return self._kept[1]

    def _keep(self, link: str, folders: dict[str, GraphFolder]) -> None:
        before = self._kept[1]
        self._kept = (link, folders)
        self._resolve()
        if self._missing and before and any(f.parent_folder_id == self._root_id for f in _new(before, folders)):
            self._resolve(again=True)

    def _delta(self, path: str) -> tuple[list[GraphFolder], str]:
        """All folders of one round and its deltaLink."""
        request = self._get(path, "read folders")
        news: list[GraphFolder] = []
        link = ""
        for page in walk(self._client, request, wire.folder_page):
            news.extend(page.value)
            link = page.delta_link or link
        if not link:
            raise CursorLost("Exchange ended a round of folders without a cursor.")
        self._client.own(link, self._asked)  # it is kept, and a later run follows it
        return news, link

    def _visible(self) -> FolderTree:
        below = (self._named(f) for f in self._kept[1].values() if not f.is_hidden)
        return FolderTree(self._root_id, [self._root_folder(), *below])

    # well-known names ------------------------------------------------------------------------------------------

    def _resolve(self, *, again: bool = False) -> None:
        """Ask which folder is which: once, and again for those that were missing when a new one appears."""
        if self._root is not None and not again:
            return
        wanted = list(self._missing)
        answers = self._client.batch([self._get(self._path(name), "read folders") for name in wanted])
        missing = []
        for name, answer in zip(wanted, answers, strict=True):
            folder = self._resolved(answer)
            if folder is None:
                missing.append(name)
                continue
            self._well_known[folder.id] = name
            if name is WellKnown.ROOT:
                self._root = folder
        self._missing = missing  # only now: after an error all are asked again
        if self._root is None:
            raise MailboxGone(f"Mailbox {self._asked.mailbox} has no folder tree.")

    def _resolved(self, answer: Answer | MailsorterError) -> GraphFolder | None:
        if isinstance(answer, NotFound):
            return None
        if isinstance(answer, MailsorterError):
            raise answer
        return decoded(answer, wire.one_folder)

    @property
    def _root_id(self) -> str:
        assert self._root is not None
        return self._root.id

    def _root_folder(self) -> Folder:
        assert self._root is not None
        return translate.folder(self._root, WellKnown.ROOT, parent_id="")

    def _named(self, source: GraphFolder) -> Folder:
        return translate.folder(source, self._well_known.get(source.id))

    # enumeration -----------------------------------------------------------------------------------------------

    def _enumerate(self, top_id: str, *, hidden: bool) -> list[GraphFolder]:
        """Everything below a folder, level by level; each is asked, because a count may leave hidden ones out."""
        found: list[GraphFolder] = []
        level = [top_id]
        while level:
            below = [child for children in self._children(level, hidden=hidden) for child in children]
            found.extend(below)
            level = [f.id for f in below if (f.odata_type or "").lower() != "#microsoft.graph.mailsearchfolder"]
        return found

    def _children(self, parents: Sequence[str], *, hidden: bool) -> Iterable[list[GraphFolder]]:
        tail = query.options(top=query.FOLDER_PAGE, _includeHiddenFolders="true" if hidden else None)
        requests = [
            self._get(f"{self._users}/mailFolders/{query.segment(p)}/childFolders{tail}", "read folders")
            for p in parents
        ]
        for answer in self._client.batch(requests):
            if isinstance(answer, NotFound):
                continue  # deleted since its parent was listed
            if isinstance(answer, MailsorterError):
                raise answer
            page = decoded(answer, wire.folder_page)
            children = list(page.value)
            first = self._get("", "read folders")
            link = next_link(self._client, first, page)
            if link:
                more = walk(self._client, replace(first, path=link), wire.folder_page)
                children.extend(f for rest in more for f in rest.value)
            yield children

    def _recoverable(self) -> list[Folder]:
        """Recoverable Items and what is below, beside the visible root."""
        root = self._client.read(self._get(self._path(WellKnown.RECOVERABLE_ROOT), "read folders"), wire.one_folder)
        folders = [translate.folder(root, WellKnown.RECOVERABLE_ROOT, parent_id="")]
        for child in self._enumerate(root.id, hidden=True):
            name = (child.display_name or "").replace(" ", "").casefold()
            known = _RECOVERABLE.get(name) if child.parent_folder_id == root.id else None
            folders.append(translate.folder(child, known))
        return folders

    def _path(self, name: WellKnown) -> str:
        return f"{self._users}/mailFolders/{name.value}"

    def _get(self, path: str, doing: str) -> Request:
        asked = Asked(self._asked.mailbox, doing, "Mail.Read", self._asked.client_id)
        return Request("GET", path, asked, prefer=(f"odata.maxpagesize={query.FOLDER_PAGE}",))


def _merged(kept: dict[str, GraphFolder], news: Sequence[GraphFolder]) -> dict[str, GraphFolder]:
    """The kept folders with a round's news; a folder may come with its changed properties only."""
    merged = dict(kept)
    for folder in news:
        before = merged.get(folder.id)
        if folder.removed is not None:
            merged.pop(folder.id, None)
        elif before is None:
            merged[folder.id] = folder
        else:
            merged[folder.id] = GraphFolder(
                id=folder.id,
                odata_type=folder.odata_type or before.odata_type,
                display_name=_either(folder.display_name, before.display_name),
                parent_folder_id=_either(folder.parent_folder_id, before.parent_folder_id),
                child_folder_count=_either(folder.child_folder_count, before.child_folder_count),
                total_item_count=_either(folder.total_item_count, before.total_item_count),
                is_hidden=_either(folder.is_hidden, before.is_hidden),
            )
    return merged


def _either(new: _V | None, old: _V | None) -> _V | None:
    return old if new is None else new


def _new(before: dict[str, GraphFolder], after: dict[str, GraphFolder]) -> list[GraphFolder]:
    return [folder for folder_id, folder in after.items() if folder_id not in before]
