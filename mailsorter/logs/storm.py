"""No log storms: of equal lines only so many are written a minute, and the rest is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog

_WINDOW_S = 60.0
_KINDS = 2000  # kinds of lines remembered at once; more than mailboxes times errors of any firm here


class StormGuard:
    """A structlog processor that drops a line when its like (event, error, mailbox) came `burst` times this minute.

    The first line after the minute carries `suppressed`, how many were dropped.
    """

    def __init__(self, monotonic: Callable[[], float], *, burst: int = 20) -> None:
        self._monotonic = monotonic
        self._burst = burst
        self._seen: dict[tuple[Any, ...], list[float]] = {}  # kind: [start of its minute, lines in it]
        self._lock = threading.Lock()

    def __call__(self, _logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
        kind = (line.get("event"), line.get("error"), line.get("mailbox"), line.get("logger"))
        with self._lock:
            now = self._monotonic()
            started, count = self._seen.get(kind, (now, 0.0))
            if now - started >= _WINDOW_S:
                dropped = int(max(0.0, count - self._burst))
                self._seen[kind] = [now, 1.0]
                return {**line, "suppressed": dropped} if dropped else line
            if kind not in self._seen and len(self._seen) >= _KINDS:
                self._seen.clear()  # rather a few lines too many than a dictionary without end
            self._seen[kind] = [started, count + 1]
        if count >= self._burst:
            raise structlog.DropEvent
        return line
