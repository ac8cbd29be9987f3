"""What `case find --read bodies` costs: page requests against the pages needed, memory, and minutes.

    python -m bench.read_bodies --messages 100000
    python -m bench.read_bodies --messages 1000000 --progress 60

The emulator is another process, so that memory and processor time are the search's own; both shares are printed. Pages
needed for a complete reading: for every folder one for each 1,000 envelopes, one for each 200 texts, and one for each
1,000 ids of the second round, without which mail that moves between folders meanwhile would be missed. All requests for
pages of a folder are counted by what they ask for; everything else is named. Budget: under 1.1 of the pages needed,
and under 300 MB. `--progress SECONDS` prints how far it is and the memory just then, so that growth is seen.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import threading
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
from mailsorter.emulator import Emulator, EmulatorClock, running_emulator
from mailsorter.emulator.graph.wire import Request, Response
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.coverage import Depth

ENVELOPES, TEXTS, IDS = "envelopes", "texts", "ids"
PAGES = {ENVELOPES: 1_000, TEXTS: 200, IDS: 1_000}


def watch(emulator: Emulator) -> Counter[str]:
    """Counts the requests for pages of a folder, by what they ask for, and the others by their route."""
    seen: Counter[str] = Counter()
    answer = emulator.face.handle

    def handle(request: Request, *, lane: int = 1) -> Response:
        path = request.path.lower()
        if "/mailfolders/" in path and path.endswith("/messages"):
            seen[TEXTS if "internetMessageHeaders" in request.query else _kind(request.query)] += 1
        return answer(request, lane=lane)

    emulator.face.handle = handle  # type: ignore[method-assign]
    return seen


def _kind(query: str) -> str:
    return ENVELOPES if "subject" in query else IDS


def emulate(messages: int, pipe: Connection) -> None:
    """Serve so much mail; tell url and mailboxes, then what was asked for whenever that is asked."""
    with running_emulator(clock=EmulatorClock()) as emulator:
        seed_synthetic(emulator.store, messages, random_seed=3)
        store = emulator.store
        boxes = store.mailboxes.all()
        totals = [folder.total for box in boxes for folder in store.folders.all(box)]
        needed = {kind: sum(-(-total // size) for total in totals) for kind, size in PAGES.items()}
        pages, begun = watch(emulator), time.process_time()
        pipe.send((emulator.url, [box.address for box in boxes], needed))
        while pipe.recv() == "count":
            others = {r: n for r, n in emulator.face.requests.items() if not r.endswith("mailfolders/*/messages")}
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pipe.send((dict(pages), others, time.process_time() - begun, memory))


class Watch:
    """How far the search is, from a thread of its own."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._messages: dict[str, int] = {}
        self._started = time.perf_counter()
        self._ended = threading.Event()

    def note(self, mailbox: str, doing: str, messages: int) -> None:
        """As `Progress`."""
        self._messages[mailbox] = max(messages, self._messages.get(mailbox, 0))

    def count(self) -> tuple[dict[str, int], dict[str, int], float, float]:
        """Pages by what they ask for, other requests by route, the emulator's processor seconds and memory in MB."""
        with self._lock:
            self._pipe.send("count")
            counted: tuple[dict[str, int], dict[str, int], float, float] = self._pipe.recv()
            return counted

    def tell(self, every_s: float) -> None:
        """One line every so often, until `end`."""
        while not self._ended.wait(every_s):
            pages, others, _, _ = self.count()
            minutes = (time.perf_counter() - self._started) / 60
            print(
                f"{minutes:6.1f} min  {sum(self._messages.values()):>9,} messages  {sum(pages.values()):>6,} pages  "
                f"{sum(others.values()):>6,} other requests  {resident_mb():4.0f} MB",
                flush=True,
            )

    def end(self) -> None:
        """No more lines."""
        self._ended.set()


def resident_mb() -> float:
    """This process's memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


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
    parser.add_argument("--progress", type=float, default=0.0, metavar="SECONDS", help="tell how far it is so often")
    chosen = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=emulate, args=(chosen.messages, there), daemon=True)
    server.start()
    url, addresses, needed = here.recv()
    with tempfile.TemporaryDirectory(prefix="mailsorter-bench-") as folder:
        assembly = Assembly(load(config(Path(folder), url, addresses)))
        person = Subject(addresses=("renee@klant.example",), names=("Renée van der Zande",), phones=("06-98765432",))
        number = open_case(assembly.office, CaseKind.ERASURE, person).number
        attest(assembly.office, number, "known")
        ahead: list[Forecast] = []
        watched = Watch(here)
        if chosen.progress:
            threading.Thread(target=watched.tell, args=(chosen.progress,), daemon=True).start()
        started, cpu = time.perf_counter(), time.process_time()
        found = find(assembly.office, number, watched.note, depth=Depth.BODIES, on_forecast=ahead.append)
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        watched.end()
        asked, others, emulator_cpu, emulator_mb = watched.count()
        assembly.close()
    pages, wanted = sum(asked.values()), sum(needed.values())
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows = [
        ("messages", f"{found.messages:,}"),
        ("texts read", f"{found.texts_read:,}"),
        ("messages opened whole", f"{found.opened:,}"),
        ("pages needed", f"{wanted:,}: " + ", ".join(f"{n:,} of {kind}" for kind, n in needed.items())),
        ("page requests", f"{pages:,}: " + ", ".join(f"{asked.get(kind, 0):,} of {kind}" for kind in PAGES)),
        ("of the pages needed", f"{pages / wanted:.3f}   (budget 1.1)"),
        ("without the round of ids", f"{(pages - asked.get(IDS, 0)) / (wanted - needed[IDS]):.3f}"),
        ("other requests", f"{sum(others.values()):,}"),
        *((f"  {route}", f"{count:,}") for route, count in sorted(others.items(), key=lambda one: -one[1])[:3]),
        (
            "forecast",
            f"{ahead[0].requests:,} requests and at most about {2 * (ahead[0].opened or 0):,} more, "
            f"{ahead[0].minutes} to {ahead[0].minutes_opened} minutes at the quota",
        ),
        ("memory, MB", f"{own:.0f} itself, {workers:.0f} its largest worker   (budget 300)"),
        ("minutes", f"{took / 60:.1f}"),
        ("processor minutes", f"{cpu / 60:.1f} the search, {emulator_cpu / 60:.1f} the emulator"),
        ("the emulator's memory, MB", f"{emulator_mb:,.0f}"),
    ]
    show(f"case find --read bodies, {chosen.messages:,} messages", ("what", "figure"), rows)
    server.terminate()
    sys.exit(0 if pages < 1.1 * wanted and own < 300 else 1)


if __name__ == "__main__":
    main()
