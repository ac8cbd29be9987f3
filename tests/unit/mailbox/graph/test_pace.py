"""The gate keeps any span of ten minutes inside the quota, and wastes little of it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter.clock import SystemClock, VirtualClock
from mailsorter.errors import TemporaryError
from mailsorter.mailbox.graph.pace import Gate, Gates
from mailsorter.mailbox.waiting import Stopper


def gate(clock: VirtualClock, quota: int = 100, window_s: float = 60.0) -> Gate:
    return Gate(clock, Stopper(clock), quota=quota, window_s=window_s, slots=4)


def virtual() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 2, tzinfo=UTC))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 3), st.floats(0, 5)), min_size=1, max_size=120))
def test_no_span_ever_holds_more_than_the_quota(exchanges: list[tuple[int, float, float]]) -> None:
    """Whenever between start and end the server counts a request, no window of its holds more than the quota."""
    clock = virtual()
    paced = gate(clock)
    counted: list[tuple[float, float, int]] = []
    for requests, takes, pause in exchanges:
        with paced.through(requests, slots=4):
            start = clock.monotonic()
            clock.sleep(takes)
        counted.append((start, clock.monotonic(), requests))
        clock.sleep(pause)
    for first in counted:  # the latest that the first of a window can count, against the earliest of all later ones
        inside = sum(n for start, end, n in counted if end >= first[1] and start < first[1] + 60.0)
        assert inside <= 100


def test_a_long_run_uses_nearly_all_of_the_quota() -> None:
    """Ten windows of batches of 20 at 1.5 s each: at least 97 % of ten quotas went through."""
    clock = virtual()
    paced = gate(clock, quota=9_900, window_s=600.0)
    sent = 0
    while clock.monotonic() < 6_000:
        with paced.through(20, slots=4):
            clock.sleep(0.3)
        sent += 20
    assert sent >= 0.97 * 100_000
    assert sent <= 9_900 * 11


def test_a_short_run_is_not_slowed() -> None:
    """What fits into one quota goes at once."""
    clock = virtual()
    paced = gate(clock, quota=9_900, window_s=600.0)
    for _ in range(495):
        with paced.through(20, slots=4):
            pass
    assert clock.monotonic() == 0
    with paced.through(1):
        assert clock.monotonic() >= 600


def test_the_server_s_word_closes_the_gate() -> None:
    """After a 429 nobody passes until the time is over."""
    clock = virtual()
    paced = gate(clock)
    paced.close_for(7.5)
    with paced.through(1):
        assert clock.monotonic() == pytest.approx(7.5)


def test_four_at_once_and_a_batch_takes_all_four() -> None:
    """Never more than four single requests, never anything beside a batch."""
    clock = SystemClock()
    paced = Gate(clock, Stopper(clock), quota=10_000, window_s=600, slots=4)
    lock = threading.Lock()
    inside: list[int] = []
    most: list[int] = []

    def one(slots: int) -> None:
        with paced.through(1, slots=slots):
            with lock:
                inside.append(slots)
                most.append(sum(inside))
            clock.sleep(0.01)
            with lock:
                inside.remove(slots)

    threads = [threading.Thread(target=one, args=(4 if n % 5 == 0 else 1,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 20
    assert max(most) <= 4


def test_each_mailbox_has_its_own_gate() -> None:
    """One mailbox's silence does not touch another; an address is the same in any case."""
    clock = virtual()
    gates = Gates(clock, Stopper(clock), quota=10, window_s=60, slots=4)
    gates.of("Anna@firm.example").close_for(100)
    with gates.of("bert@firm.example").through(10):
        assert clock.monotonic() == 0
    with gates.of("anna@FIRM.example").through(1):
        assert clock.monotonic() >= 100


def test_a_stop_ends_the_wait_at_the_gate() -> None:
    """Asked to end, nobody waits for room."""
    clock, stop = virtual(), threading.Event()
    paced = Gate(clock, Stopper(clock, stop), quota=10, window_s=60, slots=4)
    with paced.through(10):
        pass
    stop.set()
    with pytest.raises(TemporaryError), paced.through(1):
        pass
