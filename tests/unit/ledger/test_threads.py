"""Several mailboxes open sealed fields at the same moment, also the very first time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
from __future__ import annotations
import sys, threading, time
import msgspec
from mailsorter.ledger.keys import LedgerKey

def slowly():
    time.sleep(0.2)  # the other threads arrive while the decoder is being built
    return int

class Inner(msgspec.Struct, array_like=True):
    number: "slowly()"

class Outer(msgspec.Struct, array_like=True):
    inner: Inner
    number: int = 0

key = LedgerKey(bytes(32))
sealed = key.seal([[1], 2], "step")
opened = []
threads = [threading.Thread(target=lambda: opened.append(key.open(sealed, "step", Outer))) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(len(opened) != 4)
"""


def test_a_field_that_many_threads_open_first_is_read_by_all() -> None:
    source = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", _PROGRAM], env={"PYTHONPATH": source}, capture_output=True, timeout=60)
    assert done.returncode == 0, (done.returncode, done.stderr)
