"""After the answer: closing, what falls due, what a backup brings back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailsorter.cases.carry_on import carry_on, coming_due, keep_longer
from mailsorter.cases.close import close
from mailsorter.cases.find import find
from mailsorter.cases.letter import write_letter
from mailsorter.cases.office import ClientEntry, Processor
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cli.case_work import carried_ending
from mailsorter.cli.failure import ExitCode
from mailsorter.errors import DecisionNeeded, LedgerError, LifecycleError, MailboxMoving, Refused, UserError
from mailsorter.mailbox.base import Outcome
from mailsorter.model.case import CaseKind, ItemState, Subject
from mailsorter.model.folder import WellKnown
from mailsorter.model.ground import CountedFrom, Policy
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import PIET, SUBJECT, TAX, World, mail
from tests.cases.signing import approve_seen


def answered(world: World, subject: Subject = SUBJECT) -> str:
    number = world.approved(subject)
    perform(world.office, number)
    prove(world.office, number)
    write_letter(world.office, number)
    return number


def wait_until(world: World, day: str) -> None:
    moment = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    world.clock.sleep((moment - world.clock.now()).total_seconds())


def every_byte(folder: Path) -> bytes:
    return b"".join(p.read_bytes() + p.name.encode() for p in folder.rglob("*") if p.is_file()).lower()


CANARIES = (b"piet", b"de vries", b"klant.example", b"12345678", b"uniek onderwerp", b"zeg niets", b"omdat hij")


def test_nothing_readable_of_the_person_lies_anywhere_before_or_after_closing(world: World) -> None:
    """In ledger, write-ahead log, case folder and file names; after closing the folder and its key are gone."""
    mail(world.anna, from_=PIET, subject="uniek onderwerp", text="zeg niets")
    mail(world.anna, from_=PIET, subject="uniek onderwerp factuur")
    number = answered(world)
    for moment in ("before", "after"):
        content = every_byte(world.folder)
        assert [c for c in CANARIES if c in content] == [], moment
        if moment == "before":
            assert (world.folder / "cases" / number / "subject.sealed").exists()
            closed = close(world.office, number)
    assert closed.files.naming == []
    assert not (world.folder / "cases" / number).exists()
    assert world.office.get(number).state is CaseState.CLOSED


def test_the_ledger_forgets_the_person_s_rows(world: World) -> None:
    """Message and step rows of erased mail go; the kept item keeps its opaque row."""
    _, erased = mail(world.anna, from_=PIET)
    _, kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    box = world.office.mailbox_numbers()[world.anna.address]
    with world.ledger.reading() as unit:
        tokens = [unit.messages.token(box, i) for i in (erased, kept)]
        assert unit.steps.of_message(tokens[0])
    close(world.office, number)
    with world.ledger.reading() as unit:
        assert unit.messages.row(tokens[0]) is None
        assert unit.steps.of_message(tokens[0]) == []
        assert [i.token for i in unit.cases.items(number)] == [tokens[1]]
        assert unit.audit.verify() is None


def test_closing_twice_says_so_and_closing_half_is_finished(world: World) -> None:
    """A crash between the ledger and the case file: called again, the file goes."""
    number = answered(world)
    close(world.office, number)
    with pytest.raises(UserError, match="closed already"):
        close(world.office, number)
    (world.folder / "cases" / number).mkdir()
    (world.folder / "cases" / number / "key").write_bytes(b"left")
    close(world.office, number)
    assert not (world.folder / "cases" / number).exists()


def test_closing_that_could_not_compact_the_ledger_is_finished_by_the_next_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the deleted rows lie in the database's free pages until it was compacted, and that is not closed."""
    world.change(firm=dataclasses.replace(world.firm, processors=(Processor("Back-upfirma"),)))
    number = answered(world)
    with monkeypatch.context() as full, pytest.raises(LedgerError):
        full.setattr(world.ledger, "compact", _no_space)
        close(world.office, number)
    compacted = []
    monkeypatch.setattr(world.ledger, "compact", lambda: compacted.append(number))
    assert close(world.office, number).remind == ("Back-upfirma",)
    assert compacted == [number]
    assert not (world.folder / "cases" / number).exists()


def _no_space() -> None:
    raise LedgerError("The ledger cannot be written: the disk is full.")


KLANT = ClientEntry(id="klant", name="Klant", folder=("Klant",), domains=("klant.example",))


@pytest.mark.parametrize("book", [{}, {"klant": dataclasses.replace(KLANT, domains=())}], ids=["removed", "edited"])
def test_a_client_taken_out_of_the_book_as_the_proof_advises_is_still_looked_for(
    world: World, book: dict[str, ClientEntry]
) -> None:
    """What the search took for the client's is the client's to the end: no later proof is blind, and closing works."""
    world.change(clients={"klant": KLANT})
    mail(world.anna, from_=PIET)
    number = world.approved(Subject(client_id="klant"), CaseKind.CLIENT_LEAVES)
    perform(world.office, number)
    world.change(clients=book)
    assert prove(world.office, number).passed
    write_letter(world.office, number)
    mail(world.bert, from_=PIET)
    assert not prove(world.office, number).passed
    with pytest.raises(DecisionNeeded, match="1 message names the person"):
        close(world.office, number)
    assert close(world.office, number, leave_open="the client comes back").rows_forgotten > 0


def test_an_unanswered_case_is_not_closed(world: World) -> None:
    with pytest.raises(LifecycleError):
        close(world.office, world.opened())


@pytest.mark.parametrize("is_closed", [False, True])
def test_kept_mail_goes_on_its_day_and_not_before(world: World, is_closed: bool) -> None:
    """Under the same approval, for open and closed cases alike; the letter says to the end of that day."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    other = mail(world.anna, subject="factuur")
    number = answered(world)
    if is_closed:
        close(world.office, number)
    wait_until(world, "2033-12-31")
    assert carry_on(world.office, number).due == 0
    assert coming_due(world.office) == {number: 1}
    assert kept in world.everything()
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert set(world.everything()) == {other}
    assert carry_on(world.office, number).due == 0


def test_a_kept_message_that_was_moved_is_still_found(world: World) -> None:
    """Its id survives a move; where ids change, its digests find it, and two that fit are left for a person."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    world.anna.user_moves(kept[1], ("Elders",))
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}


def test_a_kept_message_with_another_id_is_found_by_its_digests(world: World) -> None:
    """Exported and imported again: new id, same search key, msg-id and date."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    copy = world.anna.user_copies(kept[1], ("Elders",))
    world.anna.user_destroys(kept[1])
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert (world.anna.address, copy) not in world.everything()


def test_two_that_fit_and_none_that_fits_are_for_a_person(world: World) -> None:
    """Not found means look, never done; two copies mean look as well."""
    lost, twice = (mail(world.anna, from_=PIET, subject=f"factuur {n}") for n in (1, 2))
    number = answered(world)
    world.anna.user_destroys(lost[1])
    copies = [world.anna.user_copies(twice[1], ("Elders",)) for _ in range(2)]
    world.anna.user_destroys(twice[1])
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.LOOK: 2}
    assert {(world.anna.address, c) for c in copies} <= set(world.everything())


def test_a_ground_of_today_keeps_longer(world: World) -> None:
    """The rules are read again on the day: what a new ground protects is not erased."""
    kept = mail(world.anna, from_=PIET, subject="factuur onroerend goed")
    number = answered(world)
    rules = (TAX, dataclasses.replace(TAX, code="property", years=9))
    firm = dataclasses.replace(world.firm, policy=dataclasses.replace(world.firm.policy, rules=rules))
    world.change(firm=firm)
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).kept_longer == 1
    assert kept in world.everything()
    wait_until(world, "2036-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}


def test_a_contract_that_ended_since_keeps_longer(world: World) -> None:
    """Counted from the end of the relation: planned while it ran, due when the client book names its end."""
    rule = dataclasses.replace(TAX, counted_from=CountedFrom.RELATION_END)
    klant = ClientEntry(id="klant", name="Klant", folder=("Klant",))
    world.change(firm=dataclasses.replace(world.firm, policy=Policy(rules=(rule,))), clients={"klant": klant})
    world.anna.user_creates_folder(WellKnown.ROOT, "Klant")
    kept = mail(world.anna, ("Klant",), from_=PIET, subject="factuur")
    number = answered(world)
    ended = dataclasses.replace(klant, contract_ended_on=date(2030, 5, 1))
    world.change(clients={"klant": ended})
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).kept_longer == 1
    assert kept in world.everything()
    wait_until(world, "2038-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}


def test_a_message_of_new_year_s_night_belongs_to_the_year_that_has_begun_at_the_firm(world: World) -> None:
    """Half past midnight in Amsterdam is still the old year in UTC: counted there it would go a year too early."""
    world.change(zone=ZoneInfo("Europe/Amsterdam"))
    arrived = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    kept = mail(world.anna, from_=PIET, subject="factuur", received_at=arrived)
    number = answered(world)
    with world.ledger.reading() as unit:
        assert [item.until for item in unit.cases.items(number)] == [date(2033, 12, 31)]
    assert kept in world.everything()


def test_a_person_may_keep_what_is_due(world: World) -> None:
    """With a reason and a new day, which is in the audit chain as a count."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    wait_until(world, "2034-01-01")
    assert keep_longer(world.office, number, date(2035, 1, 1), "a claim is pending") == 1
    assert carry_on(world.office, number).due == 0
    assert kept in world.everything()


def test_a_later_letter_tells_what_stays_by_then_and_until_when(world: World) -> None:
    """One kept message was erased on its day, another got a new day since the first letter."""
    mail(world.anna, from_=PIET, subject="factuur", received_at=datetime(2019, 6, 1, tzinfo=UTC))
    mail(world.anna, from_=PIET, subject="factuur", received_at=datetime(2020, 6, 1, tzinfo=UTC))
    number = answered(world)
    wait_until(world, "2027-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    wait_until(world, "2028-01-01")
    keep_longer(world.office, number, date(2035, 5, 31), "a claim is pending")
    text = write_letter(world.office, number).text
    assert "1 bericht bewaren wij tot en met 31 mei 2035" in text
    assert "december 2026" not in text
    assert "december 2027" not in text


def test_held_items_are_finished_when_the_hold_is_gone(world: World) -> None:
    """A hold is reported, not retried; afterwards `continue` or a new proof ends it."""
    held = mail(world.anna, from_=PIET)
    world.anna.hold([held[1]])
    number = world.approved()
    assert perform(world.office, number).counts == {ItemState.HELD: 1}
    proof = prove(world.office, number)
    assert (proof.passed, proof.certificate["outcome"]) == (False, "not-proven")
    assert proof.certificate["remainders"][0]["why"] == "held"
    assert carry_on(world.office, number).counts == {ItemState.HELD: 1}
    world.anna.item(held[1]).is_held = False
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert prove(world.office, number).certificate["items"] == {"erased": 1}


def test_a_later_proof_sees_that_exchange_s_retention_has_ended(world: World) -> None:
    """What lay in Purges until a day is gone then, and the certificate says so."""
    key = mail(world.anna, from_=PIET)
    number = world.approved()
    world.change(open_eraser=None)
    perform(world.office, number)
    prove(world.office, number)
    write_letter(world.office, number)
    wait_until(world, "2026-12-24")
    assert carry_on(world.office, number).counts == {ItemState.RETAINED: 1}
    world.anna.user_destroys(key[1])
    again = prove(world.office, number)
    assert again.certificate["items"] == {"erased": 1}
    assert again.certificate["remainders"] == []


def test_what_lies_in_a_mailbox_that_a_later_round_left_out_is_not_proven_gone(world: World) -> None:
    """Taken out of the config, or an archive that cannot be asked any more: nobody looked there."""
    mail(world.bert, from_=PIET)
    number = world.approved()
    world.change(open_eraser=None)
    perform(world.office, number)
    world.change(mailboxes=(world.anna.address,))
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    assert prove(world.office, number).certificate["items"] == {"retained": 1}


class NoAnswer:
    """A mailbox that can be read, and whose deletes cannot be asked for now."""

    def __init__(self, mailbox: Any) -> None:
        self._mailbox = mailbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mailbox, name)

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        raise MailboxMoving("Exchange is moving the mailbox.")


def test_closing_keeps_what_continuing_was_broken_off_at(world: World) -> None:
    """Its day has come and the mailbox was away: the case is closed in between, and `continue` goes on all the same."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    wait_until(world, "2034-01-01")
    world.wrap = NoAnswer
    assert carry_on(world.office, number).counts == {ItemState.PENDING: 1}
    assert close(world.office, number, leave_open="to be finished later").kept == 1
    world.wrap = lambda mailbox: mailbox
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert kept not in world.everything()


class Refuses(NoAnswer):
    """A mailbox whose deletes Exchange refuses for good."""

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        return [Refused("It does not want to.", code="ErrorCannotDeleteObject") for _ in ids]


def test_what_exchange_refuses_on_its_day_stays_due_in_a_closed_case(world: World) -> None:
    """No case is left to find and plan it in: forgotten now, it would stay for ever, and nobody would be told."""
    kept = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    close(world.office, number)
    wait_until(world, "2034-01-01")
    world.wrap = Refuses
    carried = carry_on(world.office, number)
    assert carried.counts == {ItemState.FAILED: 1}
    assert carried_ending(carried) is ExitCode.PARTLY
    assert coming_due(world.office) == {number: 1}
    world.wrap = lambda mailbox: mailbox
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    assert kept not in world.everything()


def test_closing_keeps_what_a_person_must_look_for(world: World) -> None:
    """As `continue` does in a closed case: two that fit are for a person, before closing and after."""
    twice = mail(world.anna, from_=PIET, subject="factuur")
    number = answered(world)
    for _ in range(2):
        world.anna.user_copies(twice[1], ("Elders",))
    world.anna.user_destroys(twice[1])
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).counts == {ItemState.LOOK: 1}
    assert close(world.office, number, leave_open="to be finished later").kept == 1


def test_ten_years_every_kept_item_goes_on_its_day(world: World) -> None:
    """Month by month: none before its day, none after."""
    due: dict[tuple[str, str], date] = {}
    for year in range(2019, 2027):
        key = mail(
            world.anna, from_=PIET, subject="factuur", received_at=datetime(year, 6, 1, tzinfo=UTC),
            internet_message_id=f"<{year}@klant.example>",
        )  # fmt: skip
        due[key] = date(year + 8, 1, 1)
    mail(world.anna, WellKnown.SENT)
    number = answered(world)
    close(world.office, number)
    gone_on: dict[tuple[str, str], date] = {}
    while (today := world.office.today()) < date(2036, 11, 23):
        there = set(world.everything())
        if number in coming_due(world.office, days=0):
            carry_on(world.office, number)
        gone_on |= {key: today for key in there - set(world.everything())}
        world.clock.sleep(timedelta(days=1).total_seconds())
    assert gone_on == due


def test_restored_mail_is_known_again(world: World) -> None:
    """A backup gives the erased message a new id; its tombstone recognises it until the horizon has passed."""
    key = mail(world.anna, from_=PIET)
    copy = world.anna.user_copies(key[1], ("Elders",))
    restored = world.anna.item(copy).message
    world.anna.user_destroys(copy)
    close(world.office, answered(world))
    with world.ledger.reading() as unit:
        assert unit.tombstones.risen([restored]) == [restored]
        assert unit.tombstones.forgotten_cases([PIET.address]) == {PIET.address: "2026-0001"}
    wait_until(world, "2027-03-01")
    with world.ledger.reading() as unit:
        assert unit.tombstones.risen([restored]) == []


@pytest.mark.parametrize("seen_by", ["perform", "prove", "continue"])
def test_mail_that_went_without_us_is_known_again_too(world: World, seen_by: str) -> None:
    """Deleted by its owner before we came, or held and gone when the hold was lifted: a backup may still have it."""
    key = mail(world.anna, from_=PIET)
    restored = world.anna.item(key[1]).message
    number = world.approved()
    if seen_by != "perform":
        world.anna.hold([key[1]])
        assert perform(world.office, number).counts == {ItemState.HELD: 1}
    world.anna.user_destroys(key[1])
    if seen_by == "perform":
        assert perform(world.office, number).counts == {ItemState.GONE: 1}
    elif seen_by == "prove":
        assert prove(world.office, number).certificate["items"] == {"erased": 1}
    else:
        assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}
    with world.ledger.reading() as unit:
        assert unit.tombstones.risen([restored]) == [restored]
