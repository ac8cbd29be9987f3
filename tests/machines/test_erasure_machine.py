"""Erasing under every kind of bad luck: never more than the approved list goes, and calling again completes it.

Hypothesis draws a firm's mail, what happens between approval and erasing, and where the process dies or the network
fails; the machine erases, dies, and is called again. MAILSORTER_TORTURE=1 draws many more.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mailsorter.cases.perform import perform
from mailsorter.cases.plan import plan_of
from mailsorter.cases.prove import prove
from mailsorter.errors import TemporaryError, Throttled, Unreachable
from mailsorter.ledger.keys import by_spelling
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import ANNA, BERT, KEY, NEW_KEY, PIET, World, mail, open_copied
from tests.ews_servers import SERVERS
from tests.machines.served_office import EwsOffice

EXAMPLES = 2000 if os.environ.get("MAILSORTER_TORTURE") else 30
MEMORY = (
    "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
)  # deaths here are exceptions: nothing need wait for disks


class Killed(BaseException):
    """The process is gone: nothing after this point runs."""


PLACES = (
    WellKnown.INBOX, WellKnown.SENT, WellKnown.DELETED, ("Clients", "Klant"),
    WellKnown.RECOVERABLE_PURGES, WellKnown.RECOVERABLE_DELETIONS,
)  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "theirs": {"from_": PIET},
    "to them": {"to": (PIET,)},
    "kept": {"from_": PIET, "subject": "factuur"},
    "other": {"from_": ANNA, "to": (BERT,)},
}
CALLS = ("delete_permanently", "delete_hard", "tree", "messages", "list_ids", "locate")

mails = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(PLACES), st.booleans()), max_size=12)
between = st.lists(
    st.tuples(
        st.sampled_from(["move", "edit", "destroy", "delete", "hold", "purge", "copy", "new"]), st.integers(0, 11)
    ),
    max_size=4,
)
faults = st.lists(
    st.tuples(st.sampled_from(CALLS), st.sampled_from(["kill", "lost", "throttle"]), st.integers(0, 5), st.booleans()),
    max_size=5,
)


class Births:
    """Items by the key under which they were first seen, whatever ids they get later."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._born: dict[int, tuple[tuple[str, str], Any]] = {}  # the item is kept, so that its number stays its own

    def everything(self) -> dict[tuple[str, str], str]:
        """Every item there is now, with its folder."""
        found = {}
        for address, server in self._world.servers.items():
            for item_id, folder in server.everything().items():
                item = server.item(item_id)
                key, _ = self._born.setdefault(id(item), ((address, item_id), item))
                found[key] = folder
        return found

    def now(self, key: tuple[str, str]) -> str:
        """The id of that item today; "" when it is gone."""
        for born, item in self._born.values():
            if born == key and item.message.id in self._world.servers[key[0]].everything():
                return item.message.id
        return ""


def fill(world: World, drawn: list[tuple[str, Any, bool]]) -> list[tuple[str, str]]:
    return [mail(world.bert if in_bert else world.anna, place, **KINDS[kind]) for kind, place, in_bert in drawn]


def happen(
    world: World, births: Births, keys: list[tuple[str, str]], events: list[tuple[str, int]]
) -> set[tuple[str, str]]:
    """What other people do while the list waits: none of it may make the eraser take more.

    Gives the copies that were made inside Recoverable Items of what lay there: of a message that we deleted
    permanently no program can tell such a copy from the one that a hold makes, and it goes with it.
    """
    copies = set()
    for event, index in events:
        if event == "new":
            mail(world.anna, WellKnown.RECOVERABLE_PURGES, from_=PIET)
        if not keys or index >= len(keys):
            continue
        address, item = keys[index][0], births.now(keys[index])
        server = world.servers[address]
        if not item:
            continue
        acts: dict[str, Callable[[], object]] = {
            "move": lambda s=server, i=item: s.user_moves(i, ("Elders",)),
            "edit": lambda s=server, i=item: s.user_changes(i, subject="anders"),
            "destroy": lambda s=server, i=item: s.user_destroys(i),
            "delete": lambda s=server, i=item: s.user_deletes(i),
            "hold": lambda s=server, i=item: s.hold([i]),
            "purge": lambda s=server, i=item: s.user_moves(i, WellKnown.RECOVERABLE_PURGES),
            "copy": lambda s=server, i=item: s.user_copies(i, WellKnown.RECOVERABLE_PURGES),
        }
        if event in acts:
            lay_there = server.tree().lies_within(server.everything()[item], recoverable(server))
            made = acts[event]()
            if event == "copy" and lay_there:
                copies.add((address, str(made)))
    return copies


def recoverable(server: MemoryServer) -> str:
    return server.folder(WellKnown.RECOVERABLE_ROOT).id


def arm(world: World, drawn: list[tuple[str, str, int, bool]]) -> None:
    errors: dict[str, Callable[[], BaseException]] = {
        "kill": Killed,
        "lost": lambda: Unreachable("no answer"),
        "throttle": lambda: Throttled("too many", retry_after_s=1),
    }
    for call, kind, after, in_bert in drawn:
        mailbox = world.mailboxes[BERT.address if in_bert else ANNA.address]
        mailbox.fail_next(call, errors[kind](), after_items=after if after < 5 else None)


def erase_until_done(world: World, number: str) -> None:
    """Call again as a person would, after whatever stopped it."""
    for _ in range(40):
        try:
            if perform(world.office, number).is_finished:
                return
        except (Killed, TemporaryError):
            continue
    raise AssertionError("it never finished")


@pytest.mark.timeout(0 if EXAMPLES > 100 else 180)
@pytest.mark.parametrize("ids_survive_moves", [True, False], ids=["stable ids", "changing ids"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mails, between, between, faults, st.sampled_from(["kept", "replaced", "rekeyed"]))
@example([("theirs", WellKnown.INBOX, False)], [], [("copy", 0)], [("delete_permanently", "kill", 0, False)], "kept")
def test_never_more_than_the_approved_list_and_calling_again_completes_it(
    ids_survive_moves: bool,
    drawn: list[tuple[str, Any, bool]],
    waiting: list[tuple[str, int]],
    later: list[tuple[str, int]],
    luck: Any,
    key: str,
) -> None:
    """Whatever happens between, during and after: only approved items vanish, and every one is accounted for."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        world = World(Path(folder), ids_survive_moves=ids_survive_moves, open_ledger=open_copied)
        an_erasure(world, drawn, waiting, later, luck, key)


@pytest.mark.skipif(not find_spec("mailsorter.mailbox.ews"), reason="this copy has no EWS connector")
@pytest.mark.timeout(0 if EXAMPLES > 100 else 180)
@pytest.mark.parametrize("kind", SERVERS)
@settings(
    max_examples=5 if EXAMPLES < 100 else EXAMPLES // 20,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(mails, between, between, faults)
def test_the_same_over_the_ews_connector(
    kind: str,
    drawn: list[tuple[str, Any, bool]],
    waiting: list[tuple[str, int]],
    later: list[tuple[str, int]],
    luck: Any,
) -> None:
    """The real connector and witness over HTTP, against a server with Exchange's manners, and with others."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        office = EwsOffice(Path(folder), kind=SERVERS[kind], open_ledger=open_copied)
        an_erasure(office, drawn, waiting, later, luck)


def an_erasure(
    world: World,
    drawn: list[tuple[str, Any, bool]],
    waiting: list[tuple[str, int]],
    later: list[tuple[str, int]],
    luck: Any,
    key: str = "kept",
) -> None:
    """One case from its mail to its proof, with what people and fate do to it; closes the world.

    `key`: when performing is broken off, the ledger's key is kept, replaced, or replaced and a check re-keys rows.
    """
    births = Births(world)
    try:
        keys = fill(world, drawn)
        births.everything()
        number = world.approved()
        plan = plan_of(world.office.open_file(number))
        approved = {i.finding.key for i in plan.items if i.verdict is Verdict.ERASE}
        happen(world, births, keys, waiting)
        before = births.everything()
        arm(world, luck)
        copies: set[tuple[str, str]] = set()
        try:
            perform(world.office, number)
        except (Killed, TemporaryError):
            copies = happen(world, births, keys, later)
            before |= births.everything()
            change_key(world, key)
        if world.office.get(number).state is not CaseState.PERFORMED:
            erase_until_done(world, number)
        check_nothing_more_went(births, before, approved | copies, keys, later)
        check_all_is_accounted_for(world, births, number, approved)
    finally:
        world.close()


def change_key(world: World, key: str) -> None:
    if key != "kept":
        world.open_with(NEW_KEY, KEY)
    if key == "rekeyed":
        with contextlib.suppress(Killed):  # then some rows are under either key
            world.check()


def check_nothing_more_went(
    births: Births, before: dict[tuple[str, str], str], approved: set[tuple[str, str]], keys: Any, later: Any
) -> None:
    after = births.everything()
    destroyed = {keys[i] for event, i in later if event == "destroy" and i < len(keys)}
    assert set(before) - set(after) <= approved | destroyed
    moved = {key for key in after if key in before and after[key] != before[key]}
    moved -= {keys[i] for _, i in later if i < len(keys)}
    assert moved <= approved  # only what was approved may lie in Recoverable Items now


def check_all_is_accounted_for(world: World, births: Births, number: str, approved: set[tuple[str, str]]) -> None:
    """Every approved item is gone, or its state says why not; the ledger's audit chain holds."""
    numbers = world.office.mailbox_numbers()
    with world.ledger.reading() as unit:
        items = {i.token: i.state for i in unit.cases.items(number)}
        known = by_spelling({unit.messages.token(numbers[key[0]], key[1]): key for key in approved})
        states = {known[token]: state for token, state in items.items() if token in known}
        assert states.keys() == approved
        assert unit.audit.verify() is None
        assert unit.steps.mailboxes_with_open() == []
    there = set(births.everything())
    for key, state in states.items():
        assert state not in (ItemState.PENDING, ItemState.PURGED)
        if state is ItemState.ERASED:
            assert key not in there
        if key in there:
            assert state in (ItemState.HELD, ItemState.CHANGED, ItemState.LOOK, ItemState.FAILED)
    prove(world.office, number)
