"""How many bytes a message takes in the ledger, table and indexes together, and how fast rows are written.

    python bench/ledger_size.py [MESSAGES]

Budget: under 200 bytes a message (docs/design.md, section 8).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.messages import MessageRow
from mailsorter.model.standing import MessageState

WINDOW = 2000
BUDGET_BYTES = 200


def fill(ledger: Ledger, messages: int) -> float:
    """Record so many messages in windows; gives the seconds it took."""
    started = time.perf_counter()
    for first in range(0, messages, WINDOW):
        with ledger.unit() as unit:
            rows = unit.messages
            rows.record(
                [
                    MessageRow(
                        token=rows.token(1, f"id {i}"), mailbox=1, folder=i % 300, state=MessageState.FILED,
                        client=i % 300, evidence=50, thread=rows.thread_token(1, f"thread {i // 3}"),
                        message_id=rows.message_id_token(f"<{i}@firm.example>"), received_s=1_700_000_000 + i, run=1,
                    )
                    for i in range(first, min(first + WINDOW, messages))
                ]
            )  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        with Ledger.open(f"sqlite:///{folder}/ledger.db", bytes(32)) as ledger:
            seconds = fill(ledger, messages)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    print(f"{'messages':>10} {'rows/s':>10} {'bytes/message':>14} {'of budget':>10}")
    print(
        f"{messages:>10,} {messages / seconds:>10,.0f} {size / messages:>14.1f} {size / messages / BUDGET_BYTES:>9.0%}"
    )


if __name__ == "__main__":
    main()
