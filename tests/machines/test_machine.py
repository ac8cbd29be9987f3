"""A firm, its people, its processes and bad luck, in any order: hypothesis looks for the order that breaks a promise.

Promises examined after every step: each message lies in exactly one place (and a copy once for each client it is
for), nothing that a person placed is moved by a run, a run that came through leaves nothing behind that it should have
filed, a plan is what is then performed, and after a check ledger and mailbox agree.

`MAILSORTER_TORTURE=1` tries thousands of schedules (`MAILSORTER_SCHEDULES`); without it a few.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailsorter.errors import BrakePulled, LedgerLocked, Throttled, Unreachable
from mailsorter.model.client import Client
from mailsorter.model.folder import WellKnown
from mailsorter.model.standing import MessageState
from mailsorter.perform import perform
from mailsorter.sorting.report import RunReport
from tests.ews_servers import DIFFERING
from tests.machines.served import EwsWorld, GraphWorld
from tests.machines.world import ADDRESS, CLIENTS, ChangingIdsWorld, Fault, World
from tests.unit.sorting.firm import OWN

SENDERS = ("jan@acme.example", "jo@bakker.example", "cas@cornelis.example", "wie@elders.example", f"bram@{OWN}")
FAULTS = st.builds(
    Fault,
    st.sampled_from(
        ("move", "copy", "create_folder", "changes", "tree", "tree_changes", "locate", "fetch", "list_ids")
    ),
    st.sampled_from((Unreachable("cut"), Throttled("slow down", retry_after_s=1.0))),
    st.sampled_from((0, 1, 2, None)),
)
TORTURE = os.environ.get("MAILSORTER_TORTURE") == "1"


class Firm(RuleBasedStateMachine):
    """One mailbox. `placed` is where a run put a message; `pinned` what a person moved from there."""

    tried: ClassVar[Counter[str]] = Counter()
    make_world: ClassVar[Callable[[], World]] = World

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.born: dict[str, str] = {}  # id to sender, of everything that still should be somewhere
        self.placed: set[str] = set()
        self.pinned: set[str] = set()
        self.undone: set[str] = set()
        self.uncertain: set[str] = set()  # moved by a person while a run's own step was open
        self.for_two: set[str] = set()
        self.thrown_away: set[str] = set()  # copies that an undo put into Deleted Items: filed again they are made anew
        Firm.tried["schedules"] += 1

    def teardown(self) -> None:
        try:
            self._settle()
        finally:
            self.world.close()

    @initialize(copies=st.booleans())
    def begins(self, copies: bool) -> None:
        self.world.copies = copies

    # senders ----------------------------------------------------------------------------------------------------

    @rule(sender=st.sampled_from(SENDERS), count=st.integers(1, 4))
    def mail_comes(self, sender: str, count: int) -> None:
        for _ in range(count):
            self.born[self.world.deliver(sender)] = sender

    @rule()
    def mail_for_two_comes(self) -> None:
        message = self.world.deliver("jan@acme.example", to="jo@bakker.example")
        self.born[message] = "both"
        self.for_two.add(message)

    @rule()
    def mail_is_sent(self) -> None:
        self.born[self.world.deliver(ADDRESS, to="jan@acme.example", sent=True)] = SENDERS[0]

    # people -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.born)
    @rule(data=st.data())
    def a_person_moves_a_message(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.born)))
        self._moves(message, data.draw(st.sampled_from(self._destinations())))

    @precondition(lambda self: self.placed & self.born.keys())
    @rule(data=st.data(), to=st.sampled_from((WellKnown.INBOX, WellKnown.SENT)))
    def a_person_takes_a_message_back(self, data: st.DataObject, to: WellKnown) -> None:
        """To where mail is filed from: there it must stay."""
        message = data.draw(st.sampled_from(sorted(self.placed & self.born.keys())))
        self._moves(message, self.world.server.folder(to).id)

    @precondition(lambda self: self.born)
    @rule(data=st.data())
    def a_person_moves_a_message_there_and_back(self, data: st.DataObject) -> None:
        """A→B→A: delta may hide it."""
        message = data.draw(st.sampled_from(sorted(self.born)))
        here = self.world.where(message)
        self.world.server.user_moves(message, data.draw(st.sampled_from(self._destinations())))
        self.world.server.user_moves(message, here)

    @precondition(lambda self: self.born)
    @rule(data=st.data())
    def a_person_destroys_a_message(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.born)))
        self.world.server.user_destroys(message)
        for known in (self.born, self.placed, self.pinned, self.undone, self.uncertain, self.for_two):
            known.pop(message, None) if isinstance(known, dict) else known.discard(message)

    @rule(client=st.sampled_from(CLIENTS), name=st.sampled_from(("Oud", "Archief", "acme")))
    def a_person_renames_a_client_folder(self, client: Client, name: str) -> None:
        folder = self.world.client_folder(client)
        siblings = self.world.server.tree().named(self.world.server.folder(("Clients",)).id, name)
        if folder and not siblings:
            self.world.server.user_renames_folder(folder, name)

    @rule(client=st.sampled_from(CLIENTS))
    def a_person_deletes_a_client_folder(self, client: Client) -> None:
        folder = self.world.client_folder(client)
        if folder:
            self.world.server.user_deletes_folder(folder)
            self.pinned |= self.world.server.ids(folder) & self.placed

    @rule(client=st.sampled_from(CLIENTS))
    def a_person_moves_a_client_folder(self, client: Client) -> None:
        folder = self.world.client_folder(client)
        if folder:
            self.world.server.user_moves_folder(folder, ("Prive",))

    @rule()
    def the_book_changes(self) -> None:
        self.world.clients = CLIENTS if len(self.world.clients) == 2 else CLIENTS[:2]
        self.undone.clear()

    # fate -------------------------------------------------------------------------------------------------------

    @rule(fault=FAULTS)
    def bad_luck_waits(self, fault: Fault) -> None:
        Firm.tried["faults"] += 1
        self.world.faults.append(fault)

    @rule()
    def exchange_forgets_its_cursors(self) -> None:
        self.world.server.forget_cursors()

    @rule(days=st.integers(0, 3))
    def time_passes(self, days: int) -> None:
        self.world.clock.sleep(days * 86400 + 60)

    # processes --------------------------------------------------------------------------------------------------

    @rule(crash_at=st.one_of(st.just(0), st.integers(1, 60)), go_on=st.booleans())
    def a_run(self, crash_at: int, go_on: bool) -> None:
        before = self._where_people_put_them()
        fresh = self.world.server.everything()
        report = self.world.sort(crash_at=crash_at, go_on=go_on)
        Firm.tried["crashes"] += report is None
        self._note_placed(fresh)
        assert self._where_people_put_them() == before, "a run moved what a person had placed"
        if report is not None:
            self._adds_up(report)

    @rule(crash_at=st.one_of(st.just(0), st.integers(1, 40)), data=st.data())
    def an_undo(self, crash_at: int, data: st.DataObject) -> None:
        runs = self.world.runs()
        if not runs:
            return
        fresh = self.world.server.everything()
        report = self.world.undo(data.draw(st.sampled_from(runs)), crash_at=crash_at)
        Firm.tried["crashes"] += report is None
        if report is not None and report.error is None:
            assert report.adds_up
        now = self.world.server.everything()
        self.thrown_away |= {m for m in now.keys() - self.born.keys() if now[m] != fresh.get(m)}
        moved = {m for m in self.born if now.get(m) != fresh.get(m)}
        self.undone |= moved
        self.pinned -= moved
        self.placed |= moved

    @rule(crash_at=st.one_of(st.just(0), st.integers(1, 20)))
    def a_check(self, crash_at: int) -> None:
        before = self.world.server.everything()
        Firm.tried["crashes"] += self.world.check(crash_at=crash_at) is None
        self._resumed(before)

    @rule()
    def a_plan_and_then_a_run(self) -> None:
        self.world.faults = []
        self.world.check()  # settles what was open, as the run would
        planned = self.world.planned()
        before = self._where_people_put_them()
        fresh = self.world.server.everything()
        report, performed = self.world.sort_watched()
        self._note_placed(fresh)
        assert self._where_people_put_them() == before, "a run moved what a person had placed"
        if report.mailboxes[0].error is None:
            assert [(s.message.id, s.target, s.copy) for s in planned] == [
                (s.message.id, s.target, s.copy) for s in performed
            ], "a plan is not what was performed"

    @rule()
    def a_second_process_meets_the_first(self) -> None:
        with self.world.process() as (ledger, _), ledger.unit() as unit:
            number = unit.places.mailbox(ADDRESS)
        with self.world.process() as (ledger, _), ledger.locks.hold(number):
            before = self.world.server.everything()
            report = self.world.sort()
            assert report is None or isinstance(report.mailboxes[0].error, LedgerLocked)
            assert self.world.server.everything() == before

    # promises ---------------------------------------------------------------------------------------------------

    @invariant()
    def every_message_is_somewhere_exactly_once(self) -> None:
        everything = self.world.server.everything()
        missing = self.born.keys() - everything.keys()
        assert not missing, f"lost: {missing}"
        extra = everything.keys() - self.born.keys()
        assert len(extra) <= len(self.for_two) or self.world.copies, "something was made that nobody asked for"
        copies = Counter(self.world.server.item(i).message.internet_message_id for i in extra - self.thrown_away)
        assert all(count <= 1 for count in copies.values()), "a copy was made twice"

    def _settle(self) -> None:
        """All quiet: what is left over must come right by itself."""
        self.world.faults = []
        before = self._where_people_put_them()
        for _ in range(2):
            fresh = self.world.server.everything()
            report = self.world.sort()
            self._note_placed(fresh)
        assert self._where_people_put_them() == before, "a run moved what a person had placed"
        assert report is not None
        note(f"{report.mailboxes[0]}")
        error = report.mailboxes[0].error
        assert error is None or isinstance(error, BrakePulled), error
        self.every_message_is_somewhere_exactly_once()
        assert self.world.open_steps() == 0
        if error is None:
            self._nothing_was_skipped()
        statement = self.world.check()
        again = self.world.check()
        assert statement is not None
        assert again is not None
        kinds = {k: n for k, n in again.differences.items() if not k.is_open}
        assert not kinds, f"a second check finds differences: {kinds}"
        assert all(folder.agrees for folder in again.folders), again.folders

    def _where_people_put_them(self) -> dict[str, str]:
        """What a person moved from where a run or an undo had put it."""
        return {m: self.world.where(m) for m in self.pinned - self.uncertain}

    def _nothing_was_skipped(self) -> None:
        inbox = self.world.server.folder(WellKnown.INBOX).id
        names = {client.domains[0] for client in self.world.clients}
        due = {m for m, s in self.born.items() if s.partition("@")[2] in names}
        due -= self.pinned | self.undone | self.uncertain
        left = {m for m in due if self.world.where(m) == inbox and not self._is_by_hand(m)}
        assert not left, f"a run left what it should have filed: {left}"

    def _is_by_hand(self, message: str) -> bool:
        with self.world.process() as (ledger, _), ledger.unit() as unit:
            row = unit.messages.row(unit.messages.token(unit.places.mailbox(ADDRESS), self.world.ids_of(message)[-1]))
        return row is not None and row.state in (MessageState.BY_HAND, MessageState.UNDONE)

    def _adds_up(self, report: RunReport) -> None:
        (mailbox,) = report.mailboxes
        if mailbox.error is None and mailbox.is_complete:
            assert mailbox.adds_up, mailbox

    # people, in detail ------------------------------------------------------------------------------------------

    def _destinations(self) -> list[str]:
        server = self.world.server
        kinds = (WellKnown.INBOX, WellKnown.DELETED, WellKnown.ARCHIVE, ("Prive",))
        folders = [server.folder(kind).id for kind in kinds]
        return folders + [f for client in CLIENTS if (f := self.world.client_folder(client))]

    def _moves(self, message: str, to: str) -> None:
        if self.world.where(message) == to:
            return
        is_open = self._has_open_step(message)
        self.world.server.user_moves(message, to)
        if is_open:
            self.uncertain.add(message)  # found where it came from, nobody can tell who put it there
        elif message in self.placed:
            self.pinned.add(message)

    def _has_open_step(self, message: str) -> bool:
        with self.world.process() as (ledger, _), ledger.reading() as unit:
            number = 1
            tokens = {unit.messages.token(number, one) for one in self.world.ids_of(message)}
            return any(step.token in tokens for step in unit.steps.open(number))

    def _note_placed(self, before: dict[str, str]) -> None:
        now = self.world.server.everything()
        self.placed |= {m for m in self.born if now.get(m) != before.get(m)}

    def _resumed(self, before: dict[str, str]) -> None:
        assert self.world.server.everything().items() >= before.items(), "a check moved mail"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "BATCH", 3)


QUICK = settings(
    max_examples=25,
    phases=(Phase.generate,),
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class FirmWithChangingIds(Firm):
    """The same firm, where a message has another id after each move."""

    make_world = ChangingIdsWorld


@pytest.mark.parametrize("firm", [Firm, FirmWithChangingIds], ids=["stable ids", "changing ids"])
def test_a_few_schedules_break_no_promise(firm: type[Firm]) -> None:
    run_state_machine_as_test(firm, settings=QUICK)


class FirmOnPremises(Firm):
    """The same firm, its mailbox on Exchange Server: the EWS connector over HTTP."""

    make_world = EwsWorld


def firms_on_premises() -> list[type[Firm]]:
    """The same on every other kind of EWS server."""
    return [
        type(f"FirmOn_{name.replace('-', '_')}", (Firm,), {"make_world": partial(EwsWorld, kind=kind)})
        for name, kind in DIFFERING.items()
    ]


class FirmOnline(Firm):
    """The same firm, its mailbox in Exchange Online: the Graph connector over HTTP."""

    make_world = GraphWorld


@pytest.mark.parametrize(
    "firm", [FirmOnPremises, FirmOnline, *firms_on_premises()], ids=["ews", "graph", *(f"ews-{n}" for n in DIFFERING)]
)
def test_a_few_schedules_over_a_connector_break_no_promise(firm: type[Firm]) -> None:
    if firm is not FirmOnline:
        pytest.importorskip("mailsorter.mailbox.ews")
    run_state_machine_as_test(firm, settings=settings(QUICK, max_examples=3, stateful_step_count=15))


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.skipif(not TORTURE, reason="long: MAILSORTER_TORTURE=1")
@pytest.mark.parametrize(
    ("firm", "share"),
    [(Firm, 1), (FirmWithChangingIds, 1), (FirmOnPremises, 20), (FirmOnline, 20)],
    ids=["memory", "changing-ids", "ews", "graph"],
)
def test_thousands_of_schedules_break_no_promise(
    firm: type[Firm], share: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over a connector a twentieth of them: each is a hundred times the work."""
    Firm.tried.clear()
    count = int(os.environ.get("MAILSORTER_SCHEDULES", "2000")) // share
    many = settings(QUICK, max_examples=count, stateful_step_count=15, derandomize=False)
    run_state_machine_as_test(firm, settings=many)
    with capsys.disabled():
        print(f"\nschedules tried {Firm.tried['schedules']}, faults met {Firm.tried['faults']}, "
              f"crashes {Firm.tried['crashes']}, messages lost 0")  # fmt: skip
