"""Requests that sorting, undoing, finding and erasing cost over EWS, with and without new ids after a move.

    python bench/ews_requests.py [--messages 2000] [--clients 40]

Against the emulator. A server that does not tell new ids may cost at most twice the requests (docs/ews.md); the last
line says whether that holds, and the exit code with it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mailsorter.cases.find import findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.clock import VirtualClock
from mailsorter.emulator import Emulator, EmulatorClock, NewMessage, running_emulator
from mailsorter.emulator.ews.switches import EwsServer, with_switches
from mailsorter.emulator.store import Address
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.ews import EwsSettings, Password, open_mailbox
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.client import Client
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.run import Job, SortOptions, sort
from mailsorter.sorting.undo import undo_run
from tests.cases.office import NOW
from tests.cases.test_plantings import SUBJECT
from tests.cases.test_plantings_ews import PremisesTenant
from tests.unit.sorting.firm import Onlooker

OWN = "onzefirma.example"
ADDRESS = f"anna@{OWN}"
KINDS = {
    "new ids told": EwsServer(),
    "no new ids": with_switches("no_new_ids"),
    "no new ids, no binary restriction": with_switches("no_new_ids", "no_binary_restriction"),
}


def since(emulator: Emulator, before: Counter[str]) -> Counter[str]:
    """Requests by operation since then."""
    return Counter(emulator.ews.requests) - before


def sorting(kind: EwsServer, messages: int, clients: int, folder: Path) -> dict[str, Counter[str]]:
    """A backlog is filed, and the run taken back."""
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        emulator.conditions.ews = kind
        box = emulator.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        inbox = emulator.store.folders.well_known(box, "inbox")
        for n in range(messages):
            sender = Address("", f"p{n}@klant{n % clients}.example")
            emulator.store.messages.create(
                box, inbox, NewMessage(subject=f"bericht {n}", from_=sender, to=[Address("", ADDRESS)])
            )
        book = [Client(id=f"c{n}", name=f"Klant {n}", domains=(f"klant{n}.example",)) for n in range(clients)]
        filing = Filing(
            book=MatchBook(book, [OWN]), folder_of={c.id: ("Clients", c.name) for c in book}, archive=("Clients",),
            rules_digest=b"bench",
        )  # fmt: skip
        clock = VirtualClock(NOW)
        settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"))
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", bytes(range(32)), clock=clock)

        def connect() -> object:
            return open_mailbox(settings, ADDRESS, clock=clock)

        before = Counter(emulator.ews.requests)
        options = SortOptions(Onlooker(), brakes=BrakePolicy(enabled=False))
        report = sort(ledger, clock, [Job(ADDRESS, filing, connect)], options)
        assert report.mailboxes[0].filed == messages, report.mailboxes[0]
        sorted_, before = since(emulator, before), Counter(emulator.ews.requests)
        back = undo_run(ledger, clock, report.run, {ADDRESS: connect}, [c.id for c in book])
        assert back.mailboxes[0].filed == messages, back.mailboxes[0]
        ledger.close()
        return {"sort": sorted_, "undo": since(emulator, before)}


def erasing(kind: EwsServer, messages: int, folder: Path) -> dict[str, Counter[str]]:
    """A tenth of the mail is somebody's: found, erased, and proven to be gone."""
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        emulator.conditions.ews = kind
        firm = PremisesTenant(emulator, folder, ("anna",), "", 0)
        for n in range(messages):
            sender = Address("Piet", "piet@klant.example") if n % 10 == 0 else Address("", f"k{n}@elders.example")
            firm.put(
                firm.mailboxes[0], "inbox" if n % 2 else ("Oud", f"map {n % 8}"), subject=f"bericht {n}", from_=sender
            )
        before = Counter(emulator.ews.requests)
        number = firm.approved(SUBJECT)
        assert len(findings_of(firm.office.open_file(number)).findings) == messages // 10
        found, before = since(emulator, before), Counter(emulator.ews.requests)
        perform(firm.office, number)
        erased, before = since(emulator, before), Counter(emulator.ews.requests)
        assert prove(firm.office, number).passed
        firm.assembly.close()
        return {"find": found, "erase": erased, "prove": since(emulator, before)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=40)
    chosen = parser.parse_args()
    totals: dict[str, dict[str, int]] = {}
    for name, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            counts = sorting(kind, chosen.messages, chosen.clients, Path(one))
            counts |= erasing(kind, chosen.messages, Path(other))
        totals[name] = {what: count.total() for what, count in counts.items()}
        print(f"{name}:")
        for what, count in counts.items():
            parts = ", ".join(f"{operation} {n}" for operation, n in count.most_common())
            print(f"  {what:6} {count.total():5} requests for {chosen.messages} messages: {parts}")
    told = totals["new ids told"]
    worst = max(counts[what] / told[what] for counts in totals.values() for what in told)
    print(f"without new ids at most {worst:.2f} times the requests")
    return 0 if worst <= 2 else 1


if __name__ == "__main__":
    raise SystemExit(main())
