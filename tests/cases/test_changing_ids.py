"""An erasure where ids change on every move: what somebody moved meanwhile is changed, never gone."""

from __future__ import annotations

from pathlib import Path

from mailsorter.cases.perform import perform
from mailsorter.model.case import ItemState
from tests.cases.office import PIET, World, mail


def test_what_a_person_moved_after_approval_is_changed_and_not_gone(tmp_path: Path) -> None:
    world = World(tmp_path, ids_survive_moves=False)
    address, item = mail(world.anna, from_=PIET)
    number = world.approved()
    moved = world.servers[address].user_moves(item, ("Prive",))
    assert perform(world.office, number).counts == {ItemState.CHANGED: 1}
    assert moved in world.anna.everything()
    world.close()
