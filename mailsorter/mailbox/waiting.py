"""Waiting that ends when the program is asked to stop, and how long to wait after a refusal."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailsorter.clock import Clock
from mailsorter.errors import Stopped

_SLICE_S = 0.2  # how long a stop may go unnoticed
_BASE_S = 1.0
_CEILING_S = 60.0


class Stopper:
    """A clock to wait by, and an event that ends every wait."""

    def __init__(self, clock: Clock, stop: threading.Event | None = None) -> None:
        self._clock = clock
        self._stop = stop or threading.Event()

    def check(self) -> None:
        """Raises `Stopped` when the program was asked to stop."""
        if self._stop.is_set():
            raise Stopped("Stopped because the program was asked to end; nothing was sent.")

    def wait(self, seconds: float) -> None:
        """Wait that long. Raises `Stopped` soon after the program was asked to stop."""
        until = self._clock.monotonic() + seconds
        self.check()
        while (left := until - self._clock.monotonic()) > 0:
            self._clock.sleep(min(left, _SLICE_S))
            self.check()


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The server's own word in seconds: an integer, a decimal (seen: 2.128) or an HTTP date; None without one."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value)) if float(value) < 1e9 else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())


def backoff_s(attempt: int, chance: random.Random) -> float:
    """How long to wait before repeat number `attempt` (1, 2, …) when the server did not say: exponential, with
    jitter over the upper half, at most a minute."""
    ceiling: float = min(_CEILING_S, _BASE_S * 2 ** (attempt - 1))
    return ceiling * (0.5 + chance.random() / 2)
