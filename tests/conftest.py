"""What holds for every test: a ledger that it opened is closed at its end, as Python 3.13 wants of SQLite's files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, event


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
