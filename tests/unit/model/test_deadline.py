"""Terms of a case, as tables."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.model.deadline import Term, add_months, deadlines, may_extend, warnings
from mailsorter.model.holiday import dutch_holidays, easter_sunday, is_working_day, next_working_day

D = date.fromisoformat


@pytest.mark.parametrize(
    ("received", "firm", "month", "extended", "why"),
    [
        ("2026-11-23", "2026-12-07", "2026-12-23", "2027-02-23", "plain"),
        ("2026-01-31", "2026-02-14", "2026-03-02", "2026-04-30", "February has no 31st, its 28th is a Saturday"),
        ("2024-01-31", "2024-02-14", "2024-02-29", "2024-04-30", "leap year: the last day is the 29th"),
        ("2026-11-25", "2026-12-09", "2026-12-28", "2027-02-25", "ends on Christmas, then Boxing Day, then a Sunday"),
        ("2026-03-03", "2026-03-17", "2026-04-07", "2026-06-03", "Good Friday, the weekend, Easter Monday"),
        ("2026-03-27", "2026-04-10", "2026-04-28", "2026-06-29", "King's Day; a Saturday"),
        ("2026-04-05", "2026-04-19", "2026-05-06", "2026-07-06", "Liberation Day; a Sunday; firm's days do not move"),
        ("2026-04-14", "2026-04-28", "2026-05-15", "2026-07-14", "Ascension Day"),
        ("2026-04-25", "2026-05-09", "2026-05-26", "2026-07-27", "Whit Monday; a Saturday"),
        ("2026-12-01", "2026-12-15", "2027-01-04", "2027-03-01", "New Year's Day, then a weekend"),
    ],
)
def test_terms(received: str, firm: str, month: str, extended: str, why: str) -> None:
    """The day of receipt does not count; only the law's terms move off weekends and holidays."""
    terms = deadlines(D(received))
    assert (terms.firm_on, terms.month_on, terms.extended_on) == (D(firm), D(month), D(extended)), why


def test_a_pause_moves_the_law_s_terms_and_not_the_firm_s() -> None:
    """Ten days spent on a question about identity are added to the month; the firm's promise stands."""
    plain, paused = deadlines(D("2026-11-02")), deadlines(D("2026-11-02"), paused_days=10)
    assert paused.firm_on == plain.firm_on == D("2026-11-16")
    assert (plain.month_on, paused.month_on) == (D("2026-12-02"), D("2026-12-14"))


@pytest.mark.parametrize(("today", "possible"), [("2026-12-23", True), ("2026-12-24", False), ("2026-11-23", True)])
def test_the_extension_must_be_told_within_the_first_month(today: str, possible: bool) -> None:
    """On the last day of the month it can still be claimed, on the next no more."""
    assert may_extend(deadlines(D("2026-11-23")), D(today)) is possible


def test_an_extended_case_is_not_extended_again() -> None:
    """The law gives two further months once."""
    terms = deadlines(D("2026-11-23"), is_extended=True)
    assert not may_extend(terms, D("2026-11-24"))
    assert terms.answer_on == D("2027-02-23")


@pytest.mark.parametrize(
    ("today", "firm_kept", "expected"),
    [
        ("2026-11-24", False, []),
        ("2026-12-02", False, [(Term.FIRM, 5)]),
        ("2026-12-08", False, [(Term.FIRM, -1)]),
        ("2026-12-20", False, [(Term.FIRM, -13), (Term.MONTH, 3)]),
        ("2026-12-20", True, [(Term.MONTH, 3)]),
        ("2026-12-24", True, [(Term.MONTH, -1)]),
    ],
)
def test_warnings_come_before_each_term_and_stay_after_it(
    today: str, firm_kept: bool, expected: list[tuple[Term, int]]
) -> None:
    """Five days before, and then until the term is met."""
    found = warnings(deadlines(D("2026-11-23")), D(today), firm_kept=firm_kept)
    assert [(w.term, w.days_left) for w in found] == expected


@pytest.mark.parametrize(
    ("year", "easter"),
    [(1961, "1961-04-02"), (2000, "2000-04-23"), (2008, "2008-03-23"), (2011, "2011-04-24"), (2024, "2024-03-31"),
     (2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2038, "2038-04-25"), (2285, "2285-03-22")],
)  # fmt: skip
def test_easter(year: int, easter: str) -> None:
    """Known Easter Sundays, earliest and latest included."""
    assert easter_sunday(year) == D(easter)


@pytest.mark.parametrize(
    ("day", "is_holiday"),
    [("2025-04-26", True), ("2025-04-27", False), ("2026-04-27", True), ("2013-04-30", True), ("2014-04-26", True)],
)
def test_king_s_day_gives_way_to_sunday(day: str, is_holiday: bool) -> None:
    """27 April 2025 and 2014 are Sundays: the day before is kept; until 2013 it was the Queen's 30 April."""
    assert (D(day) in dutch_holidays(D(day).year)) is is_holiday


@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)), st.integers(0, 60))
def test_a_term_ends_on_a_working_day_never_before_its_day(received: date, paused: int) -> None:
    """Whatever the day of receipt: both of the law's terms end on working days, in order, after the month."""
    terms = deadlines(received, paused_days=paused)
    assert is_working_day(terms.month_on)
    assert is_working_day(terms.extended_on)
    assert add_months(received, 1) <= terms.month_on < terms.extended_on
    assert (next_working_day(terms.month_on) - terms.month_on).days == 0
