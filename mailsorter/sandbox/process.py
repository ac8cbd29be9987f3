"""A worker as its parent sees it: started, fed, listened to and ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict

from mailsorter.clock import Clock
from mailsorter.errors import TemporaryError
from mailsorter.sandbox import frames
from mailsorter.sandbox.confine import MEMORY_EXIT
from mailsorter.sandbox.frames import BrokenFrame, Done, Piece, Ready, Request
from mailsorter.sandbox.limits import Ending, Limits

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from mailsorter.sandbox import worker; worker.main()"
_BLOCK = 1 << 18
_LOOK_EVERY_S = 0.25  # how long a request to stop may wait
_START_S = 60.0
_BROKEN = Done(Ending.CRASHED, is_tired=True)


class Worker:
    """One process. Not thread-safe: `Sandbox` gives it to one thread at a time."""

    def __init__(self, limits: Limits, clock: Clock, look: Callable[[], None]) -> None:
        """Start it. `look` is called while waiting, and raises when the program is to stop.

        Raises `TemporaryError` when no process can be started.
        """
        self._limits = limits
        self._clock = clock
        self._look = look
        self.documents = 0
        path = [os.path.abspath(entry) for entry in sys.path if entry]
        settings = {k: asdict(limits)[k] for k in ("cpu_s", "memory_bytes", "output_bytes", "open_files")}
        try:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, and a program of our own
                [sys.executable, "-I", "-B", "-c", _START, json.dumps(path), json.dumps(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"},  # no secret of ours; one heap counts once
                start_new_session=True,  # a Ctrl-C is the parent's, and what it starts is ended with it
            )
        except OSError as error:
            raise _not_started(error.strerror or type(error).__name__) from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._buffer = bytearray()
        self.without: tuple[str, ...] = ()
        try:
            first = self._exchange([], lambda piece: None, _START_S)
        except BaseException:
            self.end()
            raise
        if not isinstance(first, Ready):
            self.end()
            raise _not_started("it ended at once")
        self.without = first.without

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Does it still run?"""
        return self._process.poll() is None

    def read(self, parser: str, document: bytes, take: Callable[[Piece], None]) -> Done:
        """Have one document read; each piece is handed to `take` as it comes. What `take` or `look` raise passes."""
        self.documents += 1
        request = frames.packed(Request(parser, len(document)))
        done = self._exchange([memoryview(request), memoryview(document)], take, self._limits.wall_s)
        return done if isinstance(done, Done) else _BROKEN

    def kill(self) -> None:
        """Kill it with everything that it started. May be called from any thread, while another one reads."""
        with contextlib.suppress(OSError):  # its group is there as long as it is, or anything that it started
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def _exchange(self, feed: list[memoryview], take: Callable[[Piece], None], wall_s: float) -> Ready | Done:
        """Write and read at once, so that neither side waits for the other, until the worker is ready or done."""
        until = self._clock.monotonic() + wall_s
        left = self._limits.output_bytes + frames.MAX_FRAME
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            if feed:
                selector.register(self._in, selectors.EVENT_WRITE)
            while True:
                self._look()
                if self._clock.monotonic() > until:
                    return Done(Ending.WALL, is_tired=True)
                for key, _ in selector.select(_LOOK_EVERY_S):
                    if key.fd == self._in:
                        if not self._write(feed):
                            selector.unregister(self._in)
                        continue
                    size = self._receive()
                    if size == 0:
                        return self._how_it_ended()
                    left -= size
                    if left < 0:
                        return Done(Ending.OUTPUT, is_tired=True)
                    try:
                        for answer in frames.answers(self._buffer):
                            if not isinstance(answer, Piece):
                                return self._checked(answer)
                            before = self._clock.monotonic()
                            take(answer)
                            until += self._clock.monotonic() - before  # the caller's time is not the worker's
                    except BrokenFrame:
                        return _BROKEN

    def _write(self, feed: list[memoryview]) -> bool:
        """Write some of what is left; is there more?"""
        try:
            while feed:
                written = os.write(self._in, feed[0][:_BLOCK])
                feed[0] = feed[0][written:]
                if not feed[0]:
                    feed.pop(0)
        except BlockingIOError:
            return True
        except OSError:  # it is gone: its output ends, too
            return False
        return False

    def _receive(self) -> int:
        try:
            got = os.read(self._out, _BLOCK)
        except BlockingIOError:
            return -1
        except OSError:
            return 0
        self._buffer += got
        return len(got)

    def _checked(self, answer: Ready | Done) -> Ready | Done:
        """An answer that only a broken worker gives is none."""
        if self._buffer or (isinstance(answer, Done) and answer.ending not in set(Ending)):
            return _BROKEN
        return answer

    def _how_it_ended(self) -> Done:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed its output and goes on
            return _BROKEN
        ending = Ending.CRASHED
        if code == -int(getattr(signal, "SIGXCPU", 0)):
            ending = Ending.CPU
        elif code in (MEMORY_EXIT, -int(signal.SIGKILL)):  # nobody but the kernel kills a worker at work: no memory
            ending = Ending.MEMORY
        return Done(ending, is_tired=True)


def _not_started(why: str) -> TemporaryError:
    return TemporaryError(
        f"The process in which documents are read could not be started: {why}.",
        advice="Check the limits on processes and memory (ulimit -a), then run the command again.",
    )
