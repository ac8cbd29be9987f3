"""What holds for every test: a ledger that it opened is closed at its end, as Python 3.13 wants of SQLite's files; and
what it asks of the EWS face is judged by Microsoft's schema as well, where that is at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, event

from tests.ews_requests import TESTDATA, Requests, judged

# An example may be slow on a busy machine, above all one that starts a process: speed is the business of bench/.
settings.register_profile("mailsorter", deadline=None)
settings.load_profile("mailsorter")


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
