"""The main job as a whole: a mailbox's first backlog through pull, match, plan, perform and ledger.

    python bench/filing.py [--messages 40000] [--clients 300] [--share 0.9]

Exchange's own limits hold (10,000 requests in 10 minutes, 4 at once), in the emulator's time: every batch takes
`--latency` seconds of it and waiting moves it on. The emulator runs in a process of its own, so that memory and CPU
are mailsorter's alone. Budgets (docs/design.md, section 8): at least 95 % of the quota in whole windows, no throttled
answer, at most 1.1 requests a filed message, under 200 MB. An idle second run shows what a poll costs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection

from bench.graph_quota import QUOTA, WINDOW_S
from mailsorter.emulator import EmulatorClock, NewMessage, running_emulator
from mailsorter.emulator.store.records import Address
from mailsorter.emulator.throttle import Limits
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.client import Client
from mailsorter.perform import StepResult
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import MailboxGround, TreeCache
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.planning import WindowPlan
from mailsorter.sorting.report import MailboxReport, RunReport
from mailsorter.sorting.run import Job, SortOptions, sort

OWN = "onzefirma.example"
MAILBOX = f"anna@{OWN}"
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def serve(pipe: Connection, options: argparse.Namespace) -> None:
    """The emulator's process: seeds, says its URL, then moves its clock as it is told."""
    clock = EmulatorClock(frozen_at=START)
    limits = None if options.honest else Limits(requests=10**9, concurrent=64)
    with running_emulator(clock=clock, limits=limits) as emulator:
        box = emulator.store.mailboxes.create(MAILBOX)
        inbox = emulator.store.folders.well_known(box, "inbox")
        with emulator.store.db.write():
            for n in range(options.messages):
                ours = (n % 100) < options.share * 100
                sender = f"p{n % 977}@klant{n % options.clients}.example" if ours else f"p{n}@elders{n % 5000}.example"
                emulator.store.messages.create(
                    box, inbox, NewMessage(subject=f"bericht {n}", body="tekst", from_=Address("", sender),
                                           to=[Address("", MAILBOX)]),
                )  # fmt: skip
        pipe.send(emulator.url)
        while (seconds := pipe.recv()) is not None:
            clock.advance(seconds)
            pipe.send(None)


class RemoteTime:
    """The emulator's time as our clock: sleeping moves it, on both sides."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._elapsed = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(START.timestamp() + self._elapsed, UTC)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._elapsed += seconds
            self._pipe.send(seconds)
            self._pipe.recv()


class Windows:
    """Counts requests in each window of ten minutes, and lets every batch take its time."""

    def __init__(self, clock: RemoteTime, latency_s: float) -> None:
        self.counts: list[int] = []
        self.connector: GraphConnector | None = None
        self._clock = clock
        self._latency_s = latency_s
        self._sent = 0

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        pass

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        self.note()

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        self._clock.sleep(self._latency_s)
        self.note()

    def note(self) -> None:
        """What was sent since the last time belongs to this window."""
        assert self.connector is not None
        window = int(self._clock.monotonic() // WINDOW_S)
        self.counts.extend([0] * (window + 1 - len(self.counts)))
        self.counts[window] += self.connector.traffic["requests"] - self._sent
        self._sent = self.connector.traffic["requests"]


def main() -> None:
    options = arguments()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options), daemon=True)
    process.start()
    url = ours.recv()
    clock = RemoteTime(ours)
    windows = Windows(clock, options.latency)
    settings = GraphSettings(
        tenant="t.example", client_id="emulator", origin=url, login_origin=url,
        requests_per_window=QUOTA if options.honest else 10**9,
    )  # fmt: skip
    windows.connector = connector = GraphConnector(settings, ClientSecret("emulator"), clock=clock)
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(f"sqlite:///{folder}/l.db", bytes(32), clock=clock) as ledger,
    ):
        job = Job(MAILBOX, filing(options.clients), lambda: connector.mailbox(MAILBOX), TreeCache())
        began, cpu = time.perf_counter(), time.process_time()
        report = sort(ledger, clock, [job], SortOptions(windows))
        show(report, windows, time.perf_counter() - began, time.process_time() - cpu)
        sort(ledger, clock, [job], SortOptions(windows))  # reads that what was filed has left the folder
        before = connector.traffic["requests"]
        sort(ledger, clock, [job], SortOptions(windows))
        print(
            f"requests of an idle poll {connector.traffic['requests'] - before}   (1 for the tree + 1 a watched folder)"
        )
    connector.close()
    ours.send(None)
    process.join(10)


def filing(clients: int) -> Filing:
    """The client book of the bench."""
    book = [Client(id=f"k{n}", name=f"Klant {n}", domains=(f"klant{n}.example",)) for n in range(clients)]
    folder_of = {client.id: ("Clients", client.name) for client in book}
    return Filing(MatchBook(book, [OWN]), folder_of, ("Clients",), b"bench", watch=("inbox",))


def show(report: RunReport, windows: Windows, wall_s: float, cpu_s: float) -> None:
    (mailbox,) = report.mailboxes
    assert windows.connector is not None
    traffic = windows.connector.traffic
    print(f"pulled {mailbox.pulled:,}  filed {mailbox.filed:,}  left {mailbox.left.total():,}  error {mailbox.error}")
    print(f"{'window':>8}{'requests':>10}{'of quota':>10}")
    for number, count in enumerate(windows.counts):
        part = "" if number < len(windows.counts) - 1 else "  (not whole)"
        print(f"{number:>8}{count:>10,}{count / QUOTA:>10.1%}{part}")
    whole = windows.counts[:-1]
    print(f"quota used, whole windows  {sum(whole) / max(1, len(whole)) / QUOTA:.1%}   (budget 95 %)")
    print(f"throttled answers          {traffic['throttled']}")
    print(f"requests a filed message   {traffic['requests'] / max(1, mailbox.filed):.3f}   (budget 1.1)")
    print(f"peak memory                {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (budget 200)")
    print(f"wall {wall_s:.1f} s, CPU {cpu_s:.1f} s, {mailbox.pulled / cpu_s:,.0f} messages a second of CPU")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--share", type=float, default=0.9, help="of the mail that belongs to a client")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds of Exchange's time a batch takes")
    parser.add_argument("--no-quota", dest="honest", action="store_false", help="measure memory and CPU only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
