"""What is due: one table for `status`, `case list` and the daemon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
import pytest

from mailsorter.cases.calendar import Terms, due_dates
from mailsorter.clock import VirtualClock
from mailsorter.daemon.deadlines import announce
from mailsorter.ledger.cases import CaseItem, ItemIds
from mailsorter.ledger.ledger import Ledger
from mailsorter.model.case import CaseKind, ItemState
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import NOW

RECEIVED = date(2026, 11, 2)
FIRM, MONTH = ("firm", date(2026, 11, 16)), ("month", date(2026, 12, 2))


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", b"k" * 32, clock=VirtualClock(NOW)) as made:
        yield made


def a_case(ledger: Ledger, **changes: object) -> str:
    with ledger.unit() as unit:
        row = unit.cases.open(CaseKind.ERASURE, RECEIVED)
        unit.cases.save(msgspec.structs.replace(row, **changes))
    return row.number


@pytest.mark.parametrize(
    ("changes", "today", "expected"),
    [
        ({}, "2026-11-10", []),
        ({}, "2026-11-11", [FIRM]),
        ({}, "2026-12-01", [FIRM, MONTH]),
        ({"told_on": RECEIVED}, "2026-12-01", [MONTH]),
        ({"is_extended": True, "told_on": RECEIVED}, "2026-12-01", []),
        ({"is_extended": True, "told_on": RECEIVED}, "2027-02-01", [("extended", date(2027, 2, 2))]),
        ({"state": CaseState.REJECTED, "told_on": RECEIVED}, "2026-12-01", [MONTH]),
        ({"state": CaseState.SUSPENDED, "told_on": RECEIVED}, "2026-12-01", [MONTH]),
        (
            {"state": CaseState.SUSPENDED, "told_on": RECEIVED, "suspended_until": date(2026, 11, 20)}, "2026-11-20",
            [("suspension", date(2026, 11, 20))],
        ),
        ({"state": CaseState.ANSWERED, "told_on": RECEIVED}, "2026-12-01", []),
        ({"state": CaseState.ANSWERED}, "2026-12-01", [FIRM, MONTH]),
        ({"state": CaseState.CLOSED}, "2026-12-01", []),
    ],
    ids=[
        "early", "the firm's term is near", "late", "told", "extended", "extended and near",
        "a rejection still has to be written", "a suspension stops no term by itself", "its end", "answered",
        "an answer that nobody has sent", "closed",
    ],
)  # fmt: skip
def test_terms(ledger, changes, today, expected):
    """Each until it is met; a rejection must reach the person within the same month (GDPR art. 12(4))."""
    a_case(ledger, **changes)
    found = due_dates(ledger, date.fromisoformat(today))
    assert [(due.what, due.due_on) for due in found] == expected


@pytest.mark.parametrize(("pauses", "expected"), [(False, [MONTH]), (True, [])])
def test_days_of_waiting_count_where_the_config_says_that_they_stop_the_month(ledger, pauses, expected):
    """Also while the wait goes on."""
    a_case(ledger, state=CaseState.SUSPENDED, told_on=RECEIVED, suspended_on=date(2026, 11, 20))
    found = due_dates(ledger, date(2026, 12, 1), Terms(pauses=pauses))
    assert [(due.what, due.due_on) for due in found] == expected


def test_kept_items_whose_day_has_come_and_those_whose_day_is_near_are_two_entries(ledger):
    """What comes is not called due, and what is far away is not told of at all."""
    number, today = a_case(ledger, state=CaseState.CLOSED), date(2026, 11, 23)
    last_days = [-401, -2, -1, 6, 29, 30]
    with ledger.unit() as unit:
        unit.cases.put_items(number, [kept(n, today + timedelta(days=d)) for n, d in enumerate(last_days)])
    found = due_dates(ledger, today)
    assert [(due.what, due.days_left, due.count) for due in found] == [("kept", -400, 3), ("kept", 7, 2)]
    assert [due.is_due for due in found] == [True, False]


def test_what_is_announced_is_what_status_shows(ledger):
    """The same dates, each stage once; only what is due enters the audit."""
    number, today = a_case(ledger, state=CaseState.SUSPENDED, suspended_until=date(2026, 12, 2)), date(2026, 11, 27)
    with ledger.unit() as unit:
        unit.cases.put_items(number, [kept(1, date(2026, 12, 3))])
    said = {}
    for ahead in range(8):
        day = today + timedelta(days=ahead)
        fresh = announce(ledger, day, Terms())
        assert set(fresh) <= set(due_dates(ledger, day))
        assert announce(ledger, day, Terms()) == []
        said[ahead] = [(due.what, due.days_left) for due in fresh]
    assert said == {
        0: [("firm", -11), ("month", 5), ("kept", 7)], 1: [], 2: [("kept", 5)], 3: [], 4: [("month", 1)],
        5: [("month", 0), ("suspension", 0)], 6: [("kept", 1)], 7: [("kept", 0)],
    }  # fmt: skip
    with ledger.reading() as unit:
        assert [entry.kind for entry in unit.audit.entries()].count("case due") == 4


def kept(number: int, until: date) -> CaseItem:
    return CaseItem(
        mailbox=1, token=str(number).encode().ljust(16), ids=ItemIds(f"AAMk-{number}", "folder"),
        state=ItemState.KEPT, until=until,
    )  # fmt: skip
