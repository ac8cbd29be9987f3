"""Writing many messages at once: in large transactions, with their indexes made afterwards when there are very many."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from mailsorter.emulator.store import Folder, Mailbox, NewMessage, Store
from mailsorter.emulator.store.compose import message_row
from mailsorter.emulator.store.messages import insert_statement

#: Messages a transaction; larger ones gain nothing and hold more memory.
CHUNK = 5_000

#: From so many messages on, an empty store is filled without indexes, which are then built in one go.
INDEX_LATER = 50_000

_WITH_ID = insert_statement().replace("(mailbox,", "(id, mailbox,", 1).replace("VALUES (?", "VALUES (?, ?", 1)


class BulkWriter:
    """Collects messages and writes them in chunks; use it as a context, which writes the rest at its end."""

    def __init__(self, store: Store, *, expected: int = 0) -> None:
        self._store = store
        self._db = store.db
        self._rows: list[tuple[Any, ...]] = []
        self._contents: list[tuple[int, str, str, bytes | None]] = []
        self._attachments: list[tuple[Any, ...]] = []
        self._truth: list[tuple[int, str, str, str]] = []
        self._now = int(store.clock.now_s())
        self._indexes_later = expected >= INDEX_LATER and not self._db.value("SELECT 1 FROM message LIMIT 1")
        self._message = self._last("message")
        self._content = self._last("content")
        self.written = 0

    def _last(self, table: str) -> int:
        return int(self._db.value("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)) or 0)

    def __enter__(self) -> BulkWriter:
        if self._indexes_later:
            with self._db.write():
                self._db.drop_indexes()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        if self._indexes_later:
            with self._db.write():
                self._db.make_indexes()

    def share_content(self, new: NewMessage) -> int:
        """Store a content that many messages share; pass its number to `add`."""
        self._content += 1
        self._contents.append((self._content, new.body_type, new.body, new.mime))
        for item in new.attachments:
            size = len(item.data) if item.data is not None else item.size
            self._attachments.append(
                (
                    *(self._content, item.kind, item.name, item.content_type, size),
                    *(int(item.is_inline), item.content_id, item.part, item.data),
                )
            )
        return self._content

    def add(self, mailbox: Mailbox, folder: Folder, new: NewMessage, *, content: int = 0) -> int:
        """Take a message; returns the number it will have."""
        self._message += 1
        number = content or self.share_content(new)
        row = message_row(
            new,
            mailbox=mailbox.id,
            folder=folder.id,
            area=int(bool(folder.recoverable)),
            seq=0,
            now=self._now,
            indexed=self._now,
            content=number,
            key=f"{mailbox.guid}:{self._message}",
        )
        self._rows.append((self._message, *row))
        if len(self._rows) >= CHUNK:
            self.flush()
        return self._message

    def tell_truth(self, message: int, client: str, kind: str, note: str = "") -> None:
        """Note what a message really is about; Graph never shows it."""
        self._truth.append((message, client, kind, note))

    def flush(self) -> None:
        """Write what was taken so far."""
        if not self._rows:
            return
        with self._db.write() as connection:
            last = self._db.next_sequence(len(self._rows))
            first = last - len(self._rows) + 1
            rows = [_numbered(row, first + number) for number, row in enumerate(self._rows)]
            connection.executemany(
                "INSERT INTO content (id, body_type, body, mime) VALUES (?, ?, ?, ?)", self._contents
            )
            connection.executemany(
                "INSERT INTO attachment (content, kind, name, content_type, size, is_inline, content_id, part, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self._attachments,
            )
            connection.executemany(_WITH_ID, rows)
            connection.executemany("INSERT OR REPLACE INTO truth VALUES (?, ?, ?, ?)", self._truth)
        self.written += len(self._rows)
        for buffer in (self._rows, self._contents, self._attachments, self._truth):
            buffer.clear()


def _numbered(row: tuple[Any, ...], seq: int) -> tuple[Any, ...]:
    """The row with its change numbers: `seq`, `content_seq` and `entered_seq` stand behind the generation."""
    return (*row[:6], seq, seq, seq, *row[9:])
