"""Pings go to the configured monitoring service alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mailsorter.clock import SystemClock
from mailsorter.daemon.ping import Pinger


class Monitor:
    """Answers every ping with one status and place, and keeps the paths."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.status, self.place = 200, ""
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.seen.append(self.path)
                self.send_response(monitor.status)
                if monitor.place:
                    self.send_header("Location", monitor.place)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Log:
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warned: list[dict[str, object]] = []

    def warning(self, event: str, **details: object) -> None:
        self.warned.append({"event": event, **details})


@pytest.fixture
def monitors() -> Iterator[tuple[Monitor, Monitor]]:
    made = Monitor(), Monitor()
    yield made
    for monitor in made:
        monitor.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_ping_follows_no_redirect(monitors: tuple[Monitor, Monitor], status: int) -> None:
    """Neither to another server nor back to itself; it counts as not heard and is told once."""
    monitor, elsewhere = monitors
    for place in (f"{elsewhere.url}/x", f"{monitor.url}/else", "/else"):
        monitor.status, monitor.place = status, place
        log = Log()
        pinger = Pinger(f"{monitor.url}/ping", SystemClock(), log)  # type: ignore[arg-type]
        pinger.start()
        pinger.join(10)
        assert log.warned == [{"event": "ping failed", "error": "TooManyRedirects"}]
    assert monitor.seen == ["/ping/start"] * 3
    assert elsewhere.seen == []


def test_a_ping_that_is_heard_is_quiet(monitors: tuple[Monitor, Monitor]) -> None:
    """Any 2xx is good news."""
    log = Log()
    monitors[0].status = 204
    pinger = Pinger(f"{monitors[0].url}/ping", SystemClock(), log)  # type: ignore[arg-type]
    pinger.tell(fine=False)
    pinger.join(10)
    assert (monitors[0].seen, log.warned) == (["/ping/fail"], [])
