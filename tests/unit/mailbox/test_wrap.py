"""What each wrapper adds to a mailbox. That it still is one, the contract suite shows."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.errors import (
    MailboxMoving,
    NotFound,
    Refused,
    TemporaryError,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.base import Done, Mailbox, Move
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.waiting import Stopper
from mailsorter.mailbox.wrap import LoggedMailbox, ReadOnlyMailbox, RetryingMailbox, ThrottledMailbox
from mailsorter.model.folder import WellKnown


@pytest.fixture
def memory() -> MemoryMailbox:
    return MemoryMailbox()


@pytest.fixture
def clock(memory: MemoryMailbox) -> VirtualClock:
    assert isinstance(memory.server.clock, VirtualClock)
    return memory.server.clock


CHANGES: dict[str, Callable[[Mailbox], object]] = {
    "create_folder": lambda m: m.create_folder("F", "x"),
    "rename_folder": lambda m: m.rename_folder("F", "x"),
    "delete_empty_folder": lambda m: m.delete_empty_folder("F"),
    "move": lambda m: m.move([]),
    "copy": lambda m: m.copy([]),
    "categorize": lambda m: m.categorize([]),
    "delete_permanently": lambda m: m.delete_permanently([]),
    "delete_hard": lambda m: m.delete_hard("F", []),
}


@pytest.mark.parametrize("method", CHANGES)
def test_read_only_refuses_every_change(memory: MemoryMailbox, method: str) -> None:
    """No change passes, not even an empty one, and the mailbox never hears of it."""
    with pytest.raises(Refused, match=method):
        CHANGES[method](ReadOnlyMailbox(memory))
    assert not memory.calls


def test_read_only_reads(memory: MemoryMailbox) -> None:
    """Reading passes."""
    message = memory.server.deliver()
    mailbox = ReadOnlyMailbox(memory)
    assert mailbox.locate([message])
    assert len(mailbox.tree()) > 5


def test_throttled_waits_as_told(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """A busy server's time is honoured for reading and changing calls alike; nothing was done meanwhile."""
    mailbox = ThrottledMailbox(memory, clock, Stopper(clock))
    message = memory.server.deliver()
    filed = memory.server.folder(("Filed",)).id
    memory.fail_next("move", Throttled("busy", retry_after_s=30))
    memory.fail_next("tree", Throttled("busy", retry_after_s=2.5))
    assert mailbox.move([Move(message, filed)]) == [Done(message, filed)]
    assert clock.monotonic() == pytest.approx(30)
    assert filed in mailbox.tree()
    assert clock.monotonic() == pytest.approx(32.5)


def test_throttled_items_alone_are_repeated(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """One item that is refused for now does not repeat its neighbours."""
    free, busy = memory.server.deliver(), memory.server.deliver()
    filed = memory.server.folder(("Filed",)).id
    memory.fail_item(busy, Throttled("busy", retry_after_s=10))
    asked: list[int] = []

    class Counting(MemoryMailbox):
        def move(self, moves):  # type: ignore[no-untyped-def]
            asked.append(len(moves))
            outcomes = super().move(moves)
            self.fail_item(busy, None)
            return outcomes

    inner = Counting(server=memory.server)
    inner.fail_item(busy, Throttled("busy", retry_after_s=10))
    mailbox = ThrottledMailbox(inner, clock, Stopper(clock))
    assert mailbox.move([Move(free, filed), Move(busy, filed)]) == [Done(free, filed), Done(busy, filed)]
    assert asked == [2, 1]


def test_throttled_gives_up_beyond_its_patience(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """A server that wants longer silence than the patience: the caller hears how long."""
    mailbox = ThrottledMailbox(memory, clock, Stopper(clock), patience_s=60)
    memory.fail_next("tree", Throttled("busy", retry_after_s=3600))
    with pytest.raises(Throttled) as caught:
        mailbox.tree()
    assert caught.value.retry_after_s == 3600
    assert clock.monotonic() == 0


def test_a_stop_ends_a_wait(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """A program that was asked to end does not sit out a wait, and sends nothing more."""
    stop = threading.Event()
    mailbox = ThrottledMailbox(memory, clock, Stopper(clock, stop))
    memory.fail_next("tree", Throttled("busy", retry_after_s=600))

    class Stopping(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.monotonic() > 5:
                stop.set()

    stopping = Stopping(clock.now())
    mailbox = ThrottledMailbox(memory, stopping, Stopper(stopping, stop))
    with pytest.raises(TemporaryError):
        mailbox.tree()
    assert stopping.monotonic() < 6
    calls = memory.calls["tree"]
    with pytest.raises(TemporaryError):
        mailbox.tree()
    assert memory.calls["tree"] == calls


def test_retry_repeats_reading_only(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """A read that failed for now is repeated; a change that may have happened is not."""
    mailbox = RetryingMailbox(memory, Stopper(clock), chance=random.Random(1))
    memory.fail_next("tree", Unreachable("lost"), times=3)
    assert len(mailbox.tree()) > 5
    assert memory.calls["tree"] == 4
    memory.fail_next("create_folder", Unreachable("lost"))
    with pytest.raises(Unreachable):
        mailbox.create_folder(memory.server.root_id, "Acme")
    assert memory.calls["create_folder"] == 1


@pytest.mark.parametrize("error", [Throttled("busy"), MailboxMoving("moving"), NotFound("gone")])
def test_retry_leaves_others_their_work(memory: MemoryMailbox, clock: VirtualClock, error: Exception) -> None:
    """Throttling, a moving mailbox and everything final are not the retry's business."""
    memory.fail_next("tree", error)
    with pytest.raises(type(error)):
        RetryingMailbox(memory, Stopper(clock)).tree()
    assert memory.calls["tree"] == 1


def test_retry_goes_on_behind_the_last_page(clock: VirtualClock) -> None:
    """A round that breaks off between pages is continued, and every message comes exactly once."""
    memory = MemoryMailbox(page_size=2)
    ids = [memory.server.deliver() for _ in range(7)]
    mailbox = RetryingMailbox(memory, Stopper(clock), attempts=2)
    pages = mailbox.changes(memory.server.folder(WellKnown.INBOX).id, None)
    seen = [m.id for m in next(pages).messages]
    memory.fail_next("changes", Unreachable("lost"), times=2)
    for page in pages:
        seen.extend(m.id for m in page.messages)
    assert seen == ids


def test_retry_gives_up_on_a_round(clock: VirtualClock) -> None:
    """When going on fails as often as beginning may, the error reaches the caller."""
    memory = MemoryMailbox(page_size=2)
    for _ in range(5):
        memory.server.deliver()
    pages = RetryingMailbox(memory, Stopper(clock), attempts=2).changes(memory.server.folder(WellKnown.INBOX).id, None)
    next(pages)
    memory.fail_next("changes", Unreachable("lost"), times=20)
    with pytest.raises(Unreachable):
        list(pages)


def test_the_log_tells_nothing_of_any_mail(memory: MemoryMailbox, clock: VirtualClock) -> None:
    """Names of calls, counts, kinds of errors and the mailbox's number; no address, id, name or text."""
    told: list[tuple[str, dict[str, object]]] = []
    mailbox = LoggedMailbox(memory, lambda event, **details: told.append((event, details)), clock, number=7)
    message = memory.server.deliver(subject="canary", text="canary")
    filed = memory.server.folder(("canary",)).id
    mailbox.move([Move(message, filed), Move("canary", filed)])
    list(mailbox.changes(filed, None))
    memory.fail_next("tree", Unreachable("canary"))
    with pytest.raises(Unreachable):
        mailbox.tree()
    assert told == [
        ("mailbox", {"call": "move", "mailbox": 7, "seconds": 0.0, "items": 2, "failed": 1, "kinds": ["NotFound"]}),
        ("mailbox", {"call": "changes", "mailbox": 7, "seconds": 0.0, "pages": 1}),
        ("mailbox", {"call": "tree", "mailbox": 7, "seconds": 0.0, "error": "Unreachable"}),
    ]
