"""Every hostile input to everybody who reads it: processor time, its growth, memory and outcomes.

    python -m bench.hostile [--kinds subjects,headers] [--best-of 5] [--slowest 20]

Subjects, bodies and headers are read in this process: at 125,000 and at 1,000,000 characters, best of five; time may
grow less than 16-fold (linear is 8) and none may take 2 s. The larger one is not read again once it keeps both bounds
with room (12-fold, 1 s): repeating could only make it better. Growth counts where it takes a hundredth of a second.
Messages with parts, archives, documents, charsets and calendars are read by worker processes (20 s of processor time,
512 MB each) at 1,000,000 bytes and in the large form that each was invented in: seconds here are those on the wall with
the worker's, once; the parent may grow by less than 50 MB. Links and signatures are read at 1,000,000 characters,
config values and CSV, which are the firm's own files, at 100,000. Exits with 1 when something raised or a bound was
passed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.table import show
from mailsorter.sandbox import Sandbox
from tests.hostile import readers
from tests.hostile.corpus import IN_PROCESS, IN_WORKERS, KINDS
from tests.hostile.made import Hostile

LARGE = 1_000_000  # characters
SMALL = LARGE // 8
OWN_FILE = 100_000
MOST_S = 2.0
MOST_GROWTH = 16.0
ROOM_S, ROOM_GROWTH = 1.0, 12.0
MOST_PARENT = 50 << 20
NOTICED_S = 0.01  # below it a growth is the clock's
ALLOWED_IN_WORKERS_S = 65.0  # on the wall: 20 s of processor time, and other processes on the machine


@dataclass
class Kind:
    """What was seen of one kind."""

    inputs: int = 0
    growth: float = 0.0
    seconds: float = 0.0
    parent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Bench:
    """Runs inputs and keeps what was seen."""

    def __init__(self, best_of: int, folder: Path) -> None:
        self._best_of = best_of
        self._folder = folder
        self._sandbox = Sandbox()
        self.slow: list[tuple[float, str]] = []

    def close(self) -> None:
        """End the workers."""
        self._sandbox.close()

    def kind(self, name: str) -> Kind:
        """All inputs of one kind."""
        found = Kind()
        for row in KINDS[name]:
            found.inputs += 1
            try:
                self._one(row, found)
            except Exception as error:
                found.wrong.append(f"{row} raised {type(error).__name__}")
                found.outcomes["RAISED"] += 1
        return found

    def _one(self, row: Hostile, found: Kind) -> None:
        if row.kind in IN_PROCESS:
            self._in_process(row, found)
        elif row.kind in IN_WORKERS:
            self._in_workers(row, found)
        else:
            read = readers.OTHER_READERS[row.kind]
            large = row.make(OWN_FILE if row.kind in ("config values", "CSV") else LARGE)
            self._timed(row, "", found, lambda: read(large, self._folder))

    def _in_process(self, row: Hostile, found: Kind) -> None:
        make = readers.READING_OF[row.kind]
        small, large = make(row.make(SMALL)), make(row.make(LARGE))
        for name, read in readers.IN_PROCESS_READERS.items():
            _, few = self._best(lambda read=read: read(small))
            enough = min(ROOM_S, max(few, NOTICED_S / MOST_GROWTH) * ROOM_GROWTH)
            many = self._timed(row, name, found, lambda read=read: read(large), enough)
            if many >= NOTICED_S:
                growth = many / max(few, NOTICED_S / MOST_GROWTH)
                found.growth = max(found.growth, growth)
                if growth >= MOST_GROWTH:
                    found.wrong.append(f"{row}, {name}: {few:.3f} s, then {many:.3f} s")

    def _timed(
        self, row: Hostile, reader: str, found: Kind, call: Callable[[], str], enough_s: float = ROOM_S
    ) -> float:
        outcome, seconds = self._best(call, enough_s)
        found.outcomes[f"{reader} {outcome}".strip()] += 1
        self._note(row, reader, found, seconds, MOST_S)
        return seconds

    def _in_workers(self, row: Hostile, found: Kind) -> None:
        raw = row.make(LARGE)
        for name, read in readers.WORKER_READERS.items():
            gc.collect()
            before, started = _reset_memory(), time.perf_counter()
            outcome = read(raw, self._sandbox)
            seconds, grown = time.perf_counter() - started, _memory("VmHWM") - before
            found.outcomes[f"{name} {outcome}"] += 1
            found.parent = max(found.parent, grown)
            self._note(row, name, found, seconds, ALLOWED_IN_WORKERS_S)
            if grown >= MOST_PARENT:
                found.wrong.append(f"{row}, {name}: the parent grew by {grown >> 20} MB")

    def _note(self, row: Hostile, reader: str, found: Kind, seconds: float, most_s: float) -> None:
        found.seconds = max(found.seconds, seconds)
        self.slow.append((seconds, f"{row}, {reader}".rstrip(", ")))
        if seconds >= most_s:
            found.wrong.append(f"{row}, {reader}: {seconds:.2f} s")

    def _best(self, call: Callable[[], str], enough_s: float = 0.0) -> tuple[str, float]:
        """The outcome, and processor seconds; not repeated where it took less than is enough."""
        best = float("inf")
        for _ in range(self._best_of):
            started = time.process_time()
            outcome = call()
            best = min(best, time.process_time() - started)
            if best < max(enough_s, NOTICED_S / MOST_GROWTH):
                break
        return outcome, best


def _memory(what: str) -> int:
    """Bytes of this process: `VmRSS` now, `VmHWM` at most since the mark was set back."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition(f"{what}:")[2].split()[0]) * 1024


def _reset_memory() -> int:
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # proc(5): sets VmHWM back
    return _memory("VmRSS")


def main() -> None:
    """Print a table by kind; exit with 1 when a bound was passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--best-of", type=int, default=5)
    parser.add_argument("--slowest", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        bench = Bench(given.best_of, Path(folder))
        kinds = {name: bench.kind(name) for name in given.kinds.split(",")}
        bench.close()
    rows = [_row(name, found) for name, found in kinds.items()]
    show("Hostile inputs", ("kind", "inputs", "worst growth", "worst s", "parent grew", "outcomes"), rows)
    slowest = sorted(bench.slow, reverse=True)[: given.slowest]
    show("The slowest", ("what", "s"), [(what, f"{seconds:.2f}") for seconds, what in slowest])
    wrong = [one for found in kinds.values() for one in found.wrong]
    print(f"\ninputs: {sum(found.inputs for found in kinds.values())}, beyond a bound: {len(wrong)}")
    for one in wrong:
        print(f"  {one}")
    sys.exit(1 if wrong else 0)


def _row(name: str, found: Kind) -> tuple[object, ...]:
    growth = f"{found.growth:.1f}" if name in IN_PROCESS else "-"
    parent = f"{found.parent / (1 << 20):.0f} MB" if name in IN_WORKERS else "-"
    outcomes = ", ".join(f"{outcome}: {count}" for outcome, count in sorted(found.outcomes.items()))
    return name, found.inputs, growth, f"{found.seconds:.2f}", parent, outcomes


if __name__ == "__main__":
    main()
