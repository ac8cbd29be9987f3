"""What is due: terms of open cases, the end of suspensions, kept items whose day comes. Needs the ledger alone.

`status`, `case list` and the daemon's announcements all read it here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import msgspec

from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.model.deadline import FIRM_DAYS, Deadlines, deadlines, warnings
from mailsorter.model.lifecycle import CaseState

KEPT_DAYS_AHEAD = 30


class DueDate(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a case that is due. `what`: firm, month, extended, suspension, kept.

    `count` is of kept items; those whose day has come and those whose day is near are two entries.
    """

    case: str
    what: str
    due_on: date
    days_left: int
    count: int = 1

    @property
    def is_due(self) -> bool:
        """Has its day come?"""
        return self.days_left <= 0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the firm's config says about terms. `pauses`: a question about the asker's identity stops the month."""

    firm_days: int = FIRM_DAYS
    warn_days: int = 5
    pauses: bool = False


def due_dates(ledger: Ledger, today: date, terms: Terms = Terms()) -> list[DueDate]:
    """Everything due within its notice, the most urgent first: terms 5 days ahead, kept items 30."""
    with ledger.reading() as unit:
        return due_in(unit, today, terms)


def due_in(unit: Unit, today: date, terms: Terms) -> list[DueDate]:
    """The same inside a unit that is open."""
    rows = unit.cases.all()
    found = [*_terms(rows, today, terms), *_suspensions(rows, today), *_kept(unit, today)]
    return sorted(found, key=lambda due: (due.days_left, due.case))


def terms_of(row: CaseRow, today: date, terms: Terms) -> Deadlines:
    """One case's terms as they stand."""
    paused = row.paused_days
    if row.suspended_on is not None and terms.pauses:
        paused += max(0, (today - row.suspended_on).days)
    return deadlines(row.received_on, firm_days=terms.firm_days, is_extended=row.is_extended, paused_days=paused)


def _terms(rows: Iterable[CaseRow], today: date, terms: Terms) -> Iterator[DueDate]:
    for row in rows:
        told = row.told_on is not None
        if row.state is CaseState.CLOSED or (row.state is CaseState.ANSWERED and told):
            continue  # an answer that nobody has recorded as sent ends no term
        for due in warnings(terms_of(row, today, terms), today, days_before=terms.warn_days, firm_kept=told):
            yield DueDate(case=row.number, what=due.term.value, due_on=due.due_on, days_left=due.days_left)


def _suspensions(rows: Iterable[CaseRow], today: date) -> Iterator[DueDate]:
    for row in rows:
        if row.state is CaseState.SUSPENDED and row.suspended_until is not None and row.suspended_until <= today:
            left = (row.suspended_until - today).days
            yield DueDate(case=row.number, what="suspension", due_on=row.suspended_until, days_left=left)


def _kept(unit: Unit, today: date) -> Iterator[DueDate]:
    due = unit.cases.due(today)
    for number, near in unit.cases.due(today + timedelta(days=KEPT_DAYS_AHEAD)).items():
        come = due.get(number, 0)
        for count, after in ((come, None), (near - come, today - timedelta(days=1))):
            day = unit.cases.first_due(number, after=after) if count else None
            if day is not None:  # what is kept until a day goes on the next one
                due_on = day + timedelta(days=1)
                yield DueDate(case=number, what="kept", due_on=due_on, days_left=(due_on - today).days, count=count)
