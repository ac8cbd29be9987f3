"""Every message of a tree of odd mail is decided or left with a reason; nothing raises, and none is slow.

    python -m bench.odd_mail DIR...

The body is read for every message, though the flow would fetch it for few, and attachment names too. The book's
domains come from the mail itself (every tenth outside domain), so that there is something to find. CPU time of
matching and reading, the slowest first; 50 ms is too slow.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from bench.mail import Parsed, read_tree
from bench.table import show
from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.client import Client
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.thread import NoMemory
from mailsorter.sorting.matching import MatchBook, match_message
from mailsorter.sorting.matching.text.evidence import text_evidence


def book_from(mail: list[Parsed]) -> MatchBook:
    """Clients out of the mail's own domains."""
    domains = sorted({domain_of(a) for m in mail for p in m.message.participants for a in addresses_in(p.address)})
    clients = [Client(id=f"c{i}", name=d, domains=(d,), codes=(f"C-{i}",)) for i, d in enumerate(domains[::10])]
    return MatchBook(clients, domains[1::50], rules=DEFAULT_LABEL_RULES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", type=Path, nargs="+")
    rows, reasons, raised = [], Counter[str](), 0
    for root in parser.parse_args().roots:
        mail = list(read_tree(root))
        book = book_from(mail)
        took = []
        for one in mail:
            start = time.thread_time()
            try:
                match = match_message(
                    one.message, book, NoMemory(), text=one.text, attachment_names=one.attachment_names
                )
                text_evidence(one.message, one.text, book)
            except Exception as error:
                raised += 1
                print("raised", type(error).__name__, one.path.name)
                continue
            took.append((time.thread_time() - start) * 1000)
            reasons[f"{match.outcome} ({match.reason})"] += 1
        took.sort()
        rows.append([root.name, len(mail), f"{took[len(took) // 2]:.3f}", f"{took[-1]:.2f}"])
    show("Odd mail", ["set", "messages", "median ms", "slowest ms"], rows)
    show("Outcomes", ["outcome (reason)", "messages"], [list(pair) for pair in reasons.most_common()])
    print(f"\nraised: {raised}")


if __name__ == "__main__":
    main()
