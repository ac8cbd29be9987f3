"""Keeping inside the mailbox's quota, before the server has to say so.

Exchange counts per app and mailbox: 10,000 requests in 10 minutes, 4 at once, and an item of a `$batch` counts as a
request. A gate lets requests through while any span of 10 minutes holds fewer than the quota; so a short run goes at
full speed, and a long one uses all but the share that is left free. A request counts from its start and until one
window after its *end*, because nobody outside knows when in between the server counted it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from mailsorter.clock import Clock
from mailsorter.mailbox.waiting import Stopper

_GRAIN_S = 1.0  # requests of one second share one entry: a busy gate keeps 600 entries, not 10,000


class Gate:
    """The quota of one app at one mailbox. Shared by all threads that work this mailbox."""

    def __init__(self, clock: Clock, stopper: Stopper, *, quota: int, window_s: float, slots: int) -> None:
        self._clock = clock
        self._stopper = stopper
        self._quota = quota
        self._window_s = window_s
        self._slots = self._free = slots
        self._lock = threading.Lock()
        self._under_way = 0
        self._done: deque[list[float]] = deque()  # [start of the second, last end in it, requests]
        self._closed_until = 0.0

    @contextmanager
    def through(self, requests: int, *, slots: int = 1) -> Iterator[None]:
        """Wait for room, then hold it until the exchange is over. Raises `TemporaryError` when asked to stop."""
        slots = min(slots, self._slots)
        while (wait := self._try_enter(requests, slots)) > 0:
            self._stopper.wait(wait)
        try:
            yield
        finally:
            self._leave(requests, slots)

    def used(self) -> float:
        """The share of the quota that the last window's requests took, 0 to 1."""
        with self._lock:
            since = self._clock.monotonic() - self._window_s
            counted = self._under_way + sum(int(entry[2]) for entry in self._done if entry[1] > since)
            return counted / self._quota

    def close_for(self, seconds: float) -> None:
        """The server asked for silence: let nobody through that long."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def _try_enter(self, requests: int, slots: int) -> float:
        """0 when entered, else seconds after which it is worth asking again."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._closed_until:
                return self._closed_until - now
            if slots > self._free:
                return 0.02  # another thread is in; its answer takes at least that long
            while self._done and self._done[0][1] + self._window_s <= now:
                self._done.popleft()
            counted = self._under_way + sum(int(entry[2]) for entry in self._done)
            if counted and counted + requests > self._quota:
                return self._until_room(counted + requests - self._quota, now)
            self._under_way += requests
            self._free -= slots
            return 0.0

    def _until_room(self, missing: int, now: float) -> float:
        for _, end, requests in self._done:
            missing -= int(requests)
            if missing <= 0:
                return max(0.01, end + self._window_s - now)
        return 0.1  # what is under way must end first

    def _leave(self, requests: int, slots: int) -> None:
        with self._lock:
            now = self._clock.monotonic()
            self._under_way -= requests
            self._free += slots
            if self._done and now - self._done[-1][0] < _GRAIN_S:
                self._done[-1][1] = now
                self._done[-1][2] += requests
            else:
                self._done.append([now, now, requests])


class Gates:
    """One gate for each mailbox of one app."""

    def __init__(self, clock: Clock, stopper: Stopper, *, quota: int, window_s: float, slots: int) -> None:
        self._clock, self._stopper = clock, stopper
        self._quota, self._window_s, self._slots = quota, window_s, slots
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def of(self, mailbox: str) -> Gate:
        """The mailbox's gate; addresses are compared without regard to case."""
        with self._lock:
            key = mailbox.casefold()
            if key not in self._gates:
                self._gates[key] = Gate(
                    self._clock, self._stopper, quota=self._quota, window_s=self._window_s, slots=self._slots
                )
            return self._gates[key]
