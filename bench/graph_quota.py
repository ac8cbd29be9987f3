"""How much of a mailbox's request quota does the Graph connector use when it files a backlog?

Runs against the emulator with Exchange's own limits (10,000 requests in 10 minutes, 4 at once), in the emulator's
time: every exchange takes `--latency` seconds of it, and waiting moves it on. Prints each window of ten minutes and
what matters: the share of the quota that was used over the whole windows, 429s, and requests a filed message.

    python bench/graph_quota.py --messages 30000
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime

from mailsorter.emulator import EmulatorClock, NewMessage, running_emulator
from mailsorter.mailbox.base import Done, Move
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.folder import WellKnown

WINDOW_S = 600.0
QUOTA = 10_000


class EmulatorTime:
    """The emulator's time as the connector's clock."""

    def __init__(self, clock: EmulatorClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now_s()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=30_000)
    parser.add_argument("--latency", type=float, default=0.3, help="virtual seconds a $batch of 20 takes")
    options = parser.parse_args()
    clock = EmulatorClock(frozen_at=datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    with running_emulator(clock=clock) as emulator:
        box = emulator.store.mailboxes.create("anna@firm.example")
        inbox = emulator.store.folders.well_known(box, "inbox")
        with emulator.store.db.write():
            for n in range(options.messages):
                emulator.store.messages.create(box, inbox, NewMessage(subject=f"message {n}", body="text"))
        settings = GraphSettings(
            tenant="t.example", client_id="emulator", origin=emulator.url, login_origin=emulator.url
        )
        connector = GraphConnector(settings, ClientSecret("emulator"), clock=EmulatorTime(clock))
        file_backlog(connector, box.address, clock, options.latency)
        connector.close()


def file_backlog(connector: GraphConnector, address: str, clock: EmulatorClock, latency_s: float) -> None:
    mailbox = connector.mailbox(address)
    begun, cpu = time.perf_counter(), time.process_time()
    start = clock.now_s()
    windows: list[int] = []
    filed = sent = 0

    def note() -> None:
        nonlocal sent
        window = int((clock.now_s() - start) // WINDOW_S)
        windows.extend([0] * (window + 1 - len(windows)))
        windows[window] += connector.traffic["requests"] - sent
        sent = connector.traffic["requests"]

    tree = mailbox.tree_changes(None).tree
    assert tree is not None
    inbox = tree.well_known(WellKnown.INBOX)
    assert inbox is not None
    target = mailbox.create_folder(tree.root_id, "Clients").id
    for page in mailbox.changes(inbox.id, None):
        note()
        for first in range(0, len(page.messages), 20):
            outcomes = mailbox.move([Move(m.id, target) for m in page.messages[first : first + 20]])
            clock.advance(latency_s)
            filed += sum(isinstance(outcome, Done) for outcome in outcomes)
            note()
    elapsed = clock.now_s() - start
    print(f"{'window':>8}{'requests':>10}{'of quota':>10}")
    for number, requests in enumerate(windows):
        print(
            f"{number:>8}{requests:>10}{requests / QUOTA:>10.1%}{'' if number < len(windows) - 1 else '  (not whole)'}"
        )
    whole = windows[:-1]
    print(f"filed {filed:,} in {elapsed:,.0f} s of Exchange's time, {time.perf_counter() - begun:.1f} s of ours")
    print(f"throttled answers      {connector.traffic['throttled']}")
    print(f"requests a filed mail  {connector.traffic['requests'] / max(1, filed):.3f}   (budget 1.1)")
    print(f"quota used, whole windows  {sum(whole) / max(1, len(whole)) / QUOTA:.1%}   (budget 95 %)")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, emulator included; "
        f"CPU {time.process_time() - cpu:.1f} s, emulator included"
    )


if __name__ == "__main__":
    main()
