"""Where a message's id changes on every move: what a lost answer leaves unknown is looked for, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.errors import Unreachable
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, EraseMessage, Identity, MoveMessage, Step
from mailsorter.perform import Hands, StepResult, perform_steps, resume

ACME = ("Clients", "Acme B.V.")
MSG_ID = "<offerte@acme.example>"


class Bench:
    """A mailbox whose ids change, a ledger, and hands."""

    def __init__(self, path: Path) -> None:
        clock = VirtualClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
        self.mailbox = MemoryMailbox(clock=clock, ids_survive_moves=False)
        self.server = self.mailbox.server
        self.ledger = Ledger.open(f"sqlite:///{path}/ledger.db", bytes(32), clock=clock)
        with self.ledger.unit() as unit:
            self.number = unit.places.mailbox(self.mailbox.address)
        self.hands = Hands(self.mailbox, self.number, self.ledger, clock)
        self.inbox = self.server.folder(WellKnown.INBOX).id

    def deliver(self) -> str:
        return self.server.deliver(WellKnown.INBOX, internet_message_id=MSG_ID)

    def identity(self, message_id: str) -> Identity:
        message = self.server.item(message_id).message
        return Identity(
            id=message_id, internet_message_id=message.internet_message_id, search_key=message.search_key
        )  # fmt: skip

    def move(self, message_id: str, *, copy: bool = False) -> list[StepResult]:
        step = MoveMessage(
            message=self.identity(message_id), source_id=self.inbox, target=ACME, client_id="acme", copy=copy
        )
        return self.perform([EnsureFolder(path=ACME, client_id="acme"), step])

    def erase(self, message_id: str, *, hard: bool = False) -> list[StepResult]:
        folder = self.server.item(message_id).message.folder_id
        return self.perform([EraseMessage(message=self.identity(message_id), folder_id=folder, hard=hard)])

    def perform(self, steps: list[Step]) -> list[StepResult]:
        with self.ledger.unit() as unit:
            run = unit.runs.begin("sort")
        return perform_steps(self.hands, run, steps, self.mailbox.tree())

    def known(self, message_id: str) -> None:
        """The ledger has a row of that message from an earlier run."""
        with self.ledger.unit() as unit:
            folder = unit.places.folder(self.number, self.server.item(message_id).message.folder_id, ())
            token = unit.messages.token(self.number, message_id)
            unit.messages.record(
                [MessageRow(token=token, mailbox=self.number, folder=folder, state=MessageState.FILED)]
            )

    def state(self, message_id: str) -> MessageState | None:
        with self.ledger.reading() as unit:
            row = unit.messages.row(unit.messages.token(self.number, message_id))
            return row.state if row else None

    def open_steps(self) -> int:
        with self.ledger.reading() as unit:
            return len(unit.steps.open(self.number))

    def lose(self, method: str, *, look_ups_too: bool = False) -> None:
        """The next change happens, but its answer is lost; with `look_ups_too` nothing can be found out now."""
        self.mailbox.fail_next(method, Unreachable("cut"), after_items=None)
        if look_ups_too:
            self.mailbox.fail_next("locate", Unreachable("still cut"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


@pytest.mark.parametrize("crashes", [False, True])
def test_the_row_of_the_id_that_was_gives_way_to_that_of_the_new_one(bench: Bench, crashes: bool) -> None:
    """In the transaction that records the outcome: else the ledger would say twice where the message lies."""
    message = bench.deliver()
    bench.known(message)
    if crashes:
        bench.lose("move", look_ups_too=True)
        with pytest.raises(Unreachable):
            bench.move(message)
        assert resume(bench.hands).counts == {StepState.DONE: 1}
    else:
        bench.move(message)
    (moved,) = bench.server.ids(ACME)
    assert (bench.state(message), bench.state(moved)) == (None, MessageState.FILED)


# moving -------------------------------------------------------------------------------------------------------------


def test_a_lost_move_is_found_again_by_its_message_id(bench: Bench) -> None:
    bench.lose("move")
    (result,) = bench.move(bench.deliver())
    assert result.state is StepState.DONE
    assert bench.state(result.id) is MessageState.FILED


def test_of_two_hits_none_is_taken_and_a_person_is_asked(bench: Bench) -> None:
    """A copy shares the msg-id: which of the two was moved cannot be told, so neither is recorded as filed."""
    message = bench.deliver()
    other = bench.server.user_copies(message, WellKnown.SENT)
    bench.lose("move")
    (result,) = bench.move(message)
    assert result.state is StepState.UNCLEAR
    assert bench.open_steps() == 0, "it is decided: a person has to look"
    assert bench.state(message) is MessageState.UNCLEAR
    assert [bench.state(i) for i in (other, *bench.server.ids(ACME))] == [None, None]


def test_a_hit_that_the_ledger_already_knew_is_not_the_one_that_moved(bench: Bench) -> None:
    """A moved message has an id that nobody has seen before."""
    message = bench.deliver()
    bench.known(bench.server.user_copies(message, WellKnown.SENT))
    bench.lose("move")
    (result,) = bench.move(message)
    assert result.state is StepState.DONE


@pytest.mark.parametrize("crashes", [False, True])
def test_another_message_of_the_same_msg_id_is_not_the_one(bench: Bench, crashes: bool) -> None:
    """The sent one beside the one that came in: its search key is its own."""
    message = bench.deliver()
    for where in (WellKnown.SENT, ACME):
        bench.server.deliver(where, internet_message_id=MSG_ID)
    bench.lose("move", look_ups_too=crashes)
    if crashes:
        with pytest.raises(Unreachable):
            bench.move(message)
        assert resume(bench.hands).counts == {StepState.DONE: 1}
    else:
        (result,) = bench.move(message)
        assert result.state is StepState.DONE
    states = [bench.state(i) for i in bench.server.ids(ACME)]
    assert sorted(states, key=str) == [MessageState.FILED, None]


def test_after_a_crash_another_message_of_the_same_msg_id_is_not_taken(bench: Bench) -> None:
    """Nothing was moved and a person destroyed it: what lies in the target under its msg-id is another one."""
    message = bench.deliver()
    other = bench.server.deliver(ACME, internet_message_id=MSG_ID)
    bench.mailbox.fail_next("move", Unreachable("cut"))
    bench.mailbox.fail_next("locate", Unreachable("still cut"))
    with pytest.raises(Unreachable):
        bench.move(message)
    bench.server.user_destroys(message)
    assert resume(bench.hands).counts == {StepState.GONE: 1}
    assert bench.state(other) is None


def test_after_a_crash_a_copy_in_the_target_beside_the_deleted_original_goes_to_a_person(bench: Bench) -> None:
    """A copy shares the search key: as long as the original lies somewhere, too, nobody can tell who put it there."""
    message = bench.deliver()
    bench.mailbox.fail_next("move", Unreachable("cut"))
    bench.mailbox.fail_next("locate", Unreachable("still cut"))
    with pytest.raises(Unreachable):
        bench.move(message)
    copy = bench.server.user_copies(message, ACME)
    bench.server.user_deletes(message)
    assert resume(bench.hands).counts == {StepState.UNCLEAR: 1}
    assert bench.state(copy) is None


@pytest.mark.parametrize("crashes", [False, True])
def test_a_move_of_which_no_msg_id_is_known_is_found_again_by_its_search_key(bench: Bench, crashes: bool) -> None:
    """An undo: the ledger keeps no readable msg-id."""
    message = bench.deliver()
    known = Identity(id=message, search_key=bench.server.item(message).message.search_key)
    step = MoveMessage(message=known, source_id=bench.inbox, target=ACME, client_id="acme")
    bench.server.folder(ACME)
    bench.lose("move", look_ups_too=crashes)
    steps: list[Step] = [EnsureFolder(path=ACME, client_id="acme"), step]
    if crashes:
        with pytest.raises(Unreachable):
            bench.perform(steps)
        assert resume(bench.hands).counts == {StepState.DONE: 1}
    else:
        assert bench.perform(steps)[-1].state is StepState.DONE
    (moved,) = bench.server.ids(ACME)
    assert bench.state(moved) is MessageState.FILED


@pytest.mark.parametrize("is_copy", [False, True])
def test_after_a_crash_two_hits_in_the_target_go_to_a_person(bench: Bench, is_copy: bool) -> None:
    message = bench.deliver()
    bench.server.user_copies(message, ACME)
    bench.lose("copy" if is_copy else "move", look_ups_too=True)
    with pytest.raises(Unreachable):
        bench.move(message, copy=is_copy)
    assert bench.open_steps() == 1
    assert resume(bench.hands).counts == {StepState.UNCLEAR: 1}
    assert bench.open_steps() == 0
    assert resume(bench.hands).total == 0
    assert [bench.state(i) for i in bench.server.ids(ACME)] == [None, None]
    assert bench.state(message) is (None if is_copy else MessageState.UNCLEAR)


def test_after_a_crash_one_hit_that_the_ledger_did_not_know_is_it(bench: Bench) -> None:
    message = bench.deliver()
    earlier = bench.server.user_copies(message, ACME)
    bench.known(earlier)
    bench.lose("move", look_ups_too=True)
    with pytest.raises(Unreachable):
        bench.move(message)
    assert resume(bench.hands).counts == {StepState.DONE: 1}
    (moved,) = bench.server.ids(ACME) - {earlier}
    assert bench.state(moved) is MessageState.FILED


# erasing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crashed", [False, True])
def test_a_lost_answer_to_a_permanent_delete_finds_the_message_in_recoverable_items(
    bench: Bench, crashed: bool
) -> None:
    """Its id changed on the way, so "not found" alone says nothing: the search key tells where it lies now."""
    bench.lose("delete_permanently", look_ups_too=crashed)
    message = bench.deliver()
    if crashed:
        with pytest.raises(Unreachable):
            bench.erase(message)
        assert resume(bench.hands).counts == {StepState.DONE: 1}
        return
    (result,) = bench.erase(message)
    purges = bench.server.folder(WellKnown.RECOVERABLE_PURGES).id
    assert (result.state, result.folder_id) == (StepState.DONE, purges)
    assert bench.server.ids(purges) == {result.id}


@pytest.mark.parametrize("crashed", [False, True])
def test_a_message_that_a_person_moved_instead_is_not_taken_for_erased(bench: Bench, crashed: bool) -> None:
    """The delete never happened, and a person dragged the message elsewhere, under a new id: overtaken, not done."""
    message = bench.deliver()
    step = EraseMessage(message=bench.identity(message), folder_id=bench.inbox)
    if crashed:
        bench.mailbox.fail_next("delete_permanently", Unreachable("cut"), after_items=0)
        bench.mailbox.fail_next("locate", Unreachable("still cut"))
        with pytest.raises(Unreachable):
            bench.perform([step])
        bench.server.user_moves(message, ("Prive",))
        assert resume(bench.hands).counts == {StepState.OVERTAKEN: 1}
        return
    bench.server.user_moves(message, ("Prive",))
    (result,) = bench.perform([step])
    assert result.state is StepState.OVERTAKEN
    assert result.folder_id == bench.server.folder(("Prive",)).id


@pytest.mark.parametrize("crashed", [False, True])
def test_what_a_hard_delete_left_under_another_id_is_not_taken_for_erased(bench: Bench, crashed: bool) -> None:
    """Single item recovery moves what a hard delete takes to Purges, under a new id."""
    message = bench.server.deliver(WellKnown.RECOVERABLE_DELETIONS, internet_message_id=MSG_ID)
    step = EraseMessage(
        message=bench.identity(message),
        folder_id=bench.server.folder(WellKnown.RECOVERABLE_DELETIONS).id,
        hard=True,
    )
    bench.mailbox.fail_next("delete_hard", Unreachable("cut"), after_items=0)
    if crashed:
        bench.mailbox.fail_next("locate", Unreachable("still cut"))
        with pytest.raises(Unreachable):
            bench.perform([step])
        bench.server.user_moves(message, WellKnown.RECOVERABLE_PURGES)
        assert resume(bench.hands).counts == {StepState.OVERTAKEN: 1}
        return
    bench.server.user_moves(message, WellKnown.RECOVERABLE_PURGES)
    (result,) = bench.perform([step])
    assert result.state is StepState.OVERTAKEN


@pytest.mark.parametrize("hard", [False, True])
def test_what_is_nowhere_any_more_is_done(bench: Bench, hard: bool) -> None:
    place = WellKnown.RECOVERABLE_DELETIONS if hard else WellKnown.INBOX
    message = bench.server.deliver(place, internet_message_id=MSG_ID)
    step = EraseMessage(message=bench.identity(message), folder_id=bench.server.folder(place).id, hard=hard)
    bench.server.user_destroys(message)
    (result,) = bench.perform([step])
    assert result.state is StepState.DONE


def test_another_message_that_carries_no_trace_of_it_is_no_hit(bench: Bench) -> None:
    message = bench.deliver()
    bench.server.deliver(WellKnown.RECOVERABLE_PURGES, internet_message_id="<ander@acme.example>")
    step = EraseMessage(message=bench.identity(message), folder_id=bench.inbox)
    bench.server.user_destroys(message)
    (result,) = bench.perform([step])
    assert (result.state, result.folder_id) == (StepState.DONE, "")
