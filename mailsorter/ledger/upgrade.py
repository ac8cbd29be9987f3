"""Bringing a database to this program's schema, and refusing one that is not ours to touch."""

from __future__ import annotations

import glob
import hmac
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.engine import database_file
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.locks import ADVISORY_CLASS
from mailsorter.ledger.settings import Settings

_KEY_CHECK = "key check"


def bring_up_to_date(engine: Engine, key: LedgerKey, where: str) -> None:
    """Create or migrate the tables, and check that the key is this ledger's.

    Raises `LedgerUnreadable` when the database was made by a newer version, holds other programs' tables, or belongs
    to another key.
    """
    with engine.begin() as connection:
        if engine.url.get_backend_name() == "postgresql":  # two processes that open a new ledger at the same moment
            connection.execute(text("SELECT pg_advisory_xact_lock(:c, 0)"), {"c": ADVISORY_CLASS})
        _refuse_newer(connection, where)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _check_key(connection, key, where)


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_newer(connection: Connection, where: str) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
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


def _check_key(connection: Connection, key: LedgerKey, where: str) -> None:
    settings = Settings(connection)
    expected = key.digest("key check")
    stored = settings.get(_KEY_CHECK)
    if stored is None:
        settings.set(_KEY_CHECK, expected)
    elif not hmac.compare_digest(stored, expected):
        raise LedgerUnreadable(
            f"The ledger {where} belongs to another key.",
            advice="Give back the key file that lay beside it; without it the ledger cannot be read.",
        )
