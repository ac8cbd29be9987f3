"""Does the emulator stay fast and small with a million messages?

Seeds a synthetic firm into a state file, serves it, and asks over HTTP for pages of 1,000 from the largest folder:
lists at the beginning and deep inside, sorted, with few properties and with all; delta pages and a whole delta round;
moves and reads of single messages. Prints CPU, milliseconds (middle and slowest of `--repeat` tries) and the peak of
resident memory. The ratio that matters: seeded messages a second (5,000 wanted) and the slowest page against 100 ms.

    python -m bench.emulator_scale --messages 1000000 --folder /var/tmp
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.table import show
from mailsorter.emulator import Store, running_emulator
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.throttle import Limits

PAGE = 1000
MANY = ("from", "toRecipients", "subject", "receivedDateTime", "internetMessageId", "conversationId", "isRead")


class Timing(NamedTuple):
    """One kind of request: what came, CPU of client and server together, and how long it took by the wall."""

    what: str
    items: int
    kib: float
    cpu_ms: float
    middle_ms: float
    slowest_ms: float


class Asker:
    """Requests to the emulator as one mailbox's owner."""

    def __init__(self, url: str, headers: dict[str, str], user: str, repeat: int) -> None:
        self._http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=600)
        self._base = f"/v1.0/users/{user}/"
        self._repeat = repeat
        self.timings: list[Timing] = []

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        """The JSON of a GET that succeeds."""
        response = self._http.get(path if path.startswith("http") else self._base + path, headers=headers)
        response.raise_for_status()
        return dict(response.json())

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON of a POST that succeeds."""
        response = self._http.post(self._base + path, json=body)
        response.raise_for_status()
        return dict(response.json())

    def time(self, what: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Ask some times over and note how long it took, reading the answer as JSON left out."""
        walls, cpus, last = [], [], {}
        for _ in range(self._repeat):
            start, cpu = time.perf_counter(), time.process_time()
            last = ask()
            walls.append((time.perf_counter() - start) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
        size = len(last.get("raw", b"")) / 1024
        self.timings.append(Timing(what, 1, size, statistics.median(cpus), statistics.median(walls), max(walls)))
        return last

    def page(self, what: str, path: str, **headers: str) -> None:
        """Time a page; its JSON is read outside the clock."""

        def ask() -> dict[str, Any]:
            response = self._http.get(path if path.startswith("http") else self._base + path, headers=headers)
            response.raise_for_status()
            return {"raw": response.content}

        raw = self.time(what, ask)["raw"]
        items = raw.count(b'"@odata.etag"')
        self.timings[-1] = self.timings[-1]._replace(items=items)


def resident_mib() -> float:
    """What this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mib() -> float:
    """The most it ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def seed(path: Path, messages: int) -> tuple[float, float]:
    """Seconds by the wall and of CPU to seed a new state file, its indexes and its closing included."""
    start, cpu = time.perf_counter(), time.process_time()
    store = Store(path)
    try:
        seed_synthetic(store, messages)
    finally:
        store.close()
    return time.perf_counter() - start, time.process_time() - cpu


def whole_round(asker: Asker, path: str) -> tuple[int, float, str]:
    """Follow delta to its end in pages of 1,000: messages, seconds, deltaLink."""
    start, count, link = time.perf_counter(), 0, path
    while True:
        page = asker.get(link, Prefer=f'IdType="ImmutableId", odata.maxpagesize={PAGE}')
        count += len(page["value"])
        if "@odata.deltaLink" in page:
            return count, time.perf_counter() - start, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def measure(asker: Asker, inbox_total: int) -> None:
    """Time what the promise is about, then what is not bound by it."""
    inbox, deep = "mailFolders/inbox/messages", max(0, inbox_total - PAGE - 1)
    few = f"$top={PAGE}&$select=id"
    many = f"$top={PAGE}&$select={','.join(MANY)}"
    prefer = f'IdType="ImmutableId", odata.maxpagesize={PAGE}'
    asker.page("list, ids only", f"{inbox}?{few}")
    asker.page("list, sorting's properties", f"{inbox}?{many}")
    asker.page("list, all properties with bodies", f"{inbox}?$top={PAGE}")
    asker.page(f"list, sorted, {deep:,} skipped", f"{inbox}?{many}&$orderby=receivedDateTime desc&$skip={deep}")
    asker.page("list of the whole mailbox", f"messages?{many}")
    asker.page("list, oldest first", f"{inbox}?{many}&$orderby=receivedDateTime asc")
    asker.page("list by folder with $count", f"{inbox}?{few}&$count=true")
    asker.page("delta, first page", f"{inbox}/delta?$select={','.join(MANY)}", Prefer=prefer)
    link = asker.get(f"{inbox}/delta?$select={','.join(MANY)}", Prefer=prefer).get("@odata.nextLink", "")
    if link:
        asker.page("delta, second page", link, Prefer=prefer)
    asker.page("folder tree", "mailFolders?$top=100")
    newest = asker.get(f"{inbox}?$top=1")["value"][0]["id"]
    asker.time("one message", lambda: asker.get(f"messages/{newest}"))
    asker.time("move there", lambda: asker.post(f"messages/{newest}/move", {"destinationId": "archive"}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the state file goes (removed afterwards)")
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--round", action="store_true", help="also follow a whole first delta round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "state.sqlite"
        took, cpu = seed(path, options.messages)
        rate = options.messages / took
        print(f"seeded {options.messages:,} messages in {took:,.1f} s ({cpu:,.1f} s of CPU): {rate:,.0f} a second")
        size = path.stat().st_size
        print(f"state file {size / 2**20:,.0f} MiB, {size / options.messages:,.0f} bytes a message")
        print(f"peak memory while seeding {peak_mib():,.0f} MiB")
        with running_emulator(path, limits=Limits(requests=10**9)) as emulator:
            user = emulator.store.mailboxes.all()[0].address
            asker = Asker(emulator.url, emulator.headers(), user, options.repeat)
            total = asker.get("mailFolders/inbox")["totalItemCount"]
            measure(asker, total)
            head = ("request", "messages", "KiB", "CPU ms", "middle ms", "slowest ms")
            show(f"{PAGE:,} messages a page out of {total:,} in the folder", head, asker.timings)
            if options.round:
                count, seconds, link = whole_round(asker, "mailFolders/inbox/messages/delta?$select=subject")
                print(f"whole delta round: {count:,} messages in {seconds:.1f} s, {count / seconds:,.0f} a second")
                count, seconds, _ = whole_round(asker, link)
                print(f"the round after it: {count} messages in {seconds * 1000:.0f} ms")
            promised = [t for t in asker.timings if t.what.startswith(("list", "delta"))]
            worst = max(promised, key=lambda t: t.middle_ms)
            print(f"\nseeding {rate / 5000:.1f} times the promised 5,000 a second")
            print(f"slowest page: {worst.what}, {worst.middle_ms:.0f} ms of the promised 100")
            print(f"memory while serving {resident_mib():,.0f} MiB, peak {peak_mib():,.0f} MiB")


if __name__ == "__main__":
    main()
