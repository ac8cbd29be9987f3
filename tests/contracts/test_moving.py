"""A listing is complete while mail moves: what lies in the folder all the time is given, over every road.

`MAILSORTER_TORTURE=1` makes 500 random runs for each connector, else a few.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailsorter.cases.witness import Marks, Witness
from mailsorter.emulator import Emulator
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.ews.switches import with_switches as ews_with
from mailsorter.emulator.graph.switches import GraphServer, graph_with
from mailsorter.mailbox.base import Detail
from mailsorter.mailbox.folder_listing import FolderListing
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.contracts.conftest import _EWS
from tests.contracts.graph_world import GraphWorld, StoreWorld

pytestmark = pytest.mark.timeout(1800)  # of the long form
RUNS = 500 if os.environ.get("MAILSORTER_TORTURE") == "1" else 12
_GRAPH = [GraphServer(), graph_with("short_pages"), graph_with("jumping_links"),
          graph_with("short_pages", "jumping_links")]  # fmt: skip
_ON_PREMISES = [EwsServer(), ews_with("short_pages"), ews_with("short_pages", "fewer_elements")]
_DAY = datetime(2026, 11, 2, tzinfo=UTC)


PIET = Participant("piet@klant.example", "Piet")


class Folder:
    """A folder of which one message in ten goes and as many come, each time that somebody looks away."""

    def __init__(self, world: StoreWorld, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._dated: Counter[int] = Counter()
        self.id = world.folder(WellKnown.INBOX)
        world.folder(WellKnown.ARCHIVE)
        self.stayed = {self._deliver(WellKnown.INBOX) for _ in range(chance.randrange(40))}
        self._inside = set(self.stayed)
        self._outside = {self._deliver(WellKnown.ARCHIVE) for _ in range(10)}

    def _deliver(self, where: WellKnown) -> str:
        """At most two in one second: fewer than on the shortest page."""
        seconds = next(s for _ in range(99) if self._dated[s := self._chance.randrange(100)] < 2)
        self._dated[seconds] += 1
        return self._world.deliver(where, from_=PIET, received_at=_DAY + timedelta(seconds=seconds))

    def moves(self) -> None:
        """Others at work."""
        gone = [one for one in sorted(self._inside) if self._chance.random() < 0.1]
        come = [one for one in sorted(self._outside) if self._chance.random() < 0.1]
        for one in gone:
            self._world.user_moves(one, WellKnown.ARCHIVE)
        for one in come:
            self._world.user_moves(one, WellKnown.INBOX)
        self.stayed -= set(gone)
        self._inside -= set(gone)
        self._outside -= set(come)
        if self._chance.random() < 0.3:
            self._deliver(WellKnown.INBOX)


def run(world: StoreWorld, seed: int, detail: Detail, *, hidden: bool) -> None:
    folder = Folder(world, random.Random(seed))
    given: list[str] = []
    for page in world.mailbox.messages(folder.id, detail, hidden=hidden):
        given += [message.id for message in page]
        folder.moves()
    assert folder.stayed <= set(given), f"seed {seed}"


@pytest.mark.parametrize("road", ["graph", *(["ews"] if _EWS else [])])
def test_what_stays_is_given_whatever_moves(plain_emulator: Emulator, road: str) -> None:
    """At once, by the first listing: no second one is needed for what was there all the time."""
    conditions = plain_emulator.conditions
    for seed in range(RUNS):
        world: StoreWorld
        if road == "graph":
            conditions.graph, world = _GRAPH[seed % len(_GRAPH)], GraphWorld(plain_emulator, page=10)
        else:
            from tests.contracts.ews_world import EwsWorld

            conditions.ews, world = _ON_PREMISES[seed % len(_ON_PREMISES)], EwsWorld(plain_emulator)
        try:
            run(world, seed, Detail.IDS if seed % 3 else Detail.TRACES, hidden=bool(seed % 2))
        finally:
            world.close()
            conditions.graph, conditions.ews = GraphServer(), EwsServer()


@pytest.mark.parametrize("road", ["graph", *(["ews"] if _EWS else [])])
def test_the_witness_sees_what_stays_whatever_moves(
    plain_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    """By code of its own, with others at work before each of its listings' requests."""
    from mailsorter.cases.witness import ews, graph

    conditions = plain_emulator.conditions
    for module in (ews, graph):
        monkeypatch.setattr(module, "_PAGE", 10)
    for seed in range(RUNS // 4):
        witness: Witness
        world: StoreWorld
        if road == "graph":
            conditions.graph, world = _GRAPH[seed % len(_GRAPH)], GraphWorld(plain_emulator)
            folder = Folder(world, random.Random(seed))
            token = plain_emulator.token("emulator")
            witness = graph.GraphWitness(plain_emulator.url, lambda token=token: token, lambda _: None)
        else:
            from tests.contracts.ews_world import EwsWorld

            conditions.ews, world = _ON_PREMISES[seed % len(_ON_PREMISES)], EwsWorld(plain_emulator)
            folder = Folder(world, random.Random(seed))
            url = f"{plain_emulator.url}/ews/exchange.asmx"
            witness = ews.EwsWitness(url, ("emulator", "emulator"), lambda _: None)
        name, of_listing = ("_json", "/messages") if road == "graph" else ("_ask", "FindItem")
        ask = getattr(witness, name)

        def asked(
            what: str, *how: Any, ask: Any = ask, folder: Folder = folder, of_listing: str = of_listing, **more: Any
        ) -> Any:
            if of_listing in what:
                folder.moves()
            return ask(what, *how, **more)

        monkeypatch.setattr(witness, name, asked)
        try:
            look = witness.look(world.mailbox.address, Marks(addresses=(PIET.address,)), frozenset())
        finally:
            witness.close()
            world.close()
            conditions.graph, conditions.ews = GraphServer(), EwsServer()
        assert folder.stayed <= {hit.id for hit in look.hits}, f"seed {seed}"


@pytest.fixture
def graph(plain_emulator: Emulator) -> GraphWorld:
    return GraphWorld(plain_emulator)


def test_links_alone_lose_what_the_dates_keep(plain_emulator: Emulator, graph: GraphWorld) -> None:
    """The emulator does what Exchange does: otherwise the property shows nothing."""

    def loses(seed: int) -> bool:
        folder = Folder(graph, random.Random(seed))
        given: set[str] = set()
        for page in graph.mailbox.list_ids(folder.id):
            given |= {stub.id for stub in page}
            folder.moves()
        return bool(folder.stayed - given)

    assert any(loses(seed) for seed in range(300))  # one in ten does


def test_many_messages_of_one_second_are_all_given(plain_emulator: Emulator, graph: GraphWorld) -> None:
    """More than a page, as an import makes them: inside a second the links are followed."""
    inbox = graph.folder(WellKnown.INBOX)
    ids = [graph.deliver(inbox, received_at=_DAY + timedelta(seconds=n // 13)) for n in range(40)]
    given = [m.id for page in graph.mailbox.messages(inbox, Detail.IDS) for m in page]
    assert set(given) == set(ids)


def test_what_cannot_be_rendered_stops_no_listing_by_date(plain_emulator: Emulator, graph: GraphWorld) -> None:
    inbox = graph.folder(WellKnown.INBOX)
    ids = [graph.deliver(inbox, received_at=_DAY + timedelta(seconds=n // 2)) for n in range(14)]
    for bad in (ids[0], ids[6], ids[7], ids[13]):
        graph.poison(bad)
    found = {m.id: m.is_unreadable for page in graph.mailbox.messages(inbox, Detail.TRACES) for m in page}
    assert found == {one: one in (ids[0], ids[6], ids[7], ids[13]) for one in ids}


def test_a_server_that_refuses_to_sort_is_listed_along_its_links(plain_emulator: Emulator, graph: GraphWorld) -> None:
    """And what it loses that way the second round finds. Extended properties are not given up for it."""
    plain_emulator.conditions.graph = graph_with("refuses_sorting")
    try:
        inbox = graph.folder(WellKnown.INBOX)
        ids = [graph.deliver(inbox, received_at=_DAY + timedelta(seconds=n)) for n in range(12)]
        first = [m for page in graph.mailbox.messages(inbox, Detail.TRACES) for m in page]
        assert {m.id for m in first} == set(ids)
        assert all(m.search_key for m in first)
        listing = FolderListing(graph.mailbox, inbox)
        pages = listing.messages()
        given = [m.id for m in next(pages)]
        graph.user_moves(given[0], WellKnown.ARCHIVE)
        given += [m.id for page in pages for m in page]
        assert set(given) < set(ids)
        given += [m.id for page in listing.again() for m in page]
        assert set(given) == set(ids)
        assert not listing.is_short
    finally:
        plain_emulator.conditions.graph = GraphServer()
