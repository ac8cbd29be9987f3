"""Telling a monitoring service that we started, that all is well, or that a person is needed.

The way of healthchecks.io and its likes: GET `URL/start`, `URL`, `URL/fail`. Nothing else is sent. When the service
cannot be reached that is one log line, not one a ping. Each ping has a thread of its own, at most one at a time: a
service that takes the connection and says nothing must hold up neither filing nor the watchdog nor the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import requests
import urllib3
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
        self._under_way: threading.Thread | None = None

    def start(self) -> None:
        """The daemon started."""
        self._ping("/start")

    def tell(self, *, fine: bool) -> None:
        """All is well, or a person is needed: at once when it changes, else every five minutes.

        While an earlier ping is under way nothing is told; the next call does.
        """
        what = "" if fine else "/fail"
        if what != self._told or self._clock.monotonic() - self._told_at >= EVERY_S:
            self._ping(what)

    def join(self, within_s: float) -> None:
        """Wait for the ping that is under way."""
        if self._under_way is not None:
            self._under_way.join(within_s)

    def _ping(self, what: str) -> None:
        if not self._url or (self._under_way is not None and self._under_way.is_alive()):
            return
        self._told, self._told_at = what, self._clock.monotonic()
        self._under_way = threading.Thread(target=self._get, args=(self._url + what,), name="ping", daemon=True)
        self._under_way.start()

    def _get(self, url: str) -> None:
        try:
            self._send(url)
            self._fails = False
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:  # requests' own are OSErrors
            if not self._fails:
                self._log.warning("ping failed", error=type(error).__name__)
            self._fails = True


def _get(url: str) -> None:
    """One GET. A redirect is not followed: it could lead into the firm's own network; the ping counts as not heard."""
    with requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False, stream=True) as answer:
        answer.raise_for_status()
        if answer.status_code >= 300:
            raise requests.TooManyRedirects("the monitoring service redirects")
