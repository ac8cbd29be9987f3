"""Terms of cases and the last days of what a ground kept: announced ahead, and marked due. Nothing is erased here.

An announcement is made once for each stage of each term; what was announced is kept in the ledger, so that a restart
says nothing twice. Marking due is an entry of the audit chain: from then on `case continue` has work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.model.deadline import deadlines, warnings
from mailsorter.model.lifecycle import CaseState

ANNOUNCED_AHEAD = timedelta(days=30)  # design §5: what a ground kept is announced 30 days ahead
_ANNOUNCED = "deadlines announced"
_ANSWERED = (CaseState.ANSWERED, CaseState.CLOSED, CaseState.REJECTED)
_STAGES = (30, 14, 5, 1, 0)  # days left at which a term is worth a line


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing of one case that comes near or has come. `items` counts messages, 0 for a term of the case itself."""

    case: str
    term: str
    days_left: int
    items: int = 0

    @property
    def is_due(self) -> bool:
        return self.days_left <= 0

    @property
    def stage(self) -> str:
        """Names the stage that was announced: the smallest of the table that is reached."""
        reached = min((stage for stage in _STAGES if self.days_left <= stage), default=_STAGES[0])
        return f"{self.case} {self.term} {reached} {self.items if self.items else ''}".rstrip()


def notices(unit: Unit, today: date, *, firm_days: int) -> list[Notice]:
    """Everything that is near or due today, most urgent first."""
    found = [*_terms(unit.cases.all(), today, firm_days=firm_days), *_kept(unit, today)]
    return sorted(found, key=lambda notice: (notice.days_left, notice.case))


def announce(ledger: Ledger, today: date, *, firm_days: int) -> list[Notice]:
    """What has not been announced yet at its present stage; it is from now on. What became due enters the audit."""
    with ledger.unit() as unit:
        now = notices(unit, today, firm_days=firm_days)
        before = frozenset(json.loads(unit.settings.get(_ANNOUNCED) or b"[]"))
        fresh = [notice for notice in now if notice.stage not in before]
        if {notice.stage for notice in now} != before:
            unit.settings.set(_ANNOUNCED, json.dumps(sorted(notice.stage for notice in now)).encode())
        for notice in fresh:
            if notice.is_due:
                unit.audit.append("case due", {"case": notice.case, "term": notice.term, "items": notice.items})
    return fresh


def _terms(rows: Iterable[CaseRow], today: date, *, firm_days: int) -> Iterator[Notice]:
    for row in rows:
        if row.state in _ANSWERED or row.state is CaseState.SUSPENDED:
            continue
        terms = deadlines(
            row.received_on, firm_days=firm_days, is_extended=row.is_extended, paused_days=row.paused_days
        )
        for due in warnings(terms, today, firm_kept=row.told_on is not None):
            yield Notice(row.number, str(due.term), due.days_left)


def _kept(unit: Unit, today: date) -> Iterator[Notice]:
    due = unit.cases.due(today)
    for case, count in due.items():
        yield Notice(case, "kept until", 0, count)
    for case, count in unit.cases.due(today + ANNOUNCED_AHEAD).items():
        ahead = count - due.get(case, 0)
        if ahead:
            yield Notice(case, "kept until", ANNOUNCED_AHEAD.days, ahead)
