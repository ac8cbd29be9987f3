"""A running emulator with one mailbox, for tests of its Graph face."""

from collections.abc import Iterator

import pytest

from mailsorter.emulator import EmulatorClock, running_emulator
from tests.emulator.client import GraphClient, frozen_clock


@pytest.fixture
def graph() -> Iterator[GraphClient]:
    """A client of a fresh emulator whose time stands still, with the mailbox anna@firm.example."""
    with running_emulator(clock=frozen_clock()) as emulator:
        emulator.store.mailboxes.create("anna@firm.example", "Anna de Wit")
        with GraphClient(emulator) as client:
            yield client


@pytest.fixture
def clock() -> EmulatorClock:
    """A clock that stands still on 2 March 2026."""
    return frozen_clock()
