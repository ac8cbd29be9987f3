"""The request itself and what answers it stay; older mail of its thread, and other people's numbers, do not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from mailsorter.cases.approve import check_approved
from mailsorter.cases.correspondence import likely_request, name_request, reference_of
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.written import LetterKind
from mailsorter.errors import UserError
from mailsorter.model.case import CaseKind, PlanItem, Verdict
from mailsorter.model.folder import WellKnown
from tests.cases.office import NOW, PIET, SUBJECT, World, mail, replaced
from tests.cases.tenant import tenant
from tests.cases.test_commands import GROUND, Desk
from tests.cases.test_commands import PIET as OUTSIDE

REQUEST = "<verzoek@klant.example>"
ASKED = NOW - timedelta(days=3)


def planned(world: World, **subject: object) -> dict[str, PlanItem]:
    """The list of a case that was received three days ago, by the subject of each item."""
    wanted = replaced(SUBJECT, **subject)
    number = open_case(world.office, CaseKind.ERASURE, wanted, received_on=ASKED.date()).number
    attest(world.office, number, "known")
    find(world.office, number)
    return {item.finding.subject: item for item in make_plan(world.office, number, by="anna").items}


def test_the_request_and_what_answers_it_stay_to_one_day(world: World) -> None:
    """Whenever each came. Older mail of the thread is ordinary mail of the person."""
    thread = {"conversation_id": "draad"}
    mail(world.anna, from_=PIET, subject="offerte", received_at=ASKED - timedelta(days=200), **thread)
    mail(
        world.anna, from_=PIET, subject="RE: offerte, wis mijn gegevens", received_at=ASKED,
        internet_message_id=REQUEST, **thread,
    )  # fmt: skip
    mail(world.anna, WellKnown.SENT, to=(PIET,), subject="RE: RE: offerte", received_at=NOW, **thread)
    items = planned(world, request_message_id=REQUEST)
    assert {s: i.reason for s, i in items.items()} == {
        "offerte": "author",
        "RE: offerte, wis mijn gegevens": "case-correspondence",
        "RE: RE: offerte": "case-correspondence",
    }
    days = {i.ground.until for i in items.values() if i.ground is not None}
    assert days == {ASKED.date() + timedelta(days=1825)}


def test_only_the_tag_marks_mail_of_the_case(world: World) -> None:
    """A number can be guessed, or stand in a subject by chance."""
    mail(world.anna, from_=PIET, subject="project 2026-0001 loopt")
    mail(world.anna, from_=PIET, subject="over [MS-2026-0001-aaaa]")
    number = open_case(world.office, CaseKind.ERASURE, SUBJECT).number
    reference = reference_of(world.office.open_file(number), number)
    assert reference.startswith(f"[MS-{number}-")
    mail(world.anna, from_=PIET, subject=f"RE: uw verzoek {reference.upper()}")
    attest(world.office, number, "known")
    find(world.office, number)
    kept = [i.finding.subject for i in make_plan(world.office, number, by="anna").items if i.verdict is Verdict.KEEP]
    assert kept == [f"RE: uw verzoek {reference.upper()}"]


def test_two_cases_have_two_tags(world: World) -> None:
    """Four letters at random: of twenty cases no two are alike by plan."""
    references = set()
    for _ in range(20):
        number = open_case(world.office, CaseKind.ERASURE, SUBJECT).number
        references.add(reference_of(world.office.open_file(number), number)[-5:])
    assert len(references) > 15


def test_in_a_case_of_an_earlier_version_the_number_counts_once_it_was_open(world: World) -> None:
    """It has no tag: mail from before it was opened cannot be about it."""
    mail(world.anna, from_=PIET, subject="2026-0001: oud", received_at=NOW - timedelta(days=1))
    mail(world.anna, from_=PIET, subject="RE: zaak 2026-0001", received_at=NOW + timedelta(minutes=1))
    with world.ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
    world.office.create_file(number).write("subject", SUBJECT)
    attest(world.office, number, "known")
    find(world.office, number)
    items = make_plan(world.office, number, by="anna").items
    assert {i.finding.subject: i.verdict for i in items} == {
        "2026-0001: oud": Verdict.ERASE, "RE: zaak 2026-0001": Verdict.KEEP,
    }  # fmt: skip


def test_what_may_be_the_request_is_offered_and_not_erased_unasked(world: World) -> None:
    """Nobody named it; it waits for a person. Named, it stays, and the list of before is good for nothing."""
    mail(world.anna, from_=PIET, subject="Verzoek: verwijder mijn persoonsgegevens", received_at=ASKED)
    mail(world.anna, from_=PIET, subject="Verwijder mijn gegevens", received_at=ASKED - timedelta(days=400))
    mail(world.anna, from_=PIET, subject="lunch", received_at=ASKED)
    items = planned(world)
    assert items["Verzoek: verwijder mijn persoonsgegevens"].reason == "perhaps-the-request"
    assert items["Verwijder mijn gegevens"].verdict is Verdict.ERASE
    assert items["lunch"].verdict is Verdict.ERASE
    number = "2026-0001"
    offered = likely_request(world.office, number)
    assert offered is not None
    assert offered.subject == "Verzoek: verwijder mijn persoonsgegevens"
    with pytest.raises(UserError, match=f"case review {number}"):
        name_request(world.office, number, "0123456789")
    name_request(world.office, number, offered.handle)
    with pytest.raises(UserError, match=f"case plan {number}"):
        check_approved(world.office, world.office.get(number), world.office.open_file(number))
    make_plan(world.office, number, by="anna")
    kept = [i for i in plan_of(world.office.open_file(number)).items if i.verdict is Verdict.KEEP]
    assert [i.finding.key for i in kept] == [offered.key]
    assert likely_request(world.office, number) is None


def test_the_letter_counts_the_correspondence_and_names_its_day(world: World) -> None:
    """The day of the list, whenever the letter is written."""
    mail(world.anna, from_=PIET, subject="wis mij", internet_message_id=REQUEST, received_at=NOW)
    mail(world.anna, from_=PIET, subject="lunch")
    number = world.approved(replaced(SUBJECT, request_message_id=REQUEST))
    perform(world.office, number)
    prove(world.office, number)
    world.clock.sleep(20 * 86400.0)
    letter = write_letter(world.office, number)
    assert letter.kind is LetterKind.DONE
    (kept,) = [i for i in plan_of(world.office.open_file(number)).items if i.ground is not None]
    assert kept.ground is not None
    assert kept.ground.until == date(2031, 11, 22)
    assert "22 november 2031" in letter.text
    assert reference_of(world.office.open_file(number), number) in letter.text


def test_erase_takes_all_of_it(tmp_path: Path) -> None:
    """`--request`, `--received` and `--objects` at once or on a later call; what may be the request is offered."""
    with tenant(tmp_path, extra=GROUND) as firm:
        desk = Desk(firm)
        firm.put(firm.mailboxes[0], from_=OUTSIDE, subject="Verwijder mijn gegevens", message_id=REQUEST)
        first = desk.json(
            "erase", OUTSIDE.address, "--known", "bekend", "--received", "2026-11-20", "--objects", code=4
        )
        assert first["steps"][1]["likely_request"]["subject"] == "Verwijder mijn gegevens"
        assert first["steps"][1]["counts"]["look"] == 1
        shown = desk.json("case", "show", first["case"])
        assert (shown["received_on"], shown["request"]) == ("2026-11-20", None)
        again = desk.json("erase", OUTSIDE.address, "--request", REQUEST, code=4)
        assert again["steps"][0]["counts"] == {"erase": 0, "keep": 1, "look": 0, "not-theirs": 0}
        assert desk.json("case", "show", first["case"])["request"] == REQUEST
