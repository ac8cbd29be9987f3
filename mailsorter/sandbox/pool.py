"""A few workers for all threads of a program: started when first needed, kept, and replaced when spent."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from functools import cache

from mailsorter.clock import Clock, SystemClock
from mailsorter.errors import Stopped
from mailsorter.sandbox.frames import Piece
from mailsorter.sandbox.limits import LIMITS, Ending, Limits
from mailsorter.sandbox.process import Worker

_LOOK_EVERY_S = 0.25


class Sandbox:
    """Reads documents in worker processes. Thread-safe; more threads than workers wait for their turn."""

    def __init__(
        self, limits: Limits = LIMITS, clock: Clock | None = None, is_stopping: Callable[[], bool] | None = None
    ) -> None:
        """`is_stopping` tells that the program was asked to end: reading then raises `Stopped`."""
        self.limits = limits
        self._clock = clock or SystemClock()
        self._is_stopping = is_stopping
        self._turns = threading.Semaphore(limits.workers)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._is_closed = False
        self.without: tuple[str, ...] = ()
        """Limits that this system does not have, known once a worker was started: cpu, memory, files, processes."""

    def read(self, parser: str, document: bytes, take: Callable[[Piece], None]) -> Ending:
        """Read one document by the parser `module:function`; each piece of its text is handed to `take`.

        Gives how it ended. What was taken before a limit was met is right, but not all. Raises:
            Stopped: the program was asked to end.
            TemporaryError: no process could be started.
        """
        if len(document) > self.limits.input_bytes:
            return Ending.INPUT
        while not self._turns.acquire(timeout=_LOOK_EVERY_S):
            self._look()
        try:
            return self._read(parser, document, take)
        finally:
            self._turns.release()

    def close(self) -> None:
        """End all workers. What other threads are reading ends as crashed."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            for worker in self._busy:
                worker.kill()  # the thread that reads by it sees its end, and cleans up
        for worker in idle:
            worker.end()

    def pids(self) -> list[int]:
        """The numbers of the processes that run."""
        with self._lock:
            return [worker.pid for worker in (*self._idle, *self._busy)]

    def _read(self, parser: str, document: bytes, take: Callable[[Piece], None]) -> Ending:
        worker = self._worker()
        is_spent = True
        try:
            done = worker.read(parser, document, take)
            if done.ending != Ending.WHOLE:
                self._look()  # ended because the sandbox was closed?
            is_spent = done.is_tired or worker.documents >= self.limits.documents_per_worker
            return Ending(done.ending)
        finally:
            self._put_back(worker, is_spent=is_spent)

    def _worker(self) -> Worker:
        """An idle worker, or a new one."""
        self._look()
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
                if worker is not None:
                    self._busy.add(worker)
            if worker is None:
                worker = Worker(self.limits, self._clock, self._look)
                self.without = worker.without
                with self._lock:
                    self._busy.add(worker)
                return worker
            if worker.is_alive:
                return worker
            self._put_back(worker, is_spent=True)

    def _put_back(self, worker: Worker, *, is_spent: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            is_spent = is_spent or self._is_closed
            if not is_spent:
                self._idle.append(worker)
        if is_spent:
            worker.end()

    def _look(self) -> None:
        if self._is_closed or (self._is_stopping is not None and self._is_stopping()):
            raise Stopped("Stopped while a document was read.", advice="To go on, run the same command again.")


@cache
def shared() -> Sandbox:
    """The process's own sandbox, for callers that were given none; its workers end with the program."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox
