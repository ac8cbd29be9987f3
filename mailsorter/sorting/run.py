"""One run over all mailboxes, one thread a mailbox; and the same run as a plan, on a scratch copy of the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mailsorter.clock import Clock
from mailsorter.errors import BrakePulled, LedgerError, LedgerLocked, MailsorterError
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.runs import DONE, INTERRUPTED, PARTIAL, Run, RunNumber
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.brake import BrakePolicy
from mailsorter.perform import Hands, perform_steps, pretend_steps
from mailsorter.sorting.brake_memory import note_brake
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import TreeCache
from mailsorter.sorting.mailbox_run import MailboxRun, Watcher
from mailsorter.sorting.report import MailboxReport, RunReport

WORKERS = 16  # mailboxes at once: each has a quota of its own, and waits most of the time


@dataclass(frozen=True, slots=True)
class Job:
    """One mailbox to sort. `connect` opens it; what goes wrong there is this mailbox's error alone."""

    address: str
    filing: Filing
    connect: Callable[[], Mailbox]
    cache: TreeCache = field(default_factory=TreeCache)


@dataclass(frozen=True, slots=True)
class SortOptions:
    """How a run goes. `limit` is the most messages to file in each mailbox; `stop` ends it between batches.

    `slice_s`: after that many seconds a mailbox's part ends with the window in hand, so that others get their turn;
    the next run goes on behind it. `keep_idle` False: a run that found nothing leaves no row, for a daemon's looks.
    `second_look`: test all mail that was left before again, by what was decided in other mailboxes since.
    """

    watcher: Watcher
    limit: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    workers: int = WORKERS
    brakes: BrakePolicy = field(default_factory=BrakePolicy)
    slice_s: float | None = None
    keep_idle: bool = True
    second_look: bool = False


def sort(ledger: Ledger, clock: Clock, jobs: Sequence[Job], options: SortOptions) -> RunReport:
    """Sort every mailbox; one that fails is reported in its own report and the others go on.

    Raises `LedgerError` when the ledger itself fails: everything stops, mail is left alone.
    """
    run = RunOnDemand(ledger)
    if options.keep_idle:
        run.begin()
    report = RunReport("", _each(ledger, clock, run, jobs, options))
    _settle_killed(ledger, run, report)
    if not run.has_begun:
        return report
    report.run = run.id
    state = INTERRUPTED if options.stop.is_set() else PARTIAL if any(r.error for r in report.mailboxes) else DONE
    with ledger.unit() as unit:
        counts = report.counts()
        if (
            not options.keep_idle
            and not any(r.error for r in report.mailboxes)
            and all(r.is_idle for r in report.mailboxes)
        ):
            unit.runs.discard(run.number)
            return report
        unit.runs.end(run.number, state, counts)
        changed = counts["filed"] or counts["failed"]  # an idle poll is not worth an audit entry
        if changed or (options.keep_idle and counts["mailboxes_failed"]):
            unit.audit.append("sort", {"run": run.id, "state": state, **counts})
    return report


def _settle_killed(ledger: Ledger, run: RunOnDemand, report: RunReport) -> None:
    """A run that was killed is over, and says so once its mailboxes were locked and looked at by a later one."""
    number = run.number if run.has_begun else None
    with ledger.reading() as unit:
        if not unit.runs.is_any_running(number):
            return
    with ledger.unit() as unit:
        held = {unit.places.mailbox(r.mailbox) for r in report.mailboxes if not isinstance(r.error, LedgerLocked)}
        unit.runs.mark_killed(held, number)


class RunOnDemand:
    """A run that gets its row in the ledger when something first needs its number. Safe in several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._run: Run | None = None
        self._guard = threading.Lock()

    @property
    def has_begun(self) -> bool:
        return self._run is not None

    @property
    def number(self) -> int:
        return self.begin().number

    @property
    def id(self) -> str:
        return self.begin().id

    def begin(self) -> Run:
        """Write the run's row, once."""
        with self._guard:
            if self._run is None:
                with self._ledger.unit() as unit:
                    self._run = unit.runs.begin("sort")
            return self._run


def plan(ledger: Ledger, clock: Clock, jobs: Sequence[Job], options: SortOptions) -> RunReport:
    """What `sort` would do now, by the same code, without changing mail or ledger."""
    with ledger.scratch_copy() as scratch:
        with scratch.unit() as unit:
            run = unit.runs.begin("plan")
        # one mailbox after another: a plan is read from top to bottom and must come out the same each time
        runs = [_Mailbox(scratch, clock, run, job, options, pretend=True) for job in jobs]
        for mailbox in runs:
            mailbox.sort()
        return RunReport("", _look_again(runs))


def _each(
    ledger: Ledger, clock: Clock, run: RunNumber, jobs: Sequence[Job], options: SortOptions
) -> list[MailboxReport]:
    runs = [_Mailbox(ledger, clock, run, job, options) for job in jobs]
    if len(runs) == 1:
        runs[0].sort()
        return [runs[0].report]
    with ThreadPoolExecutor(max_workers=max(1, min(options.workers, len(jobs))), thread_name_prefix="mailbox") as pool:
        futures = [pool.submit(mailbox.sort) for mailbox in runs]
        try:
            for future in futures:
                future.result()
        except BaseException:
            options.stop.set()  # the ledger failed, or someone pressed Ctrl-C: the others end after their batch
            raise
    return _look_again(runs)


def _look_again(runs: Sequence[_Mailbox]) -> list[MailboxReport]:
    """Threads that cross mailboxes, one mailbox after another: the same in every run, whichever was faster."""
    if len(runs) > 1 and any(mailbox.report.filed for mailbox in runs):
        for mailbox in runs:
            mailbox.look_again()
    return [mailbox.report for mailbox in runs]


class _Mailbox:
    """One mailbox's part of a run; what goes wrong there is its own error."""

    def __init__(
        self, ledger: Ledger, clock: Clock, run: RunNumber, job: Job, options: SortOptions, *, pretend: bool = False
    ) -> None:
        self._ledger, self._clock, self._run, self._job, self._options = ledger, clock, run, job, options
        self._pretend = pretend
        self._cache = TreeCache() if pretend else job.cache  # numbers of a scratch copy are nobody's later
        self._mailbox_run: MailboxRun | None = None
        self.report = MailboxReport(job.address)

    def sort(self) -> None:
        self._while_locked(self._sort)

    def look_again(self) -> None:
        if self._mailbox_run is not None and self.report.error is None:
            self._while_locked(self._mailbox_run.look_again)

    def _sort(self) -> None:
        options, job = self._options, self._job
        hands = Hands(job.connect(), self._number(), self._ledger, self._clock, options.stop)
        performer = pretend_steps if self._pretend else perform_steps
        self._mailbox_run = MailboxRun(
            hands, job.filing, self._run, performer, options.watcher, options.limit, self._pretend, self._cache,
            options.brakes,
            until_s=None if options.slice_s is None else self._clock.monotonic() + options.slice_s,
            second_look=options.second_look,
        )  # fmt: skip
        self.report = self._mailbox_run.report
        self._mailbox_run.go()

    def _while_locked(self, act: Callable[[], object]) -> None:
        """Do it with the mailbox's lock held; an error of this mailbox, the lock's too, ends up in its report."""
        try:
            with self._ledger.locks.hold(self._number()):
                try:
                    act()
                except BrakePulled as pulled:
                    self._note_brake(pulled)
                    raise
        except LedgerLocked as error:
            self._failed(error)
        except LedgerError:
            raise
        except MailsorterError as error:
            self._failed(error)

    def _number(self) -> int:
        if self._cache.number is None:
            with self._ledger.unit() as unit:
                self._cache.number = unit.places.mailbox(self._job.address)
        return self._cache.number

    def _note_brake(self, pulled: BrakePulled) -> None:
        """Until a run comes to its end, status and the daemon's health page show it."""
        if not self._pretend:
            note_brake(self._ledger, self._number(), pulled.brake, int(self._clock.now().timestamp()))

    def _failed(self, error: MailsorterError) -> None:
        self.report.error = error
        self.report.is_complete = False
