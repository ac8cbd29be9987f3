"""When what is due. Pure: moments and what happened go in, the next moment comes out.

Polls count from the start of the last one, so that a slow mailbox is not looked at less often than the config says.
Daily work happens at a wall-clock time of the firm's zone, once a local day, also over the changes of daylight saving.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


class PollEnd(enum.Enum):
    """How a look at a mailbox ended, as far as the next one depends on it."""

    COMPLETE = "complete"
    MORE = "more"  # its time slice was over: there is more to do
    BUSY = "busy"  # another process has the mailbox, or the ledger was locked
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a mailbox is looked at. After a failed look the next comes after `again`, then ever later, at most
    after `patience` or, where that is longer, `poll`."""

    poll: timedelta = timedelta(seconds=60)
    jitter: timedelta = timedelta(seconds=10)
    again: timedelta = timedelta(seconds=30)
    patience: timedelta = timedelta(minutes=5)

    @property
    def longest(self) -> timedelta:
        """The longest distance between two looks that the daemon chooses by itself."""
        return max(self.poll, self.patience) + self.jitter


def first_poll(started: datetime, index: int, count: int, pace: Pace) -> datetime:
    """The first looks are spread over one interval, so that a start is no burst."""
    return started + pace.poll * index / max(1, count)


def next_poll(
    started: datetime,
    now: datetime,
    end: PollEnd,
    pace: Pace,
    chance: random.Random,
    *,
    failures: int = 0,
    retry_after_s: float | None = None,
) -> datetime:
    """When to look at the mailbox again.

    `failures` counts failed looks in a row, this one included; `retry_after_s` is the server's own word.
    """
    jitter = pace.jitter * chance.random()
    if end is PollEnd.MORE:
        return now
    if end is PollEnd.FAILED:
        doubled = pace.again * (1 << min(max(failures - 1, 0), 10))
        distance = min(doubled, max(pace.poll, pace.patience))
        return now + max(distance, timedelta(seconds=retry_after_s or 0)) + jitter
    if end is PollEnd.BUSY:
        return now + pace.poll / 2 + jitter
    return max(now, started + pace.poll + jitter)


def next_daily(now: datetime, at: time, zone: tzinfo) -> datetime:
    """The next moment at which the firm's clocks show `at`, strictly after `now`.

    A time that daylight saving skips falls on the moment of the change; one that comes twice counts the first time.
    """
    local = now.astimezone(zone)
    for day in range(3):
        moment = datetime.combine(local.date() + timedelta(days=day), at, zone).astimezone(UTC)
        if moment > now:
            return moment
    raise AssertionError("no zone shifts its clocks by two days")


def later_in_the_day(at: time, after: timedelta) -> time:
    """The time of day so much later, past midnight where it comes to that."""
    return (datetime.combine(date(2000, 1, 1), at) + after).time()


def jump_s(wall_before: datetime, wall_now: datetime, monotonic_before: float, monotonic_now: float) -> float:
    """By how many seconds the wall clock was moved between two readings; forward is positive."""
    return (wall_now - wall_before).total_seconds() - (monotonic_now - monotonic_before)
