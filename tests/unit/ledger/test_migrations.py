"""Fresh tables and migrated tables must be the same tables."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.schema import metadata


def test_migrations_lead_to_the_schema(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url, bytes(32)).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
