"""Servers that nobody may ever connect to, and a name service that leads every other name to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Trap:
    """Listens, and keeps the first bytes of whoever connects."""

    def __init__(self, address: str, port: int = 0) -> None:
        self.caught: list[bytes] = []
        self._socket = socket.create_server((address, port))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    self.caught.append(connection.recv(65_536))
                except OSError:
                    self.caught.append(b"(connected)")


class Traps:
    """One on another port of this machine, one on another address with Graph's port; names lead to the first."""

    def __init__(self, graph_port: int) -> None:
        self.other_port = Trap("127.0.0.1")
        self.other_host = Trap("127.0.0.2", graph_port)
        self.asked_for: list[str] = []  # host names that somebody wanted to resolve

    @property
    def caught(self) -> list[bytes]:
        return [*self.other_port.caught, *self.other_host.caught]

    def close(self) -> None:
        self.other_port.close()
        self.other_host.close()


@contextmanager
def traps(graph_port: int, patch: pytest.MonkeyPatch) -> Iterator[Traps]:
    """Set them up; until the end no connection leaves this machine, whatever is asked for."""
    made = Traps(graph_port)
    resolve = socket.getaddrinfo

    def to_the_trap(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name in ("127.0.0.1", "127.0.0.2"):
            return resolve(host, port, *rest, **named)
        made.asked_for.append(name)
        return resolve("127.0.0.1", made.other_port.port, *rest, **named)

    patch.setattr(socket, "getaddrinfo", to_the_trap)
    try:
        yield made
    finally:
        made.close()
