"""The sandbox's contract: each way to misbehave ends at its limit, is named, and leaves the next document readable."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from mailsorter.errors import Stopped, TemporaryError
from mailsorter.sandbox import LIMITS, Ending, Piece, Sandbox
from mailsorter.sandbox import confine as confine_module
from mailsorter.sandbox import process as process_module
from mailsorter.sandbox.frames import MAX_FRAME, OVERLAP_CHARS, PIECE_CHARS, pieces

HERE = "tests.unit.sandbox.parsers"
SMALL = replace(LIMITS, workers=2, cpu_s=1, wall_s=60.0, output_bytes=2 << 20, input_bytes=8 << 20)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(SMALL)
    yield made
    made.close()
    assert made.pids() == []


def read(sandbox: Sandbox, parser: str, document: bytes = b"") -> tuple[Ending, list[Piece]]:
    taken: list[Piece] = []
    ending = sandbox.read(f"{HERE}:{parser}", document, taken.append)
    return ending, taken


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], within_s: float = 10.0) -> bool:
    """Wait for processes to end; what is waited for is outside this program, so there is nothing to step."""
    until = time.monotonic() + within_s
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_running, pids))


MISBEHAVING = {
    "burn": Ending.CPU,
    "hog": Ending.MEMORY,
    "flood": Ending.OUTPUT,
    "segfault": Ending.CRASHED,
    "leave": Ending.CRASHED,
    "complain": Ending.FAILED,
    "recurse": Ending.FAILED,
    "not_there": Ending.FAILED,
}


@pytest.mark.parametrize("parser", MISBEHAVING)
def test_what_misbehaves_ends_at_its_limit_and_the_next_document_is_read(sandbox: Sandbox, parser: str) -> None:
    ending, _ = read(sandbox, parser)

    assert ending is MISBEHAVING[parser]
    assert read(sandbox, "echo", b"next") == (Ending.WHOLE, [Piece("text", "next")])


def test_a_hang_ends_at_the_wall() -> None:
    sandbox = Sandbox(replace(SMALL, wall_s=1.0))
    try:
        assert read(sandbox, "hang") == (Ending.WALL, [Piece("text", "before")])
        assert read(sandbox, "echo", b"next")[0] is Ending.WHOLE
    finally:
        sandbox.close()


@pytest.mark.parametrize("parser", ["burn", "hog", "segfault", "complain"])
def test_what_came_before_the_limit_was_taken(sandbox: Sandbox, parser: str) -> None:
    assert read(sandbox, parser)[1] == [Piece("text", "before")]


def test_too_large_a_document_starts_no_process(sandbox: Sandbox) -> None:
    assert read(sandbox, "echo", bytes(SMALL.input_bytes + 1)) == (Ending.INPUT, [])
    assert sandbox.pids() == []


def test_a_large_document_passes_both_ways(sandbox: Sandbox) -> None:
    document = ("Piet de Vries " * 50_000).encode()

    ending, taken = read(sandbox, "echo", document)

    assert ending is Ending.WHOLE
    text = taken[0].text + "".join(piece.text[OVERLAP_CHARS:] for piece in taken[1:])
    assert text == document.decode()


@pytest.mark.parametrize("length", [0, 1, PIECE_CHARS, PIECE_CHARS + 1, 2 * PIECE_CHARS - OVERLAP_CHARS + 1])
def test_a_text_in_pieces_has_every_word_whole_in_one_of_them(length: int) -> None:
    text = "".join(chr(0x1F600 + n % 7) for n in range(length))

    cut = list(pieces("text", text))

    assert all(len(piece.text) <= PIECE_CHARS for piece in cut)
    assert all(len(piece.text.encode()) < MAX_FRAME for piece in cut)
    assert cut[0].text + "".join(piece.text[OVERLAP_CHARS:] for piece in cut[1:]) == text


def test_a_lone_surrogate_ends_nothing(sandbox: Sandbox) -> None:
    assert read(sandbox, "echo", b"a\xffb") == (Ending.WHOLE, [Piece("text", "a?b")])


def test_what_a_parser_prints_goes_nowhere(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    assert read(sandbox, "babble") == (Ending.WHOLE, [Piece("text", "quiet")])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "lie",
    [b"\xff\xff\xff\xff", b"\0\0\0\3abc", b"\0\0\0\1\xc1", bytes(64), b"\0\0\0\2\x81\xa4"],
    ids=["endless frame", "no struct", "no msgpack", "empty frames", "cut short"],
)  # fmt: skip
def test_a_worker_that_breaks_the_protocol_is_ended(sandbox: Sandbox, lie: bytes) -> None:
    assert read(sandbox, "lie", lie)[0] is Ending.CRASHED
    assert read(sandbox, "echo", b"next")[0] is Ending.WHOLE


def test_no_message_of_an_exception_leaves_the_worker(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    ending, taken = read(sandbox, "complain")

    assert "Piet" not in repr((ending, taken)) + caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_inherits_no_secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAILSORTER_SECRET", "s3cret")
    with (tmp_path / "key").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        taken = {piece.kind: json.loads(piece.text) for piece in read(sandbox, "surroundings")[1]}

    assert set(taken["env"]) <= {"MALLOC_ARENA_MAX", "LC_ALL"}
    assert all(where.startswith(("pipe:", "/dev/null", "/proc/")) for where in taken["fds"].values()), taken["fds"]


def test_a_worker_writes_no_file_and_opens_few(sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "left-behind"

    assert read(sandbox, "write_file", str(target).encode())[1] == [Piece("text", "refused")]
    assert not target.exists() or target.read_bytes() == b""
    assert read(sandbox, "many_files")[1] == [Piece("text", "True")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_worker_started_is_ended_with_it(sandbox: Sandbox) -> None:
    """Nobody but root may start anything; and what root's worker starts goes with it."""
    ending, taken = read(Sandbox(replace(SMALL, wall_s=1.0)), "breed")

    born = json.loads(taken[0].text)
    assert ending is Ending.WALL
    assert born == [] or os.geteuid() == 0
    assert gone(born)


def test_a_worker_is_kept_for_the_next_document_and_replaced_after_so_many() -> None:
    sandbox = Sandbox(replace(SMALL, workers=1, documents_per_worker=3))
    try:
        numbers = [read(sandbox, "who")[1][0].text for _ in range(7)]
    finally:
        sandbox.close()

    assert numbers[0] == numbers[1] == numbers[2] != numbers[3]
    assert len(set(numbers)) == 3
    assert gone([int(n) for n in numbers], within_s=0)  # no zombie either: each was waited for


def test_a_large_program_keeps_its_workers(sandbox: Sandbox) -> None:
    """Linux tells a process that its parent's memory was its own: a worker is not tired by that."""
    ballast = b"x" * (SMALL.memory_bytes // 2 + (64 << 20))
    first, second = (read(sandbox, "who")[1][0].text for _ in range(2))

    assert ballast
    assert first == second


def test_a_worker_that_died_between_two_documents_is_replaced(sandbox: Sandbox) -> None:
    read(sandbox, "echo")
    (pid,) = sandbox.pids()
    os.kill(pid, signal.SIGKILL)
    assert gone([pid])

    assert read(sandbox, "echo", b"next")[0] is Ending.WHOLE


def test_many_threads_share_a_few_workers(sandbox: Sandbox) -> None:
    def one(number: int) -> bool:
        document = f"document {number}".encode() * 1000
        return read(sandbox, "echo", document) == (Ending.WHOLE, [Piece("text", document.decode())])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(64)))
    assert len(sandbox.pids()) <= SMALL.workers


def test_a_worker_outlives_the_thread_that_started_it(sandbox: Sandbox) -> None:
    started: list[str] = []
    thread = threading.Thread(target=lambda: started.append(read(sandbox, "who")[1][0].text))
    thread.start()
    thread.join()

    assert read(sandbox, "who")[1][0].text == started[0]


def test_a_request_to_stop_is_honoured_while_a_document_is_read() -> None:
    stop = threading.Event()
    sandbox = Sandbox(replace(SMALL, wall_s=60.0), is_stopping=stop.is_set)
    try:
        with pytest.raises(Stopped):
            sandbox.read(f"{HERE}:hang", b"", lambda piece: stop.set())
        assert sandbox.pids() == []
        with pytest.raises(Stopped):
            read(sandbox, "echo")
    finally:
        sandbox.close()


def test_what_the_caller_raises_passes_and_the_half_read_document_is_no_part_of_the_next(sandbox: Sandbox) -> None:
    def refuse(piece: Piece) -> None:
        raise KeyError("of the caller")

    with pytest.raises(KeyError):
        sandbox.read(f"{HERE}:echo", b"x" * 1_000_000, refuse)

    assert read(sandbox, "echo", b"next") == (Ending.WHOLE, [Piece("text", "next")])


def test_closing_ends_what_is_being_read() -> None:
    sandbox = Sandbox(replace(SMALL, wall_s=60.0))
    taking = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(sandbox.read, f"{HERE}:hang", b"", lambda piece: taking.set())
        assert taking.wait(30)
        pids = sandbox.pids()
        sandbox.close()
        with pytest.raises(Stopped):
            reading.result(30)
    assert gone(pids)
    with pytest.raises(Stopped):
        read(sandbox, "echo")


def test_a_process_that_cannot_be_started_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module.sys, "executable", "/nowhere/python")
    with pytest.raises(TemporaryError, match="could not be started"):
        read(Sandbox(SMALL), "echo")


def test_a_process_that_ends_at_once_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_START", "raise SystemExit(3)")
    with pytest.raises(TemporaryError, match="ended at once"):
        read(Sandbox(SMALL), "echo")
    gc.collect()


_PARENT = """
import os, sys
from mailsorter.sandbox import Sandbox
def tell(piece):
    print(*sandbox.pids(), flush=True)
sandbox = Sandbox()
sandbox.read("tests.unit.sandbox.parsers:echo", b"", lambda piece: None)
sandbox.read("tests.unit.sandbox.parsers:" + sys.argv[1], b"", tell)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("parser", ["burn", "hang"])
def test_a_parent_that_is_killed_leaves_no_worker(parser: str) -> None:
    root = str(Path(__file__).parents[3])
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, parser], stdout=subprocess.PIPE, text=True, cwd=root)
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()

    assert pids
    assert gone(pids)


def test_where_memory_cannot_be_limited_the_worker_ends_itself() -> None:
    """As on macOS, which refuses RLIMIT_AS: `confine` then starts a guard. In a process of its own."""
    guarded = (
        "import threading\n"
        "from mailsorter.sandbox import confine\n"
        "confine._is_set = lambda resource, kind, value: False\n"
        "assert 'memory' in confine.confine(100 << 20, 5, 64)\n"
        "held = []\n"
        "while True: held.append(bytearray(1 << 20))\n"
    )
    with subprocess.Popen([sys.executable, "-c", guarded], stdin=subprocess.PIPE) as process:
        assert process.wait(60) == confine_module.MEMORY_EXIT


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux has")
def test_on_linux_no_limit_is_missing(sandbox: Sandbox) -> None:
    read(sandbox, "echo")

    assert sandbox.without == ()
