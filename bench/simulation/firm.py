"""The whole firm: mailboxes with their owners, the ledger, and the daemon's service, killed and started again."""

from __future__ import annotations

import contextlib
import heapq
import random
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from bench.simulation.people import OWN, Account, Fate, Owner, Server
from bench.simulation.sky import DAY_S, START, Killed, SimulatedClock, Sky, Spell, Weathered, full_disk
from mailsorter.clock import Clock
from mailsorter.daemon.polling import Onlooker
from mailsorter.daemon.service import Service, Settings
from mailsorter.daemon.timetable import Pace, PollEnd
from mailsorter.errors import LedgerError
from mailsorter.ledger.engine import make_engine
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.upgrade import bring_up_to_date
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.client import Client
from mailsorter.model.filing import FilingPolicy, QuietHours, Timing, When
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.run import Job, SortOptions, sort

POLL = timedelta(minutes=15)
BEAT_S = 300.0
BRAKE = "brake pulled"  # a trouble that waits for a person


@dataclass(frozen=True, slots=True)
class Size:
    """How large a simulation is."""

    mailboxes: int = 20
    clients: int = 300
    daily: int = 200
    days: int = 365
    seed: int = 1
    harsh: int = 1
    folder: Path = Path()


@dataclass(slots=True)
class Growth:
    """One week's end: how large everything is, and what had gone wrong until then."""

    day: int
    messages: int
    ledger_bytes: int
    resident_mib: float
    world_items: int
    wrong: int
    late: int
    longest_lag_s: float
    looks: int
    cpu_s: float


@dataclass(slots=True)
class Result:
    """What a simulation found."""

    account: Account
    longest_lag_s: float = 0.0
    late: list[str] = field(default_factory=list)
    looks: int = 0
    failed_looks: int = 0
    requests_idle: int = 0
    idle_looks: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    weather: dict[str, int] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    restarts: int = 0
    seconds: float = 0.0
    tables: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


class Firm:
    """Everything there is. `run` plays it."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.clock = SimulatedClock(START)
        self.chance = random.Random(size.seed)
        self.sky = Sky.draw(self.clock, random.Random(size.seed + 1), size.days, size.mailboxes, size.harsh)
        self.clients = [
            Client(id=f"k{i}", name=f"Klant {i} / Groep", domains=(f"klant{i}.example",), codes=(f"KL-{i:04d}",))
            for i in range(size.clients)
        ]
        self.result = Result(Account())
        self.owners = [self._owner(i) for i in range(size.mailboxes)]
        self.ledger = self._open_ledger()
        self._log = structlog.wrap_logger(_Counting(self.result.lines), processors=[_event_only])
        self._weathered = [Weathered(self._mailbox(o), self.sky, i) for i, o in enumerate(self.owners)]
        self._service = self._start()
        self._locks: dict[int, ExitStack] = {}
        self._fine: dict[int, float] = {}

    # making -----------------------------------------------------------------------------------------------------

    def _owner(self, index: int) -> Owner:
        server = Server(f"m{index}@{OWN}", clock=_TrueClock(self.clock))
        chance = random.Random(self.size.seed * 1000 + index)
        return Owner(server, self.clock, chance, self.clients, self.size.daily, self.result.account, index % 5 == 1)

    def _mailbox(self, owner: Owner) -> MemoryMailbox:
        return MemoryMailbox(owner.server.address, server=owner.server, page_size=200)

    def _open_ledger(self) -> Ledger:
        engine = make_engine(f"sqlite:///{self.size.folder}/ledger.db", durable=False)
        key = bring_up_to_date(engine, bytes(range(32)), (), "simulation", 0)
        full_disk(engine, self.sky)
        return Ledger(engine, key, self.clock)

    def _filing(self, index: int) -> Filing:
        """Each fifth mailbox files by another policy; half of all stamp a category."""
        policies = (
            FilingPolicy(),
            FilingPolicy(received=Timing(When.READ), sent=Timing(When.ARRIVAL)),
            FilingPolicy(received=Timing(When.AFTER, 2), sent=Timing(When.AFTER, 1)),
            FilingPolicy(quiet=(QuietHours(_clock(8, 30), _clock(17, 30)),)),
            FilingPolicy(flagged_waits=False),
        )
        return Filing(
            book=self._book,
            folder_of={c.id: ("Klanten", c.name) for c in self.clients},
            archive=("Klanten",),
            rules_digest=b"1",
            policy=policies[index % 5],
            stamp_category=index % 2 == 0,
        )

    def _start(self) -> Service:
        """A fresh process: nothing is remembered but the ledger."""
        self._book = MatchBook(self.clients, [OWN])
        service = Service(self.ledger, self.clock, self._log, chance=random.Random(self.chance.random()))
        jobs = [
            Job(o.server.address, self._filing(i), lambda w=w: w)
            for i, (o, w) in enumerate(zip(self.owners, self._weathered, strict=True))
        ]
        pace = Pace(POLL, timedelta(seconds=60))
        service.take_over(jobs, Settings(pace=pace, undo_for=timedelta(days=90)))
        self._index = {m.number: i for i, m in enumerate(service.mailboxes.values())}
        return service

    # playing ----------------------------------------------------------------------------------------------------

    def run(self) -> Result:
        """Play all days; what went wrong is in the result."""
        began = time.process_time()
        end = self.size.days * DAY_S
        chores = [(BEAT_S, "beat"), (2.5 * 3600, "nightly"), (7 * 3600.0, "daily"), (20 * 3600.0, "evening")]
        heapq.heapify(chores)
        while self.clock.elapsed_s < end:
            mailbox = min(self._service.mailboxes.values(), key=lambda m: m.due)
            due = self.clock.elapsed_s + (mailbox.due - self.clock.now()).total_seconds()
            if chores[0][0] <= due:
                at, name = heapq.heappop(chores)
                self._go_to(at)
                self._chore(name, chores)
            else:
                self._go_to(due)
                self._look(mailbox.number)
        self._finish()
        self.result.seconds = time.process_time() - began
        return self.result

    def _go_to(self, at: float) -> None:
        self.clock.elapsed_s = max(self.clock.elapsed_s, at)
        off = any(s.kind == "clock off" for s in self.sky.now(-1))
        self.clock.off_s = 7200.0 if off else 0.0

    def _chore(self, name: str, chores: list[tuple[float, str]]) -> None:
        at = self.clock.elapsed_s
        if name == "beat":
            self._service.beat()
        elif name == "evening":
            for owner in self.owners:
                owner.mail_until(at)
                owner.evening(self._folders(owner))
            self._measure()
        else:
            getattr(self._service, name)()
            if name == "daily":
                self._answer_brakes()
        heapq.heappush(chores, (at + (BEAT_S if name == "beat" else DAY_S), name))

    def _answer_brakes(self) -> None:
        """In the morning the administrator looks at what the brakes have stopped and runs `mailsorter sort --yes`.

        Until then the mailbox waits for a person: no lag of the daemon's.
        """
        for trouble in self._service.troubles.standing():
            if trouble.meaning.kind != BRAKE:
                continue
            for number in trouble.struck:
                index = self._index[number]
                self.sky.add(Spell("waits for a person", trouble.began, self.clock.elapsed_s, index))
                job = self._service.mailboxes[number].job
                options = SortOptions(Onlooker(), brakes=BrakePolicy(go_on=True))
                with contextlib.suppress(LedgerError, Killed):  # tried again the next morning
                    sort(self.ledger, self.clock, [Job(job.address, job.filing, job.connect)], options)
                    self.sky.note("brake answered by a person")

    def _look(self, number: int) -> None:
        index = self._index[number]
        self.owners[index].mail_until(self.clock.elapsed_s)
        self._another_process(number, index)
        mailbox, weathered = self._service.mailboxes[number], self._weathered[index]
        looked_at, is_second = mailbox.looked_at, mailbox.second_look
        pulled, calls = mailbox.totals["pulled"], weathered.calls
        try:
            self._service.poll(number)
        except Killed:
            self._restart()
            return
        if mailbox.looked_at is None or mailbox.looked_at != looked_at:
            self.result.looks += 1
        else:
            return  # the ledger is down: it did not look
        self.result.failed_looks += mailbox.end is PollEnd.FAILED
        if mailbox.end is PollEnd.COMPLETE:
            if mailbox.totals["pulled"] == pulled and not is_second:
                self.result.idle_looks += 1
                self.result.requests_idle += weathered.calls - calls
            self._was_fine(index)

    def _was_fine(self, index: int) -> None:
        now = self.clock.elapsed_s
        before = self._fine.get(index, 0.0)
        self._fine[index] = now
        lag = now - before
        # what was wrong until an interval ago may still be felt: a failed look is repeated an interval later
        if self.sky.was_fair(index, before - POLL.total_seconds(), now):
            self.result.longest_lag_s = max(self.result.longest_lag_s, lag)
            if lag > 2 * POLL.total_seconds():
                self.result.late.append(f"mailbox {index}, day {now / DAY_S:.2f}: {lag:.0f} s")

    def _another_process(self, number: int, index: int) -> None:
        """Somebody runs `mailsorter sort` by hand."""
        wanted = any(s.kind == "held by another process" and s.mailbox == index for s in self.sky.now(index))
        if wanted and number not in self._locks:
            self._locks[number] = ExitStack()
            self._locks[number].enter_context(self.ledger.locks.hold(number))
            self.sky.note("held by another process")
        elif not wanted and number in self._locks:
            self._locks.pop(number).close()

    def _restart(self) -> None:
        self.result.restarts += 1
        self._service = self._start()

    # measuring ----------------------------------------------------------------------------------------------------

    def _folders(self, owner: Owner) -> dict[str, str]:
        """Folder id to client, as the client folders are named, whoever renamed what."""
        tree = owner.server.tree(hidden=False, recoverable=False)
        by_name = {c.name: c.id for c in self.clients}
        root = tree.find(("Klanten",))
        return {f.id: by_name[f.name] for f in tree if root and f.parent_id == root.id and f.name in by_name}

    def _measure(self) -> None:
        day = round(self.clock.elapsed_s / DAY_S)
        if day % 7 == 0 or day >= self.size.days:
            items = sum(len(o.fates) for o in self.owners)
            size, log = self.ledger.sizes()
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            growth = Growth(
                day, self.result.account.delivered, size + log, resident, items,
                len(self.result.account.wrong), len(self.result.late), self.result.longest_lag_s,
                self.result.looks, round(time.process_time()),
            )  # fmt: skip
            self.result.growth.append(growth)
            print(growth, flush=True)

    def _finish(self) -> None:
        """Every message that is still about must lie where it belongs, and none may be missing."""
        for stack in self._locks.values():
            stack.close()
        account = self.result.account
        for owner in self.owners:
            folders = self._folders(owner)
            for item_id, fate in owner.fates.items():
                lies_in = owner.server.item(item_id).message.folder_id  # raises NotFound for one that is lost
                age = self.clock.elapsed_s - fate.at
                is_right = fate.by_hand or folders.get(lies_in, "") == fate.client
                if not is_right and age > 4 * DAY_S:
                    account.wrong.append(self._explain(owner, item_id, fate))
            if len(owner.server.everything()) != len(owner.fates):
                account.wrong.append(
                    f"{owner.server.address}: {len(owner.server.everything())} items, {len(owner.fates)} known"
                )
        self.result.weather = dict(sorted(self.sky.met.items()))
        self._weigh()
        self.ledger.close()

    def _explain(self, owner: Owner, item_id: str, fate: Fate) -> str:
        message = owner.server.item(item_id).message
        with self.ledger.reading() as unit:
            number = next(n for n, m in self._service.mailboxes.items() if m.job.address == owner.server.address)
            row = unit.messages.row(unit.messages.token(number, item_id))
        state = row.state.name if row else "never seen"
        kind = "reply" if message.references else "mail"
        day = f"day {fate.at / DAY_S:.1f}"
        return f"left over: {kind} for {fate.client or 'nobody'}, {owner.server.address}, {day}, {state}"

    def _weigh(self) -> None:
        """Bytes and rows of each table, indexes counted with their table."""
        with self.ledger.reading() as unit:
            for name in ("message", "step", "audit", "run", "waiting", "correction"):
                query = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ? OR name LIKE ? OR name LIKE ?"
                like = (name, f"%ix_{name}_%", f"sqlite_autoindex_{name}_%")
                try:
                    self.result.tables[name] = unit.connection.exec_driver_sql(query, like).scalar_one()
                except Exception:
                    self.result.tables[name] = 0  # this SQLite has no dbstat
                count = unit.connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
                self.result.rows[name] = count


class _TrueClock:
    """The servers' clock: theirs is right when ours is off."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock

    def now(self):
        return self._clock.true_now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class _Counting:
    """A log that counts its lines by event."""

    def __init__(self, lines: dict[str, int]) -> None:
        self._lines = lines

    def __getattr__(self, level: str):
        def write(event: str) -> None:
            self._lines[event] = self._lines.get(event, 0) + 1

        return write


def _event_only(_logger: object, level: str, line: dict) -> str:
    if line.get("exc_info"):
        import traceback

        traceback.print_exc()
    name = f"{level} {line['event']} {line.get('kind', '')}".strip()
    return name if level != "debug" else "debug"


def _clock(hour: int, minute: int):
    from datetime import time as of_day

    return of_day(hour, minute)


def weeks(result: Result) -> Iterator[tuple[int, int, int, float, int, int, int]]:
    """The growth as rows of a table."""
    for growth in result.growth:
        yield (
            growth.day, growth.messages, growth.ledger_bytes, growth.resident_mib, growth.world_items,
            growth.wrong, growth.late,
        )  # fmt: skip


__all__ = ["Clock", "Firm", "Result", "Size", "weeks"]
