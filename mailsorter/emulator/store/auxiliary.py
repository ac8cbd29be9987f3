"""Auxiliary archives: where folders of an auto-expanding in-place archive lie once it has grown.

Such an *expanded* folder still shows in the archive's tree, under the same id; it is read and changed in an auxiliary
archive, a mailbox with an id of its own. Here one store row is both: what differs is only which mailbox id opens it.
"""

from __future__ import annotations

import uuid

from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.records import Folder, Mailbox

_NAMESPACE = uuid.UUID("2b1b6d0c-90d6-4a4b-8c52-4d6f1f3f9a57")
_ARCHIVES, _FOLDERS = "auxiliary_archives", "auxiliary_folders"


class Auxiliary:
    """Which folders lie in which auxiliary archive; kept in the state file's settings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def expand(self, archive: Mailbox, folder: Folder, *, number: int = 1) -> str:
        """Let a folder of an in-place archive lie in its auxiliary archive of that number; returns that one's guid.

        What is below the folder stays where it is.

        Raises:
            ValueError: the mailbox is no in-place archive, or the folder a well-known one or in another mailbox.
        """
        if archive.kind != "archive" or folder.mailbox != archive.id:
            raise ValueError("Only folders of an in-place archive lie in an auxiliary one.")
        if folder.well_known:
            raise ValueError("A well-known folder does not leave its archive.")
        guid = str(uuid.uuid5(_NAMESPACE, f"{archive.guid}:{number}"))
        self.put(archive, folder.id, guid)
        return guid

    def put(self, archive: Mailbox, folder: int, guid: str) -> None:
        """Note that a folder lies in the auxiliary archive of that guid."""
        with self._db.write():
            self._db.set_setting(_ARCHIVES, {**self._db.setting(_ARCHIVES, {}), guid: archive.id})
            self._db.set_setting(_FOLDERS, {**self._db.setting(_FOLDERS, {}), str(folder): guid})

    def put_beside(self, archive: Mailbox, parent: int, folder: int) -> None:
        """A folder just made below another lies where that one lies."""
        if guid := self.guid_of(parent):
            self.put(archive, folder, guid)

    def guid_of(self, folder: int) -> str:
        """The auxiliary archive in which a folder lies; empty for one that lies where it shows."""
        return str(self._db.setting(_FOLDERS, {}).get(str(folder), ""))

    def folders_of(self, guid: str) -> list[int]:
        """Numbers of the folders that lie in it; with an empty guid those that lie in any."""
        return [int(folder) for folder, at in self._db.setting(_FOLDERS, {}).items() if guid in ("", at)]

    def archive_of(self, guid: str) -> int | None:
        """The in-place archive's number of an auxiliary archive, None when there is none of that guid."""
        found = self._db.setting(_ARCHIVES, {}).get(guid)
        return None if found is None else int(found)
