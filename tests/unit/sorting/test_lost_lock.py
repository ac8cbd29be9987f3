"""PostgreSQL ends the session of a mailbox's lock while its holder lives: it does nothing more, another takes over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mailsorter.checking.check import check_mailboxes
from mailsorter.errors import LedgerLocked
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Outcome
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.step import EnsureFolder, EraseMessage, Identity, MoveMessage, Step
from mailsorter.perform import Hands, perform_steps, resume
from mailsorter.sorting.report import RunReport
from mailsorter.sorting.undo import undo_run
from tests.postgres import MASTER, PostgresServer, postgres
from tests.unit.sorting.firm import ACME, BAKKER, OWN, Firm, Onlooker

__all__ = ["postgres"]

MESSAGES = 50
BATCH = 20


class Watched(MemoryMailbox):
    """A mailbox that tells of every request that changes mail once Exchange has done it, before the answer arrives."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changed: Counter[str] = Counter()
        self.after_change: Callable[[], None] = lambda: None

    def _change(self, method: str, items: Sequence[Any], id_of: Any, act: Any) -> list[Outcome]:
        outcomes = super()._change(method, items, id_of, act)
        self.changed.update(id_of(item) for item in items)
        self.after_change()
        return outcomes


class Shared:
    """A firm whose ledger is on PostgreSQL, and a second process on the same ledger and mailbox."""

    def __init__(self, path: Path, server: PostgresServer) -> None:
        self.server = server
        self.url = server.fresh()
        self.firm = Firm(path, url=self.url)
        self.mailbox = Watched(f"anna@{OWN}", clock=self.firm.clock)
        self.firm.mailboxes = [self.mailbox]
        for i in range(MESSAGES):
            self.firm.deliver("jan@acme.example", f"nr {i}")
        with self.firm.ledger.unit() as unit:
            self.number = unit.places.mailbox(self.mailbox.address)
        self.other = Firm(path, url=self.url)
        self.other.clock = self.firm.clock
        self.other.mailboxes = [Watched(self.mailbox.address, clock=self.firm.clock, server=self.mailbox.server)]

    def close(self) -> None:
        self.firm.ledger.close()
        self.other.ledger.close()

    def once(self, act: Callable[[], object]) -> None:
        """Do this after the next request that changes mail, and never again."""

        def first() -> None:
            self.mailbox.after_change = lambda: None
            act()

        self.mailbox.after_change = first

    def end_session(self) -> None:
        self.server.end_session_of_lock(self.url, self.number)

    def open_steps(self) -> int:
        with self.other.ledger.reading() as unit:
            return len(unit.steps.open(self.number))

    def filed(self) -> int:
        return len(self.firm.folders().get("Clients / Acme B.V.", ()))

    def undo(self, firm: Firm, run: str) -> RunReport:
        (mailbox,) = firm.mailboxes
        return undo_run(firm.ledger, firm.clock, run, {mailbox.address: lambda: mailbox}, [ACME.id, BAKKER.id])

    def agrees(self) -> bool:
        (mailbox,) = self.other.mailboxes
        connect = {mailbox.address: lambda: mailbox}
        (statement,) = check_mailboxes(self.other.ledger, self.other.clock, connect, self.other.filing.folder_of)
        return statement.agrees and not statement.differences


@pytest.fixture
def shared(tmp_path: Path, postgres: PostgresServer) -> Iterator[Shared]:
    shared = Shared(tmp_path, postgres)
    yield shared
    shared.close()


def error_of(report: RunReport) -> LedgerLocked:
    (mailbox,) = report.mailboxes
    assert isinstance(mailbox.error, LedgerLocked)
    return mailbox.error


def test_a_run_stops_and_leaves_the_batch_under_way_to_the_next(shared: Shared) -> None:
    shared.once(shared.end_session)
    error = error_of(shared.firm.sort())
    assert f"mailbox number {shared.number} of the ledger" in error.what
    assert "was lost" in error.what
    assert "run the command again" in error.advice
    assert shared.filed() == shared.open_steps() == BATCH
    assert shared.other.sort().mailboxes[0].error is None
    assert shared.filed() == MESSAGES
    assert set((shared.mailbox.changed + shared.other.mailboxes[0].changed).values()) == {1}, "none was moved twice"
    assert shared.agrees()


def test_a_run_stops_before_its_next_batch_when_its_last_is_recorded(shared: Shared) -> None:
    class EndsTheSession(Onlooker):
        def performed(self, mailbox: str, results: Sequence[Any]) -> None:
            shared.end_session()

    error_of(shared.firm.sort(onlooker=EndsTheSession()))
    assert shared.filed() == BATCH
    assert shared.open_steps() == 0
    assert shared.other.sort().total("filed") == MESSAGES - BATCH


def test_another_process_takes_over_while_the_holder_still_lives(shared: Shared) -> None:
    def taken_over() -> None:
        shared.end_session()
        assert shared.other.sort().mailboxes[0].error is None

    shared.once(taken_over)
    error_of(shared.firm.sort())
    assert shared.filed() == MESSAGES
    assert set((shared.mailbox.changed + shared.other.mailboxes[0].changed).values()) == {1}, "none was moved twice"
    assert shared.open_steps() == 0
    assert shared.agrees(), "and the holder wrote nothing over what the other recorded"


def test_an_undo_stops_and_is_finished_by_another(shared: Shared) -> None:
    run = shared.firm.sort().run
    shared.once(shared.end_session)
    error_of(shared.undo(shared.firm, run))
    assert shared.filed() == MESSAGES - BATCH
    assert shared.undo(shared.other, run).mailboxes[0].error is None
    assert shared.filed() == 0
    assert len(shared.firm.folders()["Inbox"]) == MESSAGES


def steps_that_erase(shared: Shared) -> list[Step]:
    inbox = shared.mailbox.server.folder(WellKnown.INBOX).id
    return [EraseMessage(message=Identity(id=i), folder_id=inbox) for i in sorted(shared.mailbox.server.ids(inbox))]


def test_an_erasure_stops_before_its_next_batch(shared: Shared) -> None:
    hands = Hands(shared.mailbox, shared.number, shared.firm.ledger, shared.firm.clock)
    steps = steps_that_erase(shared)
    with shared.firm.ledger.unit() as unit:
        run = unit.runs.begin("erase")
    shared.once(shared.end_session)
    with shared.firm.ledger.locks.hold(shared.number), pytest.raises(LedgerLocked):
        perform_steps(hands, run, steps, shared.mailbox.tree())
    assert len(shared.mailbox.changed) == BATCH
    other = Hands(shared.other.mailboxes[0], shared.number, shared.other.ledger, shared.other.clock)
    with shared.other.ledger.locks.hold(shared.number):
        assert resume(other).counts == {StepState.DONE: BATCH}


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [EnsureFolder(path=("Clients", "Acme B.V."), client_id="acme")],
        [MoveMessage(message=Identity(id="m"), source_id="s", target=("Clients",), target_id="t")],
    ],
    ids=["cursor", "folder", "move"],
)
def test_without_the_lock_nothing_is_written_and_nothing_asked(shared: Shared, steps: list[Step]) -> None:
    hands = Hands(shared.mailbox, shared.number, shared.firm.ledger, shared.firm.clock)
    folders = shared.firm.folders()
    written: list[Unit] = []
    with shared.firm.ledger.unit() as unit:
        run = unit.runs.begin("sort")
    with shared.firm.ledger.locks.hold(shared.number):
        tree = shared.mailbox.tree()
        shared.end_session()
        for _ in range(2):  # asked again it must not connect anew and take that session for the lock's
            with pytest.raises(LedgerLocked):
                perform_steps(hands, run, steps, tree, finish=written.append)
    assert (shared.firm.folders(), shared.open_steps(), written) == (folders, 0, [])
    with shared.other.ledger.locks.hold(shared.number):  # and what is left of the session is in nobody's way
        pass


def test_who_takes_the_lock_again_works_on(shared: Shared) -> None:
    with shared.firm.ledger.locks.hold(shared.number):
        shared.end_session()
    assert shared.firm.sort().total("filed") == MESSAGES


def test_a_file_lock_is_not_asked_for(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", MASTER) as ledger, ledger.locks.hold(1):
        ledger.locks.require_held(1)
