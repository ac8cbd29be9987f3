"""Former digests with the newest, in a throw-away file: a mailbox of millions must not need millions in memory."""

from __future__ import annotations

from collections.abc import Iterable

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import Digest, former
from mailsorter.ledger.scratch import Scratch


class Translations(Scratch):
    """What each former digest is under the key in force. Use as a context manager."""

    def __init__(self) -> None:
        super().__init__("rekey", "CREATE TABLE pair (former BLOB PRIMARY KEY, newest BLOB NOT NULL) WITHOUT ROWID")

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
