"""What is due: terms of open cases, the end of suspensions, kept items whose day comes. Needs the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.ledger import Ledger
from mailsorter.model.deadline import deadlines, warnings
from mailsorter.model.lifecycle import CaseState

_ANSWERED = (CaseState.ANSWERED, CaseState.CLOSED)
KEPT_DAYS_AHEAD = 30


class DueDate(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a case that is due. `what`: firm, month, extended, suspension, kept."""

    case: str
    what: str
    due_on: date
    days_left: int
    count: int = 1


def due_dates(ledger: Ledger, today: date, *, firm_days: int = 14, warn_days: int = 5) -> list[DueDate]:
    """Everything due within its notice, the most urgent first: terms 5 days ahead, kept items 30."""
    with ledger.reading() as unit:
        rows = unit.cases.all()
        kept = unit.cases.due(today + timedelta(days=KEPT_DAYS_AHEAD))
        first = {number: unit.cases.first_due(number) for number in kept}
    found = [*_terms(rows, today, firm_days, warn_days), *_suspensions(rows, today)]
    for number, count in kept.items():
        day = first[number] or today
        found.append(DueDate(case=number, what="kept", due_on=day, days_left=(day - today).days, count=count))
    return sorted(found, key=lambda due: (due.days_left, due.case))


def _terms(rows: Iterable[CaseRow], today: date, firm_days: int, warn_days: int) -> Iterable[DueDate]:
    for row in rows:
        if row.state in _ANSWERED:
            continue
        terms = deadlines(
            row.received_on, firm_days=firm_days, is_extended=row.is_extended, paused_days=row.paused_days
        )
        for due in warnings(terms, today, days_before=warn_days, firm_kept=row.told_on is not None):
            yield DueDate(case=row.number, what=due.term.value, due_on=due.due_on, days_left=due.days_left)


def _suspensions(rows: Iterable[CaseRow], today: date) -> Iterable[DueDate]:
    for row in rows:
        if row.state is CaseState.SUSPENDED and row.suspended_until is not None and row.suspended_until <= today:
            left = (row.suspended_until - today).days
            yield DueDate(case=row.number, what="suspension", due_on=row.suspended_until, days_left=left)
