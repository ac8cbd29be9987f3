"""A person puts a message back where it came from while a crash has left the step on it open (docs/safety.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.folder import WellKnown
from mailsorter.sorting.undo import undo_run
from tests.unit.sorting.firm import ACME, OWN, Firm


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    """One message was moved, the process died before it wrote that down, and a person put the message back."""
    firm = Firm(tmp_path)
    address = f"anna@{OWN}"
    server = MemoryServer(address, clock=firm.clock, ids_survive_moves=request.param)
    firm.mailboxes = [MemoryMailbox(address, clock=firm.clock, server=server)]
    firm.deliver("jan@acme.example")
    firm.mailbox.fail_next("move", Crash(), after_items=None)
    with pytest.raises(Crash):
        firm.sort()
    put_back(firm)
    yield firm
    firm.ledger.close()


def put_back(firm: Firm) -> None:
    (moved,) = firm.folders()["Clients / Acme B.V."]
    firm.mailbox.server.user_moves(moved, WellKnown.INBOX)


def held(firm: Firm) -> dict[str, int]:
    return {path: len(ids) for path, ids in firm.folders().items() if ids}


@pytest.mark.parametrize("firm", [False], ids=["changing ids"], indirect=True)
def test_where_ids_change_it_is_seen_to_have_been_moved_and_stays(firm: Firm) -> None:
    for _ in range(2):
        firm.sort()
        assert held(firm) == {"Inbox": 1}


@pytest.mark.parametrize("firm", [True], ids=["stable ids"], indirect=True)
def test_it_is_filed_again_and_put_back_once_more_it_stays(firm: Firm) -> None:
    firm.sort()
    assert held(firm) == {"Clients / Acme B.V.": 1}
    put_back(firm)
    for _ in range(2):
        firm.sort()
        assert held(firm) == {"Inbox": 1}


@pytest.mark.parametrize("firm", [True], ids=["stable ids"], indirect=True)
def test_an_undo_brings_it_back_and_there_it_stays(firm: Firm) -> None:
    run = firm.sort().run
    connect = {firm.mailbox.address: lambda: firm.mailbox}
    assert undo_run(firm.ledger, firm.clock, run, connect, [ACME.id]).total("filed") == 1
    firm.sort()
    assert held(firm) == {"Inbox": 1}
