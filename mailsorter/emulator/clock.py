"""The emulator's own time: the machine's clock plus an offset, or standing still; tests and an endpoint move it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


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
        """Move time on (or, with a negative number, back: clock skew)."""
        with self._lock:
            if self._frozen_s is not None:
                self._frozen_s += seconds
            else:
                self._offset_s += seconds

    def set(self, moment: datetime) -> None:
        """Make it that moment now; time goes on from there unless frozen."""
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
