"""The terms of a case: the firm's own, the GDPR's month, its extension, and when to warn.

Sources: GDPR art. 12(3); Regulation (EEC, Euratom) 1182/71 art. 3(1), 3(2)(c) and 3(4): the day of receipt does not
count, a term in months ends on the same day of the last month or on that month's last day, and an end on a weekend
or public holiday moves to the next working day. The firm's own days are calendar days and never move.
"""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import date, timedelta

from mailsorter.model.holiday import next_working_day

FIRM_DAYS = 14  # what the firm promises; a config may promise less, the law's month stays


class Term(enum.StrEnum):
    """Which promise a date belongs to."""

    FIRM = "firm"  # say what cannot be erased
    MONTH = "month"  # GDPR art. 12(3), first sentence
    EXTENDED = "extended"  # the same with two further months, told with reasons within the first


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last day on which each promise can be kept. `answer_on` is the one that binds the answer."""

    firm_on: date
    month_on: date
    extended_on: date
    is_extended: bool

    @property
    def answer_on(self) -> date:
        """The last day for the answer itself."""
        return self.extended_on if self.is_extended else self.month_on


@dataclass(frozen=True, slots=True)
class Due:
    """One term that comes near or has passed. `days_left` is negative once it has."""

    term: Term
    due_on: date
    days_left: int


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or that month's last day where it has no such day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(day.day, last))


def deadlines(
    received_on: date, *, firm_days: int = FIRM_DAYS, is_extended: bool = False, paused_days: int = 0
) -> Deadlines:
    """All terms of a request received on that day.

    `paused_days` are the days that a timely question about the asker's identity stopped the month, where the config
    allows that at all (EDPB guidelines 01/2022, 157); the firm's own days never pause.
    """
    pause = timedelta(days=paused_days)
    return Deadlines(
        firm_on=received_on + timedelta(days=firm_days),
        month_on=next_working_day(add_months(received_on, 1) + pause),
        extended_on=next_working_day(add_months(received_on, 3) + pause),
        is_extended=is_extended,
    )


def may_extend(terms: Deadlines, today: date) -> bool:
    """Can the two further months still be claimed? The person must be told within the first month."""
    return not terms.is_extended and today <= terms.month_on


def warnings(terms: Deadlines, today: date, *, days_before: int = 5, firm_kept: bool = False) -> tuple[Due, ...]:
    """The terms that end within `days_before` days or have ended, most urgent first.

    `firm_kept`: the person has heard what cannot be erased, so the firm's own term is met.
    """
    answer = Term.EXTENDED if terms.is_extended else Term.MONTH
    open_terms = [(answer, terms.answer_on)] if firm_kept else [(Term.FIRM, terms.firm_on), (answer, terms.answer_on)]
    found = [Due(term, due, (due - today).days) for term, due in open_terms]
    return tuple(sorted((w for w in found if w.days_left <= days_before), key=lambda w: w.days_left))
