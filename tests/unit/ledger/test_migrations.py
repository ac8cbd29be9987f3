"""Fresh tables and migrated tables must be the same tables, and a ledger of another version is met as such."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger import upgrade
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.schema import metadata
from tests.postgres import MASTER, PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.empty()
    return f"sqlite:///{tmp_path}/ledger.db"


def migrate_to(engine: Engine, revision: str) -> None:
    config = upgrade._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_migrations_lead_to_the_schema(empty: str) -> None:
    Ledger.open(empty, MASTER).close()
    engine = create_engine(empty)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_an_older_ledger_is_brought_up_to_date_and_keeps_what_it_knew(empty: str) -> None:
    engine = create_engine(empty)
    migrate_to(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO setting (name, value) VALUES ('kept', :v)"), {"v": b"what it knew"})
    engine.dispose()
    with Ledger.open(empty, MASTER) as ledger, ledger.reading() as unit:
        assert unit.settings.get("kept") == b"what it knew"
        assert unit.messages.counts() == {}


def test_a_newer_ledger_is_refused_and_nothing_in_it_changes(empty: str) -> None:
    Ledger.open(empty, MASTER).close()
    engine = create_engine(empty)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerUnreadable, match="made by a newer mailsorter"):
        Ledger.open(empty, MASTER)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()


def test_times_past_2038_are_kept(empty: str) -> None:
    with Ledger.open(empty, MASTER) as ledger, ledger.unit() as unit:
        unit.messages.wait(1, b"t" * 16, "AAMk", due_s=2**32)
        assert [w.due_s for w in unit.messages.due(1, now_s=2**33)] == [2**32]


def test_a_ledger_of_this_version_is_opened_without_migrating(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command opens the ledger: reading all migrations took it most of that time."""
    Ledger.open(empty, MASTER).close()

    def never(*_: object) -> None:
        raise AssertionError("a migration was run")

    monkeypatch.setattr(upgrade.command, "upgrade", never)
    Ledger.open(empty, MASTER).close()
