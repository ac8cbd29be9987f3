"""The daemon over HTTP against the emulator: what an idle look costs, and a whole week on a virtual clock.

    python -m bench.daemon_http idle [--mailboxes 50] [--rounds 20]
    python -m bench.daemon_http week [--mailboxes 3] [--daily 40] [--days 7]

Idle: the emulator is another process, so CPU time is the daemon's own. Budget: one tree request and one a watched
folder a look; under 1 % of a core for 50 mailboxes looked at once a minute.
Week: the daemon's service looks every 15 simulated minutes while mail comes, the network goes for hours, the tenant is
throttled and answers are lost; at the end every message must lie where it belongs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from bench.table import show
from mailsorter.assembly import Assembly
from mailsorter.config.load import load
from mailsorter.daemon.service import Service, Settings
from mailsorter.daemon.timetable import Pace, PollEnd
from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.emulator.faults import Fault, FaultPlan
from mailsorter.emulator.store import Store
from mailsorter.emulator.store.records import Address, Mailbox, NewMessage
from mailsorter.mailbox.base import Detail

OWN = "onzefirma.example"
START = datetime(2026, 3, 2, 6, tzinfo=UTC)


class Together:
    """The daemon's clock, and with it the emulator's."""

    def __init__(self, emulator: EmulatorClock) -> None:
        self._emulator = emulator
        self._elapsed = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += max(0.0, seconds)
        self._emulator.advance(max(0.0, seconds))


def write_config(folder: Path, url: str, mailboxes: int, clients: int) -> Path:
    """A config for the emulator with so many mailboxes and clients."""
    os.environ["EMULATOR_SECRET"] = "emulator"
    entries = "".join(f'[[mailbox]]\naddress = "m{i}@{OWN}"\n' for i in range(mailboxes))
    book = "".join(
        f'[[client]]\nid = "k{i}"\nname = "Klant {i}"\ndomains = ["klant{i}.example"]\n' for i in range(clients)
    )
    (folder / "clients.toml").write_text(book)
    path = folder / "mailsorter.toml"
    path.write_text(
        f'clients = ["clients.toml"]\n[firm]\ndomains = ["{OWN}"]\n{entries}[ledger]\nurl = "sqlite:///ledger.db"\n'
        f'[graph]\ntenant = "firm"\nclient_id = "emulator"\nclient_secret = "env:EMULATOR_SECRET"\n'
        f'url = "{url}"\nauthority = "{url}"\n'
    )
    return path


def service_of(assembly: Assembly, pace: Pace) -> Service:
    """The daemon's service, silent."""
    silent = structlog.wrap_logger(None, processors=[_drop])
    service = Service(assembly.ledger, assembly.clock, silent, chance=random.Random(1))
    service.take_over(assembly.jobs(), Settings(pace=pace, brakes=assembly.brakes()))
    return service


def _drop(*_line: object) -> str:
    raise structlog.DropEvent


def _serve(mailboxes: int, pipe: Connection) -> None:
    with running_emulator() as emulator:
        for i in range(mailboxes):
            emulator.store.mailboxes.create(f"m{i}@{OWN}", f"M {i}")
        pipe.send(emulator.url)
        pipe.recv()


def idle(mailboxes: int, rounds: int) -> None:
    """Look at every mailbox again and again while nothing comes."""
    mine, theirs = multiprocessing.get_context("spawn").Pipe()
    other = multiprocessing.get_context("spawn").Process(target=_serve, args=(mailboxes, theirs), daemon=True)
    other.start()
    with tempfile.TemporaryDirectory(prefix="daemon-idle-") as folder:
        path = write_config(Path(folder), mine.recv(), mailboxes, clients=300)
        with Assembly(load(path)) as assembly:
            service = service_of(assembly, Pace())
            for _ in range(2):  # the first look reads the mailbox, the second finds nothing new
                for number in service.mailboxes:
                    service.poll(number)
            before, cpu, looks = assembly.graph.traffic["requests"], time.process_time(), rounds * mailboxes
            for _ in range(rounds):
                for number in service.mailboxes:
                    service.poll(number)
            cpu = time.process_time() - cpu
            requests = assembly.graph.traffic["requests"] - before
    mine.send("end")
    show("idle looks over HTTP", ("what", "value"), [
        ("mailboxes", mailboxes), ("looks", looks), ("requests a look", requests / looks),
        ("CPU ms a look", cpu / looks * 1000),
        (f"% of a core, {mailboxes} mailboxes once a minute", f"{cpu / looks * mailboxes / 60 * 100:.2f}"),
    ])  # fmt: skip


# hours of the week (from Monday 06:00) in which something is wrong
SPELLS: tuple[tuple[float, float, Fault], ...] = (
    (20, 26, Fault(cut="before")),  # the network is gone for a night
    (50, 51, Fault(status=429, retry_after=60)),  # the tenant is throttled for an hour
    (75, 77, Fault(token="revoked")),
    (98, 99, Fault(status=403, code="ErrorAccessDenied")),  # the permission is withdrawn
    (110, 111, Fault(lose_delta_state=True, every=7)),
)
ALWAYS = (Fault(cut="after", path="*/move", probability=0.02), Fault(status=503, probability=0.01))


def week(mailboxes: int, daily: int, days: int) -> bool:
    """Play the days; gives whether every message ended where it belongs."""
    chance, clock = random.Random(7), EmulatorClock(frozen_at=START)
    with running_emulator(clock=clock) as emulator, tempfile.TemporaryDirectory(prefix="daemon-week-") as folder:
        people = [emulator.store.mailboxes.create(f"m{i}@{OWN}", f"M {i}") for i in range(mailboxes)]
        path = write_config(Path(folder), emulator.url, mailboxes, clients=50)
        together = Together(clock)
        with Assembly(load(path), clock=together) as assembly:
            service = service_of(assembly, Pace(timedelta(minutes=15), timedelta(seconds=30)))
            expected: dict[str, str] = {}
            cpu, looks, failed, spell = time.process_time(), 0, 0, -1
            while together.monotonic() < days * 86400:
                hour = together.monotonic() / 3600
                now = next((n for n, (begin, end, _) in enumerate(SPELLS) if begin <= hour < end), len(SPELLS))
                if now != spell:
                    spell = now
                    emulator.faults.set_plan(FaultPlan(ALWAYS if now == len(SPELLS) else (SPELLS[now][2],)))
                for person in people:
                    if chance.random() < daily / 288:
                        _deliver(emulator.store, person, len(expected), chance, clock, expected)
                for number, mailbox in service.mailboxes.items():
                    if mailbox.due <= together.now():
                        service.poll(number)
                        looks, failed = looks + 1, failed + (mailbox.end is PollEnd.FAILED)
                service.beat()
                together.sleep(300)
            emulator.faults.set_plan(FaultPlan())
            for number in service.mailboxes:
                service.poll(number)
            found = _everything(assembly)
            wrong = [s for s, client in expected.items() if found.get(s) != [client]]
            show("a week over HTTP", ("what", "value"), [
                ("days", days), ("messages", len(expected)), ("wrong, lost or twice", len(wrong)), ("looks", looks),
                ("failed looks", failed), ("requests", assembly.graph.traffic["requests"]),
                ("CPU s, emulator included", time.process_time() - cpu),
            ])  # fmt: skip
            for subject in wrong[:10]:
                print(subject, expected[subject], found.get(subject))
    return not wrong


def _deliver(
    store: Store, person: Mailbox, number: int, chance: random.Random, clock: EmulatorClock, expected: dict[str, str]
) -> None:
    client = chance.randrange(60)  # ten of sixty are nobody's
    subject = f"Bericht {number}"
    new = NewMessage(
        subject=subject, body="Dag.", from_=Address("P", f"p@klant{client}.example"),
        to=[Address("M", f"x@{OWN}")], received=int(clock.now_s()),
    )  # fmt: skip
    store.messages.create(person, store.folders.find(person, "inbox"), new)
    expected[subject] = f"Klant {client}" if client < 50 else "Inbox"


def _everything(assembly: Assembly) -> dict[str, list[str]]:
    """In which folders each subject lies."""
    found: dict[str, list[str]] = {}
    for connect in assembly.connect.values():
        mailbox = connect()
        for folder in mailbox.tree():
            for page in mailbox.messages(folder.id, Detail.ENVELOPE):
                for message in page:
                    found.setdefault(message.subject, []).append(folder.name)
    return found


def main() -> None:
    """Run one of the two; the week exits with 1 when a message is not where it belongs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("idle", "week"))
    for name, default in (("mailboxes", 0), ("rounds", 20), ("daily", 40), ("days", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    if given.what == "idle":
        idle(given.mailboxes or 50, given.rounds)
    elif not week(given.mailboxes or 3, given.daily, given.days):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
