"""Making deleted rows unreadable in the database's files, not only invisible.

SQLite: `secure_delete` overwrote the pages already; VACUUM rewrites the file, and the write-ahead log, which holds
old pages, is cut to nothing. PostgreSQL: VACUUM FULL rewrites every table; its write-ahead log archives, replicas and
backups are out of reach and keep old rows until they expire (docs/erasure.md names that).
"""

from __future__ import annotations

from sqlalchemy import Engine, text

from mailsorter.ledger.schema import metadata


def compact(engine: Engine) -> None:
    """Rewrite the database. Needs room for a second copy while it runs; nothing is lost when it is broken off."""
    if engine.url.get_backend_name() == "sqlite":
        _compact_sqlite(engine)
    else:
        _compact_server(engine)


def _compact_sqlite(engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()
    finally:
        connection.close()


def _compact_server(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table in metadata.sorted_tables:
            connection.execute(text(f"VACUUM FULL {quote(table.name)}"))
