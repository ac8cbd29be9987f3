"""Which messages a listing has shown, in a throw-away file: a million of them must not need a million in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.scratch import Scratch


class Seen(Scratch):
    """Message digests with the number of the folder each was listed in. Use as a context manager."""

    def __init__(self) -> None:
        super().__init__("check", "CREATE TABLE seen (token BLOB PRIMARY KEY, folder INTEGER NOT NULL) WITHOUT ROWID")

    def add(self, tokens: Sequence[bytes], folder: int) -> None:
        """These were listed in the folder. One listed elsewhere before has moved: the last counts."""
        self._database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", ((token, folder) for token in tokens))

    def where(self, tokens: Iterable[bytes]) -> dict[bytes, int]:
        """The folder in which each of the tokens was listed last; one that no listing has shown is left out."""
        found: dict[bytes, int] = {}
        for some in chunks(tokens):
            marks = ",".join("?" * len(some))
            found.update(self._database.execute(f"SELECT token, folder FROM seen WHERE token IN ({marks})", some))  # noqa: S608
        return found

    def counts(self) -> dict[int, int]:
        """How many messages were listed in each folder; each counts once."""
        return dict(self._database.execute("SELECT folder, count(*) FROM seen GROUP BY folder"))
