"""Running the emulator inside this process: in a thread for tests, or until stopped for the command."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.conditions import Conditions
from mailsorter.emulator.control import Control
from mailsorter.emulator.faults import FaultPlan, Faults
from mailsorter.emulator.graph.face import Face
from mailsorter.emulator.identity import Identity
from mailsorter.emulator.server import Web
from mailsorter.emulator.store import Store
from mailsorter.emulator.throttle import Limits, Throttle
from mailsorter.emulator.tls import make_certificate


class _Server(uvicorn.Server):
    """uvicorn without its hold on the process's signals, and told to stop by an event instead of by polling."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        if not self.should_exit:
            await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is being answered; a client's idle pool is not waited for, over TLS it would never hang up.

        As uvicorn does it, which looks every tenth of a second whether it can end: tests stop a thousand emulators.
        """
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self.config.timeout_graceful_shutdown or 0)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        idle_for = loop.time() + 0.05
        while (self.server_state.connections or self.server_state.tasks) and loop.time() < deadline:
            await asyncio.sleep(0.002)
            if loop.time() > idle_for:
                self._cut(even_busy=False)
        self._cut(even_busy=True)
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.sleep(0)  # for the connections to learn that they are gone

    def _cut(self, even_busy: bool) -> None:
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if even_busy or cycle is None or cycle.response_complete:
                transport = getattr(connection, "transport", None)
                if transport is not None:
                    transport.abort()

    def ask_to_stop(self) -> None:
        """May be called from any thread and from a signal handler, more than once."""
        self.should_exit = True
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            with suppress(RuntimeError):  # closed meanwhile
                self._loop.call_soon_threadsafe(self._stopping.set)


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback.

    It names TCP outright, because asyncio switches Nagle's algorithm off only where it sees that protocol: with it each
    answer would wait 40 ms for the client's acknowledgement.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return listening


class Emulator:
    """A running emulator. `store`, `clock`, `conditions` and `throttle` may be used while it runs, from any thread."""

    def __init__(
        self,
        store: Store,
        *,
        port: int = 0,
        tls_folder: Path | None = None,
        limits: Limits | None = None,
        faults: FaultPlan | None = None,
    ) -> None:
        self.store = store
        self.clock = store.clock
        self.conditions = Conditions(store.clock)
        self.throttle = Throttle(store.clock, limits)
        self.identity = Identity(store)
        self.faults = Faults(faults)
        self.face = Face(store, self.throttle, self.conditions, self.faults)
        web = Web(self.face, self.identity, Control(self))
        self.ews = web.ews
        self._tls = make_certificate(tls_folder) if tls_folder is not None else None
        self._socket = _listen(port)
        scheme = "https" if self._tls else "http"
        host = "localhost" if self._tls else "127.0.0.1"
        self.url = f"{scheme}://{host}:{self._socket.getsockname()[1]}"
        self._server = _Server(
            uvicorn.Config(
                web,
                http="httptools",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=2,
                ssl_certfile=str(self._tls.certificate) if self._tls else None,
                ssl_keyfile=str(self._tls.key) if self._tls else None,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def ca_file(self) -> Path | None:
        """The certificate to trust; None without TLS."""
        return self._tls.certificate if self._tls else None

    @property
    def authority(self) -> str:
        """What msal takes as authority: the sign-in host with a tenant."""
        return f"{self.url}/{TENANT}"

    def token(self, client_id: str = "emulator") -> str:
        """An access token for a registered app, without signing in.

        Raises:
            KeyError: no such app.
        """
        app = self.store.apps.get(client_id)
        if app is None:
            raise KeyError(client_id)
        return self.identity.make_token(app, origin=self.url)

    def headers(self, client_id: str = "emulator") -> dict[str, str]:
        """Request headers with such a token and immutable ids."""
        return {"Authorization": f"Bearer {self.token(client_id)}", "Prefer": 'IdType="ImmutableId"'}

    def start(self) -> None:
        """Serve in a thread; returns once requests are taken.

        Raises:
            RuntimeError: the server did not start.
        """
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="emulator", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the emulator's server did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving; the store stays open."""
        self._server.ask_to_stop()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None
        self._socket.close()

    def ask_to_stop(self) -> None:
        """Let `wait` return soon; may be called from a signal handler."""
        self._server.ask_to_stop()

    def wait(self) -> None:
        """Serve until `stop` is called from elsewhere or the server ends."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.2)  # in steps, so that this thread can run signal handlers


#: The tenant's name in the emulator's own URLs; any other works as well.
TENANT = "emulator.example"


@contextmanager
def running_emulator(
    store: Store | str | Path = ":memory:",
    *,
    clock: EmulatorClock | None = None,
    port: int = 0,
    tls: bool = False,
    limits: Limits | None = None,
    faults: FaultPlan | None = None,
) -> Iterator[Emulator]:
    """An emulator in a thread of this process for as long as the block runs.

    `store` is one that the caller made (and closes), or the path of a state file, made when missing. With `tls` it
    speaks https with a certificate of its own: trust `emulator.ca_file`.
    """
    opened = store if isinstance(store, Store) else Store(store, clock)
    with tempfile.TemporaryDirectory(prefix="mailsorter-emulator-") as folder:
        emulator = Emulator(opened, port=port, tls_folder=Path(folder) if tls else None, limits=limits, faults=faults)
        emulator.start()
        try:
            yield emulator
        finally:
            emulator.stop()
            if opened is not store:
                opened.close()
