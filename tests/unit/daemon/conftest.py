"""A daemon's service over mailboxes in memory, on a virtual clock, with a log that keeps its lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog

from mailsorter.daemon.service import Service, Settings
from mailsorter.daemon.timetable import Pace
from mailsorter.logs.redact import redact
from tests.unit.sorting.firm import Firm

PACE = Pace(timedelta(minutes=1), timedelta(0))


class Kept:
    """Log lines, as the guard lets them through."""

    def __init__(self) -> None:
        self.lines: list[dict] = []

    def __getattr__(self, level: str):
        return lambda **line: self.lines.append({**line, "level": level})

    def told(self, event: str) -> list[dict]:
        return [line for line in self.lines if line["event"] == event]


class World(Firm):
    """The firm of the flow tests with a daemon's service; `go_on` lets time pass and looks when looks are due."""

    def __init__(self, path, mailboxes: int = 1) -> None:
        super().__init__(path, mailboxes=mailboxes)
        self.path = path
        self.kept = Kept()
        self.log = structlog.wrap_logger(
            self.kept,
            processors=[redact, lambda _l, _m, line: ((), dict(line))],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.start()

    def start(self, **settings) -> None:
        """A fresh process on the same ledger."""
        self.service = Service(self.ledger, self.clock, self.log)
        self.service.take_over(self.jobs(), Settings(**{"pace": PACE, **settings}))
        self.numbers = list(self.service.mailboxes)

    def look(self, index: int = 0) -> None:
        self.service.poll(self.numbers[index])

    def go_by(self, minutes: float) -> None:
        """So much time passes, with a look every half hour only: for days on which every look is like the last."""
        until = self.clock.monotonic() + minutes * 60
        while self.clock.monotonic() < until:
            self.service.beat()
            for number in self.service.mailboxes:
                self.service.poll(number)
            self.clock.sleep(30 * 60)

    def go_on(self, minutes: float) -> int:
        """So much time passes; gives how many looks there were."""
        until, looks = self.clock.monotonic() + minutes * 60, 0
        beat = self.clock.monotonic()
        while self.clock.monotonic() < until:
            if self.clock.monotonic() >= beat:
                self.service.beat()
                beat = self.clock.monotonic() + 60
            for number, mailbox in list(self.service.mailboxes.items()):
                if mailbox.due <= self.clock.now():
                    self.service.poll(number)
                    looks += 1
            self.clock.sleep(10)
        return looks

    def troubles(self) -> list[str]:
        return [line["kind"] for line in self.kept.told("trouble")]

    def over(self) -> list[str]:
        return [line["kind"] for line in self.kept.told("trouble over")]


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def three(tmp_path) -> Iterator[World]:
    made = World(tmp_path, mailboxes=3)
    yield made
    made.ledger.close()
