"""Messages: create, find, move, copy, change, delete. What a deletion means is settled here and in `recoverable`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.errors import ExchangeError, access_denied, item_not_found
from mailsorter.emulator.store.compose import message_row
from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.ids import MessageRef
from mailsorter.emulator.store.mailboxes import Mailboxes
from mailsorter.emulator.store.records import MESSAGE_COLUMNS, Folder, Mailbox, Message, NewAttachment, NewMessage
from mailsorter.emulator.store.recoverable import Recoverable
from mailsorter.emulator.store.surrogates import storable

#: Exchange Online service description: items per folder, and per folder inside Recoverable Items.
MAX_ITEMS = 1_000_000
MAX_RECOVERABLE_ITEMS = 3_000_000

_INSERT = (
    f"INSERT INTO message ({', '.join(Message._fields[1:])}) VALUES ({', '.join('?' * (len(Message._fields) - 1))})"
)


class Attachment(msgspec.Struct, frozen=True):
    """One stored attachment; `data` is None when its bytes are a part of the message's MIME."""

    id: int
    content: int
    kind: str
    name: str
    content_type: str
    size: int
    is_inline: int
    content_id: str | None
    part: int | None
    data: bytes | None


class Messages:
    """The messages of all mailboxes."""

    def __init__(
        self, db: Database, clock: EmulatorClock, folders: Folders, mailboxes: Mailboxes, recoverable: Recoverable
    ) -> None:
        self._db = db
        self._clock = clock
        self._folders = folders
        self._mailboxes = mailboxes
        self._recoverable = recoverable

    # reading

    def get(self, mailbox: Mailbox, message: int) -> Message:
        """A message by its number.

        Raises:
            ExchangeError: ErrorItemNotFound.
        """
        row = self._db.row(f"SELECT {MESSAGE_COLUMNS} FROM message WHERE id = ? AND mailbox = ?", (message, mailbox.id))
        if row is None:
            raise item_not_found()
        return Message(*row)

    def find(self, mailbox: Mailbox, reference: str) -> Message:
        """A message by default or immutable id; a default id is stale after a move.

        Raises:
            ExchangeError: ErrorInvalidIdMalformed, ErrorItemNotFound.
        """
        return self.resolve(mailbox, mailbox.ids.read_message_id(reference))

    def resolve(self, mailbox: Mailbox, ref: MessageRef) -> Message:
        """A message by the numbers in its id."""
        message = self.get(mailbox, ref.message)
        if ref.generation is not None and ref.generation != message.generation:
            raise item_not_found()
        return message

    def in_folder(self, folder: Folder) -> list[Message]:
        """All messages of a folder, hidden ones too, oldest number first: for tests and tools."""
        rows = self._db.rows(f"SELECT {MESSAGE_COLUMNS} FROM message WHERE folder = ? ORDER BY id", (folder.id,))
        return [Message(*row) for row in rows]

    def body(self, message: Message) -> tuple[str, str]:
        """Body type (`text` or `html`) and body."""
        row = self._db.row("SELECT body_type, body FROM content WHERE id = ?", (message.content,))
        return (row[0], row[1]) if row else ("text", "")

    def body_type(self, message: Message) -> str:
        """`text` or `html`."""
        return str(self._db.value("SELECT body_type FROM content WHERE id = ?", (message.content,)) or "text")

    def carries(self, message: Message) -> bool:
        """Is anything attached to it, inline or not?"""
        return bool(self._db.value("SELECT 1 FROM attachment WHERE content = ? LIMIT 1", (message.content,)))

    def stored_mime(self, message: Message) -> bytes | None:
        """The MIME a message came with; None when it is made from its properties."""
        data = self._db.value("SELECT mime FROM content WHERE id = ?", (message.content,))
        return bytes(data) if data is not None else None

    def attachments(self, message: Message) -> list[Attachment]:
        """All attachments, inline ones too."""
        rows = self._db.rows(
            "SELECT id, content, kind, name, content_type, size, is_inline, content_id, part, data"
            " FROM attachment WHERE content = ? ORDER BY id",
            (message.content,),
        )
        return [Attachment(*row) for row in rows]

    # creating

    def create(self, mailbox: Mailbox, folder: Folder, new: NewMessage) -> Message:
        """Store a message in a folder: delivered, seeded or drafted; `new` says which.

        Raises:
            ExchangeError: the mailbox or the folder is full, or the folder is in Recoverable Items.
        """
        with self._db.write():
            now = int(self._clock.now_s())
            self._check_target(folder)
            new = storable(new)
            content = self.store_content(new)
            seq = self._db.next_sequence()
            row = message_row(
                new,
                mailbox=mailbox.id,
                folder=folder.id,
                area=0,
                seq=seq,
                now=now,
                indexed=self._indexed_at(now),
                content=content,
                key=f"{mailbox.guid}:{seq}",
            )
            self._mailboxes.check_room(mailbox, row[Message._fields.index("size") - 1])
            cursor = self._db.run(_INSERT, row)
            return self.get(mailbox, int(cursor.lastrowid or 0))

    def _indexed_at(self, now: int) -> int:
        """When search will see what is created now."""
        return now + int(self._db.setting("search_lag_s", 0))

    def _check_target(self, folder: Folder) -> None:
        if folder.recoverable:
            raise ExchangeError("ErrorMoveCopyFailed", "Items cannot be put into Recoverable Items by clients.")
        if folder.search is not None:
            raise ExchangeError("ErrorMoveCopyFailed", "A search folder holds no items of its own.")
        if folder.total >= int(self._db.setting("max_items", MAX_ITEMS)):
            raise ExchangeError("ErrorFolderItemCountLimitExceeded", "The folder has reached its item limit.")

    def store_content(self, new: NewMessage) -> int:
        """Store body, MIME and attachments; returns the content's number."""
        with self._db.write():
            cursor = self._db.run(
                "INSERT INTO content (body_type, body, mime) VALUES (?, ?, ?)", (new.body_type, new.body, new.mime)
            )
            content = int(cursor.lastrowid or 0)
            for item in new.attachments:
                self.store_attachment(content, item)
            return content

    def store_attachment(self, content: int, item: NewAttachment) -> int:
        """Store one attachment of a content; returns its number."""
        size = len(item.data) if item.data is not None else item.size
        cursor = self._db.run(
            "INSERT INTO attachment (content, kind, name, content_type, size, is_inline, content_id, part, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(content, item.kind, item.name, item.content_type, size),
                *(int(item.is_inline), item.content_id, item.part, item.data),
            ),
        )
        return int(cursor.lastrowid or 0)

    # moving and copying

    def move(self, mailbox: Mailbox, message: Message, target: Folder) -> Message:
        """Move inside the mailbox: dates, flags and categories stay, the default id changes, the immutable one not.

        Raises:
            ExchangeError: the target cannot take it.
        """
        with self._db.write():
            self._check_target(target)
            if message.area and not target.recoverable:
                self._mailboxes.check_room(mailbox, message.size)
            return self._recoverable.relocate(mailbox, message, target)

    def copy(self, mailbox: Mailbox, message: Message, target: Folder) -> Message:
        """Copy inside the mailbox; the copy is a new item with the same dates and search key."""
        with self._db.write():
            self._check_target(target)
            self._mailboxes.check_room(mailbox, message.size)
            now = int(self._clock.now_s())
            return self._recoverable.duplicate(mailbox, message, target, now=now, indexed=self._indexed_at(now))

    # changing

    def change(
        self,
        mailbox: Mailbox,
        message: Message,
        columns: Mapping[str, Any],
        head: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        body: tuple[str, str] | None = None,
    ) -> Message:
        """Set columns, keys of the ready JSON, extended properties, or the body; under hold the old version is kept."""
        with self._db.write():
            if head or body is not None:
                self._recoverable.keep_version(mailbox, message)
            values = dict(columns)
            if head:
                values["head"] = _merged(message.head, head)
            if extra:
                values["extra"] = _merged(message.extra, extra)
            if body is not None:
                values["content"] = self._with_body(message, body)
            values["modified"] = int(self._clock.now_s())
            values["seq"] = values["content_seq"] = self._db.next_sequence()
            assignments = ", ".join(f"{name} = ?" for name in values)
            self._db.run(f"UPDATE message SET {assignments} WHERE id = ?", (*values.values(), message.id))
            return self.get(mailbox, message.id)

    def _with_body(self, message: Message, body: tuple[str, str]) -> int:
        """A content of its own with another body."""
        content = self.own_content(message)
        self._db.run("UPDATE content SET body_type = ?, body = ? WHERE id = ?", (*body, content))
        return content

    def own_content(self, message: Message) -> int:
        """The message's content, about to change: split off when copies share it, and free of the MIME it came with.

        From then on its MIME is made from its properties.
        """
        shared = self._db.value("SELECT count(*) FROM message WHERE content = ?", (message.content,))
        content = message.content if shared < 2 else self._split_content(message)
        mime = self._db.value("SELECT mime FROM content WHERE id = ?", (content,))
        if mime is not None:
            from mailsorter.emulator.mime.read import nth_part  # mime stands on this package's records

            for number, part in self._db.rows(
                "SELECT id, part FROM attachment WHERE content = ? AND data IS NULL AND part IS NOT NULL", (content,)
            ):
                self._db.run("UPDATE attachment SET data = ? WHERE id = ?", (nth_part(bytes(mime), part), number))
            self._db.run("UPDATE content SET mime = NULL WHERE id = ?", (content,))
        return content

    def _split_content(self, message: Message) -> int:
        cursor = self._db.run(
            "INSERT INTO content (body_type, body, mime) SELECT body_type, body, mime FROM content WHERE id = ?",
            (message.content,),
        )
        self._db.run(
            "INSERT INTO attachment (content, kind, name, content_type, size, is_inline, content_id, part, data)"
            " SELECT ?, kind, name, content_type, size, is_inline, content_id, part, data"
            " FROM attachment WHERE content = ? ORDER BY id",
            (cursor.lastrowid, message.content),
        )
        return int(cursor.lastrowid or 0)

    def add_attachment(self, mailbox: Mailbox, message: Message, item: NewAttachment) -> int:
        """Attach something; returns the attachment's number."""
        with self._db.write():
            size = len(item.data) if item.data is not None else item.size
            self._mailboxes.check_room(mailbox, size)
            self._recoverable.keep_version(mailbox, message)
            content = self.own_content(message)
            number = self.store_attachment(content, item)
            self._after_attachment_change(mailbox, message, content, message.size + size * 4 // 3)
            return number

    def remove_attachment(self, mailbox: Mailbox, message: Message, number: int) -> None:
        """Take an attachment off.

        Raises:
            ExchangeError: ErrorItemNotFound.
        """
        with self._db.write():
            known = [item.id for item in self.attachments(message)]
            if number not in known:
                raise item_not_found()
            self._recoverable.keep_version(mailbox, message)
            content = self.own_content(message)
            copies = [
                row[0] for row in self._db.rows("SELECT id FROM attachment WHERE content = ? ORDER BY id", (content,))
            ]
            self._db.run("DELETE FROM attachment WHERE id = ?", (copies[known.index(number)],))
            self._after_attachment_change(mailbox, message, content, message.size)

    def _after_attachment_change(self, mailbox: Mailbox, message: Message, content: int, size: int) -> None:
        visible = self._db.value("SELECT count(*) FROM attachment WHERE content = ? AND NOT is_inline", (content,))
        self.change(mailbox, message, {"content": content, "has_attachments": int(visible > 0), "size": size})

    # deleting

    def delete(self, mailbox: Mailbox, message: Message) -> None:
        """What DELETE does: to Deleted Items; from there on to Recoverable Items/Deletions; from there to Purges.

        Raises:
            ExchangeError: ErrorAccessDenied in other folders of Recoverable Items.
        """
        with self._db.write():
            folder = self._folders.get(mailbox, message.folder)
            if folder.well_known == "recoverableitemsdeletions":
                self._recoverable.discard(mailbox, message, "recoverableitemspurges")
            elif folder.recoverable:
                raise access_denied("Items in this folder of Recoverable Items cannot be deleted.")
            elif self._folders.is_below(mailbox, folder, "deleteditems"):
                self._recoverable.discard(mailbox, message, "recoverableitemsdeletions")
            else:
                self._recoverable.relocate(mailbox, message, self._folders.well_known(mailbox, "deleteditems"))

    def permanent_delete(self, mailbox: Mailbox, message: Message) -> None:
        """What permanentDelete does: into Recoverable Items/Purges, wherever it was. No erasure yet."""
        self._recoverable.discard(mailbox, message, "recoverableitemspurges")

    # folders with their messages

    def copy_folder(self, mailbox: Mailbox, folder: Folder, parent: Folder) -> Folder:
        """Copy a folder with everything in it."""
        with self._db.write():
            if any(step.id == folder.id for step in self._folders.ancestors(mailbox, parent)):
                raise ExchangeError("ErrorMoveCopyFailed", "A folder cannot be copied below itself.")
            made = self._folders.create(mailbox, parent, folder.name, hidden=bool(folder.hidden), search=folder.search)
            for message in self.in_folder(folder):
                self.copy(mailbox, message, made)
            for child in self._folders.children(folder):
                self.copy_folder(mailbox, child, made)
            return self._folders.get(mailbox, made.id)

    def delete_folder(self, mailbox: Mailbox, folder: Folder) -> None:
        """What DELETE does to a folder: to Deleted Items whole; from there its mail to Recoverable Items/Deletions.

        Raises:
            ExchangeError: ErrorDeleteDistinguishedFolder.
        """
        if folder.well_known:
            raise ExchangeError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        with self._db.write():
            if folder.search is not None or self._folders.is_below(mailbox, folder, "deleteditems"):
                self._dissolve(mailbox, folder, "recoverableitemsdeletions")
            else:
                deleted = self._folders.well_known(mailbox, "deleteditems")
                self._folders.move(mailbox, folder, deleted, rename_if_taken=True)

    def permanent_delete_folder(self, mailbox: Mailbox, folder: Folder) -> None:
        """What permanentDelete does to a folder: it is gone itself; its mail goes to Recoverable Items/Purges."""
        if folder.well_known:
            raise ExchangeError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        with self._db.write():
            self._dissolve(mailbox, folder, "recoverableitemspurges")

    def _dissolve(self, mailbox: Mailbox, folder: Folder, into: str) -> None:
        for step in reversed(self._folders.subtree(folder)):
            for message in self.in_folder(step):
                self._recoverable.discard(mailbox, message, into)
            self._folders.remove(mailbox, step)


def _merged(text: str, changes: Mapping[str, Any]) -> str:
    """A JSON object with some keys set; None removes a key."""
    current: dict[str, Any] = msgspec.json.decode(text)
    current.update(changes)
    return msgspec.json.encode({key: value for key, value in current.items() if value is not None}).decode("utf-8")


def insert_statement() -> str:
    """The statement for `message_row`, for bulk writers."""
    return _INSERT
