"""One suite, every connector: the `world` fixture runs each contract test against all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from mailsorter.emulator import Emulator, running_emulator
from mailsorter.emulator.ews.switches import EwsServer
from tests.contracts.graph_world import GraphWorld
from tests.contracts.worlds import MemoryWorld, World, WrappedWorld
from tests.ews_servers import DIFFERING

_IN_MEMORY: dict[str, Callable[[], World]] = {
    "memory": MemoryWorld,
    "memory-changing-ids": lambda: MemoryWorld(ids_survive_moves=False),
    "memory-wrapped": WrappedWorld,
}


@pytest.fixture(scope="session")
def plain_emulator() -> Iterator[Emulator]:
    """Graph and token endpoint by plain http on loopback."""
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def tls_emulator() -> Iterator[Emulator]:
    """The same over TLS: msal goes there by itself, nothing is injected."""
    with running_emulator(tls=True) as emulator:
        yield emulator


# its folder may be deleted
_EWS = ["ews", "ews-tls", *(f"ews-{name}" for name in DIFFERING)] if find_spec("mailsorter.mailbox.ews") else []


@pytest.fixture(params=[*_IN_MEMORY, "graph", "graph-tls", *_EWS])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh mailbox of the connector, with other people's hands on its server."""
    if request.param in _IN_MEMORY:
        yield _IN_MEMORY[request.param]()
        return
    emulator = request.getfixturevalue("tls_emulator" if request.param.endswith("tls") else "plain_emulator")
    emulator.conditions.ews = DIFFERING.get(request.param.removeprefix("ews-"), EwsServer())
    opened = GraphWorld(emulator) if request.param.startswith("graph") else _ews_world(emulator)
    yield opened
    opened.close()
    emulator.conditions.ews = EwsServer()


def _ews_world(emulator: Emulator) -> Any:
    from tests.contracts.ews_world import EwsWorld

    return EwsWorld(emulator)
