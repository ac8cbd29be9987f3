"""Folders of a mailbox, and paths between them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

import msgspec


class WellKnown(enum.StrEnum):
    """Exchange's distinguished folders, by Graph's well-known names (compared in lower case)."""

    ROOT = "msgfolderroot"
    INBOX = "inbox"
    SENT = "sentitems"
    DRAFTS = "drafts"
    DELETED = "deleteditems"
    JUNK = "junkemail"
    OUTBOX = "outbox"
    ARCHIVE = "archive"
    CONVERSATION_HISTORY = "conversationhistory"
    SYNC_ISSUES = "syncissues"
    CONFLICTS = "conflicts"
    LOCAL_FAILURES = "localfailures"
    SERVER_FAILURES = "serverfailures"
    CLUTTER = "clutter"
    SCHEDULED = "scheduled"
    SEARCH_FOLDERS = "searchfolders"
    RECOVERABLE_ROOT = "recoverableitemsroot"
    RECOVERABLE_DELETIONS = "recoverableitemsdeletions"
    RECOVERABLE_PURGES = "recoverableitemspurges"
    RECOVERABLE_VERSIONS = "recoverableitemsversions"
    RECOVERABLE_DISCOVERY_HOLDS = "recoverableitemsdiscoveryholds"
    RECOVERABLE_SUBSTRATE_HOLDS = "recoverableitemssubstrateholds"


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """One folder; `id` is stable for its life. `item_count` counts every kind of item, not only messages."""

    id: str
    parent_id: str
    name: str
    well_known: WellKnown | None = None
    is_hidden: bool = False
    is_search: bool = False  # a saved search: shows items that live elsewhere
    item_count: int = 0
    child_count: int = 0


FolderPath = tuple[str, ...]
"""Names from below the visible root down; a `/` inside a name is an ordinary character."""


class FolderPermission(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may do with a folder: one line of what Outlook's page *Permissions* shows."""

    user: str  # `Default` (everybody of the organisation), `Anonymous`, an SMTP address, else the name that is known
    level: str  # Exchange's: None, Reviewer, Editor, Owner, …, Custom
    may_read: bool  # the items, not only that there is a folder


class FolderTree:
    """All folders of one mailbox, for questions of place. Built once, never changed.

    Name comparison follows Exchange: case-insensitive among siblings.
    """

    def __init__(self, root_id: str, folders: Iterable[Folder]) -> None:
        self.root_id = root_id
        self._by_id: dict[str, Folder] = {f.id: f for f in folders}
        self._children: dict[str, list[Folder]] = {}
        for folder in self._by_id.values():
            self._children.setdefault(folder.parent_id, []).append(folder)
        self._by_name: dict[tuple[str, str], list[Folder]] = {}
        self._paths: dict[str, FolderPath] = {}  # of folders that hold others, as far as asked for
        self._well_known = {f.well_known: f for f in self._by_id.values() if f.well_known is not None}

    def __iter__(self) -> Iterator[Folder]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, folder_id: object) -> bool:
        return folder_id in self._by_id

    def get(self, folder_id: str) -> Folder | None:
        """The folder of that id, or None when this mailbox has none (any more)."""
        return self._by_id.get(folder_id)

    def well_known(self, name: WellKnown) -> Folder | None:
        """The distinguished folder, or None where the mailbox has none or the connector cannot tell."""
        return self._well_known.get(name)

    def children(self, folder_id: str) -> list[Folder]:
        """Direct children, search folders included."""
        return self._children.get(folder_id, [])

    def named(self, parent_id: str, name: str) -> list[Folder]:
        """Direct children of that name, compared as Exchange does; more than one only in a damaged mailbox."""
        self._index_names()
        return self._by_name.get((parent_id, name.casefold()), [])

    def _index_names(self) -> None:
        if not self._by_name:  # made when first asked: most looks at a mailbox ask for no name
            for folder in self._by_id.values():
                self._by_name.setdefault((folder.parent_id, folder.name.casefold()), []).append(folder)

    def of_one_name(self) -> set[str]:
        """Ids of folders whose name two siblings or more have, searches not counted. Empty but in a damaged mailbox."""
        self._index_names()
        found: set[str] = set()
        for folders in self._by_name.values():
            if len(folders) > 1 and sum(not folder.is_search for folder in folders) > 1:
                found.update(folder.id for folder in folders)
        return found

    def find(self, path: FolderPath) -> Folder | None:
        """The folder at that path below the visible root, or None."""
        parent, found = self.root_id, None
        for name in path:
            matches = self.named(parent, name)
            if not matches:
                return None
            found = matches[0]
            parent = found.id
        return found

    def path(self, folder_id: str) -> FolderPath:
        """Names from below the visible root down to the folder; () for the root or an unknown id."""
        folder = self._by_id.get(folder_id)
        if folder is None or folder.id == self.root_id:
            return ()
        above = self._paths.get(folder.parent_id)  # of its siblings too: an archive has hundreds
        if above is None:
            names: list[str] = []
            for current in self.upwards(folder.parent_id):
                if current.id in (self.root_id, folder.id):
                    break
                names.append(current.name)
            above = self._paths[folder.parent_id] = tuple(reversed(names))
        return (*above, folder.name)

    def upwards(self, folder_id: str) -> Iterator[Folder]:
        """The folder, its parent, and so on up to where the tree ends; nothing when unknown."""
        seen: set[str] = set()
        current = self._by_id.get(folder_id)
        while current is not None and current.id not in seen:
            seen.add(current.id)
            yield current
            current = self._by_id.get(current.parent_id)

    def within(self, folder_id: str) -> list[Folder]:
        """The folder and everything below it, parents first; [] when unknown."""
        start = self._by_id.get(folder_id)
        if start is None:
            return []
        found = [start]
        for folder in found:  # grows while it is walked: breadth first
            found.extend(child for child in self.children(folder.id) if child.id != folder.id)
        return found

    def lies_within(self, folder_id: str, ancestor_id: str) -> bool:
        """Is the folder the ancestor itself or somewhere below it?"""
        seen: set[str] = set()
        current: str | None = folder_id
        while current is not None and current not in seen:
            if current == ancestor_id:
                return True
            seen.add(current)
            folder = self._by_id.get(current)
            current = folder.parent_id if folder else None
        return False


def show_path(path: FolderPath) -> str:
    """A path for people: names joined by ` / `, which no folder name is split by."""
    return " / ".join(path) or "(top)"
