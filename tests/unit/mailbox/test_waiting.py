"""How long to wait, and that a wait can end."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime

import pytest

from mailsorter.clock import SystemClock
from mailsorter.errors import TemporaryError
from mailsorter.mailbox.waiting import Stopper, backoff_s, retry_after_s

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("2.128", 2.128),
        (" 10 ", 10.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("Mon, 02 Nov 2026 08:00:30 GMT", 30.0),
        ("Mon, 02 Nov 2026 07:59:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Integer, decimal and date are read whatever the header's case; nonsense counts as no word at all."""
    assert retry_after_s({"retry-AFTER": value}, NOW) == seconds
    assert retry_after_s({}, NOW) is None


def test_backoff_grows_with_jitter_to_a_ceiling() -> None:
    """Each wait lies in the upper half of twice the last ceiling, a minute at most; two runs differ."""
    for attempt in range(1, 12):
        ceiling = min(60.0, 2.0 ** (attempt - 1))
        waits = {backoff_s(attempt, random.Random(seed)) for seed in range(20)}
        assert all(ceiling / 2 <= wait <= ceiling for wait in waits)
        assert len(waits) > 10


def test_a_real_wait_ends_when_stopped() -> None:
    """Set from another thread, the stop ends a wait of minutes within a moment."""
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    started = time.monotonic()
    with pytest.raises(TemporaryError):
        Stopper(SystemClock(), stop).wait(300)
    assert time.monotonic() - started < 30
