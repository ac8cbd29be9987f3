"""The ledger: one open database with its key, and units of work on it.

A unit is one transaction. What a unit wrote is either all there or not at all; a cursor is written in the same unit as
what it covers. Units of several threads exclude each other as the database does it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType

from sqlalchemy import Connection, Engine

from mailsorter.clock import Clock, SystemClock
from mailsorter.ledger.audit import Audit
from mailsorter.ledger.cases import Cases
from mailsorter.ledger.compact import compact
from mailsorter.ledger.copying import copy_into
from mailsorter.ledger.corrections import Corrections
from mailsorter.ledger.correspondents import Correspondents
from mailsorter.ledger.cursors import Cursors
from mailsorter.ledger.engine import database_file, make_engine
from mailsorter.ledger.in_force import require_in_force
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.locks import MailboxLocks
from mailsorter.ledger.messages import Messages
from mailsorter.ledger.newest import newest_entry_s
from mailsorter.ledger.places import Places, PlacesMet
from mailsorter.ledger.runs import Runs
from mailsorter.ledger.settings import Settings
from mailsorter.ledger.steps import Steps
from mailsorter.ledger.tombstones import Tombstones
from mailsorter.ledger.trouble import translated
from mailsorter.ledger.upgrade import bring_up_to_date


class Unit:
    """One transaction's view of the ledger, by subject."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int, met: PlacesMet | None = None) -> None:
        self.connection = connection
        self.key = key
        self.now_s = now_s
        self._met = met

    def newest_entry_s(self) -> int | None:
        """When anything was last written here, in seconds since the epoch; None in an empty ledger."""
        return newest_entry_s(self.connection)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.connection)

    @cached_property
    def places(self) -> Places:
        return Places(self.connection, self.key, self._met)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self.connection, self.key)

    @cached_property
    def cursors(self) -> Cursors:
        return Cursors(self.connection, self.key, self.now_s)

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(self.connection, self.now_s)

    @cached_property
    def correspondents(self) -> Correspondents:
        return Correspondents(self.connection, self.key, self.now_s)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection, self.now_s)

    @cached_property
    def steps(self) -> Steps:
        return Steps(self.connection, self.key, self.now_s)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self.connection, self.key, self.now_s)

    @cached_property
    def tombstones(self) -> Tombstones:
        return Tombstones(self.connection, self.key, self.now_s)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection, self.key, self.now_s)


class Ledger:
    """An open ledger. Use as a context manager, or call `close`.

    Raises on opening: `LedgerUnreadable` (corrupt, newer than this program, another key, read-only), `LedgerFull`,
    `LedgerLocked`, `UserError` (a URL that cannot be used).
    """

    def __init__(self, engine: Engine, key: LedgerKey, clock: Clock) -> None:
        self.engine = engine
        self.key = key
        self.clock = clock
        self.where = engine.url.render_as_string(hide_password=True)
        self._met = PlacesMet()

    @classmethod
    def open(
        cls, url: str, master_key: bytes, *, former_keys: Sequence[bytes] = (), clock: Clock | None = None
    ) -> Ledger:
        """Open the ledger at the SQLAlchemy URL, creating or upgrading its tables.

        `former_keys` are master keys that were replaced, or are replaced now, by `master_key` (see `ledger.former`).
        """
        engine = make_engine(url)
        ledger = cls(engine, LedgerKey(master_key), clock or SystemClock())
        try:
            with translated(ledger.where):
                ledger.key = bring_up_to_date(engine, master_key, former_keys, ledger.where, ledger._now_s())
        except BaseException:
            engine.dispose()
            raise
        return ledger

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction that may write: committed when the block ends well, rolled back when it raises."""
        with translated(self.where), self.engine.begin() as connection:
            require_in_force(connection, self.key)
            yield Unit(connection, self.key, self._now_s(), self._met)

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A transaction that only reads, and holds up no writer."""
        with translated(self.where), self.engine.connect().execution_options(mailsorter_reading=True) as connection:
            require_in_force(connection, self.key)
            yield Unit(connection, self.key, self._now_s(), self._met)

    @cached_property
    def locks(self) -> MailboxLocks:
        """One lock a mailbox, held by a process for as long as it lives."""
        return MailboxLocks(self.engine, database_file(self.engine), self.where)

    @contextmanager
    def scratch_copy(self) -> Iterator[Ledger]:
        """A copy of the ledger as it is now, to plan on: whatever is written there is thrown away.

        The copy is a private SQLite file in the system's temporary folder; it holds digests and sealed fields only.
        """
        with tempfile.TemporaryDirectory(prefix="mailsorter-plan-") as folder:
            url = f"sqlite:///{folder}/plan.db"
            with translated(self.where):
                copy_into(self.engine, folder)
            engine = make_engine(url, durable=False)
            copy = Ledger(engine, self.key, self.clock)
            try:
                yield copy
            finally:
                copy.close()

    def compact(self) -> None:
        """Rewrite the database, so that deleted rows cannot be read from its files. Raises `LedgerError`."""
        with translated(self.where):
            compact(self.engine)

    def checkpoint(self) -> None:
        """Write SQLite's log back into the database and empty it, because it holds old pages; refresh the statistics.

        Harmless while others read or write: what cannot be done now is left for the next time. A server does this
        by itself.
        """
        if self.engine.url.get_backend_name() != "sqlite":
            return
        with translated(self.where), self.engine.connect().execution_options(mailsorter_bare=True) as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            connection.exec_driver_sql("PRAGMA optimize").all()

    def sizes(self) -> tuple[int, int]:
        """Bytes of the SQLite database and of its log; (0, 0) for a server."""
        file = database_file(self.engine)
        if file is None:
            return 0, 0
        log = file.with_name(f"{file.name}-wal")
        return tuple(path.stat().st_size if path.exists() else 0 for path in (file, log))  # type: ignore[return-value]

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _now_s(self) -> int:
        return int(self.clock.now().timestamp())
