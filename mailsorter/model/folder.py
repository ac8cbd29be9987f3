"""Folders of a mailbox, and paths between them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, KeysView, Mapping

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


_NO_MAIL = (
    *("IPF.APPOINTMENT", "IPF.CONTACT", "IPF.TASK", "IPF.STICKYNOTE", "IPF.JOURNAL", "IPF.CONFIGURATION", "IPF.FILES"),
    *("IPF.STOREITEM", "IPF.SKYPETEAMS", "OUTLOOK.REMINDER"),
)
FOLDER_CLASSES = "folder-classes"
"""A stable code: of this mailbox only folders of class `IPF.Note` could be listed."""
FOLDER_CLASSES_UNANSWERED = "folder-classes-unanswered"
"""The same, because the server gave no answer this time."""


def may_hold_mail(folder_class: str) -> bool:
    """May a folder of that class (`IPF.Note`, `IPF.Imap`, "") hold mail? Of a class that nobody knows it may."""
    written = folder_class.strip().upper()
    return not any(written == known or written.startswith(f"{known}.") for known in _NO_MAIL)


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


class _Shape:
    """What follows from where folders are and how they are called, whatever they hold: as ids, made when first asked.

    Trees that differ in counts alone share it: a daemon gets a new tree whenever a message has come or gone.
    """

    def __init__(self, folders: Mapping[str, Folder]) -> None:
        self.children: dict[str, list[str]] = {}
        for folder in folders.values():
            self.children.setdefault(folder.parent_id, []).append(folder.id)
        self.well_known = {f.well_known: f.id for f in folders.values() if f.well_known is not None}
        self.above: dict[str, FolderPath] = {}  # paths of folders that hold others, as far as asked for
        self.paths: dict[str, FolderPath] = {}  # likewise, of all
        self.of_one_name: frozenset[str] | None = None
        self._by_name: dict[tuple[str, str], list[str]] = {}

    def by_name(self, folders: Mapping[str, Folder]) -> dict[tuple[str, str], list[str]]:
        """Ids by the parent's id and the name, casefolded. `folders` are those of any tree of this shape."""
        if not self._by_name:  # made when first asked: most looks at a mailbox ask for no name
            for folder in folders.values():
                self._by_name.setdefault((folder.parent_id, folder.name.casefold()), []).append(folder.id)
        return self._by_name


def _is_placed_alike(one: Folder, other: Folder) -> bool:
    """Are they one folder in one place, whatever it holds? Its children's count follows from their own places."""
    return one == other or (
        (one.id, one.parent_id, one.name, one.well_known, one.is_hidden, one.is_search)
        == (other.id, other.parent_id, other.name, other.well_known, other.is_hidden, other.is_search)
    )


class FolderTree:
    """All folders of one mailbox, for questions of place. Built once, never changed.

    Name comparison follows Exchange: case-insensitive among siblings. `hides_recoverable`: whoever asked may be unable
    to read Recoverable Items, so that a tree without them says nothing about whether there are any. `lacks` is a stable
    code for other folders that this road could not show, "" where it shows all.
    """

    def __init__(
        self, root_id: str, folders: Iterable[Folder], *, hides_recoverable: bool = False, lacks: str = ""
    ) -> None:  # fmt: skip
        self.root_id = root_id
        self.hides_recoverable = hides_recoverable
        self.lacks = lacks
        self._by_id: dict[str, Folder] = {f.id: f for f in folders}
        self._made_shape: _Shape | None = None
        self._total: int | None = None

    @property
    def _shape(self) -> _Shape:
        if self._made_shape is None:
            self._made_shape = _Shape(self._by_id)
        return self._made_shape

    def share(self, before: FolderTree) -> bool:
        """Take over what an earlier tree of the mailbox has worked out, when only counts differ; gives whether so.

        No answer of this tree depends on it, only how fast it comes.
        """
        mine, theirs = self._by_id, before._by_id
        is_alike = (
            self.root_id == before.root_id
            and list(mine) == list(theirs)  # in the same order too: it tells the first of two of one name
            and all(
                one is other or _is_placed_alike(one, other)
                for one, other in zip(mine.values(), theirs.values(), strict=True)
            )
        )
        if is_alike:
            self._made_shape = before._shape
        return is_alike

    def __iter__(self) -> Iterator[Folder]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, folder_id: object) -> bool:
        return folder_id in self._by_id

    @property
    def ids(self) -> KeysView[str]:
        """The ids of all folders, as a set."""
        return self._by_id.keys()

    @property
    def item_count(self) -> int:
        """How many items all folders hold."""
        if self._total is None:
            self._total = sum([folder.item_count for folder in self._by_id.values()])
        return self._total

    def get(self, folder_id: str) -> Folder | None:
        """The folder of that id, or None when this mailbox has none (any more)."""
        return self._by_id.get(folder_id)

    def well_known(self, name: WellKnown) -> Folder | None:
        """The distinguished folder, or None where the mailbox has none or the connector cannot tell."""
        folder_id = self._shape.well_known.get(name)
        return None if folder_id is None else self._by_id[folder_id]

    def children(self, folder_id: str) -> list[Folder]:
        """Direct children, search folders included."""
        return [self._by_id[child] for child in self._shape.children.get(folder_id, ())]

    def named(self, parent_id: str, name: str) -> list[Folder]:
        """Direct children of that name, compared as Exchange does; more than one only in a damaged mailbox."""
        found = self._shape.by_name(self._by_id).get((parent_id, name.casefold()), ())
        return [self._by_id[folder_id] for folder_id in found]

    def of_one_name(self) -> frozenset[str]:
        """Ids of folders whose name two siblings or more have, searches not counted. Empty but in a damaged mailbox."""
        shape = self._shape
        if shape.of_one_name is None:
            found: set[str] = set()
            for ids in shape.by_name(self._by_id).values():
                if len(ids) > 1 and sum(not self._by_id[folder_id].is_search for folder_id in ids) > 1:
                    found.update(ids)
            shape.of_one_name = frozenset(found)
        return shape.of_one_name

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
        paths = self._shape.paths
        known = paths.get(folder_id)
        if known is None:
            known = self._path(folder_id)
            if folder_id in self._by_id:
                paths[folder_id] = known
        return known

    def _path(self, folder_id: str) -> FolderPath:
        folder = self._by_id.get(folder_id)
        if folder is None or folder.id == self.root_id:
            return ()
        above = self._shape.above.get(folder.parent_id)  # of its siblings too: an archive has hundreds
        if above is None:
            names: list[str] = []
            for current in self.upwards(folder.parent_id):
                if current.id in (self.root_id, folder.id):
                    break
                names.append(current.name)
            above = self._shape.above[folder.parent_id] = tuple(reversed(names))
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
        """The folder and everything below it, parents first, each once; [] when unknown."""
        start = self._by_id.get(folder_id)
        if start is None:
            return []
        found, seen = [start], {folder_id}
        for folder in found:  # grows while it is walked: breadth first
            below = [child for child in self.children(folder.id) if child.id not in seen]  # an answer may be damaged
            found += below
            seen.update(child.id for child in below)
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
