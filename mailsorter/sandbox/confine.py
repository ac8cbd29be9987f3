"""A worker limits itself before it reads anything.

Not every system has every limit: macOS refuses RLIMIT_AS, and for root RLIMIT_NPROC has no effect. What is missing is
told to the parent. Memory has a second guard there: a thread that looks at the process's size and ends it.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Sequence

MEMORY_EXIT = 77  # the exit code of a worker that its own guard ended
_LOOK_EVERY_MS = 20
_MINUTE_MS = 60_000


def confine(memory_bytes: int, cpu_s: int, open_files: int) -> tuple[str, ...]:
    """Limit this process for good; gives the names of the limits that could not be set."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory ends all the same, a worker goes before the program
    try:
        import resource
    except ImportError:
        _guard(memory_bytes)
        return ("cpu", "memory", "files", "processes", "core")
    wanted: Sequence[tuple[str, int, tuple[int, int]]] = (
        ("core", resource.RLIMIT_CORE, (0, 0)),
        ("files", resource.RLIMIT_FSIZE, (0, 0)),
        ("files", resource.RLIMIT_NOFILE, (open_files, open_files)),
        ("memory", resource.RLIMIT_AS, (memory_bytes, memory_bytes)),
    )
    without = [name for name, kind, value in wanted if not _is_set(resource, kind, value)]
    _guard(memory_bytes if "memory" in without else 0)
    if not _is_set(resource, resource.RLIMIT_NPROC, (0, 0)):  # after the guard, which is a thread
        without.append("processes")
    if not allow_cpu(cpu_s):
        without.append("cpu")
    return tuple(dict.fromkeys(without))


def allow_cpu(seconds: int) -> bool:
    """Let the process use so many more seconds of processor time; at their end the kernel ends it by SIGXCPU."""
    try:
        import resource
    except ImportError:
        return False
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    return _is_set(resource, resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def peak_bytes() -> int:
    """The most memory that this process ever held at once; 0 where the system does not tell.

    Linux hands `ru_maxrss` on from who started the process, so that of a large program would be ours.
    """
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/status", "rb") as file:
        return int(file.read().partition(b"VmHWM:")[2].split()[0]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _is_set(resource: object, kind: int, value: tuple[int, int]) -> bool:
    try:
        resource.setrlimit(kind, value)  # type: ignore[attr-defined]
    except (OSError, ValueError):
        return False
    return True


def _guard(memory_bytes: int) -> None:
    """End this process when its parent is gone (the other end of its input is closed), or beyond so much memory."""
    threading.stack_size(256 * 1024)
    threading.Thread(target=_watch, args=(memory_bytes,), daemon=True).start()


def _watch(memory_bytes: int) -> None:
    poll = select.poll()
    poll.register(0, 0)  # no event but that the pipe was closed
    while not poll.poll(_LOOK_EVERY_MS if memory_bytes else _MINUTE_MS):
        if memory_bytes and peak_bytes() > memory_bytes:
            os._exit(MEMORY_EXIT)
    os._exit(0)
