"""Bringing a database to this program's schema, and refusing one that is not ours to touch."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.engine import database_file
from mailsorter.ledger.former import settle_keys
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.locks import ADVISORY_CLASS, nobody_works


def bring_up_to_date(engine: Engine, master: bytes, former: Sequence[bytes], where: str, now_s: int) -> LedgerKey:
    """Create or migrate the tables; gives the ledger's key, replaced now where `former` says so.

    Raises `LedgerUnreadable` when the database was made by a newer version, holds other programs' tables, belongs
    to another key, or still needs a former key that is not given; `LedgerLocked` when the key is to be replaced while
    somebody works a mailbox.
    """
    with engine.begin() as connection:
        if engine.url.get_backend_name() == "postgresql":  # two processes that open a new ledger at the same moment
            connection.execute(text("SELECT pg_advisory_xact_lock(:c, 0)"), {"c": ADVISORY_CLASS})
        _refuse_newer(connection, where)
        if _revision_of(connection) != _revisions()[0]:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return settle_keys(
            connection, master, former, where=where, now_s=now_s,
            nobody_works=lambda: nobody_works(connection, database_file(engine)),
        )  # fmt: skip


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _revisions() -> tuple[str, ...]:
    """Every revision of the schema, the newest first. Reading them from their files takes most of opening a ledger."""
    return tuple(revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions())


def _refuse_newer(connection: Connection, where: str) -> None:
    current = _revision_of(connection)
    if current is not None and current not in _revisions():
        raise LedgerUnreadable(
            f"The ledger {where} was made by a newer mailsorter (schema {current}): nothing was changed.",
            advice="Install that version again, or restore the ledger from before the upgrade.",
        )
    if current is None and _was_in_use(connection.engine):
        raise LedgerUnreadable(
            f"The ledger {where} is empty, but its lock files say that it was in use: nothing was changed.",
            advice="Restore ledger and key from backup; to begin anew, delete the .lock files beside it too.",
        )
    if current is None and inspect(connection).get_table_names():
        raise LedgerUnreadable(
            f"The database {where} holds tables that are not a ledger's: nothing was changed.",
            advice="Point [ledger] url at a database of its own.",
        )


def _was_in_use(engine: Engine) -> bool:
    """Did an SQLite file lose its contents? Taken for a new ledger it would forget what people and runs decided."""
    file = database_file(engine)
    return file is not None and any(file.parent.glob(f"{glob.escape(file.name)}.mailbox-*.lock"))
