"""Which folders of a mailbox are filed from. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from mailsorter.model.folder import Folder, FolderPath, FolderTree, WellKnown

EVERY = "*"

# "*" means every folder in which people keep mail. What they threw away, have not sent, or never see is not that.
_NEVER_IN_EVERY = (
    WellKnown.DELETED, WellKnown.JUNK, WellKnown.DRAFTS, WellKnown.OUTBOX, WellKnown.SYNC_ISSUES, WellKnown.CONFLICTS,
    WellKnown.LOCAL_FAILURES, WellKnown.SERVER_FAILURES, WellKnown.SCHEDULED, WellKnown.SEARCH_FOLDERS,
    WellKnown.RECOVERABLE_ROOT, WellKnown.CONVERSATION_HISTORY,
)  # fmt: skip


class Watched(msgspec.Struct, frozen=True):
    """The folders to file from, in the tree's order, and the names that this mailbox has no folder for."""

    folders: tuple[Folder, ...]
    missing: tuple[str, ...]


def watched_folders(
    tree: FolderTree,
    watch: Iterable[str],
    archive: FolderPath,
    client_paths: Collection[FolderPath],
    client_folder_ids: Collection[str],
) -> Watched:
    """The folders that `watch` names, never one inside the archive.

    A name is a well-known name or a path with `/` between its segments; `*` is every folder outside the archive
    except Deleted Items, Junk, Drafts, Outbox and Exchange's own.
    """
    archived = _Archived(tree, archive, client_paths, client_folder_ids)
    chosen: dict[str, Folder] = {}
    missing: list[str] = []
    for name in watch:
        found = _every(tree) if name == EVERY else _named(tree, name)
        if not found:
            missing.append(name)
        chosen.update((folder.id, folder) for folder in found if folder not in archived)
    return Watched(tuple(chosen.values()), tuple(missing))


def _named(tree: FolderTree, name: str) -> list[Folder]:
    try:
        folder = tree.well_known(WellKnown(name.lower()))
    except ValueError:
        folder = tree.find(tuple(part for part in name.split("/") if part))
    return [folder] if folder else []


def _every(tree: FolderTree) -> list[Folder]:
    left_out: set[str] = set()
    for name in _NEVER_IN_EVERY:
        folder = tree.well_known(name)
        if folder is not None:
            left_out.update(inside.id for inside in tree.within(folder.id))
    return [
        folder
        for folder in tree
        if folder.id not in left_out and folder.id != tree.root_id and not folder.is_search and not folder.is_hidden
    ]


class _Archived:
    """The archive's folders: all below its own, and each client's with what is below, wherever it is now.

    Asked of the few folders that are watched, and so looked for from each of them upwards.
    """

    def __init__(
        self,
        tree: FolderTree,
        archive: FolderPath,
        client_paths: Collection[FolderPath],
        client_folder_ids: Collection[str],
    ) -> None:
        found = tree.find(archive) if archive else None
        self._tree = tree
        self._root_id = found.id if found else None
        self._client_paths = client_paths
        self._client_folder_ids = client_folder_ids
        self._by_depth: dict[int, set[FolderPath]] = {}

    def __contains__(self, folder: Folder) -> bool:
        return any(self._is_root(above) for above in self._tree.upwards(folder.id))

    def _is_root(self, folder: Folder) -> bool:
        if folder.id == self._root_id or folder.id in self._client_folder_ids:
            return True
        path = _folded(self._tree.path(folder.id))
        if len(path) not in self._by_depth:
            self._by_depth[len(path)] = {_folded(wanted) for wanted in self._client_paths if len(wanted) == len(path)}
        return path in self._by_depth[len(path)]


def _folded(path: FolderPath) -> FolderPath:
    return tuple(name.casefold() for name in path)
