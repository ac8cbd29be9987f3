"""A Graph that answers what a test wrote down, over real HTTP on loopback: for what no well-behaved server does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from mailsorter.mailbox.graph.settings import GraphSettings


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """One answer: `cut` declares more bytes than it sends; `drop` closes the connection without a word."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


Script = Callable[[Seen], Reply]


def token(roles: list[str]) -> str:
    """A JWT whose signature nobody checks."""
    claims = base64.urlsafe_b64encode(json.dumps({"roles": roles}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{claims}.x"


class ScriptedGraph:
    """Serves `script`, or the replies queued in `replies` before it; keeps what it saw in `seen`."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.replies: list[Reply] = []
        self.script: Script = lambda seen: Reply(404, {"error": {"code": "ErrorItemNotFound"}})
        self.tokens = 0
        self.token_reply: Reply | None = None
        self.roles = ["Mail.ReadWrite"]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def settings(self, **changes: Any) -> GraphSettings:
        values: dict[str, Any] = {"tenant": "t.example", "client_id": "app", "origin": self.url}
        return GraphSettings(**{**values, "login_origin": self.url, **changes})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, seen: Seen) -> Reply:
        if seen.path.endswith("/.well-known/openid-configuration"):
            names = ("authorization_endpoint", "token_endpoint", "issuer")
            return Reply(body={name: f"{self.url}/t.example/oauth2/v2.0/token" for name in names})
        if seen.path.endswith("/oauth2/v2.0/token"):
            self.tokens += 1
            good = {"access_token": token(self.roles), "expires_in": 3600, "token_type": "Bearer"}
            return self.token_reply or Reply(body=good)
        self.seen.append(seen)
        return self.replies.pop(0) if self.replies else self.script(seen)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        graph = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    body = json.loads(raw) if raw else None
                except ValueError:
                    body = dict(parse_qsl(raw.decode()))
                reply = graph.answer(Seen(self.command, self.path, dict(self.headers), body))
                if reply.drop:
                    self.close_connection = True
                    return
                payload = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload) + (100 if reply.cut else 0)))
                self.end_headers()
                self.wfile.write(payload)
                self.close_connection = self.close_connection or reply.cut

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        return Handler
