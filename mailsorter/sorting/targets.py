"""Which folder a client's mail goes to in one mailbox. Pure, but for the error it raises.

A client's folder is followed by its id once it is known: renamed or moved in Outlook it stays the client's folder, and
is never made anew beside itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mailsorter.errors import BrakePulled
from mailsorter.model import brake
from mailsorter.model.folder import FolderPath, FolderTree, WellKnown, show_path


class Target(msgspec.Struct, frozen=True):
    """Where a client's mail goes: an existing folder's id, or None for one to be made at `path`."""

    path: FolderPath
    folder_id: str | None
    is_known: bool  # the ledger has it as this client's already


class Targets:
    """Targets of one mailbox, each found once a tree.

    `known` maps client id to (folder id, path as last seen) from the ledger; `owners` folder id to client id.
    """

    def __init__(
        self, tree: FolderTree, folder_of: Mapping[str, FolderPath], known: Mapping[str, tuple[str, FolderPath]]
    ) -> None:
        self._tree = tree
        self._folder_of = folder_of
        self._known = known
        self._made_owners: dict[str, str] | None = None
        self._found: dict[str, Target] = {}
        self._promised: dict[FolderPath, str] = {}  # paths that are some client's as soon as they are made

    def of(self, client_id: str) -> Target:
        """The client's target. Raises `BrakePulled` when a person must look first."""
        if client_id not in self._found:
            self._found[client_id] = self._find(client_id)
        return self._found[client_id]

    @property
    def _owners(self) -> dict[str, str]:
        """Client ids by the ids of their folders; asked for only where a client has none yet."""
        if self._made_owners is None:
            self._made_owners = {folder_id: client for client, (folder_id, _) in self._known.items()}
        return self._made_owners

    def at(self, path: FolderPath) -> Target:
        """A folder that is no client's, such as a label's."""
        return Target(path, _at(self._tree, path), is_known=False)

    def _find(self, client_id: str) -> Target:
        if client_id in self._known:
            return self._followed(client_id)
        path = self._folder_of[client_id]
        folder_id = _at(self._tree, path)
        same_name = tuple(name.casefold() for name in path)
        owner = self._owners.get(folder_id) if folder_id else None
        owner = owner or self._promised.setdefault(same_name, client_id)
        if owner is not None and owner != client_id:
            raise BrakePulled(
                f"The folder {show_path(path)} already belongs to client {owner}; {client_id} has the same one.",
                brake=brake.FOLDER_SHARED,
                advice="Give one of them another `folder` in the client book, then run: mailsorter clients check",
            )
        return Target(path, folder_id, is_known=False)

    def _followed(self, client_id: str) -> Target:
        folder_id, path_before = self._known[client_id]
        deleted = self._tree.well_known(WellKnown.DELETED)
        if folder_id not in self._tree or (deleted and self._tree.lies_within(folder_id, deleted.id)):
            raise BrakePulled(
                f"The folder of client {client_id} ({show_path(path_before)}) is no longer there: deleted in Outlook?",
                brake=brake.CLIENT_FOLDER_GONE,
                advice="Restore it in Outlook, or let mailsorter make a new one: mailsorter sort --yes",
            )
        return Target(self._tree.path(folder_id), folder_id, is_known=True)


def _at(tree: FolderTree, path: FolderPath) -> str | None:
    """The folder at the path. Raises `BrakePulled` when a name on it stands twice: nobody can tell which is meant."""
    parent, found = tree.root_id, None
    for depth, name in enumerate(path, 1):
        matches = [f for f in tree.named(parent, name) if not f.is_search]
        if len(matches) > 1:
            raise BrakePulled(
                f"There is more than one folder {show_path(path[:depth])}.",
                brake=brake.FOLDER_TWICE,
                advice="Merge or rename them in Outlook, then run the command again.",
            )
        if not matches:
            return None
        found = parent = matches[0].id
    return found
