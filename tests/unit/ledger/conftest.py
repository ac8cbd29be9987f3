"""Every ledger test that asks for `url` or `ledger` runs on SQLite and on PostgreSQL; the migrations run for each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.ledger import upgrade
from mailsorter.ledger.ledger import Ledger
from tests.new_ledgers import MIGRATE
from tests.postgres import MASTER, postgres

START = datetime(2026, 11, 23, tzinfo=UTC)

__all__ = ["postgres"]


@pytest.fixture(autouse=True)
def _ledgers_are_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade.command, "upgrade", MIGRATE)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own with a ledger's tables."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres").fresh()
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url, MASTER, clock=VirtualClock(START)) as opened:
        yield opened
