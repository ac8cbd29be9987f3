"""What the brakes say of folders does not depend on which of them they look at closely."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from mailsorter.clock import SystemClock
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.places import KnownFolder
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model import brake
from mailsorter.model.brake import BrakePolicy, Look
from mailsorter.model.folder import Folder, FolderPath, FolderTree, WellKnown
from mailsorter.perform import Hands
from mailsorter.sorting.brake_memory import BrakeMemory
from mailsorter.sorting.brakes import Brakes, _deleted_ids

MINIMUM = 3


def told(
    known: Sequence[KnownFolder],
    clients: Sequence[KnownFolder],
    tree: FolderTree,
    claims: Mapping[int, int] | None,
    total: int,
) -> tuple[str, int | None] | None:
    """The rules, asked of each folder: the brake and the folder's number."""
    deleted, twice = _deleted_ids(tree), tree.of_one_name()
    for folder in clients:
        if folder.id not in tree or folder.id in deleted:
            return brake.CLIENT_FOLDER_GONE, folder.number
        if folder.id in twice:
            return brake.FOLDER_TWICE, folder.number
    looks = []
    for folder in known:
        found = tree.get(folder.id)
        before = folder.item_count if claims is None else min(folder.item_count, claims.get(folder.number, 0))
        looks.append(Look(folder.number, before, found.item_count if found else None, folder in clients))
    empty = brake.emptied(looks, total, sum(folder.item_count for folder in tree), MINIMUM)
    if empty is None:
        return None
    return (brake.MAILBOX_EMPTY, None) if empty == 0 else (brake.FOLDER_EMPTY, empty)


def recounted(
    known: Sequence[KnownFolder], tree: FolderTree, shift: Mapping[str, int]
) -> list[tuple[KnownFolder, FolderPath, int]]:
    """Where each folder is and how much it holds after a run, for those that are not as they were known."""
    found = []
    for folder in known:
        now = tree.get(folder.id)
        if now is None and not shift.get(folder.id):
            continue
        path = tree.path(folder.id) if now else folder.path
        count = max(0, (now.item_count if now else 0) + shift.get(folder.id, 0))
        if (count, path) != (folder.item_count, folder.path):
            found.append((folder, path, count))
    return found


@pytest.fixture
def brakes(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", bytes(32)) as ledger:
        with ledger.unit() as unit:
            number = unit.places.mailbox("anna@firm.example")
        hands = Hands(MemoryMailbox(), number, ledger, SystemClock())
        yield Brakes(hands, BrakePolicy(minimum=MINIMUM), rules_digest=b"1", pretend=False)


def tree_at_random(chance: random.Random, known: Sequence[KnownFolder]) -> FolderTree:
    """Mostly as it was known; now and then a folder is gone, deleted, twice, elsewhere or holds another number."""
    folders = [
        Folder(id="root", parent_id="", name="Top", well_known=WellKnown.ROOT),
        Folder(id="deleted", parent_id="root", name="Deleted Items", well_known=WellKnown.DELETED),
    ]
    for folder in known:
        dice = chance.random()
        if dice < 0.02:
            continue
        parent = "deleted" if dice < 0.04 else "f1" if dice < 0.06 and folder.id != "f1" else "root"
        name = "Same" if dice > 0.97 else folder.path[-1]
        count = 0 if 0.5 < dice < 0.6 else chance.randrange(6) if dice < 0.5 else folder.item_count
        folders.append(Folder(id=folder.id, parent_id=parent, name=name, item_count=count))
    return FolderTree("root", folders)


def test_they_say_what_the_rules_say_of_each_folder(brakes: Brakes) -> None:
    said_of = {compare(brakes, random.Random(seed)) for seed in range(500)}
    brakes_met = {brake.CLIENT_FOLDER_GONE, brake.FOLDER_TWICE, brake.FOLDER_EMPTY, brake.MAILBOX_EMPTY}
    assert said_of == {None, *brakes_met}


def compare(brakes: Brakes, chance: random.Random) -> str | None:
    """One mailbox at random, as the brakes see it and as the rules do; gives the brake."""
    known = [
        KnownFolder(i, f"f{i}", (f"Folder {i}",), i if chance.random() < 0.6 else None, chance.randrange(6))
        for i in range(1, chance.randrange(2, 15))
    ]
    clients = [folder for folder in known if folder.client]
    tree = tree_at_random(chance, known)
    claims = None if chance.random() < 0.5 else {f.number: chance.randrange(6) for f in known}
    total = chance.randrange(30)
    brakes._memory = BrakeMemory(total=total)
    said = brakes._suspect(known, clients, tree, claims)
    wanted = told(known, clients, tree, claims, total)
    assert (said and said.brake) == (wanted and wanted[0])
    if said is not None and wanted is not None and wanted[1] is not None:
        (folder,) = [folder for folder in known if folder.number == wanted[1]]
        assert (tree.path(folder.id) if said.brake == brake.FOLDER_TWICE else folder.path)[-1] in said.what
    return said.brake if said else None


def test_a_runs_end_remembers_every_folder_that_is_not_as_it_was(brakes: Brakes, monkeypatch) -> None:
    written: list[tuple[KnownFolder, FolderPath, int]] = []
    monkeypatch.setattr("mailsorter.ledger.places.Places.update_folders", lambda _, changed: written.extend(changed))
    monkeypatch.setattr("mailsorter.sorting.brakes.write_memory", lambda *_: None)
    for seed in range(200):
        chance = random.Random(seed)
        known = [
            KnownFolder(i, f"f{i}", (f"Folder {i}",), None, chance.randrange(6))
            for i in range(1, chance.randrange(2, 15))
        ]
        tree = tree_at_random(chance, known)
        brakes._shift.clear()
        brakes._shift.update({f.id: chance.randrange(-3, 3) for f in known if chance.random() < 0.3})
        written.clear()
        brakes.ended_run(tree, known)
        assert written == recounted(known, tree, brakes._shift)
