"""A scripted Graph, and a connector to it whose clock only tests move."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.mailbox.graph.settings import ClientSecret
from tests.unit.mailbox.graph.scripted import ScriptedGraph

ADDRESS = "anna@firm.example"


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    scripted = ScriptedGraph()
    yield scripted
    scripted.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))


@pytest.fixture
def connect(graph: ScriptedGraph, clock: VirtualClock) -> Iterator[Callable[..., GraphConnector]]:
    made: list[GraphConnector] = []

    def make(**changes: Any) -> GraphConnector:
        settings = graph.settings(**changes)
        made.append(GraphConnector(settings, ClientSecret("secret"), clock=clock, chance=random.Random(1)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()
