"""Former digests with the newest, in a throw-away file: a mailbox of millions must not need millions in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import Digest, former


class Translations:
    """What each former digest is under the key in force. Use as a context manager.

    It lies in the system's temporary folder, readable by its owner alone, and holds keyed digests only.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mailsorter-rekey-")
        self._database = sqlite3.connect(Path(self._folder.name, "translations.db"), isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE pair (former BLOB PRIMARY KEY, newest BLOB NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def add(self, digests: Iterable[bytes | None]) -> None:
        """Remember what these digests were under former keys; None and digests without former ones say nothing."""
        pairs = ((was, bytes(digest)) for digest in digests if digest is not None for was in former(digest))
        self._database.executemany("INSERT OR IGNORE INTO pair VALUES (?, ?)", pairs)

    def newest(self, digests: Iterable[bytes | None]) -> dict[bytes, Digest]:
        """Those of the digests that were met under a former key, each with its newest spelling."""
        found: dict[bytes, Digest] = {}
        for some in chunks({digest for digest in digests if digest is not None}):
            marks = ",".join("?" * len(some))
            rows = self._database.execute(f"SELECT former, newest FROM pair WHERE former IN ({marks})", some)  # noqa: S608
            found.update((was, Digest.of(newest, (was,))) for was, newest in rows)
        return found

    def close(self) -> None:
        """Delete it."""
        self._database.close()
        self._folder.cleanup()

    def __enter__(self) -> Translations:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
