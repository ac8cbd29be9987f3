"""An erasure where ids change on every move: what somebody moved meanwhile is changed, never gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.witnessed import undecided
from mailsorter.ledger.cases import Cases
from mailsorter.ledger.schema import message, step
from mailsorter.mailbox.base import SearchHits
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.step import StepKind
from tests.cases.office import PIET, World, mail
from tests.cases.signing import approve_seen
from tests.cases.test_afterwards import wait_until


def test_what_a_person_moved_after_approval_is_changed_and_not_gone(tmp_path: Path) -> None:
    world = World(tmp_path, ids_survive_moves=False)
    address, item = mail(world.anna, from_=PIET)
    number = world.approved()
    moved = world.servers[address].user_moves(item, ("Prive",))
    assert perform(world.office, number).counts == {ItemState.CHANGED: 1}
    assert moved in world.anna.everything()
    world.close()


@pytest.mark.parametrize("crashes", [False, True], ids=["at once", "with a crash behind the move"])
def test_a_kept_item_is_followed_into_the_restricted_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crashes: bool
) -> None:
    """It is the approved one still: the proof expects it there."""
    world = World(tmp_path, ids_survive_moves=False)
    mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved(restricts_kept=True)
    if crashes:
        with monkeypatch.context() as broken:
            broken.setattr(Cases, "update_items", crash)
            with pytest.raises(Crash):
                perform(world.office, number)
    assert perform(world.office, number).counts == {ItemState.KEPT: 1}
    assert list(world.anna.everything().values()) == [world.anna.folder(("Restricted",)).id]
    proof = prove(world.office, number)
    assert (proof.passed, proof.unexpected, proof.vanished) == (True, [], 0)
    world.close()


def test_a_second_round_meets_what_the_first_one_restricted(tmp_path: Path) -> None:
    """Found again under its new id, it stays where it is; the earlier round's item is the same message."""
    world = World(tmp_path, ids_survive_moves=False)
    mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved(restricts_kept=True)
    perform(world.office, number)
    mail(world.anna, from_=PIET, subject="factuur twee")
    assert not prove(world.office, number).passed
    find(world.office, number)
    make_plan(world.office, number, by="anna", restricts_kept=True)
    approve_seen(world.office, number, "bert")
    assert perform(world.office, number).is_finished
    assert set(world.anna.everything().values()) == {world.anna.folder(("Restricted",)).id}
    assert prove(world.office, number).passed
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).unfinished == ()
    assert world.everything() == {}
    world.close()


def test_two_rounds_that_kept_one_message_hinder_no_day(tmp_path: Path) -> None:
    """Somebody moved it in between: the second round kept it under another id, and it is one item."""
    world = World(tmp_path, ids_survive_moves=False)
    _, item = mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved()
    perform(world.office, number)
    world.anna.user_moves(item, ("Elders",))
    assert not prove(world.office, number).passed
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    assert prove(world.office, number).passed
    wait_until(world, "2034-01-01")
    carried = carry_on(world.office, number)
    assert (carried.unfinished, carried.counts) == ((), {ItemState.ERASED: 1})
    assert world.everything() == {}
    world.close()


class Crash(BaseException):
    """The process ends here."""


def crash(*_: object) -> None:
    raise Crash


@pytest.mark.parametrize("restricts", [False, True], ids=["where it lies", "in the restricted folder"])
def test_the_ledger_forgets_what_is_erased_whatever_ids_it_had(tmp_path: Path, restricts: bool) -> None:
    """On its way into Recoverable Items, too, which gives another; at closing, and on the day of what was kept."""
    world = World(tmp_path, ids_survive_moves=False)
    mail(world.anna, from_=PIET)
    mail(world.anna, from_=PIET, subject="factuur")
    number = world.approved(restricts_kept=restricts)
    perform(world.office, number)
    assert prove(world.office, number).passed
    write_letter(world.office, number)
    close(world.office, number)
    assert len(rows(world)) == 2 * restricts
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert rows(world) == []
    world.close()


def rows(world: World) -> list[object]:
    """Of messages, and of steps that changed any."""
    with world.ledger.reading() as unit:
        moved = select(step.c.token).where(step.c.kind != int(StepKind.ENSURE_FOLDER))
        return [*unit.connection.execute(select(message.c.token)), *unit.connection.execute(moved)]


def test_what_was_moved_is_neither_gone_nor_a_second_finding(tmp_path: Path) -> None:
    """The witness sees it under its new id: by its traces it is the approved one, which nobody has erased."""
    world = World(tmp_path, ids_survive_moves=False)
    _, item = mail(world.anna, from_=PIET)
    number = world.approved()
    world.anna.user_moves(item, ("Prive",))
    perform(world.office, number)
    proof = prove(world.office, number)
    assert proof.account is not None
    assert {bucket.value: count for bucket, count in proof.account.counts.items() if count} == {"waiting": 1}
    assert not proof.passed
    (seen,) = undecided(world.office.open_file(number))
    decide(world.office, number, [seen.finding.handle], Verdict.NOT_THEIRS, by="anna", reason="another Piet")
    proof = prove(world.office, number)  # a twin may be somebody else's mail: the approved one is not settled by that
    assert proof.account is not None
    told = {bucket.value: count for bucket, count in proof.account.counts.items() if count}
    assert told == {"changed": 1, "not-theirs": 1}
    assert not proof.passed
    world.close()


def test_what_moves_between_listing_and_search_is_one_finding(tmp_path: Path) -> None:
    """The search brings it under its new id; under the old one there is nothing any more. A copy is one of its own."""
    world = World(tmp_path, ids_survive_moves=False)
    _, item = mail(world.anna, from_=PIET)
    world.anna.user_copies(item, ("Kopie",))
    mailbox = world.mailboxes[world.anna.address]
    search = mailbox.search

    def moved_first(terms: Sequence[str]) -> SearchHits:
        if item in world.anna.everything():
            world.anna.user_moves(item, ("Prive",))
        return search(terms)

    mailbox.search = moved_first  # type: ignore[method-assign]
    found = find(world.office, world.opened())
    assert {finding.id for finding in found.findings} == set(world.anna.everything())
    assert len(found.findings) == 2
    world.close()


def test_what_the_witness_saw_and_a_person_decided_is_no_finding_when_it_is_gone(tmp_path: Path) -> None:
    """After it moved, a new search has it under its new id, and counts it once."""
    world = World(tmp_path, ids_survive_moves=False)
    mail(world.anna, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    _, item = mail(world.bert, from_=PIET)
    prove(world.office, number)
    (seen,) = undecided(world.office.open_file(number))
    decide(world.office, number, [seen.finding.handle], Verdict.ERASE, by="anna", reason="theirs")
    moved = world.bert.user_moves(item, ("Prive",))
    found = find(world.office, number)
    assert [finding.id for finding in found.findings] == [moved]
    world.close()
