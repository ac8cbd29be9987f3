"""The emulator's own time: the machine's clock plus an offset, or standing still; tests and an endpoint move it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

#: What every part of the emulator can write as a date, tokens and retention of the days after included.
_FIRST, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _check(seconds: float) -> None:
    if not 0 <= seconds < _END.timestamp():  # no number is refused too
        raise ValueError("The emulator's time lies in the years 1970 to 2199.")


class EmulatorClock:
    """Seconds since the epoch as the emulated Exchange sees them.

    Runs with the machine unless made with `frozen_at` or frozen later; `advance` moves it on at once, so that
    retention, token expiry and quota windows of fourteen days pass in a test. Never goes back of itself.
    """

    def __init__(self, *, frozen_at: datetime | None = None, offset_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._offset_s = offset_s
        self._frozen_s = frozen_at.timestamp() if frozen_at else None

    def now_s(self) -> float:
        """Seconds since the epoch, UTC."""
        with self._lock:
            return self._frozen_s if self._frozen_s is not None else time.time() + self._offset_s

    def now(self) -> datetime:
        """The same as an aware datetime."""
        return datetime.fromtimestamp(self.now_s(), UTC)

    def advance(self, seconds: float) -> None:
        """Move time on (or, with a negative number, back: clock skew).

        Raises:
            ValueError: that would lead out of the years 1970 to 2199; time stays as it was.
        """
        _check(self.now_s() + seconds)
        with self._lock:
            if self._frozen_s is not None:
                self._frozen_s += seconds
            else:
                self._offset_s += seconds

    def set(self, moment: datetime) -> None:
        """Make it that moment now, in UTC when it names no zone; time goes on from there unless frozen.

        Raises:
            ValueError: a moment outside the years 1970 to 2199.
        """
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        _check((moment - _FIRST).total_seconds())
        with self._lock:
            if self._frozen_s is not None:
                self._frozen_s = moment.timestamp()
            else:
                self._offset_s = moment.timestamp() - time.time()

    def freeze(self) -> None:
        """Stand still until advanced."""
        now = self.now_s()
        with self._lock:
            self._frozen_s = now

    def thaw(self) -> None:
        """Run with the machine again, from where it stood."""
        with self._lock:
            if self._frozen_s is not None:
                self._offset_s = self._frozen_s - time.time()
                self._frozen_s = None

    @property
    def offset_s(self) -> float:
        """How far this clock is ahead of the machine's, in seconds."""
        return self.now_s() - time.time()
