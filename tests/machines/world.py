"""A firm that outlives its processes: mailboxes on a server, a ledger on disk, and processes that come and go."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from mailsorter.checking.check import check_mailboxes
from mailsorter.checking.statement import MailboxStatement
from mailsorter.clock import VirtualClock
from mailsorter.errors import MailsorterError
from mailsorter.ledger.engine import make_engine
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.rekey import finish
from mailsorter.ledger.upgrade import bring_up_to_date
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.client import Client
from mailsorter.model.filing import Several
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.model.step import MoveMessage
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.report import MailboxReport, RunReport
from mailsorter.sorting.run import Job, SortOptions, plan, sort
from mailsorter.sorting.undo import undo_run
from tests.machines.crash import Crash, CrashingLedger, CrashingMailbox, Effects
from tests.machines.named_server import NamedServer, RememberingServer
from tests.unit.sorting.firm import OWN, Onlooker

CLIENTS = tuple(Client(id=n, name=n.title(), domains=(f"{n}.example",)) for n in ("acme", "bakker", "cornelis"))
ADDRESS = f"anna@{OWN}"
MASTER = bytes(32)


class Lost(AssertionError):
    """A promise is broken."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Bad luck with one call: the error, and how many items are changed before it strikes (None: all)."""

    method: str
    error: MailsorterError
    after_items: int | None = 0


@cache
def _template() -> bytes:
    """A ledger with its tables: migrating anew for every schedule would take most of the time."""
    with tempfile.TemporaryDirectory() as folder:
        Ledger.open(f"sqlite:///{folder}/ledger.db", MASTER).close()
        return Path(folder, "ledger.db").read_bytes()


@cache
def _book(clients: tuple[Client, ...]) -> MatchBook:
    return MatchBook(clients, [OWN])


@dataclass(slots=True)
class World:
    """One mailbox, one ledger. Everything that processes forget lives in `server` and in the ledger's file."""

    copies: bool = False
    ids_survive_moves: bool = True
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(datetime(2026, 11, 23, 9, tzinfo=UTC)))
    server: Any = field(init=False)  # a MemoryServer, or a StoreServer that speaks like one
    folder: Path = field(init=False)
    engine: Engine = field(init=False)
    clients: tuple[Client, ...] = CLIENTS[:2]
    keys: tuple[bytes, ...] = (MASTER,)  # the ledger's master key in force, then those it replaced
    faults: list[Fault] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)

    def __post_init__(self) -> None:
        shared = "/dev/shm"  # memory where there is such a place: a power cut is not what is tried here
        self.folder = Path(
            tempfile.mkdtemp(prefix="mailsorter-machine-", dir=shared if os.path.isdir(shared) else None)
        )
        (self.folder / "ledger.db").write_bytes(_template())
        self.engine = make_engine(f"sqlite:///{self.folder}/ledger.db", durable=False)  # its compiled SQL serves all
        self.server = self._serve()
        self.server.folder(("Prive",))

    def close(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)

    # the seam: where the mailbox lives, and by which road it is reached (`served` has others) ---------------------

    def _serve(self) -> Any:
        return MemoryServer(ADDRESS, clock=self.clock, ids_survive_moves=self.ids_survive_moves)

    def _memory(self) -> MemoryServer:
        """The server as a process finds it."""
        server: MemoryServer = self.server
        return server

    def _open(self) -> Any:
        """A process's own mailbox object, with the faults that wait for it."""
        mailbox = CrashingMailbox(ADDRESS, server=self._memory(), clock=self.clock)
        mailbox.effects = self.effects
        for fault in self.faults:
            mailbox.fail_next(fault.method, fault.error, after_items=fault.after_items)
        return mailbox

    def ids_of(self, message: str) -> list[str]:
        """Every id that a message had so far, as the ledger may know it."""
        return [message]

    # processes --------------------------------------------------------------------------------------------------

    @contextmanager
    def process(self) -> Iterator[tuple[Ledger, Any]]:
        """A process's own objects, with the faults that wait for it."""
        ledger = CrashingLedger(self.engine, self._key(), self.clock)
        ledger.effects = self.effects
        mailbox = self._open()
        self.faults = []
        self.clock.sleep(60)
        yield ledger, mailbox

    def _key(self) -> LedgerKey:
        """As a process finds it that opens the ledger."""
        master, *former = self.keys
        if master == MASTER:
            return LedgerKey(MASTER)
        return bring_up_to_date(self.engine, master, former, "world", int(self.clock.now().timestamp()))

    def finish_rekeying(self, *, crash_at: int = 0) -> bool | None:
        """One process says that all is rekeyed, if it is; None when it ended before."""
        with self.process() as (ledger, _), self.crashing(crash_at):
            return finish(ledger, [ADDRESS], [c.id for c in CLIENTS])
        return None

    def filing(self) -> Filing:
        return Filing(
            book=_book(self.clients),
            folder_of={c.id: ("Clients", c.name) for c in self.clients},
            archive=("Clients",),
            rules_digest=repr(self.clients).encode(),
            several=Several.COPY_FOR_EACH if self.copies else Several.REVIEW,
        )

    def sort(self, *, crash_at: int = 0, go_on: bool = True) -> RunReport | None:
        """One process sorts; None when it ended before it could report."""
        with self.process() as (ledger, mailbox):
            options = SortOptions(Onlooker(), brakes=BrakePolicy(go_on=go_on))
            with self.crashing(crash_at):
                return sort(ledger, self.clock, [Job(ADDRESS, self.filing(), lambda: mailbox)], options)
        return None

    def planned(self) -> list[MoveMessage]:
        """What a run would move now, in order."""
        onlooker = Onlooker()
        options = SortOptions(onlooker, brakes=BrakePolicy(enabled=False))
        with self.process() as (ledger, mailbox):
            plan(ledger, self.clock, [Job(ADDRESS, self.filing(), lambda: mailbox)], options)
        return [step for step in onlooker.steps if isinstance(step, MoveMessage)]

    def sort_watched(self) -> tuple[RunReport, list[MoveMessage]]:
        """One process sorts undisturbed; what it reports, and what it moved in order."""
        onlooker = Onlooker()
        with self.process() as (ledger, mailbox):
            options = SortOptions(onlooker, brakes=BrakePolicy(enabled=False))
            report = sort(ledger, self.clock, [Job(ADDRESS, self.filing(), lambda: mailbox)], options)
        return report, [step for step in onlooker.steps if isinstance(step, MoveMessage)]

    def undo(self, run: str, *, crash_at: int = 0) -> MailboxReport | None:
        """One process undoes a run."""
        with self.process() as (ledger, mailbox), self.crashing(crash_at):
            report = undo_run(ledger, self.clock, run, {ADDRESS: lambda: mailbox}, [c.id for c in CLIENTS])
            return report.mailboxes[0] if report.mailboxes else None
        return None

    def check(self, *, crash_at: int = 0) -> MailboxStatement | None:
        """One process compares ledger and mailbox."""
        with self.process() as (ledger, mailbox), self.crashing(crash_at):
            folder_of = self.filing().folder_of
            brakes = BrakePolicy(go_on=True)
            return check_mailboxes(ledger, self.clock, {ADDRESS: lambda: mailbox}, folder_of, brakes=brakes)[0]
        return None

    @contextmanager
    def crashing(self, at: int) -> Iterator[None]:
        self.effects.count, self.effects.stop_at = 0, at
        try:
            yield
        except Crash:
            pass
        finally:
            self.effects.stop_at = 0

    def runs(self) -> list[str]:
        with self.process() as (ledger, _), ledger.reading() as unit:
            return [run.id for run in unit.runs.latest(5) if run.kind in ("sort", "undo")]

    def open_steps(self) -> int:
        with self.process() as (ledger, _), ledger.reading() as unit:
            return sum(len(unit.steps.open(n)) for n in unit.steps.mailboxes_with_open())

    # people -----------------------------------------------------------------------------------------------------

    def deliver(self, sender: str, *, to: str = ADDRESS, sent: bool = False) -> str:
        self.clock.sleep(1)
        where = WellKnown.SENT if sent else WellKnown.INBOX
        return str(self.server.deliver(where, from_=Participant(sender), to=(Participant(to),), subject="x"))

    def where(self, message_id: str) -> str:
        """Folder id it lies in; "" when nowhere."""
        return str(self.server.everything().get(message_id, ""))

    def client_folder(self, client: Client) -> str:
        """Id of the folder at the client's own path; "" when there is none."""
        found = self.server.tree().find(("Clients", client.name))
        return found.id if found else ""


@dataclass(slots=True)
class ChangingIdsWorld(World):
    """The same in memory, with ids that change on every move."""

    ids_survive_moves: bool = False

    def _serve(self) -> NamedServer:
        return NamedServer(RememberingServer(ADDRESS, clock=self.clock))

    def _memory(self) -> MemoryServer:
        named: NamedServer = self.server
        return named.real

    def ids_of(self, message: str) -> list[str]:
        named: NamedServer = self.server
        return named.ids_of(message)
