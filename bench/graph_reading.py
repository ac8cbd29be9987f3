"""What reading a mailbox over Graph costs: requests, CPU a message, memory.

The emulator runs in a process of its own, so that the figures are the connector's alone. Prints one line a way of
reading, the idle poll, and what matters: memory does not grow with the mailbox.

    python bench/graph_reading.py --messages 100000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from mailsorter.mailbox.base import Detail
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.folder import WellKnown

ADDRESS = "anna@firm.example"


def serve(messages: int, pipe: Connection) -> None:
    from mailsorter.emulator import NewMessage, running_emulator
    from mailsorter.emulator.store.records import Address
    from mailsorter.emulator.throttle import Limits

    with running_emulator(limits=Limits(requests=10**9)) as emulator:
        box = emulator.store.mailboxes.create(ADDRESS)
        inbox = emulator.store.folders.well_known(box, "inbox")
        people = [Address(f"Person {n}", f"person{n}@client{n}.example") for n in range(50)]
        with emulator.store.db.write():
            for n in range(messages):
                new = NewMessage(
                    subject=f"Offer {n} for the renovation",
                    body="A text of some length. " * 12,
                    from_=people[n % 50],
                    to=people[n % 40 : n % 40 + 3],
                    references=f"<{n - 1}@client.example>",
                    message_id=f"<{n}@client.example>",
                )
                emulator.store.messages.create(box, inbox, new)
        pipe.send(emulator.url)
        pipe.recv()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def count(pages: Iterator[tuple[object, ...]]) -> int:
    return sum(len(page) for page in pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(options.messages, theirs))
    server.start()
    url = ours.recv()
    settings = GraphSettings(
        tenant="t.example", client_id="emulator", origin=url, login_origin=url, requests_per_window=10**8
    )
    connector = GraphConnector(settings, ClientSecret("emulator"))
    mailbox = connector.mailbox(ADDRESS)
    tree = mailbox.tree_changes(None)
    assert tree.tree is not None
    inbox = tree.tree.well_known(WellKnown.INBOX)
    assert inbox is not None
    cursor = ""

    def delta() -> int:
        nonlocal cursor
        found = 0
        for page in mailbox.changes(inbox.id, None):
            found += len(page.messages)
            cursor = page.cursor
        return found

    ways: list[tuple[str, Callable[[], int]]] = [
        ("ids", lambda: count(mailbox.list_ids(inbox.id))),
        ("envelopes", lambda: count(mailbox.messages(inbox.id, Detail.ENVELOPE))),
        ("traces", lambda: count(mailbox.messages(inbox.id, Detail.TRACES))),
        ("delta", delta),
    ]
    print(f"{'way':<12}{'messages':>10}{'requests':>10}{'wall s':>9}{'CPU us a message':>18}{'peak MB':>9}")
    print(f"{'(start)':<12}{'':>37}{'':>9}{peak_mb():>9.0f}")
    for name, way in ways:
        before, wall, cpu = connector.traffic["requests"], time.perf_counter(), time.process_time()
        found = way()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        spent = connector.traffic["requests"] - before
        print(f"{name:<12}{found:>10,}{spent:>10}{wall:>9.1f}{cpu / found * 1e6:>18.1f}{peak_mb():>9.0f}")
    before = connector.traffic["requests"]
    mailbox.tree_changes(tree.cursor)
    for _ in mailbox.changes(inbox.id, cursor):
        pass
    print(f"idle poll of one folder: {connector.traffic['requests'] - before} requests (budget 2)")
    connector.close()
    ours.send("stop")
    server.join()


if __name__ == "__main__":
    main()
