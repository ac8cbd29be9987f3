"""Exchange Online's limits per app and mailbox: 10,000 requests in 10 minutes, 4 at once, 150 MB uploaded in 5 minutes.

Time is the emulator's. Requests refused still count, as Microsoft documents. Each item of a `$batch` is a request.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.errors import ExchangeError


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits; tests make them small."""

    requests: int = 10_000
    requests_window_s: float = 600.0
    concurrent: int = 4
    upload_bytes: int = 150 * 1024 * 1024
    upload_window_s: float = 300.0


@dataclass(slots=True)
class _Meter:
    """Counts of one app in one mailbox in steps of a second, so that many requests take little room."""

    requests: deque[tuple[float, int]] = field(default_factory=deque)
    uploads: deque[tuple[float, int]] = field(default_factory=deque)
    running: int = 0


_STEP_S = 1.0


def _count(steps: deque[tuple[float, int]], now: float, window_s: float) -> int:
    while steps and steps[0][0] <= now - window_s:
        steps.popleft()
    return sum(count for _, count in steps)


def _add(steps: deque[tuple[float, int]], now: float, amount: int) -> None:
    step = now - now % _STEP_S
    if steps and steps[-1][0] == step:
        steps[-1] = (step, steps[-1][1] + amount)
    else:
        steps.append((step, amount))


class Throttle:
    """Admits requests or answers 429."""

    def __init__(self, clock: EmulatorClock, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._lock = threading.Lock()
        self._meters: dict[tuple[str, int], _Meter] = {}

    @contextmanager
    def admit(self, app: str, mailbox: int, *, upload_bytes: int = 0, lane: int = 1) -> Iterator[None]:
        """Count a request in, and out at the end. `lane` is its place among those of one batch sent side by side.

        Raises:
            ExchangeError: 429 with Retry-After.
        """
        meter = self._enter(app, mailbox, upload_bytes, lane)
        try:
            yield
        finally:
            with self._lock:
                meter.running -= 1

    def _enter(self, app: str, mailbox: int, upload_bytes: int, lane: int) -> _Meter:
        with self._lock:
            meter = self._meters.setdefault((app.lower(), mailbox), _Meter())
            now = self._clock.now_s()
            used = _count(meter.requests, now, self.limits.requests_window_s)
            _add(meter.requests, now, 1)
            if used >= self.limits.requests:
                raise _too_many(meter.requests[0][0] + self.limits.requests_window_s - now)
            if upload_bytes:
                uploaded = _count(meter.uploads, now, self.limits.upload_window_s)
                _add(meter.uploads, now, upload_bytes)
                if uploaded + upload_bytes > self.limits.upload_bytes:
                    raise _too_many(meter.uploads[0][0] + self.limits.upload_window_s - now)
            if meter.running + lane > self.limits.concurrent:
                raise ExchangeError(
                    "ApplicationThrottled",
                    "Application is over its MailboxConcurrency limit.",
                    headers={"Retry-After": "1"},
                )
            meter.running += 1
            return meter

    def used(self, app: str, mailbox: int) -> int:
        """Requests counted in the present window."""
        with self._lock:
            meter = self._meters.get((app.lower(), mailbox))
            return _count(meter.requests, self._clock.now_s(), self.limits.requests_window_s) if meter else 0

    def reset(self) -> None:
        """Forget what was counted; running requests stay counted."""
        with self._lock:
            for meter in self._meters.values():
                meter.requests.clear()
                meter.uploads.clear()


def _too_many(wait_s: float) -> ExchangeError:
    return ExchangeError(
        "TooManyRequests", "Please retry again later.", headers={"Retry-After": str(max(1, round(wait_s)))}
    )
