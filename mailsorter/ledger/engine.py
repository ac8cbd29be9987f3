"""The database under the ledger: how it is opened, and what its troubles mean.

SQLite: WAL, synchronous=FULL (an outcome that was committed survives a power cut), secure_delete (a deleted row is
overwritten), foreign keys on, writers begin IMMEDIATE (a deferred read-then-write would fail at once under WAL).
PostgreSQL: the same schema; synchronous_commit stays on. SQL parameters never enter an error's text.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from mailsorter import files
from mailsorter.errors import LedgerUnreadable, UserError

BUSY_TIMEOUT_S = 30  # longer than any transaction here: the largest writes one window of messages
_CONNECTIONS = {"pool_size": 5, "max_overflow": 40}  # a thread a mailbox has one for its unit, another to read beside


def make_engine(url: str, *, durable: bool = True) -> Engine:
    """An engine for the ledger's URL; the database need not exist yet. Raises `UserError` for a URL that cannot be.

    `durable` False is for a copy that is thrown away: nothing waits for the disk.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, durable=durable)
        return create_engine(
            parsed, hide_parameters=True, pool_pre_ping=True, isolation_level="READ COMMITTED", **_CONNECTIONS
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UserError(
            f"The ledger's URL cannot be used: {type(error).__name__}.",
            advice='Write [ledger] url = "sqlite:///ledger.db", or "postgresql://…" and install mailsorter[postgres].',
        ) from None


def database_file(engine: Engine) -> Path | None:
    """The SQLite file, or None for a server or a database in memory."""
    name = engine.url.database
    if engine.url.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return None
    return Path(name)


def _sqlite(url: URL, *, durable: bool) -> Engine:
    path = Path(url.database or "")
    if url.database and url.database != ":memory:":
        _make_private(path)
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        **({} if in_memory else _CONNECTIONS),
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we emit BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL" if durable else "synchronous=OFF",
            "secure_delete=ON",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get("mailsorter_bare", False):
            return  # a checkpoint cannot run inside a transaction
        reading = options.get("mailsorter_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _make_private(path: Path) -> None:
    """Create the database file before SQLite would create it for everyone; SQLite gives its log the same mode.

    It is its owner's alone, or also for the group of a folder that is shared with it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            files.share(handle, path.resolve().parent)
        finally:
            os.close(handle)
    except OSError as error:
        raise LedgerUnreadable(
            f"The ledger {path} cannot be opened for writing: {error.strerror}.",
            advice="Mend the folder's permissions or [ledger] url, then run: mailsorter status",
        ) from None
