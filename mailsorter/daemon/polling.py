"""Looking at one mailbox once, and what follows from how it went."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from structlog.typing import FilteringBoundLogger

from mailsorter.clock import Clock
from mailsorter.daemon.advice import UNEXPECTED, Meaning, meaning
from mailsorter.daemon.timetable import Pace, PollEnd, next_poll
from mailsorter.daemon.troubles import Troubles
from mailsorter.daemon.watched import WatchedMailbox
from mailsorter.errors import BrakePulled, LedgerError, LedgerLocked, MailsorterError, TemporaryError
from mailsorter.ledger.ledger import Ledger
from mailsorter.model.brake import BrakePolicy
from mailsorter.perform import StepResult
from mailsorter.sorting.ground import MailboxGround
from mailsorter.sorting.planning import WindowPlan
from mailsorter.sorting.report import MailboxReport
from mailsorter.sorting.run import SortOptions, sort

PROBE_S = 30.0  # how often a ledger that failed is tried again
BUSY_FOR = timedelta(hours=1)  # so long another process may hold a mailbox before it is worth a line


_NO_FOLDER = Meaning(
    "folder to watch missing", True, False, "Run: mailsorter config check", ends_with_a_look=False
)  # it is over when a look at the folders finds them all; an idle look does not look there


class Onlooker:
    """A watcher that lets things happen. `missing` counts folders to watch; None while this look asked for none."""

    missing: int | None = None

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        self.missing = len(ground.missing)

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        pass

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        pass


@dataclass(slots=True)
class Poller:
    """Looks at mailboxes. One object for all of them; `look` may run in several threads, for different mailboxes."""

    ledger: Ledger
    clock: Clock
    troubles: Troubles
    log: FilteringBoundLogger
    pace: Pace
    stop: threading.Event
    chance: random.Random
    slice_s: float = 60.0
    brakes: BrakePolicy = field(default_factory=BrakePolicy)
    _ledger_failed: bool = False
    _probe_at: float = 0.0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ledger_works(self) -> bool:
        """Can the ledger be written, as far as the last look knows?"""
        return not self._ledger_failed

    def look(self, mailbox: WatchedMailbox) -> None:
        """Sort the mailbox and say when it is due again. Never raises: what goes wrong becomes a trouble."""
        started = self.clock.now()
        if not self._may_try():
            mailbox.due = started + timedelta(seconds=PROBE_S)
            return
        before = self.clock.monotonic()
        end, retry_after_s = self._sort(mailbox)
        mailbox.seconds += self.clock.monotonic() - before
        mailbox.totals["looks"] += 1
        mailbox.looked_at, mailbox.end = started, end
        if end in (PollEnd.COMPLETE, PollEnd.MORE):
            mailbox.failures, mailbox.error, mailbox.busy_since = 0, None, None
            self.troubles.worked(mailbox.number)
        if end is PollEnd.COMPLETE:
            mailbox.fine_at = started
        elif end is PollEnd.FAILED:
            mailbox.failures += 1
            mailbox.totals["failed looks"] += 1
        mailbox.due = next_poll(
            started, self.clock.now(), end, self.pace, self.chance,
            failures=mailbox.failures, retry_after_s=retry_after_s,
        )  # fmt: skip

    def _sort(self, mailbox: WatchedMailbox) -> tuple[PollEnd, float | None]:
        onlooker = Onlooker()
        options = SortOptions(
            onlooker, stop=self.stop, slice_s=self.slice_s, keep_idle=False, brakes=self.brakes,
            second_look=mailbox.second_look,
        )  # fmt: skip
        try:
            run = sort(self.ledger, self.clock, [mailbox.job], options)
        except LedgerLocked as error:
            return self._busy(mailbox, error), None
        except LedgerError as error:
            return self._lost_ledger(mailbox, error), None
        except Exception as error:
            self.log.exception("unexpected", mailbox=mailbox.number)
            return self._failed(mailbox, error), None
        self._ledger_came_back()
        self._tell_missing(mailbox, onlooker)
        (report,) = run.mailboxes
        self._count(mailbox, report, run.run)
        if isinstance(report.error, LedgerLocked):
            return self._busy(mailbox, report.error), None
        if report.error is not None:
            if self.stop.is_set():
                return PollEnd.MORE, None  # a wait that ended early is no trouble
            wait = report.error.retry_after_s if isinstance(report.error, TemporaryError) else None
            return self._failed(mailbox, report.error), wait
        mailbox.read_anew = mailbox.read_anew or report.read_anew
        if not report.is_complete:
            return PollEnd.MORE, None
        mailbox.second_look = False
        return PollEnd.COMPLETE, None

    def _count(self, mailbox: WatchedMailbox, report: MailboxReport, run: str) -> None:
        counts = report.counts()
        mailbox.totals.update(counts)
        write = self.log.debug if report.is_idle else self.log.info
        write("sorted", mailbox=mailbox.number, run=run, settled=report.settled or None, **counts)

    def _tell_missing(self, mailbox: WatchedMailbox, seen: Onlooker) -> None:
        """A watched folder that was renamed is watched no more: that is a person's to know."""
        if seen.missing:
            self.troubles.met(_NO_FOLDER, "FolderMissing", mailbox.number, folders=seen.missing)
        elif seen.missing is not None:
            self.troubles.clear(_NO_FOLDER.kind, mailbox.number)

    def _failed(self, mailbox: WatchedMailbox, error: Exception) -> PollEnd:
        mailbox.error = type(error).__name__
        means = meaning(error) if isinstance(error, MailsorterError) else UNEXPECTED
        which = {"brake": error.brake} if isinstance(error, BrakePulled) else {}
        self.troubles.met(means, mailbox.error, mailbox.number, **which)
        return PollEnd.FAILED

    def _busy(self, mailbox: WatchedMailbox, error: LedgerLocked) -> PollEnd:
        now = self.clock.now()
        mailbox.busy_since = mailbox.busy_since or now
        if now - mailbox.busy_since >= BUSY_FOR:
            mailbox.error = type(error).__name__
            self.troubles.met(meaning(error), mailbox.error, mailbox.number)
        return PollEnd.BUSY

    # the ledger: when it fails, mail is left alone until it works again ----------------------------------------------

    def _may_try(self) -> bool:
        """May this look use the ledger? While it is down one look in `PROBE_S` may try."""
        with self._guard:
            if not self._ledger_failed:
                return True
            if self.clock.monotonic() < self._probe_at:
                return False
            self._probe_at = self.clock.monotonic() + PROBE_S
            return True

    def _lost_ledger(self, mailbox: WatchedMailbox, error: LedgerError) -> PollEnd:
        with self._guard:
            self._ledger_failed = True
            self._probe_at = self.clock.monotonic() + PROBE_S
        mailbox.error = type(error).__name__
        self.troubles.met(meaning(error), mailbox.error)
        return PollEnd.BUSY

    def _ledger_came_back(self) -> None:
        with self._guard:
            was_lost, self._ledger_failed = self._ledger_failed, False
        if was_lost:
            for kind in ("ledger full", "ledger unreadable", "ledger failed"):
                self.troubles.clear(kind)
