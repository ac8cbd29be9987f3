"""The folder tree of one mailbox over EWS: a deep FindFolder for all of it, SyncFolderHierarchy to see changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mailsorter.errors import MailboxGone, MailsorterError, NotFound, Refused
from mailsorter.mailbox.base import TreePage
from mailsorter.mailbox.ews import translate
from mailsorter.mailbox.ews.client import EwsClient
from mailsorter.mailbox.ews.elements import (
    FOLDER,
    distinguished,
    element,
    find,
    folder_id,
    is_last,
    local_name,
    shape,
    text,
)
from mailsorter.model.folder import Folder, FolderTree, WellKnown

_DOING = "read folders"
_PAGE = "1000"
# EWS knows these by the same names as Graph, except that it has no clutter
#: Folders of Exchange Online that no on-premises schema names: a server that validates refuses the whole request.
ONLINE_ONLY = frozenset({WellKnown.CLUTTER, WellKnown.RECOVERABLE_SUBSTRATE_HOLDS})
#: Never asked for by name: a calendar's, and one that not every server version has; a listing says itself which it is.
_NOT_ASKED = ONLINE_ONLY | {WellKnown.SCHEDULED, WellKnown.ARCHIVE}
_NAMED = [n for n in WellKnown if not n.startswith("recoverable") and n not in _NOT_ASKED]
# what EWS calls an archive's own folders; it has no others that are distinguished
_IN_ARCHIVE = {
    WellKnown.ROOT: "archivemsgfolderroot",
    WellKnown.DELETED: "archivedeleteditems",
    WellKnown.RECOVERABLE_ROOT: "archiverecoverableitemsroot",
    WellKnown.RECOVERABLE_DELETIONS: "archiverecoverableitemsdeletions",
    WellKnown.RECOVERABLE_PURGES: "archiverecoverableitemspurges",
    WellKnown.RECOVERABLE_VERSIONS: "archiverecoverableitemsversions",
    WellKnown.RECOVERABLE_DISCOVERY_HOLDS: "archiverecoverableitemsdiscoveryholds",
}
_RECOVERABLE = [
    n for n in WellKnown if n.startswith("recoverable") and n is not WellKnown.RECOVERABLE_ROOT and n not in _NOT_ASKED
]
_OF_SCHEMA = "ErrorSchemaValidation"


class TreeReader:
    """Reads the tree; keeps what it saw last, so that a later look costs one request."""

    def __init__(self, client: EwsClient, *, owner: str, is_archive: bool = False) -> None:
        self._client = client
        self._owner = owner  # "" where the server already knows by impersonation whose folders are meant
        self._names: Mapping[WellKnown, str] = _IN_ARCHIVE if is_archive else {n: n.value for n in WellKnown}
        self._well_known: dict[str, WellKnown] = {}
        self._missing: list[WellKnown] = [n for n in (*_NAMED, *_RECOVERABLE) if n in self._names]
        self._root: Any = None
        self._kept: tuple[str, dict[str, Any]] = ("", {})

    def tree(self, *, hidden: bool, recoverable: bool) -> FolderTree:
        """See `Mailbox.tree`."""
        self._resolve()
        folders = [self._root_folder()]
        below = [self._named(one) for one in self._deep(folder_id(self._root_id))]
        folders.extend(f for f in self._whole_branches(below) if hidden or not f.is_hidden)
        found = self._recoverable() if recoverable else []
        hides = recoverable and not found and bool(self._owner)
        return FolderTree(self._root_id, [*folders, *found], hides_recoverable=hides)

    def _recoverable(self) -> list[Folder]:
        """Recoverable Items with its subfolders; [] where the server says that it finds none.

        By impersonation that means that it has none. With delegate access it is also what Exchange answers about a
        folder that the account may not see.
        """
        try:
            root = translate.folder(self._get(WellKnown.RECOVERABLE_ROOT), WellKnown.RECOVERABLE_ROOT, parent="")
        except NotFound:
            return []
        return [root, *(self._named(one) for one in self._deep(folder_id(root.id)))]

    def changes(self, cursor: str | None) -> TreePage:
        """See `Mailbox.tree_changes`."""
        self._resolve()
        is_known = cursor is not None and self._kept[0] == cursor
        kept = dict(self._kept[1]) if is_known else {}
        state, changed = self._sync(cursor, kept)
        if cursor is not None and not changed:
            if is_known:
                self._kept = (state, kept)
            return TreePage(tree=None, cursor=state)
        if cursor is not None and not is_known:  # another process kept that tree: see it whole
            kept = {}
            state, _ = self._sync(None, kept)
        self._kept = (state, kept)
        return TreePage(tree=self._visible(kept), cursor=state)

    def resolve(self, name: WellKnown) -> str:
        """The id of a distinguished folder. Raises `NotFound`."""
        return translate.folder(self._get(name)).id

    def total_of(self, folder: str) -> int | None:
        """The folder's own count of its items now, None where the server gives none. Raises `NotFound`."""
        wanted = element("m:FolderIds", folder_id(folder))
        payload = element("m:GetFolder", shape("m:FolderShape", FOLDER), wanted)
        told = text(find(self._client.one(payload, _DOING), "m:Folders")[0], "t:TotalCount")
        return int(told) if told.isdecimal() else None

    def is_there(self) -> bool:
        """Does the server know the top folder? Raises what else it answers, of Recoverable Items too.

        With delegate access "not found" may mean that the account may not see it, and is raised, too.
        """
        try:
            self._get(WellKnown.ROOT)
        except NotFound:
            if self._owner:
                raise
            return False
        with suppress(NotFound):  # then the tree has none, and says so
            self._get(WellKnown.RECOVERABLE_ROOT)
        return True

    def _sync(self, cursor: str | None, kept: dict[str, Any]) -> tuple[str, bool]:
        """Take all changes since the cursor into `kept`; the state after them, and whether there were any."""
        state, changed = cursor, False
        while True:
            given = [element("m:SyncState", state)] if state else []
            root = element("m:SyncFolderId", folder_id(self._root_id))
            answer = self._client.one(
                element("m:SyncFolderHierarchy", shape("m:FolderShape", FOLDER), root, *given), _DOING
            )
            state = text(answer, "m:SyncState")
            for change in find(answer, "m:Changes"):
                changed = True
                if local_name(change) == "Delete":
                    kept.pop(find(change, "t:FolderId").get("Id"), None)
                else:
                    kept[find(change[0], "t:FolderId").get("Id")] = change[0]
            if text(answer, "m:IncludesLastFolderInRange").lower() != "false":
                return state, changed

    def _visible(self, kept: dict[str, Any]) -> FolderTree:
        below = [self._named(one) for one in kept.values() if translate.is_mail_folder(one)]
        shown = [f for f in self._whole_branches(below) if not f.is_hidden]
        return FolderTree(self._root_id, [self._root_folder(), *shown])

    def _whole_branches(self, folders: Sequence[Folder]) -> list[Folder]:
        """Folders whose parents are all there: what hangs below a calendar is no mail folder."""
        by_id = {f.id: f for f in folders}

        def hangs(folder: Folder) -> bool:
            seen: set[str] = set()
            while folder.parent_id != self._root_id:
                if folder.parent_id not in by_id or folder.id in seen:
                    return False
                seen.add(folder.id)
                folder = by_id[folder.parent_id]
            return True

        return [f for f in folders if hangs(f)]

    def _deep(self, parent: Any) -> Iterator[Any]:
        offset = 0
        while True:
            view = element(
                "m:IndexedPageFolderView", MaxEntriesReturned=_PAGE, Offset=str(offset), BasePoint="Beginning"
            )
            payload = element(
                "m:FindFolder",
                shape("m:FolderShape", FOLDER),
                view,
                element("m:ParentFolderIds", parent),
                Traversal="Deep",
            )
            answer = self._client.one(payload, _DOING)
            below = find(answer, "m:RootFolder/t:Folders")
            found = [] if below is None else list(below)
            yield from (one for one in found if translate.is_mail_folder(one))
            offset += len(found)
            if not found or is_last(answer, len(found)):
                return

    # distinguished folders ---------------------------------------------------------------------------------------

    def _resolve(self) -> None:
        """Ask once which folder is which; ids never change."""
        if self._root is not None:
            return
        names = list(self._missing)
        missing = []
        for name, answer in zip(names, self._asked(names), strict=True):
            if isinstance(answer, NotFound | Refused):
                missing.append(name)
                continue
            if isinstance(answer, MailsorterError):
                raise answer
            found = find(answer, "m:Folders")[0]
            self._well_known[translate.folder(found).id] = name
            if name is WellKnown.ROOT:
                self._root = found
        self._missing = missing  # only now: after an error all are asked again
        if self._root is None:
            raise MailboxGone(f"Mailbox {self._client.address} has no folder tree.")

    def _asked(self, names: Sequence[WellKnown]) -> list[Any]:
        """An answer for each name. A server whose schema lacks one of them faults the request as a whole: then each is
        asked for by itself, and one that is refused hides no other."""
        try:
            return self._client.each(self._get_folders(names), len(names), _DOING)
        except Refused as refusal:
            if refusal.code != _OF_SCHEMA or len(names) == 1:
                raise
        answers: list[Any] = []
        for name in names:
            try:
                answers += self._client.each(self._get_folders([name]), 1, _DOING)
            except Refused as refusal:
                if refusal.code != _OF_SCHEMA:
                    raise
                answers.append(refusal)
        return answers

    def _get(self, name: WellKnown) -> Any:
        return find(self._client.one(self._get_folders([name]), _DOING), "m:Folders")[0]

    def _get_folders(self, names: Sequence[WellKnown]) -> Any:
        wanted = element("m:FolderIds", *(self._called(name) for name in names))
        return element("m:GetFolder", shape("m:FolderShape", FOLDER), wanted)

    def _called(self, name: WellKnown) -> Any:
        return distinguished(self._names[name], self._owner)

    @property
    def _root_id(self) -> str:
        return translate.folder(self._root).id

    def _root_folder(self) -> Folder:
        return translate.folder(self._root, WellKnown.ROOT, parent="")

    def _named(self, source: Any) -> Folder:
        found = translate.folder(source)
        return translate.folder(source, self._well_known.get(found.id) or translate.named_itself(source))
