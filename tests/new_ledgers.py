"""New SQLite ledgers at a tenth of the cost: their tables are written from what the migrations made once.

`tests/unit/ledger` runs the migrations themselves, for each of its ledgers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic import command
from sqlalchemy import Connection, create_engine, inspect

from mailsorter.ledger import upgrade

MIGRATE = command.upgrade


@cache
def _new_ledger() -> tuple[str, ...]:
    """The statements that make what the migrations make of an empty SQLite database."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        config = upgrade._config()
        config.attributes["connection"] = connection
        MIGRATE(config, "head")
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        ).scalars()
        statements = [str(one) for one in made]
        for table in inspect(connection).get_table_names():
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}"):
                assert (table, len(row)) == ("alembic_version", 1), "a migration writes rows: copy them here as well"
                statements.append(f"INSERT INTO alembic_version VALUES ('{row[0]}')")
    engine.dispose()
    return tuple(statements)


def migrate(config: Any, revision: str) -> None:
    """As alembic does it; an empty SQLite database gets its tables without running the migrations again."""
    connection: Connection = config.attributes["connection"]
    if connection.dialect.name != "sqlite" or inspect(connection).get_table_names():
        MIGRATE(config, revision)
        return
    for statement in _new_ledger():
        connection.exec_driver_sql(statement)
