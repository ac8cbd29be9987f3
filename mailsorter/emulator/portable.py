"""States as portable text: one JSON object a line, the same whatever the version of SQLite; for `dump` and `load`."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mailsorter.emulator.store import NotAStateFile, Store
from mailsorter.emulator.store.schema import VERSION

#: In an order in which each row's references are there before it.
_TABLES = (
    *("meta", "counter", "mailbox", "alias", "folder", "folder_removal", "content", "attachment", "message"),
    *("removal", "app", "truth", "truth_client"),
)


_read_row = msgspec.json.Decoder(tuple[str, dict[str, Any]])


def dump(store: Store, path: Path) -> int:
    """Write everything to a new gzipped JSON-lines file, for its owner alone; returns the number of rows.

    Raises:
        FileExistsError: something of that name is there.
    """
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # O_EXCL follows no link
    with os.fdopen(descriptor, "wb") as out, gzip.GzipFile("", "wb", 5, out) as file:
        file.write(msgspec.json.encode({"emulator": VERSION}) + b"\n")
        for line in _lines(store):
            file.write(line + b"\n")
            count += 1
    return count


def _lines(store: Store) -> Iterator[bytes]:
    for table in _TABLES:
        with store.db.lock:
            cursor = store.db.connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield msgspec.json.encode([table, dict(zip(names, (_plain(value) for value in row), strict=True))])


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def load(store: Store, path: Path) -> int:
    """Fill a new store from such a file; returns the number of rows.

    Raises:
        NotAStateFile: the file is no dump, or of another version, or the store is not empty.
    """
    if store.mailboxes.all():
        raise NotAStateFile(f"{store.db.path}: not empty; load into a new state file")
    count = 0
    try:
        with gzip.open(path, "rb") as file, store.db.write() as connection:
            if msgspec.json.decode(file.readline()) != {"emulator": VERSION}:
                raise NotAStateFile(f"{path}: a dump of another version")
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")
            for line in file:
                table, row = _read_row.decode(line)
                _insert(store, table, row)
                count += 1
            _recount(store)
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        raise NotAStateFile(f"{path}: no dump of an emulator: {error}") from error
    return count


def _insert(store: Store, table: str, row: dict[str, Any]) -> None:
    if table not in _TABLES or not all(name.isidentifier() for name in row):
        raise NotAStateFile("the dump has a table or column that no state has")
    marks = ", ".join("?" * len(row))
    values = [_value(value) for value in row.values()]
    store.db.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)


def _recount(store: Store) -> None:
    """Counts were dumped with the folders and then counted again by the messages that came in."""
    store.db.run(
        "UPDATE folder SET (total, unread, bytes) = (SELECT count(*), coalesce(sum(NOT is_read), 0),"
        " coalesce(sum(size), 0) FROM message WHERE message.folder = folder.id)"
    )
