"""NTLM in front of the emulator's EWS face: pyspnego's own acceptor, one handshake a connection, as Exchange has it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import spnego

USER, PASSWORD = "FIRMA\\svc-mailsorter", "geheim"


@contextmanager
def ntlm_front(behind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """The front's URL, and who was let through; `behind` is asked with the emulator's own Basic sign-in."""
    users = folder / "ntlm-users"
    users.write_text(f"{USER.replace(chr(92), ':')}:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    let_in: list[str] = []

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        context: Any = None

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kind, _, given = self.headers.get("Authorization", "").partition(" ")
            if self.context is None or not self.context.complete:
                challenge = self._handshake(given) if kind in ("NTLM", "Negotiate") else ""
                if challenge is not None:
                    self._answer(401, b"", {"WWW-Authenticate": f"NTLM {challenge}".strip()})
                    return
                let_in.append(str(self.context.client_principal))
            passed_on = requests.post(behind, data=body, auth=("emulator", "emulator"), timeout=30)
            self._answer(passed_on.status_code, passed_on.content, {"Content-Type": "text/xml; charset=utf-8"})

        def _handshake(self, given: str) -> str | None:
            """The challenge to answer with, None once the client is known; "" begins anew."""
            if self.context is None:
                self.context = spnego.server(protocol="ntlm")
            try:
                token = self.context.step(base64.b64decode(given))
            except spnego.exceptions.SpnegoError:
                self.context = None
                return ""
            return None if self.context.complete else base64.b64encode(token or b"").decode()

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ews/exchange.asmx", let_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
