"""Recoverable Items: where deleted mail goes, how long it stays, and what protects it from being removed.

Deletions holds soft-deleted mail, Purges what was deleted for good, Versions the originals of mail changed under hold,
DiscoveryHolds what a retention policy keeps beyond its time. Sources and grades: docs/emulator.md, "Recoverable Items".
"""

from __future__ import annotations

import json

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.errors import ExchangeError, access_denied
from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.mailboxes import Mailboxes
from mailsorter.emulator.store.records import MESSAGE_COLUMNS, Folder, Mailbox, Message

_DAY_S = 86_400
_COPIED = tuple(name for name in Message._fields if name != "id")


class Recoverable:
    """Moves mail between the folders of a mailbox and in and out of Recoverable Items."""

    def __init__(self, db: Database, clock: EmulatorClock, folders: Folders, mailboxes: Mailboxes) -> None:
        self._db = db
        self._clock = clock
        self._folders = folders
        self._mailboxes = mailboxes

    def relocate(self, mailbox: Mailbox, message: Message, target: Folder) -> Message:
        """Put a message into another folder and leave its removal for the old folder's delta."""
        with self._db.write():
            seq = self._db.next_sequence()
            self._leave(message, seq)
            away = self._db.value(
                "SELECT max(seq) FROM removal WHERE folder = ? AND message = ?", (target.id, message.id)
            )
            into_recoverable = bool(target.recoverable) and not message.area
            self._db.run(
                "UPDATE message SET folder = ?, area = ?, generation = generation + 1, seq = ?, entered_seq = ?,"
                " away_seq = ?, modified = ?, discarded = ?, last_folder = ? WHERE id = ?",
                (
                    *(target.id, int(bool(target.recoverable)), seq, seq, away or 0, int(self._clock.now_s())),
                    int(self._clock.now_s()) if into_recoverable else message.discarded * int(bool(target.recoverable)),
                    *(message.folder if into_recoverable else message.last_folder, message.id),
                ),
            )
            return self._get(mailbox, message.id)

    def _leave(self, message: Message, seq: int) -> None:
        self._db.run(
            "INSERT OR REPLACE INTO removal VALUES (?, ?, ?, ?, ?)",
            (message.folder, seq, message.id, message.generation, message.entered_seq),
        )

    def _get(self, mailbox: Mailbox, number: int) -> Message:
        row = self._db.row(f"SELECT {MESSAGE_COLUMNS} FROM message WHERE id = ?", (number,))
        assert row is not None
        return Message(*row)

    def duplicate(self, mailbox: Mailbox, message: Message, target: Folder, *, now: int, indexed: int) -> Message:
        """A second item with the same contents in a folder."""
        with self._db.write():
            seq = self._db.next_sequence()
            row = message._replace(
                folder=target.id,
                area=int(bool(target.recoverable)),
                generation=1,
                seq=seq,
                content_seq=seq,
                entered_seq=seq,
                away_seq=0,
                created=now,
                modified=now,
                indexed=indexed,
                discarded=now if target.recoverable else 0,
                last_folder=message.folder if target.recoverable else 0,
            )
            cursor = self._db.run(
                f"INSERT INTO message ({', '.join(_COPIED)}) VALUES ({', '.join('?' * len(_COPIED))})", row[1:]
            )
            return self._get(mailbox, int(cursor.lastrowid or 0))

    def discard(self, mailbox: Mailbox, message: Message, well_known: str) -> Message:
        """Put a message into a folder of Recoverable Items."""
        return self.relocate(mailbox, message, self._folders.well_known(mailbox, well_known))

    def keep_version(self, mailbox: Mailbox, message: Message) -> None:
        """Copy-on-write: under hold, the original of a message about to be changed goes to Versions."""
        if self.hold(mailbox, message) and not message.is_draft:
            versions = self._folders.well_known(mailbox, "recoverableitemsversions")
            now = int(self._clock.now_s())
            self.duplicate(mailbox, message, versions, now=now, indexed=message.indexed)

    def hold(self, mailbox: Mailbox, message: Message) -> str:
        """What protects a message from removal, or an empty text: Graph shows none of it."""
        if mailbox.litigation_hold:
            return "litigation hold"
        for policy in json.loads(mailbox.retention_policies):
            if not policy.startswith("-") and not policy.endswith(":1"):
                return f"retention policy or eDiscovery hold {policy}"
        if message.label:
            return f"retention label {message.label}"
        if mailbox.delay_hold_until > self._clock.now_s():
            return "delay hold"
        return ""

    def hard_delete(self, mailbox: Mailbox, message: Message) -> None:
        """Remove a message for good, from any folder.

        Raises:
            ExchangeError: ErrorAccessDenied when a hold protects it. Single item recovery alone protects it only if
                the setting `single_item_recovery_blocks_hard_delete` says so: no source tells what Exchange does.
        """
        with self._db.write():
            reason = self.hold(mailbox, message)
            if not reason and mailbox.single_item_recovery:
                reason = "single item recovery" if self._db.setting("single_item_recovery_blocks_hard_delete") else ""
            if reason:
                raise access_denied("The item is protected and cannot be deleted.")
            self.erase(message)

    def soft_delete(self, mailbox: Mailbox, message: Message) -> None:
        """Exchange's soft delete: into Recoverable Items/Deletions at once; refused where it already is in there."""
        if message.area:
            raise ExchangeError("ErrorCannotDeleteObject", "The item is already in Recoverable Items.")
        self.discard(mailbox, message, "recoverableitemsdeletions")

    def erase(self, message: Message) -> None:
        """Take a message out of the store, with its contents when no copy shares them."""
        with self._db.write():
            self._leave(message, self._db.next_sequence())
            self._db.run("DELETE FROM message WHERE id = ?", (message.id,))
            if not self._db.value("SELECT 1 FROM message WHERE content = ? LIMIT 1", (message.content,)):
                self._db.run("DELETE FROM attachment WHERE content = ?", (message.content,))
                self._db.run("DELETE FROM content WHERE id = ?", (message.content,))

    def process(self) -> int:
        """The Managed Folder Assistant's round: remove what is past its time and not held; returns how many went."""
        gone = 0
        with self._db.write():
            for mailbox in self._mailboxes.all():
                gone += self._process_mailbox(mailbox)
            self._db.set_setting("assistant_ran_s", self._clock.now_s())
        return gone

    def _process_mailbox(self, mailbox: Mailbox) -> int:
        limit = int(self._clock.now_s()) - mailbox.retain_days * _DAY_S
        rows = self._db.rows(
            f"SELECT {MESSAGE_COLUMNS} FROM message WHERE mailbox = ? AND area = 1 AND discarded <= ?",
            (mailbox.id, limit),
        )
        gone = 0
        for message in (Message(*row) for row in rows):
            reason = self.hold(mailbox, message)
            if not reason:
                self.erase(message)
                gone += 1
            elif reason.startswith("retention policy"):
                holds = self._folders.well_known(mailbox, "recoverableitemsdiscoveryholds")
                if message.folder != holds.id:
                    self.relocate(mailbox, message, holds)
        return gone

    def end_hold(self, mailbox: Mailbox, *, days: int = 30) -> Mailbox:
        """Lift litigation hold and policies; Exchange then keeps everything for another 30 days by a delay hold."""
        until = int(self._clock.now_s()) + days * _DAY_S
        return self._mailboxes.change(mailbox, litigation_hold=0, retention_policies="[]", delay_hold_until=until)
