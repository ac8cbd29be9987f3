"""One lock a mailbox, so that two processes never work the same one.

A lock lives exactly as long as the process that holds it: the operating system's file lock beside an SQLite ledger, a
session's advisory lock on PostgreSQL. Both are free the moment the holder dies, however it dies: no lease to time out,
no stale lock to break. A session can end before its process does (the server was restarted, an administrator or a
firewall ended it): whoever changes a mailbox asks `require_held` first, and stops when another process may have it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mailsorter import files
from mailsorter.errors import LedgerLocked, LedgerUnreadable
from mailsorter.ledger.schema import mailbox as mailboxes
from mailsorter.ledger.trouble import translated

ADVISORY_CLASS = 0x6D73
"""PostgreSQL's first lock number, "ms": keeps our advisory locks apart from other programs' in the same database.
The second is a mailbox's number; 0 is the schema's and the audit chain's, for the length of a transaction."""

_IS_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
    " AND classid = :c AND objid = :m AND objsubid = 2"  # 2: a lock of two numbers (pg_locks' own documentation)
)

DAEMON = -1
"""The daemon's lock: a number that no mailbox has, nor the schema and the audit chain, which would wait for it."""


class MailboxLocks:
    """Locks on the mailboxes of one ledger."""

    def __init__(self, engine: Engine, database_file: Path | None, where: str) -> None:
        self._engine = engine
        self._file = database_file
        self._where = where
        self._here: set[int] = set()
        self._sessions: dict[int, Connection] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, mailbox: int) -> Iterator[None]:
        """Hold the mailbox's lock. Raises `LedgerLocked` at once when another process or thread has it."""
        with self._guard:
            if mailbox in self._here:
                raise self._taken(mailbox)
            self._here.add(mailbox)
        try:
            with self._across_processes(mailbox):
                yield
        finally:
            with self._guard:
                self._here.discard(mailbox)

    def require_held(self, mailbox: int) -> None:
        """Raise `LedgerLocked` unless the mailbox's lock, taken by `hold` in this thread, is still ours.

        On PostgreSQL this asks the lock's own session. A file's lock cannot be lost, and costs nothing here.
        """
        if self._engine.url.get_backend_name() == "postgresql" and not self._is_held(mailbox):
            raise LedgerLocked(
                f"The lock on mailbox number {mailbox} of the ledger {self._where} was lost, because its database "
                "session ended: another run may work the mailbox now, so nothing more was changed.",
                advice="See that the database server runs, then run the command again: it settles what was open.",
            )

    def _is_held(self, mailbox: int) -> bool:
        session = self._sessions.get(mailbox)
        if session is None or session.invalidated:  # an invalidated one would connect anew, and that has no lock
            return False
        try:
            return bool(session.execute(_IS_HELD, {"c": ADVISORY_CLASS, "m": mailbox}).scalar())
        except DBAPIError:
            session.invalidate()
            return False

    @contextmanager
    def _across_processes(self, mailbox: int) -> Iterator[None]:
        if self._engine.url.get_backend_name() == "postgresql":
            with self._advisory(mailbox):
                yield
        elif self._file is not None:
            with self._file_lock(mailbox, self._file):
                yield
        else:  # a ledger in memory has one process only
            yield

    @contextmanager
    def _file_lock(self, mailbox: int, database: Path) -> Iterator[None]:
        with _locked_file(database, mailbox) as is_ours:
            if not is_ours:
                raise self._taken(mailbox)
            yield

    @contextmanager
    def _advisory(self, mailbox: int) -> Iterator[None]:
        """The lock is the session's: closing its connection frees it, and so does the end of this process."""
        with translated(self._where):
            connection = self._session()
        try:
            with translated(self._where):
                arguments = {"c": ADVISORY_CLASS, "m": mailbox}
                is_ours = connection.execute(text("SELECT pg_try_advisory_lock(:c, :m)"), arguments).scalar()
            if not is_ours:
                raise self._taken(mailbox)
            self._sessions[mailbox] = connection
            yield
        finally:
            self._sessions.pop(mailbox, None)
            with contextlib.suppress(DBAPIError):
                connection.close()

    def _session(self) -> Connection:
        """A connection of its own: were it the pool's, many mailboxes at once would leave none to work with."""
        engine = create_engine(self._engine.url, hide_parameters=True, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        return engine.connect()

    def _taken(self, mailbox: int) -> LedgerLocked:
        return LedgerLocked(
            f"Another run works mailbox number {mailbox} of the ledger {self._where} right now.",
            advice="Wait until it has ended; mailsorter status shows it.",
        )


@contextmanager
def nobody_works(connection: Connection, database: Path | None) -> Iterator[None]:
    """Hold every mailbox of the ledger, and the daemon's lock, inside a transaction. Raises `LedgerLocked`.

    On PostgreSQL the locks are the transaction's own and end with it.
    """
    numbers = [DAEMON, *connection.execute(select(mailboxes.c.number)).scalars()]
    with contextlib.ExitStack() as held:
        for number in numbers:
            if connection.dialect.name == "postgresql":
                arguments = {"c": ADVISORY_CLASS, "m": number}
                taken = not connection.execute(text("SELECT pg_try_advisory_xact_lock(:c, :m)"), arguments).scalar()
            else:
                taken = database is not None and not held.enter_context(_locked_file(database, number))
            if taken:
                raise LedgerLocked(
                    "The ledger's key cannot be replaced while another mailsorter works with it: nothing was changed.",
                    advice="Stop the daemon, let runs end, then run the command again.",
                )
        yield


@contextmanager
def _locked_file(database: Path, number: int) -> Iterator[bool]:
    """Lock the file of that number; gives whether it is ours now."""
    import fcntl

    path = database.with_name(f"{database.name}.mailbox-{number}.lock")
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise LedgerUnreadable(
            f"The lock file {path} cannot be opened: {error.strerror}.", advice="Mend the folder's permissions."
        ) from None
    try:
        files.share(handle, path.parent)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
