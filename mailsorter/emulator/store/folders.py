"""The folder tree of a mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsorter.emulator.errors import ExchangeError, item_not_found
from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.records import FOLDER_COLUMNS, Folder, Mailbox
from mailsorter.emulator.store.surrogates import storable
from mailsorter.emulator.store.wellknown import NAMES, RECOVERABLE, WELL_KNOWN

#: Exchange Online service description, see docs/emulator.md.
MAX_SUBFOLDERS = 10_000
MAX_DEPTH = 300
MAX_NAME_CHARACTERS = 255


def _exists(mailbox: Mailbox, name: str) -> ExchangeError:
    """The status differs between tenants (409 or 400); clients must look at the code."""
    return ExchangeError(
        "ErrorFolderExists",
        f"A folder with the specified name already exists., Could not create folder '{name}'.",
        status=mailbox.folder_exists_status,
    )


class Folders:
    """Find, make, rename, move and remove folders; their messages are the business of `Messages`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create_well_known(self, mailbox: int, names: Iterable[str], *, dutch: bool) -> None:
        """Make the folders every mailbox has."""
        wanted = set(names)
        made: dict[str, int] = {"": 0}
        for folder in WELL_KNOWN:
            if folder.name in wanted:
                made[folder.name] = self._insert(
                    mailbox,
                    made.get(folder.parent, made.get("msgfolderroot", 0)),
                    folder.dutch if dutch else folder.english,
                    well_known=folder.name,
                    folder_class=folder.folder_class,
                    hidden=folder.hidden,
                    recoverable=folder.name in RECOVERABLE,
                )

    def _insert(
        self,
        mailbox: int,
        parent: int,
        name: str,
        *,
        well_known: str = "",
        folder_class: str = "IPF.Note",
        hidden: bool = False,
        recoverable: bool = False,
        search: str | None = None,
    ) -> int:
        with self._db.write():
            seq = self._db.next_sequence()
            cursor = self._db.run(
                "INSERT INTO folder (mailbox, parent, name, name_key, well_known, folder_class, hidden, recoverable,"
                " search, seq, entered_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(mailbox, parent, name, name.casefold(), well_known, folder_class),
                    *(int(hidden), int(recoverable), search, seq, seq),
                ),
            )
            return int(cursor.lastrowid or 0)

    def get(self, mailbox: Mailbox, folder: int) -> Folder:
        """A folder by its number.

        Raises:
            ExchangeError: ErrorItemNotFound.
        """
        row = self._db.row(f"SELECT {FOLDER_COLUMNS} FROM folder WHERE id = ? AND mailbox = ?", (folder, mailbox.id))
        if row is None:
            raise item_not_found()
        return Folder(*row)

    def well_known(self, mailbox: Mailbox, name: str) -> Folder:
        """A folder by its well-known name, in any case.

        Raises:
            ExchangeError: ErrorItemNotFound: this mailbox (an archive) has no such folder.
        """
        row = self._db.row(
            f"SELECT {FOLDER_COLUMNS} FROM folder WHERE mailbox = ? AND well_known = ?", (mailbox.id, name.casefold())
        )
        if row is None:
            raise item_not_found()
        return Folder(*row)

    def find(self, mailbox: Mailbox, reference: str) -> Folder:
        """A folder by id or well-known name, as clients write it.

        Raises:
            ExchangeError: ErrorInvalidIdMalformed, ErrorItemNotFound.
        """
        if reference.casefold() in NAMES:
            return self.well_known(mailbox, reference)
        return self.get(mailbox, mailbox.ids.read_folder_id(reference))

    def children(self, folder: Folder) -> list[Folder]:
        """Direct children, hidden and search folders too, by name."""
        rows = self._db.rows(
            f"SELECT {FOLDER_COLUMNS} FROM folder WHERE mailbox = ? AND parent = ? ORDER BY name_key",
            (folder.mailbox, folder.id),
        )
        return [Folder(*row) for row in rows]

    def child_count(self, folder: Folder) -> int:
        """How many children a client sees by default."""
        return int(
            self._db.value(
                "SELECT count(*) FROM folder WHERE mailbox = ? AND parent = ? AND NOT hidden",
                (folder.mailbox, folder.id),
            )
        )

    def child_counts(self, mailbox: Mailbox) -> dict[int, int]:
        """The same for all folders of a mailbox at once."""
        return dict(
            self._db.rows(
                "SELECT parent, count(*) FROM folder WHERE mailbox = ? AND NOT hidden GROUP BY parent", (mailbox.id,)
            )
        )

    def all(self, mailbox: Mailbox) -> list[Folder]:
        """Every folder of a mailbox, in order of creation."""
        rows = self._db.rows(f"SELECT {FOLDER_COLUMNS} FROM folder WHERE mailbox = ? ORDER BY id", (mailbox.id,))
        return [Folder(*row) for row in rows]

    def subtree(self, folder: Folder) -> list[Folder]:
        """The folder and everything below it, parents first."""
        found = [folder]
        for parent in found:
            found.extend(self.children(parent))
        return found

    def ancestors(self, mailbox: Mailbox, folder: Folder) -> Iterator[Folder]:
        """The folder itself, then its parent, up to the root."""
        current = folder
        while True:
            yield current
            if not current.parent:
                return
            current = self.get(mailbox, current.parent)

    def is_below(self, mailbox: Mailbox, folder: Folder, well_known: str) -> bool:
        """Is the folder that well-known one, or below it?"""
        return any(ancestor.well_known == well_known for ancestor in self.ancestors(mailbox, folder))

    def path(self, mailbox: Mailbox, folder: Folder) -> tuple[str, ...]:
        """Names from below the root of the tree down to the folder."""
        names = [
            step.name for step in self.ancestors(mailbox, folder) if step.well_known not in ("root", "msgfolderroot")
        ]
        return tuple(reversed(names))

    def create(
        self, mailbox: Mailbox, parent: Folder, name: str, *, hidden: bool = False, search: str | None = None,
        folder_class: str = "IPF.Note",
    ) -> Folder:  # fmt: skip
        """Make a folder; a hidden or search folder of that name (in any case) also takes the name.

        Raises:
            ExchangeError: ErrorFolderExists, ErrorInvalidRequest, ErrorAccessDenied in Recoverable Items, limits.
        """
        name = storable(name)
        with self._db.write():
            self._check_name(mailbox, parent, name)
            self._check_limits(mailbox, parent, depth=1)
            if parent.recoverable:
                raise ExchangeError("ErrorAccessDenied", "Folders cannot be created in Recoverable Items.")
            number = self._insert(mailbox.id, parent.id, name, hidden=hidden, search=search, folder_class=folder_class)
            return self.get(mailbox, number)

    def _check_name(self, mailbox: Mailbox, parent: Folder, name: str, *, but: int = 0) -> None:
        if not name.strip() or len(name) > MAX_NAME_CHARACTERS or "\x00" in name:
            raise ExchangeError("ErrorInvalidRequest", "The folder name is empty, too long or has illegal characters.")
        taken = self._db.value(
            "SELECT id FROM folder WHERE mailbox = ? AND parent = ? AND name_key = ? AND id != ?",
            (mailbox.id, parent.id, name.casefold(), but),
        )
        if taken:
            raise _exists(mailbox, name)

    def _check_limits(self, mailbox: Mailbox, parent: Folder, depth: int) -> None:
        count = self._db.value("SELECT count(*) FROM folder WHERE mailbox = ? AND parent = ?", (mailbox.id, parent.id))
        if count >= MAX_SUBFOLDERS:
            raise ExchangeError("ErrorFolderChildCountLimitExceeded", "The folder has too many subfolders.")
        if sum(1 for _ in self.ancestors(mailbox, parent)) + depth > MAX_DEPTH:
            raise ExchangeError("ErrorFolderHierarchyLimitExceeded", "The folder tree is too deep.")

    def rename(self, mailbox: Mailbox, folder: Folder, name: str) -> Folder:
        """Give a folder another name.

        Raises:
            ExchangeError: ErrorFolderExists, ErrorCannotMoveSpecialFolder for a well-known folder.
        """
        if folder.well_known:
            raise ExchangeError("ErrorCannotMoveSpecialFolder", "Distinguished folders cannot be renamed.")
        name = storable(name)
        with self._db.write():
            parent = self.get(mailbox, folder.parent)
            self._check_name(mailbox, parent, name, but=folder.id)
            self._db.run(
                "UPDATE folder SET name = ?, name_key = ?, seq = ? WHERE id = ?",
                (name, name.casefold(), self._db.next_sequence(), folder.id),
            )
            return self.get(mailbox, folder.id)

    def define_search(self, mailbox: Mailbox, folder: Folder, search: str) -> Folder:
        """Let a search folder look for something else."""
        with self._db.write():
            self._db.run(
                "UPDATE folder SET search = ?, seq = ? WHERE id = ?", (search, self._db.next_sequence(), folder.id)
            )
            return self.get(mailbox, folder.id)

    def move(self, mailbox: Mailbox, folder: Folder, parent: Folder, *, rename_if_taken: bool = False) -> Folder:
        """Hang a folder with all in it under another.

        Raises:
            ExchangeError: a well-known folder, a move below itself, a taken name, limits.
        """
        if folder.well_known:
            raise ExchangeError("ErrorCannotMoveSpecialFolder", "Distinguished folders cannot be moved.")
        with self._db.write():
            if any(step.id == folder.id for step in self.ancestors(mailbox, parent)):
                raise ExchangeError("ErrorMoveCopyFailed", "A folder cannot be moved below itself.")
            if parent.recoverable:
                raise ExchangeError("ErrorMoveCopyFailed", "Folders cannot be moved into Recoverable Items.")
            name = self._free_name(mailbox, parent, folder) if rename_if_taken else folder.name
            self._check_name(mailbox, parent, name, but=folder.id)
            self._check_limits(mailbox, parent, depth=self._height(folder))
            self._db.run(
                "UPDATE folder SET parent = ?, name = ?, name_key = ?, seq = ? WHERE id = ?",
                (parent.id, name, name.casefold(), self._db.next_sequence(), folder.id),
            )
            return self.get(mailbox, folder.id)

    def _height(self, folder: Folder) -> int:
        return 1 + max((self._height(child) for child in self.children(folder)), default=0)

    def _free_name(self, mailbox: Mailbox, parent: Folder, folder: Folder) -> str:
        """The name, or the name with a number after it: as Outlook does in Deleted Items."""
        name, number = folder.name, 0
        taken = {child.name.casefold() for child in self.children(parent) if child.id != folder.id}
        while name.casefold() in taken:
            number += 1
            name = f"{folder.name} {number}"
        return name

    def remove(self, mailbox: Mailbox, folder: Folder) -> None:
        """Take away one empty folder's row and leave its removal for delta."""
        with self._db.write():
            seq = self._db.next_sequence()
            self._db.run(
                "INSERT INTO folder_removal VALUES (?, ?, ?, ?)", (mailbox.id, seq, folder.id, folder.entered_seq)
            )
            self._db.run("DELETE FROM folder WHERE id = ?", (folder.id,))
