"""When what is due."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter.daemon.timetable import Pace, PollEnd, first_poll, jump_s, later_in_the_day, next_daily, next_poll

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PACE = Pace(timedelta(minutes=1), timedelta(0), patience=timedelta(minutes=5))
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("end", "took_s", "failures", "retry_after_s", "in_s", "reason"),
    [
        (PollEnd.COMPLETE, 3, 0, None, 57, "counted from the start, so that a slow look is not looked at less often"),
        (PollEnd.COMPLETE, 90, 0, None, 0, "a look that took longer than the interval is followed at once"),
        (PollEnd.MORE, 60, 0, None, 0, "there is more: the next turn in the queue"),
        (PollEnd.BUSY, 0, 0, None, 30, "another process is at it: sooner than an interval"),
        (PollEnd.FAILED, 0, 1, None, 30, "once: soon, most failures are of a moment"),
        (PollEnd.FAILED, 0, 2, None, 60, "twice: later"),
        (PollEnd.FAILED, 0, 4, None, 240, "ever later"),
        (PollEnd.FAILED, 0, 9, None, 300, "but never later than the patience"),
        (PollEnd.FAILED, 0, 999, None, 300, "for ever"),
        (PollEnd.FAILED, 0, 1, 900.0, 900, "the server's own word counts when it asks for more"),
        (PollEnd.FAILED, 0, 3, 2.0, 120, "and not when it asks for less"),
    ],
)
def test_the_next_look(end, took_s, failures, retry_after_s, in_s, reason):
    """A table of every way in which a look ends."""
    started, now = NOW - timedelta(seconds=took_s), NOW
    due = next_poll(started, now, end, PACE, random.Random(1), failures=failures, retry_after_s=retry_after_s)
    assert due == NOW + timedelta(seconds=in_s), reason


def test_a_long_interval_is_its_own_patience():
    """Polling every quarter of an hour, a failure is repeated soon and then every quarter."""
    slow = Pace(timedelta(minutes=15), timedelta(0))
    dues = [next_poll(NOW, NOW, PollEnd.FAILED, slow, random.Random(1), failures=n) - NOW for n in (1, 2, 6, 7)]
    assert dues == [timedelta(seconds=30), timedelta(seconds=60), timedelta(minutes=15), timedelta(minutes=15)]


def test_first_looks_are_spread_over_one_interval():
    """Fifty mailboxes do not all come in the first second."""
    dues = [(first_poll(NOW, index, 50, PACE) - NOW).total_seconds() for index in range(50)]
    assert dues[0] == 0
    assert max(dues) < 60
    assert all(b > a for a, b in itertools.pairwise(dues))


@pytest.mark.parametrize(
    ("now", "at", "expected", "reason"),
    [
        ("2026-11-23T12:00Z", time(2, 30), "2026-11-24T01:30Z", "tomorrow, in winter time"),
        ("2026-11-23T00:00Z", time(2, 30), "2026-11-23T01:30Z", "today, still"),
        ("2026-11-23T01:30Z", time(2, 30), "2026-11-24T01:30Z", "strictly after now: never twice in one moment"),
        (
            "2026-03-28T12:00Z",
            time(2, 30),
            "2026-03-29T01:30Z",
            "02:30 does not exist that night: at 03:30 summer time",
        ),
        ("2026-10-24T12:00Z", time(2, 30), "2026-10-25T00:30Z", "02:30 comes twice: the first"),
        ("2026-10-25T00:30Z", time(2, 30), "2026-10-26T01:30Z", "and not again an hour later"),
    ],
)
def test_nightly_work_happens_once_a_local_day(now, at, expected, reason):
    """Also when daylight saving begins and ends."""
    assert next_daily(datetime.fromisoformat(now), at, AMSTERDAM) == datetime.fromisoformat(expected), reason


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.times(),
    st.sampled_from(["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
)
def test_daily_work_is_never_more_than_a_day_and_an_hour_away(now, at, zone):
    """Whatever the zone does to its clocks (Samoa's lost day was in 2011)."""
    due = next_daily(now, at, ZoneInfo(zone))
    assert timedelta(0) < due - now <= timedelta(hours=26)


def test_the_morning_is_some_hours_after_the_night():
    """Also when that is after midnight."""
    assert later_in_the_day(time(2, 30), timedelta(hours=5)) == time(7, 30)
    assert later_in_the_day(time(22, 0), timedelta(hours=5)) == time(3, 0)


def test_a_jump_is_what_the_wall_clock_moved_more_than_time_did():
    """Forward is positive; slewing a second a minute is no jump worth the name."""
    assert jump_s(NOW, NOW + timedelta(seconds=65), 100.0, 165.0) == 0
    assert jump_s(NOW, NOW + timedelta(hours=1), 100.0, 105.0) == 3595
    assert jump_s(NOW, NOW - timedelta(hours=1), 100.0, 105.0) == -3605
