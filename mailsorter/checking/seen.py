"""Which messages a listing has shown, in a throw-away file: a million of them must not need a million in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

_PARAMETERS = 900


class Seen:
    """Message digests with the number of the folder each was listed in. Use as a context manager.

    It lies in the system's temporary folder, readable by its owner alone, and holds keyed digests only.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mailsorter-check-")
        self._database = sqlite3.connect(Path(self._folder.name, "seen.db"), isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE seen (token BLOB PRIMARY KEY, folder INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)

    def add(self, tokens: Sequence[bytes], folder: int) -> None:
        """These were listed in the folder. One listed elsewhere before has moved: the last counts."""
        self._database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", ((token, folder) for token in tokens))

    def where(self, tokens: Iterable[bytes]) -> dict[bytes, int]:
        """The folder in which each of the tokens was listed last; one that no listing has shown is left out."""
        asked = list(tokens)
        found: dict[bytes, int] = {}
        for start in range(0, len(asked), _PARAMETERS):
            some = asked[start : start + _PARAMETERS]
            marks = ",".join("?" * len(some))
            found.update(self._database.execute(f"SELECT token, folder FROM seen WHERE token IN ({marks})", some))  # noqa: S608
        return found

    def counts(self) -> dict[int, int]:
        """How many messages were listed in each folder; each counts once."""
        return dict(self._database.execute("SELECT folder, count(*) FROM seen GROUP BY folder"))

    def close(self) -> None:
        """Delete it."""
        self._database.close()
        self._folder.cleanup()

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
