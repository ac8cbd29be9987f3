"""A daemon over real HTTP, with the emulator on one virtual clock: hours pass in a moment, and nothing is pretended.

What is pretended in the unit tests comes here from where it comes in life: Entra refuses, Exchange throttles, another
process holds the database, somebody edits the config.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import structlog

from mailsorter.config.load import load
from mailsorter.daemon.process import Daemon
from mailsorter.daemon.service import Service
from mailsorter.emulator import EmulatorClock
from mailsorter.emulator.faults import Fault, FaultPlan
from mailsorter.emulator.store.apps import DEFAULT_APPS, App
from mailsorter.emulator.store.records import Mailbox
from mailsorter.logs.redact import redact
from tests.endtoend.tenant import Tenant, tenant

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PACE = '[daemon]\npoll = "15 minutes"\njitter = "0 seconds"\n'
BEAT_S, SURROUNDINGS_S = 60.0, 300.0
ACME, LEFT = "Clients / Acme B.V.", "Inbox"
APP = next(app for app in DEFAULT_APPS if app.client_id == "emulator")


class OneTime:
    """The daemon's clock, and with it the emulator's. `jump` moves this machine's wall clock alone."""

    def __init__(self) -> None:
        self.exchange = EmulatorClock(frozen_at=START)
        self._elapsed = 0.0
        self._wrong_by = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(seconds=self._elapsed) + self._wrong_by

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += max(0.0, seconds)
        self.exchange.advance(max(0.0, seconds))

    def jump(self, by: timedelta) -> None:
        self._wrong_by += by


class Lines:
    """Log lines, as the guard lets them through."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def __getattr__(self, level: str) -> Any:
        return lambda **line: self.lines.append({**line, "level": level})


class Weather:
    """A firm of two mailboxes, Anna's and Bram's, and the daemon that looks after them."""

    def __init__(self, firm: Tenant, clock: OneTime) -> None:
        self.firm, self.clock = firm, clock
        self.emulator, self.store = firm.emulator, firm.emulator.store
        self.anna, self.bram = firm.mailboxes
        self.kept = Lines()
        self.sent: dict[str, tuple[int, str]] = {}  # by id: the mailbox it came to and the sender
        firm.write_config(PACE)
        self._log = structlog.wrap_logger(
            self.kept,
            processors=[redact, lambda _logger, _method, line: ((), dict(line))],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.start()

    @property
    def service(self) -> Service:
        return self.daemon.service

    def start(self) -> None:
        """A fresh daemon, assembled from the config on disk."""
        self.daemon = Daemon(self.firm.config, load(self.firm.config), self._log, clock=self.clock)
        self.daemon.assemble()
        self._beat = self._surroundings = self.clock.monotonic()

    def reload(self) -> None:
        """What SIGHUP does."""
        self.daemon.reload()

    def restart(self) -> None:
        """Ended and started again."""
        self.close()
        self.start()

    def close(self) -> None:
        self.service.ledger.close()
        self.daemon._assembly.close()

    def arrive(self, sender: str = "piet@acme.example", *, mailbox: int = 0, **fields: Any) -> str:
        """A message comes in now; gives its id."""
        received = int(self.clock.exchange.now_s())
        message = self.firm.deliver(sender, f"Nr {len(self.sent)}", mailbox=mailbox, received=received, **fields)
        self.sent[message] = (mailbox, sender)
        return message

    def touches(self, message: str, **properties: Any) -> None:
        """The mailbox's owner changes properties of a message, as Graph names them."""
        owner = self.firm.mailboxes[self.sent[message][0]].address
        headers = {**self.emulator.headers(), "Prefer": 'IdType="ImmutableId"'}
        url = f"{self.emulator.url}/v1.0/users/{owner}/messages/{message}"
        httpx.patch(url, json=properties, headers=headers, trust_env=False).raise_for_status()

    def go_on(self, hours: float) -> int:
        """So much time passes, and what is due is done when it is; gives how many looks there were."""
        until, looks = self.clock.monotonic() + hours * 3600, 0
        while self.clock.monotonic() < until:
            now = self.clock.monotonic()
            if now >= self._beat:
                self._beat = now + BEAT_S
                self.service.beat()
            if now >= self._surroundings:
                self._surroundings = now + SURROUNDINGS_S
                self.service.watch_surroundings()
            for number, mailbox in list(self.service.mailboxes.items()):
                if mailbox.due <= self.clock.now():
                    self.service.poll(number)
                    looks += 1
            next_s = min((m.due - self.clock.now()).total_seconds() for m in self.service.mailboxes.values())
            self.clock.sleep(min(max(next_s, 1.0), BEAT_S, max(until - self.clock.monotonic(), 1.0)))
        return looks

    # the weather ------------------------------------------------------------------------------------------------

    def fails(self, *faults: Fault) -> None:
        """From now on Exchange fails so; without any, it is well again."""
        self.emulator.faults.set_plan(FaultPlan(faults))

    def registers(self, **changes: Any) -> None:
        """The administrator changes the app in Entra; tokens of before are revoked."""
        values = {name: getattr(APP, name) for name in APP.__struct_fields__} | changes
        self.store.apps.register(App(**values))
        self.emulator.identity.revoke_all()

    def changes(self, mailbox: Mailbox, **settings: Any) -> None:
        """The administrator changes a mailbox."""
        self.store.mailboxes.change(mailbox, **settings)

    # what is to be seen -----------------------------------------------------------------------------------------

    def shown(self, message: str) -> Any:
        """A message as Graph shows it."""
        owner = self.firm.mailboxes[self.sent[message][0]].address
        url = f"{self.emulator.url}/v1.0/users/{owner}/messages/{message}"
        return httpx.get(url, headers=self.emulator.headers(), trust_env=False).raise_for_status().json()

    def where(self, message: str) -> str:
        """The folder of a message; of a message that is lost, or in two folders, it says so."""
        folders = self.firm.folders(self.sent[message][0])
        return " + ".join(path for path, ids in folders.items() if message in ids) or "nowhere"

    def told(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.kept.lines if line["event"] == event]

    def troubles(self) -> list[str]:
        return [line["kind"] for line in self.told("trouble")]

    def over(self) -> list[str]:
        return [line["kind"] for line in self.told("trouble over")]

    def misplaced(self) -> dict[str, str]:
        """Mail of clients that is not, once and alone, in its client's folder, and mail that nobody sent."""
        wrong = {m: place for m in self.sent if (place := self.where(m)) != ACME}
        there = {m for number in range(2) for ids in self.firm.folders(number).values() for m in ids}
        return wrong | {m: "doubled" for m in there - set(self.sent)}


@contextmanager
def weather(folder: Path) -> Iterator[Weather]:
    """The firm with its daemon for as long as the block runs."""
    clock = OneTime()
    with tenant(folder, ("anna", "bram"), clock=clock.exchange) as firm:
        made = Weather(firm, clock)
        try:
            yield made
        finally:
            made.close()
