"""Health pages on this machine alone: /healthz (does it live), /readyz (can it file), /metrics.

The Host header is checked: a web page can lead a browser on this machine here by a name of its own (DNS rebinding),
and would read what keeps the firm's mail from being filed.

Plain WSGI on the standard library's server: three small pages for one monitoring program need no framework, and no
port is opened to the network.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from mailsorter.daemon.metrics import registry
from mailsorter.daemon.service import Service
from mailsorter.errors import UserError
from mailsorter.mailbox.loopback import is_loopback
from mailsorter.model.brake import BRAKES

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
STALE_S = 60.0  # a scheduler that has not beaten for so long is stuck
Page = Callable[[], tuple[HTTPStatus, dict[str, object]]]


def pages(service: Service, hosts: Collection[str] = ()) -> WSGIApplication:
    """The three pages as a WSGI application. `readyz` says in words what keeps mail from being filed, and names the
    brakes that stop single mailboxes.

    They answer when they are asked for by a name of this machine or by one of `hosts` (lower case), at any port.
    """
    metrics = make_wsgi_app(registry(service))

    def healthz() -> tuple[HTTPStatus, dict[str, object]]:
        alive = is_alive(service)
        return (HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE), {"alive": alive}

    def readyz() -> tuple[HTTPStatus, dict[str, object]]:
        problems = service.problems()
        if service.stop.is_set():
            problems = ["stopping"]
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return status, {"ready": not problems, "problems": problems, "brakes": _brakes(service)}

    routes: dict[str, Page] = {"/healthz": healthz, "/readyz": readyz}

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not names_us(environ.get("HTTP_HOST"), hosts):
            return _answer(start_response, HTTPStatus.MISDIRECTED_REQUEST, {"error": "not known by this Host"})
        path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD")
        if method not in ("GET", "HEAD"):
            return _answer(start_response, HTTPStatus.METHOD_NOT_ALLOWED, {"error": "method not allowed"})
        if path == "/metrics":
            found: Iterable[bytes] = metrics(environ, start_response)
            return found
        if path in routes:
            return _answer(start_response, *routes[path]())
        return _answer(start_response, HTTPStatus.NOT_FOUND, {"pages": ["/healthz", "/readyz", "/metrics"]})

    return application


def names_us(host: str | None, hosts: Collection[str]) -> bool:
    """Does a Host header (RFC 9110 section 7.2) name this machine? One that is missing (HTTP/1.0) is no browser's."""
    if host is None:
        return True
    name = host.strip().lower()
    if name.startswith("["):
        name, _, port = name[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = name.partition(":")
    return (not port or (port.isascii() and port.isdecimal())) and (is_loopback(name) or name in hosts)


def _brakes(service: Service) -> list[dict[str, object]] | None:
    """The brakes that stop a mailbox now, each with its next command; None when the ledger cannot be read."""
    standing = service.standing_brakes()
    if standing is None:
        return None
    return [
        {
            "mailbox": mailbox,
            "brake": brake.code,
            "since": datetime.fromtimestamp(brake.since_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
            "go_on": BRAKES[brake.code].command,
        }
        for mailbox, brake in sorted(standing.items())
    ]


def is_alive(service: Service) -> bool:
    """Does the scheduler still beat, and does no job hang? A job that waits, however long, does not hang."""
    return service.clock.monotonic() - service.beat_at < STALE_S and not service.pulse.stuck()


class HealthServer:
    """The pages served on loopback by a thread of their own, until closed.

    Raises `UserError` when the port is taken.
    """

    def __init__(self, service: Service, port: int, hosts: Collection[str] = ()) -> None:
        try:
            self._server = make_server(LOOPBACK, port, pages(service, hosts), _Threaded, _Quiet)
        except OSError as error:
            raise UserError(
                f"The health port {port} cannot be opened: {error.strerror}.",
                advice="Give [daemon] health_port another number, or 0 for none.",
            ) from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Quiet(WSGIRequestHandler):
    timeout = 5  # a client that says nothing holds a thread no longer

    def log_message(self, format: str, *args: Any) -> None:
        pass  # who asks how we are is no news


def _answer(start_response: StartResponse, status: HTTPStatus, data: dict[str, object]) -> Iterable[bytes]:
    body = json.dumps(data).encode() + b"\n"
    headers = [
        ("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
    ]  # fmt: skip
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
