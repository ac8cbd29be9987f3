"""Performing steps: what is written before, what after, and what a crash or a lost answer leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.errors import PoisonItem, Refused, Throttled, Unreachable
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.runs import Run
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, EraseMessage, Identity, MoveMessage, Step
from mailsorter.perform import Hands, perform_steps, resume
from mailsorter.perform.settle import settle_erasure, settle_move

ACME = ("Clients", "Acme B.V.")


class Crash(BaseException):
    """The process ends here."""


class Bench:
    """A mailbox with mail in its Inbox, a ledger, and hands."""

    def __init__(self, path: Path) -> None:
        self.clock = VirtualClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
        self.mailbox = MemoryMailbox(clock=self.clock)
        self.ledger = Ledger.open(f"sqlite:///{path}/ledger.db", bytes(32), clock=self.clock)
        with self.ledger.unit() as unit:
            self.number = unit.places.mailbox(self.mailbox.address)
        self.hands = Hands(self.mailbox, self.number, self.ledger, self.clock)
        self.inbox = self.mailbox.server.folder(WellKnown.INBOX).id

    def deliver(self, count: int) -> list[str]:
        return [self.mailbox.server.deliver(WellKnown.INBOX, subject=f"nr {i}") for i in range(count)]

    def steps(self, ids: list[str]) -> list[Step]:
        moves = [MoveMessage(message=Identity(id=i), source_id=self.inbox, target=ACME, client_id="acme") for i in ids]
        return [EnsureFolder(path=ACME, client_id="acme"), *moves]

    def run(self) -> Run:
        with self.ledger.unit() as unit:
            return unit.runs.begin("sort")

    def perform(self, steps: list[Step], finish=None):
        return perform_steps(self.hands, self.run(), steps, self.mailbox.tree(), finish=finish)

    def state(self, message_id: str) -> MessageState | None:
        with self.ledger.reading() as unit:
            row = unit.messages.row(unit.messages.token(self.number, message_id))
            return row.state if row else None

    def open_steps(self) -> int:
        with self.ledger.reading() as unit:
            return len(unit.steps.open(self.number))

    def folder_of(self, message_id: str) -> str:
        return self.mailbox.server.tree().path(self.mailbox.server.item(message_id).message.folder_id)[-1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


def mark_cursor(unit: Unit) -> None:
    unit.cursors.set(1, 1, "moved on")


def cursor(bench: Bench) -> str | None:
    with bench.ledger.reading() as unit:
        return unit.cursors.get(1, 1)


def test_messages_go_to_the_folder_and_the_ledger_says_so(bench: Bench) -> None:
    ids = bench.deliver(45)
    results = bench.perform(bench.steps(ids), mark_cursor)
    assert [r.state for r in results] == [StepState.DONE] * 45
    assert {bench.folder_of(i) for i in ids} == {"Acme B.V."}
    assert {bench.state(i) for i in ids} == {MessageState.FILED}
    assert cursor(bench) == "moved on"
    assert bench.open_steps() == 0
    assert bench.mailbox.calls["move"] == 3, "twenty to a request"


def test_a_plan_without_steps_still_moves_the_cursor(bench: Bench) -> None:
    bench.perform([], mark_cursor)
    assert cursor(bench) == "moved on"


def test_a_lost_answer_is_looked_up_and_not_repeated(bench: Bench) -> None:
    ids = bench.deliver(3)
    bench.mailbox.fail_next("move", Unreachable("cut"), after_items=None)
    results = bench.perform(bench.steps(ids), mark_cursor)
    assert [r.state for r in results] == [StepState.DONE] * 3
    assert bench.mailbox.calls["move"] == 1
    assert cursor(bench) == "moved on"


def test_what_was_not_done_when_the_answer_was_lost_keeps_the_cursor(bench: Bench) -> None:
    ids = bench.deliver(3)
    bench.mailbox.fail_next("move", Unreachable("cut"), after_items=1)
    with pytest.raises(Unreachable):
        bench.perform(bench.steps(ids), mark_cursor)
    assert bench.open_steps() == 0
    assert cursor(bench) is None
    assert [bench.state(i) for i in ids] == [MessageState.FILED, None, None]


def test_when_looking_up_fails_too_the_intent_stays_open_until_the_next_start(bench: Bench) -> None:
    ids = bench.deliver(3)
    bench.mailbox.fail_next("move", Unreachable("cut"), after_items=2)
    bench.mailbox.fail_next("locate", Unreachable("still cut"))
    with pytest.raises(Unreachable):
        bench.perform(bench.steps(ids), mark_cursor)
    assert bench.open_steps() == 3
    assert cursor(bench) is None
    settled = resume(bench.hands)
    assert settled.counts == {StepState.DONE: 2, StepState.NOT_TRIED: 1}
    assert resume(bench.hands).total == 0
    assert [bench.state(i) for i in ids] == [MessageState.FILED, MessageState.FILED, None]


def test_throttling_stops_the_mailbox_without_moving_the_cursor(bench: Bench) -> None:
    ids = bench.deliver(30)
    bench.mailbox.fail_next("move", Throttled("slow down", retry_after_s=9))
    with pytest.raises(Throttled):
        bench.perform(bench.steps(ids), mark_cursor)
    assert bench.open_steps() == 0
    assert cursor(bench) is None
    assert bench.mailbox.calls["move"] == 1


def test_a_message_exchange_refuses_is_recorded_and_the_rest_goes_on(bench: Bench) -> None:
    ids = bench.deliver(3)
    bench.mailbox.fail_item(ids[1], PoisonItem("corrupt"))
    results = bench.perform(bench.steps(ids), mark_cursor)
    assert [r.state for r in results] == [StepState.DONE, StepState.FAILED, StepState.DONE]
    assert bench.state(ids[1]) is MessageState.FAILED
    assert cursor(bench) == "moved on"


def test_a_message_deleted_in_between_is_gone_and_not_an_error(bench: Bench) -> None:
    ids = bench.deliver(2)
    steps = bench.steps(ids)
    bench.mailbox.server.user_destroys(ids[0])
    results = bench.perform(steps, mark_cursor)
    assert [r.state for r in results] == [StepState.GONE, StepState.DONE]
    assert bench.state(ids[0]) is MessageState.GONE


@pytest.mark.parametrize("point", range(1, 12))
def test_a_crash_at_any_commit_loses_nothing_and_files_nothing_twice(bench: Bench, point: int) -> None:
    ids = bench.deliver(25)
    steps, commits, real = bench.steps(ids), 0, bench.ledger.unit

    def counted():
        nonlocal commits
        commits += 1
        if commits == point:
            raise Crash
        return real()

    bench.ledger.unit = counted  # type: ignore[method-assign]
    try:
        bench.perform(steps, mark_cursor)
    except Crash:
        pass
    finally:
        bench.ledger.unit = real  # type: ignore[method-assign]
    resume(bench.hands)
    assert bench.open_steps() == 0
    left = [i for i in ids if bench.folder_of(i) == "Inbox"]
    assert all(bench.state(i) is MessageState.FILED for i in ids if i not in left)
    assert (cursor(bench) is None) or not left
    bench.perform(bench.steps(left), mark_cursor)
    assert {bench.folder_of(i) for i in ids} == {"Acme B.V."}
    assert len(bench.mailbox.server.everything()) == 25
    assert len(bench.mailbox.server.tree().named(bench.mailbox.tree().find(("Clients",)).id, "Acme B.V.")) == 1


@pytest.mark.parametrize("after_items", [0, 7, None])
def test_a_crash_inside_the_request_is_settled_by_looking(bench: Bench, after_items: int | None) -> None:
    ids = bench.deliver(20)
    bench.mailbox.fail_next("move", Crash(), after_items=after_items)
    with pytest.raises(Crash):
        bench.perform(bench.steps(ids), mark_cursor)
    assert bench.open_steps() == 20
    moved = 20 if after_items is None else after_items
    counts = resume(bench.hands).counts
    assert counts.get(StepState.DONE, 0) == moved
    assert counts.get(StepState.NOT_TRIED, 0) == 20 - moved
    assert cursor(bench) is None


def test_a_folder_whose_making_lost_its_answer_is_found_and_not_made_twice(bench: Bench) -> None:
    ids = bench.deliver(1)
    bench.mailbox.fail_next("create_folder", Unreachable("cut"), after_items=None)
    bench.perform(bench.steps(ids))
    assert bench.folder_of(ids[0]) == "Acme B.V."
    assert len(bench.mailbox.tree().named(bench.mailbox.tree().root_id, "Clients")) == 1


def test_a_hidden_folder_of_the_name_is_said_and_nothing_is_moved(bench: Bench) -> None:
    ids = bench.deliver(1)
    bench.mailbox.server.create_folder(bench.mailbox.tree().root_id, "Clients", hidden=True)
    with pytest.raises(Refused, match="hidden or search folder"):
        bench.perform(bench.steps(ids))
    assert bench.folder_of(ids[0]) == "Inbox"


def test_a_stop_between_batches_leaves_the_rest_for_the_next_run(bench: Bench) -> None:
    ids = bench.deliver(45)
    steps = bench.steps(ids)
    results = perform_steps(
        bench.hands, bench.run(), steps, bench.mailbox.tree(), finish=mark_cursor,
        on_batch=lambda _: bench.hands.stop.set(),
    )  # fmt: skip
    assert len(results) == 20
    assert cursor(bench) is None
    assert bench.open_steps() == 0


def test_an_erasure_goes_through_intents_too(bench: Bench) -> None:
    ids = bench.deliver(2)
    steps: list[Step] = [EraseMessage(message=Identity(id=i), folder_id=bench.inbox) for i in ids]
    bench.mailbox.fail_next("delete_permanently", Unreachable("cut"), after_items=None)
    results = bench.perform(steps)
    assert [r.state for r in results] == [StepState.DONE] * 2
    assert bench.mailbox.calls["delete_permanently"] == 1
    assert {bench.state(i) for i in ids} == {MessageState.GONE}


@pytest.mark.parametrize(
    ("place", "state"),
    [
        ("target", StepState.DONE),
        ("source", StepState.NOT_TRIED),
        ("elsewhere", StepState.OVERTAKEN),
        (None, StepState.GONE),
    ],
)
def test_what_became_of_a_move(place: str | None, state: StepState) -> None:
    assert settle_move("source", "target", place).state is state


@pytest.mark.parametrize(
    ("place", "hard", "state"),
    [
        ("inbox", False, StepState.NOT_TRIED),
        ("purges", False, StepState.DONE),
        ("elsewhere", False, StepState.OVERTAKEN),
        (None, False, StepState.DONE),
        ("inbox", True, StepState.NOT_TRIED),
        ("purges", True, StepState.OVERTAKEN),
        (None, True, StepState.DONE),
    ],
)
def test_what_became_of_an_erasure(place: str | None, hard: bool, state: StepState) -> None:
    assert settle_erasure("inbox", place, hard=hard, recoverable=frozenset({"purges"})).state is state
