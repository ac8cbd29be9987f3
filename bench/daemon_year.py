"""A firm's year with the daemon, in process and on a virtual clock, with everything that goes wrong in a year.

    python -m bench.daemon_year [--days 365] [--mailboxes 20] [--clients 300] [--daily 200] [--seed 1]
                                [--harsh 1]

Mailboxes are the in-memory ones, looked at every 15 simulated minutes by the daemon's own service; the ledger is a
real SQLite file. Networks go, tokens are revoked, permissions withdrawn, the tenant throttled, disks full, clocks off,
mailboxes moved or gone, answers lost, and the process is killed in the middle of calls and started again.
A fifth of all answers are to mail that another mailbox got. Printed: what was filed, lost (0) or wrong (0), the longest
lag outside outages, growth by week, lines logged. Each week is printed while it plays, too, with what was wrong or late
until then, so that a part of a year tells as well.

A look's cost does not grow with the firm's age, so that `--days 21` says what a year takes (design, section 8):
54 minutes of CPU. Seconds vary by a third with the interpreter's build and what else the machine does.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.simulation.firm import Firm, Result, Size, weeks
from bench.table import show


def report(result: Result, size: Size) -> bool:
    """Print everything; gives whether the promises held."""
    account = result.account
    show("growth", ("day", "messages", "ledger bytes", "resident MiB (world included)", "world items",
                    "wrong", "late"),
         list(weeks(result)))  # fmt: skip
    show("ledger", ("table", "rows", "bytes", "bytes a row"),
         [(t, result.rows[t], b, b / max(1, result.rows[t])) for t, b in result.tables.items()])  # fmt: skip
    show("bad luck met", ("kind", "times"), list(result.weather.items()))
    show("lines logged", ("line", "times"), sorted(result.lines.items()))
    idle = result.requests_idle / max(1, result.idle_looks)
    show("the year", ("what", "value"), [
        ("days", size.days), ("messages delivered", account.delivered), ("checked and put away", account.put_away),
        ("thrown away by people", account.thrown_away), ("wrong or lost", len(account.wrong)),
        ("looks", result.looks), ("failed looks", result.failed_looks), ("restarts after a kill", result.restarts),
        ("longest lag outside outages, s", result.longest_lag_s), ("lags over two intervals", len(result.late)),
        ("requests of an idle look", idle), ("CPU s", result.seconds),
    ])  # fmt: skip
    for line in (*account.wrong[:20], *result.late[:20]):
        print(line)
    return not account.wrong and not result.late


def main() -> None:
    """Play and print; exits with 1 when a promise did not hold."""
    parser = argparse.ArgumentParser()
    for name, default in (
        ("days", 365),
        ("mailboxes", 20),
        ("clients", 300),
        ("daily", 200),
        ("seed", 1),
        ("harsh", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daemon-year-") as folder:
        size = Size(given.mailboxes, given.clients, given.daily, given.days, given.seed, given.harsh, Path(folder))
        held = report(Firm(size).run(), size)
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
