"""The ledger's key is replaced in the middle of a case: everything of before is honoured, and nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.checking.difference import Kind
from mailsorter.cli.former_keys import key_words, state_data
from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.former import UnderFormerKey, under_former_keys
from mailsorter.ledger.keys import LedgerKey
from mailsorter.model.case import CaseKind, ItemState, Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Message
from tests.cases.office import KEY, NEW_KEY, PIET, SUBJECT, World, mail
from tests.cases.signing import approve_seen
from tests.cases.test_afterwards import CANARIES, every_byte, wait_until

NUMBER = "2026-0001"


class Crash(BaseException):
    """The process ends here."""


def decided(world: World) -> None:
    plan = make_plan(world.office, NUMBER, by="anna")
    decide(
        world.office, NUMBER, [i.finding.handle for i in plan.undecided], Verdict.ERASE, by="anna", reason="omdat hij"
    )
    assert not make_plan(world.office, NUMBER, by="anna").undecided


def begun(world: World) -> None:
    """Performing ends after what was approved has left the folders, and before Recoverable Items is looked through."""
    world.mailboxes[world.anna.address].fail_next("delete_hard", Crash())
    with pytest.raises(Crash):
        perform(world.office, NUMBER)


STAGES: dict[str, Callable[[World], object]] = {
    "opened": lambda w: open_case(w.office, CaseKind.ERASURE, SUBJECT),
    "verified": lambda w: attest(w.office, NUMBER, "known by voice"),
    "found": lambda w: find(w.office, NUMBER),
    "decided": decided,
    "approved": lambda w: approve_seen(w.office, NUMBER, "bert"),
    "begun": begun,
    "performed": lambda w: perform(w.office, NUMBER),
    "proven": lambda w: prove(w.office, NUMBER),
    "answered": lambda w: write_letter(w.office, NUMBER),
    "closed": lambda w: close(w.office, NUMBER),
}


def under_old(world: World) -> list[str]:
    """Why the old key is still needed; [] when it may go."""
    with world.ledger.reading() as unit:
        (under,) = under_former_keys(unit.connection, unit.now_s)
    return under.reasons


def opens_with_the_new_key_alone(world: World) -> bool:
    alone = LedgerKey(NEW_KEY, world.ledger.key.generation)
    file = CaseFile.open(world.office.folder, NUMBER, lambda sealed: alone.open(sealed, f"case key {NUMBER}", bytes))
    return bool(file.parts())


@pytest.fixture(params=[True, False], ids=["stable ids", "changing ids"])
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, ids_survive_moves=request.param)
    yield world
    world.close()


@pytest.mark.parametrize("is_checked", [False, True], ids=["at once", "rekeyed"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_case_goes_on_under_another_key(firm: World, stage: str, is_checked: bool) -> None:
    """Replaced after any step: the rest takes exactly what was approved; what is kept goes on its day."""
    mail(firm.anna, from_=PIET, subject="uniek onderwerp", text="zeg niets")
    mail(firm.bert, WellKnown.SENT, to=(PIET,))
    mail(firm.bert, WellKnown.RECOVERABLE_PURGES, from_=PIET)
    mail(firm.bert, subject="over Piet de Vries", text="vraag het Piet de Vries")
    kept = mail(firm.anna, from_=PIET, subject="factuur")
    others = {mail(firm.anna, subject="factuur"), mail(firm.bert), mail(firm.bert, WellKnown.RECOVERABLE_PURGES)}
    done = list(STAGES).index(stage) + 1
    for step in list(STAGES.values())[:done]:
        step(firm)
    firm.open_with(NEW_KEY, KEY)
    if is_checked:
        firm.check()
        assert stage == "closed" or opens_with_the_new_key_alone(firm)
    for step in list(STAGES.values())[done:]:
        step(firm)
    assert set(firm.everything()) == others | {kept}
    assert firm.office.get(NUMBER).state is CaseState.CLOSED
    content = every_byte(firm.folder)
    assert [c for c in (*CANARIES, KEY, NEW_KEY) if c in content] == []
    wait_until(firm, "2027-03-01")  # the backup horizon has passed
    firm.check()
    assert under_old(firm) == []
    firm.open_with(NEW_KEY)
    wait_until(firm, "2033-12-31")
    assert carry_on(firm.office, NUMBER).due == 0
    wait_until(firm, "2034-01-01")
    assert carry_on(firm.office, NUMBER).counts == {ItemState.ERASED: 1}
    assert set(firm.everything()) == others
    with firm.ledger.reading() as unit:
        assert unit.audit.verify() is None


@pytest.mark.parametrize("is_checked", [False, True], ids=["at once", "rekeyed"])
def test_what_lay_in_recoverable_items_before_stays_whichever_key_wrote_it_down(firm: World, is_checked: bool) -> None:
    """A copy of an approved message that somebody purged before we began is not ours to delete for good."""
    address, item = mail(firm.anna, from_=PIET)
    for stage in ("opened", "verified", "found", "decided", "approved"):
        STAGES[stage](firm)
    lay_there = (address, firm.anna.user_copies(item, WellKnown.RECOVERABLE_PURGES))
    STAGES["begun"](firm)
    firm.open_with(NEW_KEY, KEY)
    if is_checked:
        firm.check()
    assert perform(firm.office, NUMBER).is_finished
    assert set(firm.everything()) == {lay_there}


def test_a_closed_case_s_erasure_that_was_broken_off_is_finished_when_the_old_key_is_gone(firm: World) -> None:
    """What was kept fell due; its copy that somebody purged before is not ours to delete for good here either."""
    address, item = mail(firm.anna, from_=PIET, subject="factuur")
    for step in STAGES.values():
        if step is not begun:
            step(firm)
    wait_until(firm, "2034-01-01")
    lay_there = (address, firm.anna.user_copies(item, WellKnown.RECOVERABLE_PURGES))
    firm.mailboxes[address].fail_next("delete_hard", Crash())
    with pytest.raises(Crash):
        carry_on(firm.office, NUMBER)
    firm.open_with(NEW_KEY, KEY)
    firm.check()
    assert under_old(firm) == []
    firm.open_with(NEW_KEY)
    assert carry_on(firm.office, NUMBER).counts == {ItemState.ERASED: 1}
    assert set(firm.everything()) == {lay_there}


def restored(world: World, message: Message) -> str:
    """The message as a backup of the mailbox brings it back: under another id."""
    return world.anna.deliver(
        ("Restored",), from_=message.from_, subject=message.subject, received_at=message.received_at,
        internet_message_id=message.internet_message_id, search_key=message.search_key,
    )  # fmt: skip


def risen(world: World) -> list[str]:
    return [d.message for s in world.check() for d in s.details if d.kind is Kind.RISEN]


@pytest.mark.parametrize("erased_under", [KEY, NEW_KEY], ids=["old key", "new key"])
def test_erased_mail_that_is_restored_is_recognised_and_erased_again(world: World, erased_under: bytes) -> None:
    _, item = mail(world.anna, from_=PIET)
    message = world.anna.item(item).message
    stages = list(STAGES.values())
    for step in stages[: 4 if erased_under is NEW_KEY else len(stages)]:
        step(world)
    world.open_with(NEW_KEY, KEY)
    world.check()
    if erased_under is NEW_KEY:
        for step in stages[4:]:
            step(world)
        world.check()
        assert under_old(world) == [], "its tombstone is under the new key"
        world.open_with(NEW_KEY)
    else:
        assert under_old(world) == ["2 tombstones under it, the last until 2027-02-21"], "the message and the person"
        with pytest.raises(LedgerUnreadable, match="still needs the key"):
            world.open_with(NEW_KEY)
        world.open_with(NEW_KEY, KEY)
    back = restored(world, message)
    assert risen(world) == [back]
    again = world.approved()
    assert perform(world.office, again).counts == {ItemState.ERASED: 1}
    assert risen(world) == []
    assert restored(world, message) in risen(world), "and the second erasure has a tombstone of its own"


def test_what_was_erased_again_is_known_when_the_old_key_is_gone(world: World) -> None:
    """The first tombstone ends and its key goes; the second erasure's, under the new key, stands on."""
    _, item = mail(world.anna, from_=PIET)
    message = world.anna.item(item).message
    for step in STAGES.values():
        step(world)
    world.open_with(NEW_KEY, KEY)
    wait_until(world, "2027-02-01")
    restored(world, message)
    assert perform(world.office, world.approved()).counts == {ItemState.ERASED: 1}
    wait_until(world, "2027-03-01")
    world.check()
    assert under_old(world) == []
    world.open_with(NEW_KEY)
    back = restored(world, message)
    assert risen(world) == [back]


def test_an_open_case_whose_file_is_not_there_holds_the_old_key(world: World) -> None:
    """Its folder was moved: it is not taken for closed, the check says which case, and the next one goes on."""
    STAGES["opened"](world)
    world.open_with(NEW_KEY, KEY)
    place = world.office.folder / NUMBER
    place.rename(world.folder / "elsewhere")
    world.check()
    (under,) = former_of(world)
    assert (under.rekeyed_s, under.case_files) == (None, {NUMBER: "case-file-missing"})
    told = "\n".join(key_words([state_data(under)]))
    assert f"{NUMBER} (case-file-missing)" in told
    (world.folder / "elsewhere").rename(place)
    world.check()
    (under,) = former_of(world)
    assert (under.rekeyed_s is None, under.case_files) == (False, {})
    assert opens_with_the_new_key_alone(world)


def test_a_case_opened_under_the_new_key_does_not_hold_the_old_one(world: World) -> None:
    """Who cannot read it need not: it was never under the old key."""
    world.open_with(NEW_KEY, KEY)
    world.clock.sleep(1)
    STAGES["opened"](world)
    (world.office.folder / NUMBER).rename(world.folder / "elsewhere")
    world.check()
    (under,) = former_of(world)
    assert (under.rekeyed_s is None, under.case_files) == (False, {})


def former_of(world: World) -> list[UnderFormerKey]:
    with world.ledger.reading() as unit:
        return under_former_keys(unit.connection, unit.now_s)
