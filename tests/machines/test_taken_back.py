"""What a person took out of a client's folder, through both connectors over HTTP: it is never moved again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from mailsorter.checking.difference import Kind
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.machines.served import EwsWorld, GraphWorld, ServedWorld
from tests.machines.world import ADDRESS, CLIENTS


@pytest.fixture(params=[EwsWorld, GraphWorld], ids=["ews", "graph"])
def world(request: pytest.FixtureRequest) -> Iterator[ServedWorld]:
    if request.param is EwsWorld:
        pytest.importorskip("mailsorter.mailbox.ews")
    with closing(request.param()) as world:
        yield world


def filed(world: ServedWorld) -> None:
    """By one run, and seen to be gone by another: Graph's delta hides what leaves and comes back between two looks."""
    world.sort()
    world.sort()


def left_by_hand(world: ServedWorld) -> int:
    report = world.sort()
    assert report is not None
    (mailbox,) = report.mailboxes
    assert (mailbox.error, mailbox.filed) == (None, 0)
    return mailbox.left["by-hand"]


def test_it_stays_wherever_it_is_put_and_whoever_looks_in_between(world: ServedWorld) -> None:
    first, second = world.deliver("jan@acme.example"), world.deliver("jan@acme.example")
    filed(world)
    assert world.server.ids(world.client_folder(CLIENTS[0])) == {first, second}
    world.server.user_moves(first, WellKnown.INBOX)
    assert left_by_hand(world) == 1
    world.server.user_moves(first, ("Prive",))
    world.sort()
    world.check()
    world.server.user_moves(first, WellKnown.SENT)
    assert left_by_hand(world) == 1
    statement = world.check()
    assert statement is not None
    assert statement.agrees
    assert world.server.ids(WellKnown.SENT) == {first}
    assert world.server.ids(world.client_folder(CLIENTS[0])) == {second}


def test_a_check_learns_from_which_client_it_was_taken(world: ServedWorld) -> None:
    message = world.deliver("jan@acme.example")
    filed(world)
    world.server.user_moves(message, WellKnown.INBOX)
    statement = world.check()
    assert statement is not None
    assert statement.differences == {Kind.TAKEN_OUT_BY_HAND: 1}
    assert left_by_hand(world) == 1
    assert world.server.ids(WellKnown.INBOX) == {message}


def test_mail_that_came_in_twice_in_one_second_is_two_messages(world: ServedWorld) -> None:
    """Each has a search key of its own; only a copy would share it."""

    def deliver() -> str:
        return world.server.deliver(
            WellKnown.INBOX, from_=Participant("jan@acme.example"), to=(Participant(ADDRESS),),
            internet_message_id="<offerte@acme.example>", received_at=came,
        )  # fmt: skip

    came = world.clock.now()
    message = deliver()
    filed(world)
    world.server.user_moves(message, WellKnown.INBOX)
    again = deliver()
    report = world.sort()
    assert report is not None
    assert (report.mailboxes[0].filed, report.mailboxes[0].left) == (1, {"by-hand": 1})
    assert world.server.ids(WellKnown.INBOX) == {message}
    assert world.server.ids(world.client_folder(CLIENTS[0])) == {again}
