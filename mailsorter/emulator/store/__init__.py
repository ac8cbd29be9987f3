"""The mailboxes themselves: what Exchange keeps, without any face. Graph's face stands on this; another can too."""

from __future__ import annotations

from pathlib import Path

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.store.apps import Apps
from mailsorter.emulator.store.auxiliary import Auxiliary
from mailsorter.emulator.store.changes import Changes
from mailsorter.emulator.store.database import Database, NotAStateFile
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.mailboxes import Mailboxes
from mailsorter.emulator.store.messages import Messages
from mailsorter.emulator.store.records import Address, Folder, Mailbox, Message, NewAttachment, NewMessage
from mailsorter.emulator.store.recoverable import Recoverable

__all__ = [
    "Address",
    "Folder",
    "Mailbox",
    "Message",
    "NewAttachment",
    "NewMessage",
    "NotAStateFile",
    "Store",
]


class Store:
    """One state file with everything in it; safe to use from many threads.

    `path` is a file, made when missing, or `":memory:"`. Without a clock the emulator's time is the machine's plus the
    offset that the state file remembers.

    Raises:
        NotAStateFile: the file is something else or of another version.
    """

    def __init__(self, path: str | Path = ":memory:", clock: EmulatorClock | None = None) -> None:
        self.db = Database(path)
        self.clock = clock or EmulatorClock(offset_s=float(self.db.setting("clock_offset_s", 0.0)))
        self.folders = Folders(self.db)
        self.auxiliary = Auxiliary(self.db)
        self.mailboxes = Mailboxes(self.db, self.clock, self.folders, self.auxiliary)
        self.recoverable = Recoverable(self.db, self.clock, self.folders, self.mailboxes)
        self.messages = Messages(self.db, self.clock, self.folders, self.mailboxes, self.recoverable)
        self.changes = Changes(self.db)
        self.apps = Apps(self.db)

    def advance(self, seconds: float) -> None:
        """Move time on; retention of Recoverable Items is then applied."""
        self.clock.advance(seconds)
        self.db.set_setting("clock_offset_s", self.clock.offset_s)
        self.recoverable.process()

    def close(self) -> None:
        """Close the state file."""
        self.db.close()
