"""The timetable on the machine's clock: APScheduler runs each chore of a `Service` when it is due.

APScheduler's defaults are changed where they would hurt a daemon: a job that wakes late runs all the same
(`misfire_grace_time` None; the default of one second skips it), missed runs count as one (`coalesce`), and a job never
overlaps itself (`max_instances` 1). Mailboxes share one bounded pool whose queue is first come, first served, and each
is in it at most once: so one mailbox's backlog, cut in slices, cannot starve another.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time as machine
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from structlog.typing import FilteringBoundLogger

from mailsorter.daemon.service import Service
from mailsorter.daemon.snapshot import save
from mailsorter.daemon.timetable import later_in_the_day, next_daily
from mailsorter.errors import LedgerError

BEAT_S = 5
SURROUNDINGS_S = 300
SNAPSHOT_S = 60
MORNING = timedelta(hours=5)  # after the nightly work, when people read


class Driver:
    """Runs a service's chores until stopped.

    Each job says itself, when it has ended, when it is due again; its interval is only there so that no job is ever
    lost.
    """

    def __init__(self, service: Service, log: FilteringBoundLogger, *, workers: int) -> None:
        self._service = service
        self._log = log
        self._due: dict[str, Callable[[], datetime | None]] = {}
        self._busy: set[str] = set()
        self._guard = threading.Condition()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={
                "mailboxes": ThreadPoolExecutor(workers),
                "chores": ThreadPoolExecutor(1),  # nightly work may take hours: it waits for nobody's turn
                "heart": ThreadPoolExecutor(1),  # a full pool must not keep the heart from beating
                "word": ThreadPoolExecutor(1),  # nor may a locked ledger, which the daemon's word goes into
            },
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # `_ended` tells what is worth telling

    def start(self) -> None:
        """Put everything on the timetable and start."""
        self._every(BEAT_S, "beat", self._beat, executor="heart")
        self._every(SURROUNDINGS_S, "surroundings", self._service.watch_surroundings, executor="chores")
        self._every(SNAPSHOT_S, "word", self._keep_word, executor="word")
        self._daily("nightly", self._service.nightly, timedelta(0))
        self._daily("daily", self._service.daily, MORNING)
        self._scheduler.add_job(
            self._running, args=["daily at start", self._service.daily], id="daily at start", executor="chores"
        )
        self.take_over()
        self._scheduler.start()

    def take_over(self) -> None:
        """Put the service's present mailboxes on the timetable, at the times they are due, and take others off."""
        wanted = {f"mailbox {number}": number for number in list(self._service.mailboxes)}
        for job in self._scheduler.get_jobs():
            if job.id.startswith("mailbox ") and job.id not in wanted:
                job.remove()
                self._due.pop(job.id, None)
        backstop_s = 2 * self._service.settings.pace.longest.total_seconds()
        for name, number in wanted.items():
            due = self._due[name] = partial(self._mailbox_due, number)
            self._scheduler.add_job(
                self._running, "interval", seconds=backstop_s, args=[name, partial(self._service.poll, number)],
                id=name, executor="mailboxes", next_run_time=due(), replace_existing=True,
            )  # fmt: skip

    def stop(self, within_s: float) -> int:
        """Stop: nothing new begins, and what runs gets so many seconds; gives how many jobs are still at it."""
        until = machine.monotonic() + within_s
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        with self._guard:
            while self._busy and (left := until - machine.monotonic()) > 0:
                self._guard.wait(left)
            return len(self._busy)

    # jobs -------------------------------------------------------------------------------------------------------

    def _every(self, seconds: float, name: str, chore: Callable[[], object], *, executor: str) -> None:
        self._scheduler.add_job(
            self._running, "interval", seconds=seconds, args=[name, chore], id=name, executor=executor,
            next_run_time=_now(),
        )  # fmt: skip

    def _daily(self, name: str, chore: Callable[[], object], after: timedelta) -> None:
        def due() -> datetime:
            settings = self._service.settings
            return next_daily(_now(), later_in_the_day(settings.reconcile_at, after), settings.zone or UTC)

        self._due[name] = due
        self._scheduler.add_job(
            self._running, "interval", days=2, args=[name, chore], id=name, executor="chores", next_run_time=due()
        )

    def _mailbox_due(self, number: int) -> datetime | None:
        mailbox = self._service.mailboxes.get(number)
        return None if mailbox is None else max(mailbox.due, _now())

    def _beat(self) -> None:
        if self._service.beat():  # the clock jumped: every moment on the timetable is wrong
            for name, due in list(self._due.items()):
                self._reschedule(name, due())

    def _keep_word(self) -> None:
        with contextlib.suppress(LedgerError):  # the next look at a mailbox says what is wrong with it
            save(self._service)

    def _running(self, name: str, chore: Callable[[], object]) -> None:
        with self._guard:
            if self._service.stop.is_set():
                return
            self._busy.add(name)
        try:
            with self._service.pulse.at_work(name):
                chore()
        finally:
            with self._guard:
                self._busy.discard(name)
                self._guard.notify_all()

    def _ended(self, event: JobExecutionEvent) -> None:
        if self._service.stop.is_set():
            return
        if event.exception is not None:
            self._log.error("unexpected", exc_info=event.exception)
        if event.job_id in self._due:
            self._reschedule(event.job_id, self._due[event.job_id]())

    def _reschedule(self, name: str, due: datetime | None) -> None:
        if due is None or self._service.stop.is_set():
            return
        try:
            self._scheduler.modify_job(name, next_run_time=due)
        except JobLookupError:
            return  # taken off by a reload in the same moment


def _now() -> datetime:
    return datetime.now(UTC)
