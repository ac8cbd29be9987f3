"""What `case find --read bodies` costs: page requests against the pages needed, memory, and minutes.

    python -m bench.read_bodies --messages 100000

The emulator is another process, so that memory and processor time are the search's own. Pages needed: for every folder
one for each 1,000 envelopes, and one for each 200 texts. Budget: under 1.1 of that, and under 300 MB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from bench.table import show
from mailsorter.assembly import Assembly
from mailsorter.cases.find import find
from mailsorter.cases.forecast import Forecast
from mailsorter.cases.intake import open_case
from mailsorter.cases.verify import attest
from mailsorter.config.load import load
from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.coverage import Depth

PAGES = (1_000, 200)


def emulate(messages: int, pipe: Connection) -> None:
    """Serve so much mail; tell url and mailboxes, then the pages needed and the requests by route when asked."""
    with running_emulator(clock=EmulatorClock()) as emulator:
        seed_synthetic(emulator.store, messages, random_seed=3)
        store = emulator.store
        boxes = store.mailboxes.all()
        totals = [folder.total for box in boxes for folder in store.folders.all(box)]
        pipe.send((emulator.url, [box.address for box in boxes]))
        pipe.recv()
        needed = sum(-(-total // page) for total in totals for page in PAGES)
        pipe.send((needed, dict(Counter(emulator.face.requests))))


def config(folder: Path, url: str, addresses: list[str]) -> Path:
    """A config for that emulator."""
    (folder / "secret").write_text("emulator")
    (folder / "secret").chmod(0o600)
    (folder / "clients.toml").write_text("")
    boxes = "".join(f'[[mailbox]]\naddress = "{one}"\n' for one in addresses)
    path = folder / "mailsorter.toml"
    path.write_text(
        f'clients = ["clients.toml"]\n[firm]\nname = "Firma"\ndomains = ["firm.example"]\n{boxes}'
        f'[ledger]\nurl = "sqlite:///ledger.db"\n[graph]\ntenant = "emulator.example"\nclient_id = "emulator"\n'
        f'client_secret = "file:secret"\nurl = "{url}"\nauthority = "{url}"\n'
    )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=100_000)
    chosen = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=emulate, args=(chosen.messages, there), daemon=True)
    server.start()
    url, addresses = here.recv()
    with tempfile.TemporaryDirectory(prefix="mailsorter-bench-") as folder:
        assembly = Assembly(load(config(Path(folder), url, addresses)))
        person = Subject(addresses=("renee@klant.example",), names=("Renée van der Zande",), phones=("06-98765432",))
        number = open_case(assembly.office, CaseKind.ERASURE, person).number
        attest(assembly.office, number, "known")
        ahead: list[Forecast] = []
        started, cpu = time.perf_counter(), time.process_time()
        found = find(assembly.office, number, depth=Depth.BODIES, on_forecast=ahead.append)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        here.send("done")
        needed, requests = here.recv()
        assembly.close()
    pages = sum(count for route, count in requests.items() if route.endswith("/messages"))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows = [
        ("messages", f"{found.messages:,}"),
        ("texts read", f"{found.texts_read:,}"),
        ("pages needed", f"{needed:,}"),
        ("page requests", f"{pages:,}"),
        ("of the pages needed", f"{pages / needed:.3f}   (budget 1.1)"),
        ("other requests", f"{sum(requests.values()) - pages:,}"),
        ("forecast", f"{ahead[0].requests:,} requests, {ahead[0].minutes} minutes at the quota"),
        ("memory, MB", f"{own:.0f} itself, {workers:.0f} its largest worker   (budget 300)"),
        ("minutes", f"{took / 60:.1f}, {cpu / 60:.1f} of them processor time"),
    ]
    show("case find --read bodies", ("what", "figure"), rows)
    server.terminate()
    sys.exit(0 if pages < 1.1 * needed and own < 300 else 1)


if __name__ == "__main__":
    main()
