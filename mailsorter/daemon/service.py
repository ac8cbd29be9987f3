"""The daemon's work, without threads, signals or a timetable of its own: a driver calls each chore when it is due.

`driver` drives it with APScheduler on the machine's clock, tests and the simulated year with a virtual one.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from mailsorter.cases.calendar import DueDate, Terms, due_dates
from mailsorter.cases.todays_date import contradiction
from mailsorter.clock import Clock
from mailsorter.daemon import deadlines, expiry
from mailsorter.daemon.advice import BRAKE_PULLED, Meaning, meaning
from mailsorter.daemon.polling import Poller
from mailsorter.daemon.pulse import Pulse
from mailsorter.daemon.timetable import Pace, PollEnd, first_poll, jump_s
from mailsorter.daemon.troubles import Troubles
from mailsorter.daemon.upkeep import Tidied, is_plausible, tidy
from mailsorter.daemon.watched import WatchedMailbox
from mailsorter.errors import LedgerError, MailsorterError
from mailsorter.ledger.ledger import Ledger
from mailsorter.model.brake import BrakePolicy
from mailsorter.sorting.brake_memory import StandingBrake, standing_brakes
from mailsorter.sorting.run import Job

JUMP_S = 300.0  # the wall clock may drift or be slewed; five minutes at once is a jump
DISTRUST_S = 86400.0  # so long after a jump nothing is forgotten on the clock's word

_CLOCK = Meaning("clock not believed", True, True, "Set the machine's clock right.")
_DIFFERENT = Meaning("differences to look at", True, False, "Run: mailsorter check", ends_with_a_look=False)
_CHANGED = Meaning("config changed on disk", True, True, "Send SIGHUP to take over the changed config.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a config says about the daemon. `expiries` are the credentials whose end is known."""

    pace: Pace = field(default_factory=Pace)
    reconcile_at: time = time(2, 30)
    zone: tzinfo | None = None
    undo_for: timedelta = timedelta(days=90)
    terms: Terms = field(default_factory=Terms)
    expiries: tuple[tuple[str, datetime], ...] = ()
    files: tuple[Path, ...] = ()  # config and client books
    brakes: BrakePolicy = field(default_factory=BrakePolicy)


@dataclass(slots=True)
class Service:
    """All that one daemon does. `reconcile` compares one mailbox with the ledger and gives how many differences need
    a person's eyes."""

    ledger: Ledger
    clock: Clock
    log: FilteringBoundLogger
    stop: threading.Event = field(default_factory=threading.Event)
    settings: Settings = field(default_factory=Settings)
    chance: random.Random = field(default_factory=random.Random)
    reconcile: Callable[[Job], int] | None = None
    server_times: Callable[[], Sequence[datetime | None]] | None = None  # what the servers of the mailboxes say
    quota_used: Callable[[str], float | None] = lambda address: None  # share of the mailbox's quota in use
    mailboxes: dict[int, WatchedMailbox] = field(default_factory=dict)
    started: datetime = field(init=False)
    pulse: Pulse = field(init=False)
    troubles: Troubles = field(init=False)
    poller: Poller = field(init=False)
    tidied: Tidied = field(default_factory=Tidied)
    notices: list[DueDate] = field(default_factory=list)
    beat_at: float = field(init=False)  # monotonic
    _beat_wall: datetime = field(init=False)
    _jumped_at: float | None = None
    _files_digest: bytes = b""
    _told_stuck: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock = self.pulse = self.clock if isinstance(self.clock, Pulse) else Pulse(self.clock)
        self.started = self._beat_wall = self.clock.now()
        self.beat_at = self.clock.monotonic()
        self.troubles = Troubles(self.clock, self.log)
        self.poller = Poller(
            self.ledger, self.clock, self.troubles, self.log, self.settings.pace, self.stop, self.chance
        )

    # what it looks after ----------------------------------------------------------------------------------------

    def take_over(self, jobs: Sequence[Job], settings: Settings) -> None:
        """Look after these mailboxes from now on; those known already keep their turn and what they saw.

        Raises `LedgerError`; then nothing has changed.
        """
        with self.ledger.unit() as unit:
            numbers = [unit.places.mailbox(job.address) for job in jobs]
        self.settings = settings
        self.poller.pace, self.poller.brakes = settings.pace, settings.brakes
        now = self.clock.now()
        kept: dict[int, WatchedMailbox] = {}
        for index, (number, job) in enumerate(zip(numbers, jobs, strict=True)):
            known = self.mailboxes.get(number)
            due = now if known is not None else first_poll(now, index, len(jobs), settings.pace)
            kept[number] = known or WatchedMailbox(number, job, due)
            if known is not None:  # failed before: the new config may have mended it, so it is tried at once
                known.job, known.due = job, due
        self.mailboxes = kept
        self.troubles.forget_mailboxes(kept)
        self.troubles.clear(_CHANGED.kind)
        self._files_digest = digest_of(settings.files)

    # chores -----------------------------------------------------------------------------------------------------

    def poll(self, number: int) -> datetime | None:
        """Look at one mailbox; gives when it is due again, None when it is no longer looked after."""
        mailbox = self.mailboxes.get(number)
        if mailbox is None:
            return None
        self.poller.look(mailbox)
        self._after_first_readings()
        return mailbox.due

    def _after_first_readings(self) -> None:
        """Once the last mailbox that was read from its beginning is read, threads that cross mailboxes are looked at
        again in all: which was read first must not decide what is filed. Mail that comes later waits for the night."""
        mailboxes = list(self.mailboxes.values())
        if any(m.end is not PollEnd.COMPLETE for m in mailboxes) or not any(m.read_anew for m in mailboxes):
            return
        for mailbox in mailboxes:
            mailbox.read_anew, mailbox.second_look = False, len(mailboxes) > 1

    def beat(self) -> float:
        """Every few seconds: notice a clock that jumped, say which troubles ended and which jobs hang.

        Gives by how many seconds the clock jumped, 0 for not.
        """
        wall, monotonic = self.clock.now(), self.clock.monotonic()
        jumped = jump_s(self._beat_wall, wall, self.beat_at, monotonic)
        self._beat_wall, self.beat_at = wall, monotonic
        self.troubles.settle()
        self._tell_stuck()
        if abs(jumped) < JUMP_S:
            return 0.0
        self._jumped_at = monotonic
        self.log.warning("clock jumped", seconds=round(jumped))
        for mailbox in self.mailboxes.values():
            mailbox.due = min(mailbox.due, wall + self.settings.pace.poll)
            mailbox.fine_at = mailbox.fine_at and min(mailbox.fine_at, wall)
            mailbox.busy_since = None
        return jumped

    def watch_surroundings(self) -> None:
        """Every few minutes: has the config changed on disk, does a credential end soon?"""
        now = self.clock.now()
        if self.settings.files and digest_of(self.settings.files) != self._files_digest:
            self.troubles.met(_CHANGED, "ConfigError")
        else:
            self.troubles.clear(_CHANGED.kind)
        for name, end in self.settings.expiries:
            told = expiry.warning(name, end, now)
            for trouble in self.troubles.standing():
                is_of_it = trouble.meaning.kind.startswith(f"{name} credential")
                if is_of_it and (told is None or trouble.meaning != told[0]):
                    self.troubles.clear(trouble.meaning.kind)
            if told is not None:
                self.troubles.met(told[0], "SignInFailed", days=told[1])

    def nightly(self) -> None:
        """Once a night: compare mailboxes with the ledger, tidy the ledger; each mailbox's next look tests left mail
        again. What fails is a trouble, not an end."""
        for mailbox in list(self.mailboxes.values()):
            if self.stop.is_set():
                return
            mailbox.second_look = True
            if self.reconcile is not None and self.poller.ledger_works:
                self._reconcile(mailbox)
        self._with_ledger(self._tidy)

    def daily(self) -> None:
        """Once a day, in the morning: announce and mark due what cases ask for. Nothing is erased."""
        self._with_ledger(self._announce)

    # how --------------------------------------------------------------------------------------------------------

    def _tell_stuck(self) -> None:
        stuck = self.pulse.stuck()
        for job, seconds in stuck.items():
            if job not in self._told_stuck:
                self.log.error("job stuck", job=job, seconds=round(seconds))
        self._told_stuck = set(stuck)

    def _reconcile(self, mailbox: WatchedMailbox) -> None:
        assert self.reconcile is not None
        try:
            differences = self.reconcile(mailbox.job)
        except LedgerError:
            return  # locked: the next night; failed: the next look says so
        except MailsorterError as error:
            self.troubles.met(meaning(error), type(error).__name__, mailbox.number)
        except Exception:
            self.log.exception("unexpected", mailbox=mailbox.number)
        else:
            self.log.info("reconciled", mailbox=mailbox.number, differences=differences)
            if differences:
                self.troubles.met(_DIFFERENT, "Differences", mailbox.number, differences=differences)
            else:
                self.troubles.clear(_DIFFERENT.kind, mailbox.number)

    def _with_ledger(self, chore: Callable[[], None]) -> None:
        try:
            chore()
        except LedgerError as error:
            self.troubles.met(meaning(error), type(error).__name__)
        except Exception:
            self.log.exception("unexpected")

    def _tidy(self) -> None:
        now = self.clock.now()
        if self.has_jumped_lately() or not is_plausible(self.ledger, now) or self._is_contradicted(now):
            self.troubles.met(_CLOCK, "ClockJumped")
            return
        self.troubles.clear(_CLOCK.kind)
        self.tidied = tidy(self.ledger, now, self.settings.undo_for, self.stop)
        self.log.info(
            "upkeep",
            facts_forgotten=self.tidied.facts_forgotten,
            tombstones_expired=self.tidied.tombstones_expired,
            runs_forgotten=self.tidied.runs_forgotten,
            ledger_bytes=self.tidied.ledger_bytes,
            wal_bytes=self.tidied.wal_bytes,
        )

    def _is_contradicted(self, now: datetime) -> bool:
        """Does Exchange's clock or the ledger speak against this machine's, by the rule that cases obey?"""
        try:
            times = self.server_times() if self.server_times is not None else ()
        except MailsorterError:  # no road to Exchange now: what needs it says so
            times = ()
        with self.ledger.reading() as unit:
            newest = unit.newest_entry_s()
        return contradiction(now, times, newest) is not None

    def _announce(self) -> None:
        now = self.clock.now()
        if self.has_jumped_lately() or self._is_contradicted(now):
            self.troubles.met(_CLOCK, "ClockJumped")
            return
        today = now.astimezone(self.settings.zone).date() if self.settings.zone else now.date()
        for due in deadlines.announce(self.ledger, today, self.settings.terms):
            self.log.warning(
                "case due", case=due.case, term=due.what, days=due.days_left, items=deadlines.items(due) or None,
                advice="Run: mailsorter case list",
            )  # fmt: skip
        self.notices = due_dates(self.ledger, today, self.settings.terms)

    def has_jumped_lately(self) -> bool:
        """Did the clock jump within a day, so that nothing is to be forgotten or called due on its word?"""
        return self._jumped_at is not None and self.clock.monotonic() - self._jumped_at < DISTRUST_S

    # how it is ----------------------------------------------------------------------------------------------------

    def problems(self) -> list[str]:
        """What keeps mail from being filed right now, as words; empty when all is well.

        Of one mailbox's own troubles this says nothing; a brake counts here when one stops every mailbox.
        """
        kinds = {t.meaning.kind for t in self.troubles.standing() if t.meaning.is_shared and _stops_filing(t.meaning)}
        if self.mailboxes and len(self.standing_brakes() or ()) == len(self.mailboxes):
            kinds.add(BRAKE_PULLED.kind)
        return sorted(kinds)

    def standing_brakes(self) -> dict[int, StandingBrake] | None:
        """The brake that stops each mailbox now, by its number; None when the ledger does not say.

        Read from the ledger, so that a brake that a run by hand met or let through is known at once.
        """
        try:
            with self.ledger.reading() as unit:
                return standing_brakes(unit, list(self.mailboxes))
        except LedgerError:
            return None

    def lag_s(self) -> float:
        """The oldest complete look of all mailboxes that are not themselves in trouble, in seconds."""
        now = self.clock.now()
        fine = [m for m in self.mailboxes.values() if m.end is not PollEnd.FAILED]
        return max((m.lag_s(now, self.started) for m in fine), default=0.0)


def _stops_filing(means: Meaning) -> bool:
    return means.kind in ("unreachable", "sign-in failed") or means.kind.startswith("ledger ")


def digest_of(files: Sequence[Path]) -> bytes:
    """Names the files' contents as they are now; one that is away counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.is_file() else b""
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()
