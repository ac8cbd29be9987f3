"""What changed since: the basis of delta queries, per folder for messages, per mailbox for folders.

Every write takes the next change number. A client's state is the number it has seen; what moved in is a row with a
higher number, what moved out is a removal with a higher number. A message that left a folder and came back while the
client was not looking is shown as nothing when ids are immutable: Exchange hides A→B→A as well.
"""

from __future__ import annotations

from typing import NamedTuple

from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.records import FOLDER_COLUMNS, MESSAGE_COLUMNS, Folder, Message


class MessageChange(NamedTuple):
    """A message as it is now, or its removal from the folder."""

    seq: int
    message: Message | None
    removed: int
    """The number of the removed message; 0 when `message` is given."""
    generation: int
    is_new: bool
    """Was it not in the folder in the state that the client knows?"""


class FolderChange(NamedTuple):
    """A folder as it is now, or its removal."""

    seq: int
    folder: Folder | None
    removed: int


class Changes:
    """Reads changes page by page."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def messages(
        self,
        folder: int,
        *,
        known: int,
        after: int,
        start: int,
        limit: int,
        where: str = "",
        parameters: tuple[object, ...] = (),
    ) -> list[MessageChange]:
        """Up to `limit` changes of a folder after number `after`, for a client that knows the state at `known`.

        `known` is 0 in a first round; then only removals since the round's `start` can matter. Fewer than `limit`
        changes mean that the round ends here. Which of them to show is `is_visible`'s business.
        """
        rows = self._db.rows(
            f"SELECT {MESSAGE_COLUMNS} FROM message WHERE folder = ? AND seq > ? AND hidden = 0 {where}"
            " ORDER BY seq LIMIT ?",
            (folder, after, *parameters, limit),
        )
        changes = [self._row_change(Message(*row), known) for row in rows]
        gone = self._db.rows(
            "SELECT seq, message, generation FROM removal WHERE folder = ? AND seq > ? AND entered_seq <= ?"
            " ORDER BY seq LIMIT ?",
            (folder, max(after, known or start), known or after, limit),
        )
        changes += [MessageChange(seq, None, message, generation, False) for seq, message, generation in gone]
        changes.sort(key=lambda change: change.seq)
        return changes[:limit]

    def _row_change(self, message: Message, known: int) -> MessageChange:
        return MessageChange(message.seq, message, 0, message.generation, message.entered_seq > known)

    def is_visible(self, folder: int, change: MessageChange, *, known: int, immutable: bool) -> bool:
        """Must a client that knows the state at `known` be told of this change?"""
        if change.message is None:
            return not (immutable and self._is_here(folder, change.removed))
        message = change.message
        if not (immutable and known and message.away_seq > known and message.content_seq <= known):
            return True
        stay = self._db.value(
            "SELECT min(entered_seq) FROM removal WHERE folder = ? AND message = ? AND seq > ?",
            (folder, message.id, known),
        )
        return stay is None or stay > known

    def _is_here(self, folder: int, message: int) -> bool:
        return bool(self._db.value("SELECT 1 FROM message WHERE id = ? AND folder = ?", (message, folder)))

    def folders(self, mailbox: int, *, known: int, after: int, limit: int, hidden: bool) -> list[FolderChange]:
        """Up to `limit` folder changes of a mailbox: mail folders below `msgfolderroot`, flat."""
        condition = "" if hidden else "AND NOT hidden"
        rows = self._db.rows(
            f"SELECT {FOLDER_COLUMNS} FROM folder WHERE mailbox = ? AND seq > ? AND NOT recoverable {condition}"
            " AND folder_class = 'IPF.Note' ORDER BY seq LIMIT ?",
            (mailbox, after, limit),
        )
        changes = [FolderChange(folder.seq, folder, 0) for folder in (Folder(*row) for row in rows)]
        gone = self._db.rows(
            "SELECT seq, folder FROM folder_removal WHERE mailbox = ? AND seq > ? AND entered_seq <= ?"
            " ORDER BY seq LIMIT ?",
            (mailbox, max(after, known), known or after, limit),
        )
        changes += [FolderChange(seq, None, folder) for seq, folder in gone]
        changes.sort(key=lambda change: change.seq)
        return changes[:limit]
