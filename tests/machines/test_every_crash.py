"""Every single effect of a run, an undo and a check is a place to die: nothing is lost, nothing is done twice.

And builds that are broken on purpose: each must be caught by this very examination.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailsorter.errors import Unreachable
from mailsorter.model.folder import WellKnown
from mailsorter.perform import perform
from tests.machines import broken
from tests.machines.world import CLIENTS, ChangingIdsWorld, Fault, Lost, World

ACME, BAKKER = CLIENTS[:2]
MESSAGES = 9 if os.environ.get("MAILSORTER_TORTURE") else 6  # of each client more than one, in more than one batch


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that few messages already take several batches."""
    monkeypatch.setattr(perform, "BATCH", 3)


@contextmanager
def world(make: type[World] = World, **options: bool) -> Iterator[World]:
    made = make(**options)
    try:
        yield made
    finally:
        made.close()


def fill(w: World) -> dict[str, str]:
    """Mail, and whose each message is ("" nobody's, "both" two clients')."""
    expected = {}
    for i in range(MESSAGES):
        sender = ("jan@acme.example", "jo@bakker.example", "wie@elders.example")[i % 3]
        expected[w.deliver(sender)] = ("acme", "bakker", "")[i % 3]
    if w.copies:
        for _ in range(2):
            expected[w.deliver("jan@acme.example", to="jo@bakker.example")] = "both"
    return expected


def examine(w: World, expected: dict[str, str]) -> None:
    """Every message in exactly one place, and in the right one; copies once for each client; ledger = mailbox."""
    everything = w.server.everything()
    by_msg_id: dict[tuple[str, str], int] = {}
    for item in (w.server.item(i) for i in everything):
        key = (item.message.internet_message_id, item.message.folder_id)
        by_msg_id[key] = by_msg_id.get(key, 0) + 1
    if any(count > 1 for count in by_msg_id.values()):
        raise Lost("a message lies twice in one folder")
    folders = {"acme": w.client_folder(ACME), "bakker": w.client_folder(BAKKER)}
    inbox = w.server.folder(WellKnown.INBOX).id
    both = sum(owner == "both" for owner in expected.values())
    if len(everything) != len(expected) + both:
        raise Lost(f"{len(everything)} messages, and {len(expected) + both} there should be")
    if w.ids_survive_moves:
        for message, owner in expected.items():
            if owner != "both" and everything.get(message) != folders.get(owner, inbox):
                raise Lost(f"a message of {owner or 'nobody'} does not lie where it belongs")
    if w.open_steps():
        raise Lost("an intent stayed open")
    statement = w.check()
    assert statement is not None
    if statement.differences or not statement.agrees:
        raise Lost(f"ledger and mailbox differ: {statement.differences}, {statement.folders}")


def every_crash_of_a_run(**options: bool) -> int:
    """Crash a run at its first effect, another at its second, … until one comes through; gives how many were tried."""
    for point in range(1, 1000):
        with world(**options) as w:
            expected = fill(w)
            report = w.sort(crash_at=point)
            if w.sort() is None:
                raise Lost("the next run did not come through")
            examine(w, expected)
            if report is not None:
                return point
    raise AssertionError("a run has no end")


@pytest.mark.parametrize(
    "options", [{}, {"copies": True}, {"ids_survive_moves": False}], ids=["moves", "copies", "changing ids"]
)
def test_a_run_may_end_at_any_effect(options: dict[str, bool]) -> None:
    assert every_crash_of_a_run(**options) > 30


def every_crash_after_a_return(make: type[World]) -> int:
    """Crash the run, then the check, that first meet what a person took out of a client's folder."""
    for point in range(1, 1000):
        with world(make) as w:
            back = next(message for message, owner in fill(w).items() if owner == "acme")
            w.sort()
            inbox = w.server.folder(WellKnown.INBOX).id
            w.server.user_moves(back, inbox)
            w.deliver("jan@acme.example")
            run = w.sort(crash_at=point) if point % 2 else w.check(crash_at=point // 2)
            w.sort()
            statement = w.check()
            if w.where(back) != inbox:
                raise Lost("what a person took back was moved again")
            if statement is None or statement.differences or not statement.agrees:
                raise Lost("ledger and mailbox differ")
            if run is not None and point % 2:
                return point
    raise AssertionError("a run has no end")


@pytest.mark.parametrize("make", [World, ChangingIdsWorld], ids=["stable ids", "changing ids"])
def test_what_a_person_took_back_stays_whatever_ends(make: type[World]) -> None:
    assert every_crash_after_a_return(make) > 10


def test_an_undo_may_end_at_any_effect() -> None:
    for point in range(1, 1000):
        with world() as w:
            expected = fill(w)
            report = w.sort()
            assert report is not None
            done = w.undo(report.run, crash_at=point)
            w.undo(report.run)
            if any(w.where(m) != w.server.folder(WellKnown.INBOX).id for m in expected):
                raise Lost("an undo left a message")
            assert not w.open_steps()
            if done is not None:
                assert point > 10
                return


def test_a_check_may_end_at_any_effect() -> None:
    for point in range(1, 1000):
        with world() as w:
            expected = list(fill(w))
            w.sort()
            w.server.user_moves(expected[0], ("Clients", BAKKER.name))
            w.server.user_moves(expected[1], ("Prive",))
            w.server.user_moves(expected[2], ("Clients", ACME.name))
            w.server.user_destroys(expected[3])
            done = w.check(crash_at=point)
            w.check()
            again = w.check()
            assert again is not None
            assert not again.differences
            assert again.agrees
            w.sort()
            assert w.where(expected[0]) == w.client_folder(BAKKER)
            if done is not None:
                assert point > 5
                return


def test_a_lost_answer_at_any_request_files_nothing_twice() -> None:
    lost_answers()


def lost_answers() -> None:
    """The answer to a copy, move or folder is lost before, between and after its items."""
    for method in ("copy", "move", "create_folder"):
        for after_items in (0, 1, None):
            with world(copies=True) as w:
                expected = fill(w)
                w.faults.append(Fault(method, Unreachable("cut"), after_items))
                for _ in range(3):
                    w.sort()
                examine(w, expected)


def a_person_files_by_hand() -> None:
    """`@removed` means look: what a person filed is known at once, without a check."""
    with world() as w:
        strange = w.deliver("wie@elders.example")
        thread = w.server.item(strange).message.conversation_id
        w.deliver("jan@acme.example")
        w.sort()
        w.server.user_moves(strange, ("Clients", ACME.name))
        w.sort()
        answer = w.server.deliver(
            WellKnown.INBOX, from_=w.server.item(strange).message.from_, conversation_id=thread, subject="x"
        )
        w.sort()
        if w.where(answer) != w.client_folder(ACME):
            raise Lost("what a person said by moving mail was not heard")


def test_what_a_person_files_by_hand_is_heard() -> None:
    a_person_files_by_hand()


@pytest.mark.parametrize(
    ("breaks", "examination"),
    [
        (broken.outcome_before_act, every_crash_of_a_run),
        (broken.cursor_before_outcome, every_crash_of_a_run),
        (broken.retry_without_looking, lost_answers),
        (broken.removed_is_deleted, a_person_files_by_hand),
        (broken.no_intents, lambda: every_crash_of_a_run(copies=True)),
        (broken.another_id_is_another_message, lambda: every_crash_after_a_return(ChangingIdsWorld)),
    ],
)
def test_a_build_that_is_broken_on_purpose_is_caught(
    breaks: Callable[[pytest.MonkeyPatch], None], examination: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(Lost):
        examination()
