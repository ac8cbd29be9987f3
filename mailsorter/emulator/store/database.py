"""The SQLite file under the store: one connection, one lock, short write transactions, one change counter.

Other processes may read (`emulator show`) and write (`emulator seed`) the same file while it is served: the change
counter lives in the database and every write takes SQLite's own write lock first.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailsorter.emulator.store.schema import MESSAGE_INDEXES, SCHEMA, VERSION

#: SQLite's application id, so that `file` and we recognise a state file.
_APPLICATION_ID = 0x4D534558


class NotAStateFile(Exception):
    """The file is not an emulator's state, or one of another version."""


def _fold(text: object) -> str | None:
    return text.casefold() if isinstance(text, str) else None


def _has(haystack: object, needle: object) -> bool:
    return isinstance(haystack, str) and isinstance(needle, str) and needle.casefold() in haystack.casefold()


def _starts(text: object, prefix: object) -> bool:
    return isinstance(text, str) and isinstance(prefix, str) and text.casefold().startswith(prefix.casefold())


def _ends(text: object, suffix: object) -> bool:
    return isinstance(text, str) and isinstance(suffix, str) and text.casefold().endswith(suffix.casefold())


_TOKEN = re.compile(r"\w+")


def _kql(text: object, wanted: object) -> bool:
    """Do the wanted words stand in the text one after the other, the last one as a prefix when it ends in `*`?"""
    if not isinstance(text, str) or not isinstance(wanted, str):
        return False
    needles = _TOKEN.findall(wanted.casefold())
    words = _TOKEN.findall(text.casefold())
    if not needles:
        return False
    prefix, count = wanted.rstrip().endswith("*"), len(needles)
    for start in range(len(words) - count + 1):
        window = words[start : start + count]
        if window == needles or (prefix and window[:-1] == needles[:-1] and window[-1].startswith(needles[-1])):
            return True
    return False


class Database:
    """One state file, or `":memory:"`; made when it does not exist."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.lock = threading.RLock()
        self._depth = 0
        self.connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=30.0)
        weakref.finalize(self, self.connection.close)  # a store that nobody closed is closed with its last reference
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise NotAStateFile(f"{self.path}: {error}") from error
        except NotAStateFile:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        connection = self.connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -65536")
        connection.create_function("fold", 1, _fold, deterministic=True)
        for name, test in (("has_text", _has), ("starts_with", _starts), ("ends_with", _ends), ("kql_match", _kql)):
            connection.create_function(name, 2, test, deterministic=True)
        with self.write():
            empty = not self.rows("SELECT 1 FROM sqlite_master LIMIT 1")
            if empty:
                for statement in _statements(SCHEMA):
                    connection.execute(statement)
                self.make_indexes()
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
        if self.value("PRAGMA application_id") != _APPLICATION_ID:
            raise NotAStateFile(f"{self.path}: this SQLite file is not an emulator's state")
        if self.value("PRAGMA user_version") != VERSION:
            raise NotAStateFile(f"{self.path}: made by another version of the emulator; seed a new one")

    def make_indexes(self) -> None:
        """Make the message indexes that are not there."""
        for name, columns in MESSAGE_INDEXES.items():
            self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def drop_indexes(self) -> None:
        """Drop the message indexes before a large seeding."""
        for name in MESSAGE_INDEXES:
            self.connection.execute(f"DROP INDEX IF EXISTS {name}")

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self.lock:
            self.connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One write transaction; nested ones belong to the outermost. Rolled back when an exception leaves it."""
        with self.lock:
            if self._depth:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row, or None."""
        with self.lock:
            found: tuple[Any, ...] | None = self.connection.execute(sql, parameters).fetchone()
            return found

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One writing statement inside the open or an own transaction."""
        with self.write() as connection:
            return connection.execute(sql, parameters)

    def next_sequence(self, count: int = 1) -> int:
        """Take `count` change numbers; returns the last of them. Call inside `write`."""
        with self.write() as connection:
            row = connection.execute("UPDATE counter SET seq = seq + ? RETURNING seq", (count,)).fetchall()
            return int(row[0][0])

    def sequence(self) -> int:
        """The newest change number given out."""
        return int(self.value("SELECT seq FROM counter"))

    def setting(self, key: str, default: Any = None) -> Any:
        """A setting kept in the state file, as JSON."""
        text = self.value("SELECT value FROM meta WHERE key = ?", (key,))
        return default if text is None else json.loads(text)

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a setting."""
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))


def _statements(script: str) -> Iterator[str]:
    """Statements of a script, triggers whole: `executescript` would commit the transaction around it."""
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
