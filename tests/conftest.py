"""What holds for every test: a ledger that it opened is closed at its end, as Python 3.13 wants of SQLite's files; and
what it asks of the EWS face is judged by Microsoft's schema as well, where that is at hand.

Two things make the suite faster and change nothing that a test sees: the tables of a new SQLite ledger are written from
what the migrations made once in this process (tests/unit/ledger runs the migrations themselves), and what collecting
left in memory is not looked through again by each garbage collection.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event

from mailsorter.ledger import upgrade
from tests.ews_requests import TESTDATA, Requests, judged
from tests.new_ledgers import migrate

# An example may be slow on a busy machine, above all one that starts a process: speed is the business of bench/.
settings.register_profile("mailsorter", deadline=None)
settings.load_profile("mailsorter")


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files in memory where there is room: a tenth of the tests' time is fsync(2) otherwise."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_collection_finish() -> None:
    """All tests and modules are in memory now, and stay there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def _ledgers_are_made_fast() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upgrade.command, "upgrade", migrate)
        yield


@pytest.fixture(autouse=True)
def _ledgers_are_closed() -> Iterator[None]:
    """Ledgers that wider fixtures opened before the test stay open; those of the test itself are closed behind it."""
    opened: set[Engine] = set()

    def remember(connection: Connection) -> None:
        opened.add(connection.engine)

    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        for engine in opened:
            engine.dispose()


@pytest.fixture(scope="session")
def _ews_requests() -> Iterator[Requests]:
    with judged() as seen:
        yield seen


@pytest.fixture(autouse=True)
def _ews_requests_are_valid(request: pytest.FixtureRequest) -> Iterator[None]:
    """The emulator's own table and Microsoft's schema say the same of every EWS request of the test."""
    seen: Requests | None = request.getfixturevalue("_ews_requests") if TESTDATA else None
    yield
    if seen is not None and seen.differing:
        told = seen.differing.copy()
        seen.differing.clear()
        pytest.fail(told[0])
