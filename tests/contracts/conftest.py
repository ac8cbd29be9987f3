"""One suite, every connector: the `world` fixture runs each contract test against all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.worlds import MemoryWorld, World, WrappedWorld

WORLDS: dict[str, Callable[[], World]] = {
    "memory": MemoryWorld,
    "memory-changing-ids": lambda: MemoryWorld(ids_survive_moves=False),
    "memory-wrapped": WrappedWorld,
}


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> World:
    """A fresh mailbox of the connector, with other people's hands on its server."""
    return WORLDS[request.param]()
