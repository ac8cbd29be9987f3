"""Requests that an erasure costs: so many findings over so many mailboxes, against the least possible.

    python bench/erasure.py --mailboxes 20 --findings 10000 --others 40000

Least possible, as design §8 counts it: finding and proving one page request a 1,000 messages of each folder, and per
erased finding one permanentDelete and one hard delete. Apart are counted: what is read of each finding to know it again
(text and attachments, once by the search and once just before it is deleted), bodies and attached messages opened, and
the walks through the folder trees (each folder is asked for hidden children), which have a line of their own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.emulator import NewMessage
from mailsorter.emulator.store import Address
from mailsorter.model.case import Subject
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet de Vries", "piet@klant.example")
PAGE = 1000
FOLDERS = ("inbox", "sentitems", "deleteditems", "archive")


def fill(firm: Tenant, findings: int, others: int) -> None:
    """Spread the mail evenly over mailboxes and four folders of each."""
    store = firm.store
    for number in range(findings + others):
        mailbox = firm.mailboxes[number % len(firm.mailboxes)]
        folder = store.folders.well_known(mailbox, FOLDERS[number // len(firm.mailboxes) % len(FOLDERS)])
        is_theirs = number < findings
        new = NewMessage(
            from_=PIET if is_theirs else Address("Kees", f"kees{number}@elders.example"),
            to=[Address("", mailbox.address)], subject=f"bericht {number}", body="tekst",
        )  # fmt: skip
        store.messages.create(mailbox, folder, new)


def pages(firm: Tenant) -> int:
    """The fewest page requests that list every folder once."""
    store = firm.store
    return sum(-(-folder.total // PAGE) for mailbox in firm.mailboxes for folder in store.folders.all(mailbox))


def measured(firm: Tenant, before: Counter[str]) -> Counter[str]:
    """Requests since then, by what they are for."""
    kinds: Counter[str] = Counter()
    for route, count in (Counter(firm.emulator.face.requests) - before).items():
        kinds[kind_of(route)] += count
    return kinds


def kind_of(route: str) -> str:
    if "permanentdelete" in route.lower():
        return "permanentDelete"
    if route.startswith("DELETE"):
        return "hard delete"
    if route.endswith("/attachments"):
        return "attachment lists (apart)"
    if route.endswith("/$value") or "attachments" in route or route.startswith("GET messages/"):
        return "opened (apart)"
    if route.endswith("/messages"):
        return "pages"
    if route == "GET messages":
        return "search (apart)"
    return "folder trees (apart)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mailboxes", type=int, default=20)
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--others", type=int, default=40_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = [f"m{number}" for number in range(chosen.mailboxes)]
        with tenant(Path(folder), names) as firm:
            fill(firm, chosen.findings, chosen.others)
            run(firm, chosen.findings)


def run(firm: Tenant, findings: int) -> None:
    """Find, approve, erase, prove; print a table of requests and the ratio that matters."""
    least_find = pages(firm)
    before = Counter(firm.emulator.face.requests)
    started = time.perf_counter()
    number = firm.approved(Subject(addresses=(PIET.address,)))
    found = time.perf_counter()
    performed = perform(firm.office, number)
    erased = time.perf_counter()
    least_prove = pages(firm)
    proof = prove(firm.office, number)
    proven = time.perf_counter()
    assert proof.passed
    assert sum(performed.counts.values()) == findings
    kinds = measured(firm, before)
    least = least_find + least_prove + 2 * findings
    counted = sum(count for kind, count in kinds.items() if "apart" not in kind)
    everything = sum(count for kind, count in kinds.items() if not kind.startswith(("attachment", "opened", "search")))
    for kind, count in sorted(kinds.items()):
        print(f"{kind:24} {count:8,}")
    reads = kinds["attachment lists (apart)"] + kinds["opened (apart)"]
    print(f"{'reads a finding':24} {reads / max(1, findings):8.2f}   (least 4: text and attachments, found and erased)")
    print(f"{'counted':24} {counted:8,}")
    print(f"{'least possible':24} {least:8,}   ({least_find} + {least_prove} pages, 2 x {findings:,} deletes)")
    print(f"{'more than the least':24} {100 * (counted / least - 1):8.2f} %   (budget: 5 %)")
    print(f"{'with the folder trees':24} {100 * (everything / least - 1):8.2f} %")
    print(f"find {found - started:.1f} s, erase {erased - found:.1f} s, prove {proven - erased:.1f} s")


if __name__ == "__main__":
    main()
