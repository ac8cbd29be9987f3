"""A tree that shares what an earlier one has worked out answers as if it had worked it out itself."""

from __future__ import annotations

import random

import msgspec
import pytest

from mailsorter.model.folder import Folder, FolderTree, WellKnown

NAMES = ("Klanten", "klanten", "Acme", "ACME", "Beta")
KINDS = ("counts", "counts", "counts", "name", "parent", "search", "well known", "new", "gone", "order")


def folders_at_random(chance: random.Random) -> list[Folder]:
    """Folders below each other at random, some of one name."""
    found = [Folder(id="root", parent_id="", name="Top", well_known=WellKnown.ROOT)]
    found += [
        Folder(
            id=f"f{i}", parent_id=chance.choice(["root", "root", *(f"f{j}" for j in range(i))]),
            name=chance.choice(NAMES), is_search=chance.random() < 0.2, item_count=chance.randrange(3),
            well_known=WellKnown.DELETED if i == 1 else None,
        )
        for i in range(chance.randrange(2, 9))
    ]  # fmt: skip
    return found


def changed(chance: random.Random, folders: list[Folder], kind: str) -> list[Folder]:
    """The folders after one such change to one of them."""
    which = chance.randrange(1, len(folders))
    now = list(folders)
    other = {
        "counts": {"item_count": chance.randrange(3), "child_count": chance.randrange(3)},
        "name": {"name": "Gamma"},
        "parent": {"parent_id": chance.choice(["root", *(f.id for f in folders if f.id < folders[which].id)])},
        "search": {"is_search": not folders[which].is_search},
        "well known": {"well_known": WellKnown.JUNK},
    }.get(kind, {})
    now[which] = msgspec.structs.replace(folders[which], **other)
    if kind == "new":
        now.append(Folder(id="another", parent_id="root", name=chance.choice(NAMES)))
    elif kind == "gone":
        del now[which]
    elif kind == "order":
        now.append(now.pop(which))
    return now


def answers(tree: FolderTree, ids: set[str]) -> list[object]:
    """Everything that a tree can be asked, Folders with what they hold."""
    per_folder = [
        (
            tree.get(i), i in tree, tree.children(i), tree.path(i), tree.within(i), list(tree.upwards(i)),
            [tree.named(i, name) for name in NAMES], tree.lies_within(i, "f1"),
        )
        for i in sorted(ids)
    ]  # fmt: skip
    known = [tree.well_known(name) for name in WellKnown]
    found = [tree.find(path) for path in [(), *((n,) for n in NAMES), *((n, m) for n in NAMES for m in NAMES)]]
    return [list(tree), len(tree), tree.item_count, sorted(tree.ids), tree.of_one_name(), per_folder, known, found]


@pytest.mark.parametrize("seed", range(40))
def test_a_tree_answers_the_same_whether_it_shares_or_not(seed: int) -> None:
    chance = random.Random(seed)
    folders = folders_at_random(chance)
    before = FolderTree("root", folders)
    for _ in range(15):
        kind = chance.choice(KINDS)
        folders = changed(chance, folders, kind) if len(folders) > 2 else folders_at_random(chance)
        ids = {folder.id for folder in folders} | {folder.id for folder in before} | {"nowhere"}
        if chance.random() < 0.7:
            answers(before, ids)  # what was worked out is there to be shared
        tree = FolderTree("root", folders)
        tree.share(before)
        assert answers(tree, ids) == answers(FolderTree("root", folders), ids), kind
        before = tree


def test_counts_alone_are_no_reason_to_work_everything_out_again() -> None:
    folders = folders_at_random(random.Random(0))
    before, alike = FolderTree("root", folders), [msgspec.structs.replace(f, item_count=9) for f in folders]
    assert FolderTree("root", alike).share(before)
    renamed = [*folders[:-1], msgspec.structs.replace(folders[-1], name="Gamma")]
    assert not FolderTree("root", renamed).share(before)


def test_folders_in_a_circle_end_every_walk() -> None:
    """Exchange makes none; a damaged answer that tells of some must not hang a run."""
    around = {"one": "three", "two": "one", "three": "two", "alone": "alone"}
    tree = FolderTree("root", [Folder(id=i, parent_id=parent, name=i.title()) for i, parent in around.items()])
    assert [folder.id for folder in tree.within("one")] == ["one", "two", "three"]
    assert [folder.id for folder in tree.upwards("one")] == ["one", "three", "two"]
    assert [folder.id for folder in tree.within("alone")] == ["alone"]
    assert not tree.lies_within("one", "alone")
    assert tree.path("two") == ("Three", "One", "Two")
