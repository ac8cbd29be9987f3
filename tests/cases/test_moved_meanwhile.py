"""Mail that moves from folder to folder while a mailbox is searched is found all the same, once, where it lies.

`MAILSORTER_TORTURE=1` makes 500 random runs, half of them where ids change; else a few.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from mailsorter.cases.find import find, findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.errors import Unreachable
from mailsorter.mailbox.base import Detail
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.case import ItemState
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message
from tests.cases.office import ANNA, BERT, PIET, World, mail
from tests.cases.signing import approve_seen

PLACES = (WellKnown.INBOX, WellKnown.SENT, WellKnown.ARCHIVE, WellKnown.DELETED)


@pytest.fixture(params=[True, False], ids=["ids survive moves", "ids change"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, ids_survive_moves=request.param)
    yield made
    made.close()


class Busy(MemoryMailbox):
    """A mailbox in which others are at work before each page of each folder."""

    meanwhile: Callable[[str], None] = staticmethod(lambda folder_id: None)

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        self.meanwhile(folder_id)
        for page in super().messages(folder_id, detail, hidden=hidden, since=since):
            yield page
            self.meanwhile(folder_id)


def busy(world: World, meanwhile: Callable[[str], None]) -> None:
    mailbox = Busy(ANNA.address, server=world.anna)
    mailbox.meanwhile = meanwhile  # type: ignore[method-assign]
    world.mailboxes[ANNA.address] = mailbox


def found(world: World, number: str) -> dict[str, str]:
    """Id to folder id of what the search lists."""
    return {f.id: f.folder_id for f in findings_of(world.office.open_file(number)).findings}


SEEDS = 250 if os.environ.get("MAILSORTER_TORTURE") == "1" else 8


@pytest.mark.parametrize("seed", range(SEEDS))
def test_everything_is_found_once_where_it_lies(world: World, seed: int) -> None:
    """At each page one message in ten goes to another folder."""
    chance = random.Random(seed)
    for n in range(30):
        mail(world.anna, PLACES[n % len(PLACES)], from_=PIET if n % 2 else BERT, subject=str(n))
    is_over = False

    def move(folder_id: str) -> None:
        for item in sorted(world.anna.everything()) if not is_over else ():
            if chance.random() < 0.1:
                world.anna.user_moves(item, chance.choice(PLACES))

    busy(world, move)
    number = world.opened()
    find(world.office, number)
    is_over = True
    theirs = {i: f for i, f in world.anna.everything().items() if world.anna.item(i).message.from_ == PIET}
    assert found(world, number) == theirs
    assert findings_of(world.office.open_file(number)).messages >= 30
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, "bert")
    assert perform(world.office, number).counts == {ItemState.ERASED: 15}
    assert prove(world.office, number).passed


def test_a_search_that_was_broken_off_knows_what_it_had_listed(world: World) -> None:
    """By another process: nothing is compared twice, and what moved into a folder listed before is found."""
    for n in range(6):
        mail(world.anna, PLACES[n % 3], from_=BERT, subject=str(n))
    _, item = mail(world.anna, WellKnown.ARCHIVE, from_=PIET)
    broken, archive = [True], world.anna.folder(WellKnown.ARCHIVE).id

    def fail_in_the_archive(folder_id: str) -> None:
        if folder_id == archive and broken:
            broken.clear()
            raise Unreachable("No answer.")

    busy(world, fail_in_the_archive)
    number = world.opened()
    with pytest.raises(Unreachable):
        find(world.office, number)
    moved = world.anna.user_moves(item, WellKnown.INBOX)
    find(world.office, number)
    assert found(world, number) == {moved: world.anna.folder(WellKnown.INBOX).id}
    assert findings_of(world.office.open_file(number)).messages == 7
