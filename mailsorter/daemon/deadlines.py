"""What the calendar of cases holds, announced ahead and marked due. Nothing is erased here.

An announcement is made once for each stage of each term; what was announced is kept in the ledger, so that a restart
says nothing twice. Marking due is an entry of the audit chain: from then on `case continue` has work.
"""

from __future__ import annotations

import json
from datetime import date

from mailsorter.cases.calendar import DueDate, Terms, due_in
from mailsorter.ledger.ledger import Ledger

_ANNOUNCED = "deadlines announced"
_STAGES = (30, 14, 5, 1, 0)  # days left at which a term is worth a line


def announce(ledger: Ledger, today: date, terms: Terms) -> list[DueDate]:
    """What has not been announced yet at its present stage; it is from now on. What became due enters the audit."""
    with ledger.unit() as unit:
        now = due_in(unit, today, terms)
        before = frozenset(json.loads(unit.settings.get(_ANNOUNCED) or b"[]"))
        fresh = [due for due in now if _stage(due) not in before]
        stages = {_stage(due) for due in now}
        if stages != before:
            unit.settings.set(_ANNOUNCED, json.dumps(sorted(stages)).encode())
        for due in fresh:
            if due.is_due:
                unit.audit.append("case due", {"case": due.case, "term": due.what, "items": items(due)})
    return fresh


def items(due: DueDate) -> int:
    """How many kept messages it is about; 0 for a term of the case itself."""
    return due.count if due.what == "kept" else 0


def _stage(due: DueDate) -> str:
    """Names the stage that is announced: the smallest of the table that is reached."""
    reached = min((stage for stage in _STAGES if due.days_left <= stage), default=_STAGES[0])
    return f"{due.case} {due.what} {reached} {items(due) or ''}".rstrip()
