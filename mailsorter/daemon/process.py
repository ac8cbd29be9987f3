"""The daemon as a process: start, signals, reload, watchdog, end.

SIGTERM and SIGINT end it within ten seconds: batches in flight are finished or left for the next start, which settles
them. SIGHUP reads the config anew; a config with problems is refused as a whole and the old one stays in force.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from structlog.typing import FilteringBoundLogger

from mailsorter import __version__
from mailsorter.assembly import Assembly
from mailsorter.checking.check import check_mailboxes
from mailsorter.clock import Clock, SystemClock
from mailsorter.config.load import Loaded, load
from mailsorter.daemon import expiry
from mailsorter.daemon.advice import Meaning
from mailsorter.daemon.driver import Driver
from mailsorter.daemon.health import HealthServer, is_alive
from mailsorter.daemon.notify import Notifier
from mailsorter.daemon.ping import Pinger
from mailsorter.daemon.pulse import Pulse
from mailsorter.daemon.service import Service, Settings
from mailsorter.daemon.timetable import Pace
from mailsorter.errors import ConfigError, LedgerError, LedgerLocked, UserError
from mailsorter.ledger.locks import DAEMON
from mailsorter.model.counted import counted
from mailsorter.sorting.run import Job

STOP_WITHIN_S = 8.0  # of the ten that we promise; the rest is for the interpreter's own end
_TURN_S = 1.0
_TELL_S = 60.0

_REFUSED = Meaning("config refused", True, True, "Run: mailsorter config check")
_RESTART = Meaning("ledger changed in config", True, True, "Start the daemon again to use the new ledger.")


def settings_of(assembly: Assembly) -> Settings:
    """What a checked config says about the daemon."""
    loaded, config = assembly.loaded, assembly.config
    return Settings(
        pace=Pace(config.daemon.poll, config.daemon.jitter),
        reconcile_at=config.daemon.reconcile_at,
        zone=ZoneInfo(config.firm.timezone),
        undo_for=timedelta(days=config.daemon.undo_for),
        terms=assembly.terms(),
        expiries=tuple(expiry.expiries(config)),
        files=(loaded.path, *config.clients),
        brakes=assembly.brakes(),
    )


@dataclass(slots=True)
class Signals:
    """What was asked from outside. Handlers only set events, so that no signal interrupts a write."""

    stop: threading.Event
    reload: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    name: str = ""

    def install(self) -> None:
        """Listen to SIGTERM, SIGINT and, where there is one, SIGHUP."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._asked_to_reload)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.name = signal.Signals(number).name
        self.stop.set()
        self.wake.set()

    def _asked_to_reload(self, number: int, frame: FrameType | None) -> None:
        self.reload.set()
        self.wake.set()


def model_stamp(assembly: Assembly) -> tuple[int, int] | None:
    """Changes with the prediction model's file, so that a forgotten person is out of this process too; None: unused."""
    if not assembly.config.predict.enabled:
        return None
    try:
        found = assembly.prediction_file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _open_connectors(assembly: Assembly) -> None:
    """Make the connector before threads ask for it, so that it is made once and a missing secret is said at once."""
    if assembly.config.graph is not None:
        _ = assembly.graph


class Daemon:
    """One running daemon. `run` returns when it was asked to end.

    `assemble` alone gives a `service` that nobody drives, for whoever has a clock of their own.
    """

    def __init__(self, path: Path, loaded: Loaded, log: FilteringBoundLogger, *, clock: Clock | None = None) -> None:
        self._path = path
        self._log = log
        self._assembly = Assembly(loaded, clock=Pulse(clock or SystemClock()), may_erase=False)
        self.signals = Signals(self._assembly.stop)
        self._notifier = Notifier()
        self._told_at = float("-inf")
        self._model = model_stamp(self._assembly)

    def run(self) -> int:
        """Work until asked to end; gives how many jobs the end cut off (0: all ended by themselves).

        Raises `LedgerError`, `UserError` when it cannot start at all.
        """
        _open_connectors(self._assembly)
        with self._alone():
            self.assemble()
            return self._run()

    def assemble(self) -> None:
        """Build all that works, and start none of it. Raises `LedgerError`, `UserError`."""
        self.service = Service(
            self._assembly.ledger, self._assembly.clock, self._log, self._assembly.stop, reconcile=self._reconcile,
            quota_used=self._quota_used, server_times=lambda: self._assembly.exchange_times(),
        )  # fmt: skip
        self.service.take_over(self._assembly.jobs(), settings_of(self._assembly))
        self._pinger = self._new_pinger()
        self._driver = Driver(self.service, self._log, workers=self._assembly.config.daemon.workers)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two daemons on one ledger would only be in each other's way."""
        holding = self._assembly.ledger.locks.hold(DAEMON)
        try:
            holding.__enter__()
        except LedgerLocked:
            raise LedgerLocked(
                f"Another mailsorter daemon works with the ledger {self._assembly.ledger.where}.",
                advice="Stop that one first; mailsorter status shows it.",
            ) from None
        try:
            yield
        finally:
            holding.__exit__(None, None, None)

    def _run(self) -> int:
        self._health = self._new_health()
        self.signals.install()
        self._driver.start()
        count = len(self.service.mailboxes)
        self._log.info(
            "daemon started", mailboxes=count, version=__version__, pid=os.getpid(),
            port=self._health.port if self._health else None,
        )  # fmt: skip
        self._notifier.ready(f"Looking after {counted(count, 'mailbox', 'mailboxes')}")
        self._pinger.start()
        while not self.signals.stop.is_set():
            self._turn()
        return self._end()

    # while it runs ------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """One round of the main thread: reload when asked or when the model was taught or forgot, show that we live."""
        turn_s = min(_TURN_S, self._notifier.watchdog_s or _TURN_S)
        if self.signals.wake.wait(turn_s):
            self.signals.wake.clear()
        if (stamp := model_stamp(self._assembly)) != self._model:
            self._model = stamp
            self.signals.reload.set()
        if self.signals.reload.is_set() and not self.signals.stop.is_set():
            self.signals.reload.clear()
            self.reload()
        if is_alive(self.service):
            self._notifier.alive()
        now = self._assembly.clock.monotonic()
        if now - self._told_at >= _TELL_S:
            self._told_at = now
            standing = self.service.troubles.standing()
            self._pinger.tell(fine=not any(trouble.meaning.needs_person for trouble in standing))

    def _reconcile(self, job: Job) -> int:
        """Compare one mailbox with the ledger. Raises the error that kept it from being compared."""
        made = self._assembly
        folder_of = {client.id: made.book.folder_of(client.id) for client in made.book}
        (statement,) = check_mailboxes(
            made.ledger, made.clock, {job.address: job.connect}, folder_of, brakes=made.brakes()
        )
        if statement.error is not None:
            raise statement.error
        made.finish_rekeying()
        return statement.open

    def _quota_used(self, address: str) -> float | None:
        """Of Exchange's request quota; None where nothing was asked of Graph yet, or the mailbox is not there."""
        made = self._assembly
        by_graph = any(e.address == address and e.connector == "graph" for e in made.config.mailbox)
        return made.graph.quota_used(address) if by_graph and made.config.graph is not None else None

    def reload(self) -> None:
        """Put the config on disk in force; one with problems is refused as a whole and the old one stays."""
        self._notifier.reloading()
        try:
            self._take_over(load(self._path))
        except (ConfigError, UserError) as error:
            problems = len(error.problems) if isinstance(error, ConfigError) else 1
            self.service.troubles.met(_REFUSED, type(error).__name__)
            self._log.error("config refused", problems=problems, advice="Run: mailsorter config check")
        except LedgerError as error:
            self._log.error("config refused", error=type(error).__name__, advice="Run: mailsorter status")
        else:
            self.service.troubles.clear(_REFUSED.kind)
            self._log.info("config reloaded", mailboxes=len(self.service.mailboxes))
        self._notifier.ready(f"Looking after {counted(len(self.service.mailboxes), 'mailbox', 'mailboxes')}")

    def _take_over(self, loaded: Loaded) -> None:
        """Put a new config in force, but for its ledger: another one is another daemon's."""
        before = self._assembly
        if loaded.config.ledger != before.config.ledger:
            self.service.troubles.met(_RESTART, "ConfigError")
        else:
            self.service.troubles.clear(_RESTART.kind)
        made = Assembly(loaded, clock=before.clock, stop=before.stop, may_erase=False)
        made.__dict__["ledger"] = before.ledger  # stays open under its first owner
        _open_connectors(made)
        jobs = made.jobs()
        self.service.take_over(jobs, settings_of(made))
        self._driver.take_over()
        self._assembly = made
        self._pinger = self._new_pinger()

    def _new_pinger(self) -> Pinger:
        url = self._assembly.config.daemon.ping_url
        return Pinger(str(url) if url else "", self._assembly.clock, self._log)

    def _new_health(self) -> HealthServer | None:
        daemon = self._assembly.config.daemon
        return HealthServer(self.service, daemon.health_port, daemon.health_hosts) if daemon.health_port else None

    # the end ------------------------------------------------------------------------------------------------------

    def _end(self) -> int:
        self._notifier.stopping()
        self._log.info("daemon stopping", signal=self.signals.name or None)
        parked = self._driver.stop(STOP_WITHIN_S)
        if self._health is not None:
            self._health.close()
        self._log.info("daemon stopped", parked=parked)
        if not parked:
            self._assembly.ledger.close()
        return parked
