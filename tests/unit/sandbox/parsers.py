"""Parsers that misbehave, each in one way: what the sandbox's contract is tried on. They run in a worker only."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SECRET = "Piet de Vries, piet@klant.example"


def echo(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", document.decode("utf-8", "surrogateescape")


def count(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", str(len(document))


def who(document: bytes) -> Iterator[tuple[str, str]]:
    yield "pid", str(os.getpid())


def surroundings(document: bytes) -> Iterator[tuple[str, str]]:
    kinds = {int(fd): os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)}
    yield "env", json.dumps(dict(os.environ))
    yield "fds", json.dumps(kinds)
    yield "argv", json.dumps(sys.argv)


def _is_open(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


def burn(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", "before"
    while True:
        pass


def hog(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", "before"
    held = []
    while True:
        held.append(bytearray(1 << 20))


def hang(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", "before"
    time.sleep(3600)


def flood(document: bytes) -> Iterator[tuple[str, str]]:
    while True:
        yield "text", "x" * 100_000


def segfault(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", "before"
    ctypes.string_at(0)


def leave(document: bytes) -> Iterator[tuple[str, str]]:
    sys.exit(0)
    yield "text", "never"


def babble(document: bytes) -> Iterator[tuple[str, str]]:
    """What a parser prints must not be taken for what it yields."""
    print(SECRET, flush=True)
    print(SECRET, file=sys.stderr, flush=True)
    os.write(1, b"\xff\xff\xff\xff" + SECRET.encode())
    yield "text", "quiet"


def lie(document: bytes) -> Iterator[tuple[str, str]]:
    """As a worker that was taken over: writes past the protocol to every open file."""
    for fd in range(3, 20):
        try:
            os.write(fd, document)
        except OSError:
            continue
    yield "text", "after"


def complain(document: bytes) -> Iterator[tuple[str, str]]:
    yield "text", "before"
    raise ValueError(SECRET)


def recurse(document: bytes) -> Iterator[tuple[str, str]]:
    return recurse(document)


def breed(document: bytes) -> Iterator[tuple[str, str]]:
    """Tries to leave children behind; tells their numbers."""
    born = []
    for _ in range(5):
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(3600)
            os._exit(0)
        born.append(child)
    yield "born", json.dumps(born)
    time.sleep(3600)


def write_file(document: bytes) -> Iterator[tuple[str, str]]:
    path = Path(document.decode())
    try:
        path.write_text(SECRET)
    except OSError:
        yield "text", "refused"
    else:
        yield "text", "written"


def many_files(document: bytes) -> Iterator[tuple[str, str]]:
    held = []
    try:
        for _ in range(1000):
            held.append(open(os.devnull))  # noqa: SIM115
    except OSError:
        yield "text", str(len(held) < 100)
    for one in held:
        one.close()
