"""Copying a ledger into a private SQLite file, to plan on it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert, select

from mailsorter.ledger.schema import audit, metadata, step

_ROWS = 5000  # rows a round trip, copying from a server
_NOT_NEEDED = (step, audit)  # planning reads neither, and steps are the bulk of an old ledger


def copy_into(engine: Engine, folder: str) -> None:
    """Copy the ledger to `plan.db` in the folder."""
    target = Path(folder, "plan.db")
    if engine.url.get_backend_name() == "sqlite":
        _copy_sqlite(engine, target)
    else:
        _copy_rows(engine, target)


def _copy_sqlite(engine: Engine, target: Path) -> None:
    with engine.connect().execution_options(mailsorter_reading=True) as connection:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        connection.rollback()  # a backup reads outside any transaction of ours
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()


def _copy_rows(engine: Engine, target: Path) -> None:
    copy = create_engine(f"sqlite:///{target}", hide_parameters=True)
    metadata.create_all(copy)
    with engine.connect() as source, copy.begin() as writing:
        for table in metadata.sorted_tables:
            if table in _NOT_NEEDED:
                continue
            rows = source.execution_options(yield_per=_ROWS).execute(select(table)).mappings()
            for some in rows.partitions(_ROWS):
                writing.execute(insert(table), [dict(row) for row in some])
    copy.dispose()
