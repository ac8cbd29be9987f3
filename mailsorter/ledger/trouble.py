"""What the database's own errors mean for the ledger.

Told by code, not by text: SQLite's result codes (sqlite.org/rescode.html), PostgreSQL's SQLSTATE (its appendix A).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mailsorter.errors import LedgerError, LedgerFull, LedgerLocked, LedgerUnreadable

_PRIMARY = 0xFF  # an extended result code holds the primary one in its lowest byte

_FAILED_READS = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_FSTAT}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the database's own errors into the ledger's. `where` names the database for people."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error.orig, where) from None  # None: the original's text may hold values
    except sqlite3.Error as error:
        raise translate(error, where) from None
    except SQLAlchemyError as error:
        raise LedgerError(
            f"The ledger {where} failed: {type(error).__name__}.", advice="Run: mailsorter check"
        ) from None


def translate(original: BaseException | None, where: str) -> LedgerError:
    """What a driver's error means for the ledger."""
    if isinstance(original, sqlite3.Error):
        return _sqlite(original, where)
    return _postgresql(original, where)


def _sqlite(error: sqlite3.Error, where: str) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    match code & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return _full(where)
        case sqlite3.SQLITE_IOERR if code not in _FAILED_READS:
            return _full(where)  # over quota and over a file size limit come as I/O errors
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _locked(where)
        case sqlite3.SQLITE_READONLY:
            return _read_only(where)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_IOERR:
            return _corrupt(where)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return _cannot_open(where, error)
    return LedgerError(f"The ledger {where} failed ({_name(error)}).", advice="Run: mailsorter check")


def _postgresql(error: BaseException | None, where: str) -> LedgerError:
    state = str(getattr(error, "sqlstate", None) or "")
    if state in {"53100", "53200", "54000"}:  # disk full, out of memory, a limit reached
        return _full(where)
    if state in {"55P03", "40001", "40P01", "53300", "57P01", "57P02", "57P03"}:  # locked, shutting down, starting
        return _locked(where)
    if state == "25006":
        return _read_only(where)
    if state.startswith(("XX", "58")):
        return _corrupt(where)
    if not state or state.startswith(("08", "28", "3D", "42501")):
        return _cannot_open(where, error)
    return LedgerError(f"The ledger {where} failed ({_name(error)} {state}).", advice="Run: mailsorter check")


def _full(where: str) -> LedgerFull:
    return LedgerFull(
        f"There is no room left to write the ledger {where}: mail was left alone.",
        advice="Free disk space, then run the command again: it settles what was open.",
    )


def _locked(where: str) -> LedgerLocked:
    return LedgerLocked(
        f"Another process holds the ledger {where}, or its server is not ready.",
        advice="Wait for it, then run the command again.",
    )


def _read_only(where: str) -> LedgerUnreadable:
    return LedgerUnreadable(
        f"The ledger {where} is read-only: mail was left alone.",
        advice="Make the file and its folder writable for this user.",
    )


def _corrupt(where: str) -> LedgerUnreadable:
    return LedgerUnreadable(
        f"The ledger {where} is corrupt: mail was left alone.",
        advice="Restore ledger and key from backup, then run: mailsorter check",
    )


def _cannot_open(where: str, error: BaseException | None) -> LedgerUnreadable:
    return LedgerUnreadable(
        f"The ledger {where} cannot be opened or used ({_name(error)}).",
        advice="Check [ledger] url and this user's permissions, and that the database server runs.",
    )


def _name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)
