"""One command at a time works on a case: what two officers do at the same moment happens one after the other.

A case's sealed file and its ledger row are read, judged and written in several steps. Without this lock, a list that
one officer makes could replace the one that another has just approved, and a decision could be lost, or come after the
messages were erased. The lock is the operating system's, on the case's key file: it ends with its holder, however that
ends, and excludes other threads as well as other processes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from mailsorter.cases.casefile import key_path
from mailsorter.cases.office import Office
from mailsorter.errors import LedgerLocked

P = ParamSpec("P")
R = TypeVar("R")


class _Mine(threading.local):
    def __init__(self) -> None:
        self.held: set[Path] = set()


_mine = _Mine()


def alone(work: Callable[Concatenate[Office, str, P], R]) -> Callable[Concatenate[Office, str, P], R]:
    """Have a function of an office and a case's number work on the case alone.

    It raises `LedgerLocked` at once, and does nothing, while another command works on the same case. One such function
    may call another.
    """

    @functools.wraps(work)
    def one(office: Office, number: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with hold(office.folder, number):
            return work(office, number, *args, **kwargs)

    return one


@contextlib.contextmanager
def hold(root: Path, number: str) -> Iterator[None]:
    """Hold the case of this number. Raises `LedgerLocked` while another thread or process does.

    A case without a file (it is closed, or there is none) has nothing to lock: opening it says so.
    """
    path = key_path(root, number)
    if path in _mine.held:
        yield
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield
        return
    try:
        if not _is_ours(handle, path):
            raise LedgerLocked(
                f"Another command works on case {number} right now: nothing was done.",
                advice=f"Wait until it has ended, see what it changed (mailsorter case show {number}), and run the "
                "command again if it still fits.",
            )
        _mine.held.add(path)
        try:
            yield
        finally:
            _mine.held.discard(path)
    finally:
        os.close(handle)


def _is_ours(handle: int, path: Path) -> bool:
    """Take the lock, if it is free and the file is still the case's: a replaced ledger key writes another one."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
