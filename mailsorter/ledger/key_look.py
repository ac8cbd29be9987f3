"""A look at a ledger's keys that changes nothing: no table is made, none migrated, no key replaced."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import inspect

from mailsorter.ledger.engine import make_engine
from mailsorter.ledger.former import UnderFormerKey, former_keys, refuse_wrong_key, under_former_keys
from mailsorter.ledger.in_force import KEY_CHECK
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.schema import setting
from mailsorter.ledger.settings import Settings
from mailsorter.ledger.trouble import translated


class KeyLook(msgspec.Struct, frozen=True):
    """Is the key that was given the one in force, and how far the ledger is with former ones."""

    is_in_force: bool
    under_former_keys: list[UnderFormerKey]


def look(url: str, master: bytes, former: Sequence[bytes], now_s: int) -> KeyLook | None:
    """Look at the ledger at that URL, which is there; None where it has no tables yet.

    Raises `LedgerError`, also for a key that is not this ledger's.
    """
    engine = make_engine(url)
    where = engine.url.render_as_string(hide_password=True)
    try:
        with translated(where), engine.connect().execution_options(mailsorter_reading=True) as connection:
            if not inspect(connection).has_table(setting.name):
                return None
            stored, check = Settings(connection).get(KEY_CHECK), LedgerKey(master).check
            is_in_force = stored == check
            if stored is not None and not is_in_force:
                given = {LedgerKey(one).check for one in former}
                refuse_wrong_key(check, stored, given, former_keys(connection), where)
            return KeyLook(is_in_force, under_former_keys(connection, now_s))
    finally:
        engine.dispose()
