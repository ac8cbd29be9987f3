"""Keeping the ledger small: what is past its use is forgotten, in small units, so that filing never waits for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsorter.ledger.ledger import Ledger

_MARK = "facts dropped up to"
_RUNS_MARK = "idle runs forgotten up to"
_SEEN = "upkeep last thought of"
_LONGEST_SILENCE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one tidying forgot, and the ledger's size after it."""

    facts_forgotten: int = 0
    tombstones_expired: int = 0
    runs_forgotten: int = 0
    ledger_bytes: int = 0
    wal_bytes: int = 0


def tidy(ledger: Ledger, now: datetime, undo_for: timedelta, stop: threading.Event) -> Tidied:
    """Forget the Exchange ids of steps past the undo horizon, expired tombstones and empty runs; empty the log.

    Called again after a crash or a stop it goes on where it was. Raises `LedgerError`.
    """
    before_s = int((now - undo_for).timestamp())
    facts = _drop_facts(ledger, before_s, stop)
    with ledger.unit() as unit:
        tombstones = unit.tombstones.expire()
        after = int(unit.settings.get(_RUNS_MARK) or b"0")
        runs, mark = unit.runs.forget_idle(before_s, after=after)
        if mark != after:
            unit.settings.set(_RUNS_MARK, str(mark).encode())
    ledger.checkpoint()
    size, log = ledger.sizes()
    return Tidied(facts, tombstones, runs, size, log)


def _drop_facts(ledger: Ledger, before_s: int, stop: threading.Event) -> int:
    total = 0
    while not stop.is_set():
        with ledger.unit() as unit:
            after = int(unit.settings.get(_MARK) or b"0")
            count, mark = unit.steps.drop_facts(before_s, after=after)
            if mark != after:
                unit.settings.set(_MARK, str(mark).encode())
        total += count
        if not count:
            break
    return total


def is_plausible(ledger: Ledger, now: datetime) -> bool:
    """Can the machine's clock be believed? Not when it is months away from the last time this was asked.

    Nothing is forgotten by a clock that may be wrong: a year too far ahead would end every undo at once. Asked again
    a night later about the same time it is believed: then the machine was only off.
    """
    now_s = int(now.timestamp())
    with ledger.unit() as unit:
        seen = unit.settings.get(_SEEN)
        unit.settings.set(_SEEN, str(now_s).encode())
    return seen is None or abs(now_s - int(seen)) < _LONGEST_SILENCE.total_seconds()
