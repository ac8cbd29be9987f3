"""Telling a monitoring service that we started, that all is well, or that a person is needed.

The way of healthchecks.io and its likes: GET `URL/start`, `URL`, `URL/fail`. Nothing else is sent. When the service
cannot be reached that is one log line, not one a ping.
"""

from __future__ import annotations

from collections.abc import Callable

import requests
from structlog.typing import FilteringBoundLogger

from mailsorter.clock import Clock

EVERY_S = 300.0
_TIMEOUT_S = 10.0


class Pinger:
    """Pings one monitoring URL; "" for none. `send` is given in tests."""

    def __init__(
        self, url: str, clock: Clock, log: FilteringBoundLogger, *, send: Callable[[str], None] | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._log = log
        self._send = send or _get
        self._told: str | None = None
        self._told_at = 0.0
        self._fails = False

    def start(self) -> None:
        """The daemon started."""
        self._ping("/start")

    def tell(self, *, fine: bool) -> None:
        """All is well, or a person is needed: at once when it changes, else every five minutes."""
        what = "" if fine else "/fail"
        if what != self._told or self._clock.monotonic() - self._told_at >= EVERY_S:
            self._ping(what)

    def _ping(self, what: str) -> None:
        if not self._url:
            return
        self._told, self._told_at = what, self._clock.monotonic()
        try:
            self._send(self._url + what)
            self._fails = False
        except requests.RequestException as error:
            if not self._fails:
                self._log.warning("ping failed", error=type(error).__name__)
            self._fails = True


def _get(url: str) -> None:
    requests.get(url, timeout=_TIMEOUT_S).raise_for_status()
