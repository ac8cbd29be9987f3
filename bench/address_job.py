"""The address job: N messages by M From rules into K folders, right answers counted.

    python -m bench.address_job DIR [--messages 2000] [--rules 2000] [--folders 500] [--emulator]

DIR is any tree of message files. Rules are made from the mail itself: an exact address or a whole domain for each
author, and decoys (look-alikes of both) up to M. The right answer comes from a reader of its own, that shares no code
with the matcher: the last <...> or word with an @ in the raw From line, compared in lower case.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from pathlib import Path

from bench.mail import Parsed, read_tree
from bench.table import show
from mailsorter.clock import SystemClock
from mailsorter.emulator import running_emulator
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.throttle import Limits
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Detail
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.client import Client
from mailsorter.model.match import Outcome
from mailsorter.model.rule import Rule, RuleAction, Side
from mailsorter.model.thread import NoMemory
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook, match_message
from mailsorter.sorting.run import Job, SortOptions, sort

_FROM = re.compile(rb"^From:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_HEADER_LINE = re.compile(rb"[ \t]|From |[!-9;-~]+[ \t]*:")


def author_of(path: Path) -> str | None:
    """The author by the raw header alone."""
    head = re.split(rb"\r?\n\r?\n", path.read_bytes(), maxsplit=1)[0]
    found = _FROM.findall(head)
    if len(found) != 1 or not all(_HEADER_LINE.match(line) for line in head.splitlines()):
        return None  # mailboxes, fragments and broken headers: where they end is a matter of taste
    line = re.sub(r"\s+", " ", found[0].decode("latin-1"))
    inside = re.findall(r"<([^<>@ ]+@[^<>@ ]+)>", line)
    words = [word for word in line.split() if word.count("@") == 1]
    candidates = inside or words
    return candidates[0].strip("<>\"',;()").lower() if len(candidates) == 1 else None


def choose(root: Path, count: int) -> list[tuple[Parsed, str]]:
    """Messages spread evenly over the tree whose author its reader can tell."""
    known = [(parsed, author) for parsed in read_tree(root) if (author := author_of(parsed.path)) and author.isascii()]
    known = [(parsed, author) for parsed, author in known if re.fullmatch(r"[^@\s]+@[a-z0-9.-]+\.[a-z]+", author)]
    step = max(1, len(known) // count)
    return known[::step][:count]


def make_rules(authors: list[str], count: int, folders: int) -> tuple[list[Rule], dict[str, str]]:
    """Rules, and the folder of every author."""
    rng = random.Random(3)
    by_domain: dict[str, list[str]] = {}
    for author in dict.fromkeys(authors):
        by_domain.setdefault(author.rpartition("@")[2], []).append(author)
    rules: list[Rule] = []
    answer: dict[str, str] = {}
    spare = count
    nested = {d for d in by_domain for e in by_domain if d != e and (d.endswith("." + e) or e.endswith("." + d))}
    for domain, people in sorted(by_domain.items()):
        folder = f"folder-{rng.randrange(folders)}"
        if domain not in nested and (len(people) == 1 or rng.random() < 0.3):
            rules.append(_rule(len(rules), folder, domains=(domain,)))
            answer.update(dict.fromkeys(people, folder))
        else:
            for person in people:
                folder = f"folder-{rng.randrange(folders)}"
                rules.append(_rule(len(rules), folder, addresses=(person,)))
                answer[person] = folder
    authors_seen = sorted(answer)
    while len(rules) < spare:
        local, _, domain = rng.choice(authors_seen).rpartition("@")
        decoy = rng.choice([f"x{local}@{domain}.example", f"{local}.x{len(rules)}@elders.example"])
        rules.append(_rule(len(rules), f"folder-{rng.randrange(folders)}", addresses=(decoy,)))
    return rules, answer


def _rule(number: int, folder: str, **conditions: tuple[str, ...]) -> Rule:
    return Rule(id=f"r{number}", action=RuleAction.FILE, client_id=folder, side=Side.FROM, **conditions)  # type: ignore[arg-type]


class Unwatched:
    """Nobody looks on."""

    def surveyed(self, *_: object) -> None: ...

    def planned(self, *_: object, **__: object) -> None: ...

    def performed(self, *_: object) -> None: ...


def through_emulator(mail: list[Parsed], answers: list[str], folders: list[Client], book: MatchBook) -> int:
    """How many of the messages lie in the right folder after one sort."""
    address = "job@onzefirma.example"
    with running_emulator(limits=Limits(requests=10**9, concurrent=64)) as emulator:
        store = emulator.store
        box = store.mailboxes.create(address)
        inbox = store.folders.well_known(box, "inbox")
        with store.db.write():
            for number, one in enumerate(mail):
                new = read_mime(one.path.read_bytes())
                new.message_id = f"<{number}@job.example>"
                store.messages.create(box, inbox, new)
        settings = GraphSettings(
            tenant="t.example", client_id="emulator", origin=emulator.url, login_origin=emulator.url,
            requests_per_window=10**9,
        )  # fmt: skip
        connector = GraphConnector(settings, ClientSecret("emulator"))
        mailbox = connector.mailbox(address)
        folder_of = {client.id: ("Clients", client.id) for client in folders}
        filing = Filing(book, folder_of, ("Clients",), b"bench", watch=("inbox",))
        with tempfile.TemporaryDirectory() as folder, Ledger.open(f"sqlite:///{folder}/l.db", bytes(32)) as ledger:
            sort(ledger, SystemClock(), [Job(address, filing, lambda: mailbox)], SortOptions(Unwatched()))
        tree = mailbox.tree()
        right = 0
        for place in tree:
            for page in mailbox.messages(place.id, Detail.ENVELOPE):
                for message in page:
                    number = int(message.internet_message_id.strip("<>").partition("@")[0])
                    right += tree.path(place.id) == ("Clients", answers[number])
        connector.close()
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--rules", type=int, default=2_000)
    parser.add_argument("--folders", type=int, default=500)
    parser.add_argument("--emulator", action="store_true")
    options = parser.parse_args()
    chosen = choose(options.root, options.messages)
    rules, answer = make_rules([author for _, author in chosen], options.rules, options.folders)
    folders = [Client(id=f"folder-{i}", name=f"Folder {i}") for i in range(options.folders)]
    book = MatchBook(folders, [], rules=rules)
    if options.emulator:
        right = through_emulator(
            [parsed for parsed, _ in chosen], [answer[author] for _, author in chosen], folders, book
        )
        print(f"right, over Graph and the ledger: {right} of {len(chosen)}")
        return
    start = time.process_time()
    found = [match_message(parsed.message, book, NoMemory()) for parsed, _ in chosen]
    took = time.process_time() - start
    right = wrong = left = 0
    for match, (_, author) in zip(found, chosen, strict=True):
        if match.outcome is not Outcome.FILED_TO:
            left += 1
        elif match.clients == (answer[author],):
            right += 1
        else:
            wrong += 1
    head = ["messages", "rules", "folders", "right", "wrong", "left", "messages/s"]
    show("Address job", head, [[len(chosen), len(rules), options.folders, right, wrong, left, int(len(chosen) / took)]])
    print(f"\nright: {right} of {len(chosen)}")


if __name__ == "__main__":
    main()
