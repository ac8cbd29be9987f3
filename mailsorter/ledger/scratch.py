"""A throw-away SQLite database in a file: what would not fit into memory for a mailbox of millions."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self


class Scratch:
    """One table, gone with the object. Use as a context manager.

    It lies in the system's temporary folder, readable by its owner alone; only keyed digests and numbers belong in it.
    """

    def __init__(self, purpose: str, table: str) -> None:
        """`table` is its CREATE TABLE statement; `purpose` stands in the folder's name."""
        self._folder = tempfile.TemporaryDirectory(prefix=f"mailsorter-{purpose}-")
        self._database = sqlite3.connect(Path(self._folder.name, "scratch.db"), isolation_level=None)
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", table, "BEGIN"):
            self._database.execute(statement)

    def close(self) -> None:
        """Delete it."""
        self._database.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
