"""The machines' world on a server: the real connectors, over HTTP, against the emulator's faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from mailsorter.clock import VirtualClock
from mailsorter.emulator import Emulator, EmulatorClock, running_emulator
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.faults import FaultPlan
from mailsorter.errors import Throttled
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.mailbox.wrap.through import PassedThrough
from tests.machines.crash import Effects
from tests.machines.store_server import EwsWriting, GraphWriting, StoreServer
from tests.machines.world import ADDRESS, Fault, World

T = TypeVar("T")

_EWS = {
    "move": "moveitem",
    "copy": "copyitem",
    "create_folder": "createfolder",
    "changes": "syncfolderitems",
    "tree": "findfolder",
    "tree_changes": "syncfolderhierarchy",
    "locate": "getitem",
    "fetch": "getitem",
    "list_ids": "finditem",
}
_PATIENCE = 5  # more often than a connector asks again


class SharedClock(VirtualClock):
    """The program's clock, and the server's with it."""

    def __init__(self, start: datetime, theirs: EmulatorClock) -> None:
        super().__init__(start)
        self._theirs = theirs

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._theirs.advance(max(0.0, seconds))


class CrashingConnector(PassedThrough):
    """A connector whose process may end before, between and after the items of a change."""

    def __init__(self, inner: Mailbox, effects: Effects) -> None:
        super().__init__(inner)
        self._effects = effects

    def _act(self, method: str, call: Callable[[], T]) -> T:
        self._effects.reach()
        made = call()
        self._effects.reach()
        return made

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        if not self._effects.stop_at:
            return call(asked)
        outcomes: list[Outcome] = []
        for one in asked:
            self._effects.reach()
            outcomes += call([one])
        self._effects.reach()
        return outcomes


@dataclass(slots=True)
class ServedWorld(World):
    """A mailbox behind a connector."""

    emulator: Emulator = field(init=False)
    running: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        start = self.clock.now()
        theirs = EmulatorClock(frozen_at=start)
        self.emulator = self.running.enter_context(running_emulator(clock=theirs))
        self.clock = SharedClock(start, theirs)
        super(ServedWorld, self).__post_init__()

    def close(self) -> None:
        super(ServedWorld, self).close()
        self.running.close()

    def ids_of(self, message: str) -> list[str]:
        return self.server.ids_of(message)

    def _open(self) -> CrashingConnector:
        self.emulator.faults.set_plan(FaultPlan.make({"fault": [self._rule(fault) for fault in self.faults]}))
        return CrashingConnector(self._connector(), self.effects)

    def _rule(self, fault: Fault) -> dict[str, Any]:
        """The same bad luck on the wire: busy, cut off before anything was done, or only the answer lost."""
        times = _PATIENCE if fault.after_items is None else 1
        rule: dict[str, Any] = {**self._named(fault.method), "times": times}
        if isinstance(fault.error, Throttled):
            return rule | {"status": 429, "retry_after": fault.error.retry_after_s}
        return rule | {"cut": "before" if fault.after_items == 0 else "after"}


@dataclass(slots=True)
class EwsWorld(ServedWorld):
    """Exchange Server on premises: ids change on every move."""

    ids_survive_moves: bool = False
    kind: EwsServer = field(default_factory=EwsServer)

    def _serve(self) -> StoreServer:
        self.emulator.conditions.ews = self.kind
        return StoreServer(self.emulator, ADDRESS, EwsWriting(), state="on-premises")

    def _connector(self) -> Mailbox:
        from mailsorter.mailbox.ews import EwsSettings, Password, open_mailbox

        settings = EwsSettings(
            f"{self.emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"), page=5, chunk=7
        )
        opened = open_mailbox(settings, ADDRESS, clock=self.clock)
        self.running.callback(opened._inner._inner.close)  # type: ignore[attr-defined]
        return opened

    def _named(self, method: str) -> dict[str, str]:
        return {"path": f"users/*/ews/{_EWS[method]}"}


@dataclass(slots=True)
class GraphWorld(ServedWorld):
    """Exchange Online: immutable ids, changes in batches."""

    def _serve(self) -> StoreServer:
        return StoreServer(self.emulator, ADDRESS, GraphWriting(), state="ok")

    def _connector(self) -> Mailbox:
        from mailsorter.mailbox.graph import ClientSecret, GraphSettings
        from mailsorter.mailbox.graph.connector import GraphConnector

        settings = GraphSettings(
            tenant="emulator.example", client_id="emulator", origin=self.emulator.url,
            login_origin=self.emulator.url, list_page=5, delta_page=5,
        )  # fmt: skip
        connector = GraphConnector(settings, ClientSecret("emulator"), clock=self.clock)
        self.running.callback(connector.close)
        return connector.mailbox(ADDRESS)

    def _named(self, method: str) -> dict[str, str]:
        return _GRAPH[method]


_FOLDERS = "users/*/mailfolders/*"
_GRAPH = {
    "move": {"method": "POST", "path": "users/*/messages/*/move"},
    "copy": {"method": "POST", "path": "users/*/messages/*/copy"},
    "create_folder": {"method": "POST", "path": f"{_FOLDERS}/childfolders"},
    "changes": {"method": "GET", "path": f"{_FOLDERS}/messages/delta*"},
    "tree": {"method": "GET", "path": f"{_FOLDERS}/childfolders*"},
    "tree_changes": {"method": "GET", "path": "users/*/mailfolders/delta*"},
    "locate": {"method": "GET", "path": "users/*/messages/*"},
    "fetch": {"method": "GET", "path": "users/*/messages/*"},
    "list_ids": {"method": "GET", "path": f"{_FOLDERS}/messages*"},
}
