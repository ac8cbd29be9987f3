"""Which jobs are at work, and whether each still lives.

A job that waits, for a throttled tenant or a slow answer, asks the clock again and again: every request passes a gate
that does, and every wait is cut in slices. So the clock that a daemon hands down is where life shows. A job that has
not asked it for longer than any single answer may take hangs, and a daemon with a hanging job is not alive: systemd's
watchdog then starts it anew, and the start settles what was open.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from mailsorter.clock import Clock

STUCK_S = 1800.0
"""So long no living job is silent. The longest silence is that of many threads behind one sign-in host that takes
connections and says nothing: `workers` times its time limit, a quarter of an hour."""


class Pulse:
    """A clock that knows who asks it. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_work: dict[int, tuple[str, float]] = {}  # by thread: the job, when it last asked

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        self._sign()
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that only go forward, from an arbitrary start."""
        self._sign()
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._sign()
        self._clock.sleep(seconds)

    @contextmanager
    def at_work(self, job: str) -> Iterator[None]:
        """This thread works at the job for as long as the block runs."""
        thread = threading.get_ident()
        self._at_work[thread] = (job, self._clock.monotonic())
        try:
            yield
        finally:
            self._at_work.pop(thread, None)

    def stuck(self) -> dict[str, float]:
        """Jobs that hang, and for how many seconds each has shown nothing."""
        now = self._clock.monotonic()
        silent = {job: now - seen for job, seen in list(self._at_work.values())}
        return {job: seconds for job, seconds in silent.items() if seconds >= STUCK_S}

    def _sign(self) -> None:
        thread = threading.get_ident()
        at_work = self._at_work.get(thread)
        if at_work is not None:
            self._at_work[thread] = (at_work[0], self._clock.monotonic())
