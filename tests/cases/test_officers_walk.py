"""What an officer met who worked cases with docs/erasure.md alone: each as a test of what is printed."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailsorter.assembly import Assembly
from mailsorter.cases.calendar import due_dates
from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.find import find, findings_of
from mailsorter.cases.intake import open_case
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.sent import record_sent
from mailsorter.cases.standing import searched_coverage, standing_of
from mailsorter.cases.verify import CODE_DAYS, check_code, give_code
from mailsorter.cases.written import LetterKind, letters_of
from mailsorter.cli import case_view
from mailsorter.cli.app import app
from mailsorter.cli.case_show import show_case
from mailsorter.cli.case_work import search_ending
from mailsorter.cli.failure import ExitCode
from mailsorter.cli.voice import Voice
from mailsorter.config.load import load
from mailsorter.emulator.faults import FaultPlan
from mailsorter.errors import UserError
from mailsorter.mailbox.base import SearchHits
from mailsorter.model.case import CaseKind
from mailsorter.model.coverage import Coverage, Gap, GapKind, kind_of
from mailsorter.model.verdict import Why, words
from tests.cases.lying import Lies
from tests.cases.office import ANNA, BERT, NOW, PIET, SUBJECT, World, mail
from tests.cases.tenant import tenant
from tests.cases.test_commands import PIET as SENDER
from tests.cases.test_commands import Desk


@pytest.fixture
def lies(world: World) -> Lies:
    made = Lies()
    made.tell(world)
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with tenant(tmp_path) as firm:
        yield Desk(firm)


def said(work: Callable[[Voice], object]) -> str:
    """What a command prints, on both of its outputs."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        work(Voice())
    return out.getvalue()


def shown(world: World, number: str) -> str:
    return said(lambda voice: show_case(voice, world.office, number))


def data(world: World, number: str) -> dict[str, Any]:
    return show_case(Voice(as_json=True), world.office, number)


def next_of(world: World, number: str) -> tuple[str, ...]:
    return standing_of(world.office, world.office.get(number), world.office.open_file(number)).next


# what was not read ------------------------------------------------------------------------------------------


def test_a_search_that_could_not_read_a_mailbox_is_done_in_part(desk: Desk) -> None:
    """Exit code 3, with the mailbox and the two ways on; the JSON names the place."""
    anna, bert = desk.firm.mailboxes
    desk.firm.put(anna, from_=SENDER)
    refused = {"path": f"users/{bert.address}/*", "status": 403, "code": "ErrorAccessDenied"}
    desk.firm.emulator.faults.set_plan(FaultPlan.make({"fault": [refused]}))
    desk.type("case", "open", "--address", SENDER.address)
    desk.type("case", "verify", "2026-0001", "--known", "bekend")
    text = desk.type("case", "find", "2026-0001", code=3)
    assert "1 place in scope was not read" in text
    assert "mailsorter case scope 2026-0001 --without" in text
    told = desk.json("case", "find", "2026-0001", code=3)
    assert [one["mailbox"] for one in told["unread"]] == [bert.address]
    desk.type("case", "scope", "2026-0001", "--without", bert.address, "--reason", "works council")
    assert desk.json("case", "find", "2026-0001")["unread"] == []


@pytest.mark.parametrize(("reason", "code"), [("NotPermitted", 3), ("http-503", 3), ("encrypted", 0), ("left-out", 0)])
def test_only_what_is_in_scope_and_depth_makes_a_search_partial(reason: str, code: int) -> None:
    gap = Gap(mailbox="a", folder="Inbox", reason=reason, kind=kind_of(reason))
    assert search_ending(Coverage(gaps=(gap,))) == ExitCode(code)


def test_a_mailbox_that_could_not_be_opened_is_one_place_everywhere(world: World, lies: Lies) -> None:
    """Search and witness were refused in it, each in its own words and several times."""
    mail(world.anna, from_=PIET)
    lies.mailboxes.add(BERT.address)
    number = world.approved()
    perform(world.office, number)
    proof = prove(world.office, number)
    assert proof.verdict is not None
    assert len(proof.not_seen) > 1
    assert [(r.why, r.count) for r in proof.verdict.reasons] == [(Why.UNREAD, 1)]
    assert len([gap for gap in proof.certificate["not_seen"] if gap["mailbox"] == BERT.address]) == 1
    for text in (said(lambda voice: case_view.show_proof(voice, number, proof)), shown(world, number)):
        assert "1 place in scope was not read" in text
        assert text.count(BERT.address) == 1, text
    assert "1 of 2 mailboxes" in shown(world, number)
    assert (proof.certificate["coverage"]["read"], len(proof.certificate["coverage"]["mailboxes"])) == (1, 2)
    assert len(data(world, number)["coverage"]["gaps"]) == 1
    assert "1 mailbox that could not be opened" in write_letter(world.office, number, language="en").text


UNREAD, UNANSWERED, LEFT_OUT, BEYOND = GapKind.UNREAD, GapKind.UNANSWERED, GapKind.LEFT_OUT, GapKind.BEYOND_DEPTH


@pytest.mark.parametrize(
    ("gaps", "places"),
    [
        ([("", "NotPermitted", UNREAD), ("msgfolderroot", "http-403", UNREAD)], [("", UNREAD)]),
        ([("", "http-503", UNANSWERED), ("Inbox", "http-403", UNREAD)], [("", UNREAD)]),
        ([("Inbox", "Refused", UNREAD), ("Inbox", "http-503", UNANSWERED)], [("Inbox", UNREAD)]),
        ([("Inbox", "http-503", UNANSWERED), ("Inbox", "Refused", UNREAD)], [("Inbox", UNREAD)]),
        ([("Inbox", "Refused", UNREAD), ("Sent", "Refused", UNREAD)], [("Inbox", UNREAD), ("Sent", UNREAD)]),
        ([("", "left-out", LEFT_OUT), ("msgfolderroot", "http-403", LEFT_OUT)], [("", LEFT_OUT)]),
        ([("", "archive-Refused", UNREAD), ("", "NotPermitted", UNREAD)], [("", UNREAD)]),
        ([("", "archive-Refused", UNREAD), ("Inbox", "Refused", UNREAD)], [("", UNREAD), ("Inbox", UNREAD)]),
        ([("", "NotPermitted", UNREAD), ("Inbox", "encrypted", BEYOND)], [("", UNREAD), ("Inbox", BEYOND)]),
    ],
)
def test_a_place_is_counted_once_and_as_what_hinders_most(
    gaps: list[tuple[str, str, GapKind]], places: list[tuple[str, GapKind]]
) -> None:
    coverage = Coverage(gaps=tuple(Gap(mailbox="a", folder=f, reason=r, kind=k) for f, r, k in gaps))
    assert [(gap.folder, gap.kind) for gap in coverage.gaps_by_mailbox] == places


def test_a_search_that_looks_at_no_word_is_told_in_a_sentence_wherever_it_is_shown(world: World) -> None:
    """Screens, letter and certificate; it is not "a part of a mailbox that could not be opened"."""
    mail(world.anna, from_=PIET)
    number = world.opened()
    for mailbox in world.mailboxes.values():
        mailbox.search = lambda terms: SearchHits((), is_complete=False, is_useless=True)  # type: ignore[method-assign]
    found = find(world.office, number)
    coverage = searched_coverage(world.office.open_file(number))
    sentence = "the server's search ignored the question"
    assert sentence in said(lambda voice: case_view.show_found(voice, number, found, coverage))
    assert sentence in shown(world, number)
    world.change(firm=dataclasses.replace(world.firm))
    from mailsorter.cases.plan import make_plan
    from tests.cases.signing import approve_seen

    plan = make_plan(world.office, number, by="anna")
    assert sentence in said(lambda voice: case_view.show_plan(voice, plan, coverage))
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    proof = prove(world.office, number)
    assert proof.passed
    assert sentence in said(lambda voice: case_view.show_proof(voice, number, proof))
    letter = write_letter(world.office, number, language="en").text
    assert "the search function of our mail system did not look there" in letter
    assert "could not be opened" not in letter


def test_before_a_search_nothing_is_said_to_be_found(world: World) -> None:
    number = world.opened()
    assert "No search was made yet." in shown(world, number)
    assert "findings among" not in shown(world, number)
    assert data(world, number)["searched"] is None
    find(world.office, number)
    assert "0 findings among 0 messages." in shown(world, number)
    mail(world.anna, from_=PIET)
    find(world.office, number)
    assert "1 finding among 1 message." in shown(world, number)
    assert data(world, number)["searched"] == "complete"
    assert len(findings_of(world.office.open_file(number)).findings) == 1


# letters ----------------------------------------------------------------------------------------------------


def answered(world: World, *, holds: bool) -> str:
    mail(world.anna, from_=PIET)
    if holds:
        key = mail(world.bert, from_=PIET)
        world.bert.hold([key[1]])
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    write_letter(world.office, number, language="en")
    return number


def test_that_a_letter_was_sent_is_recorded_and_ends_the_term(world: World) -> None:
    """Until then the clock goes on; the case shows it, and so do its JSON and the audit chain."""
    number = answered(world, holds=False)
    assert next_of(world, number) == (
        f"send the letter, then: mailsorter case sent {number} --on YYYY-MM-DD", f"mailsorter case close {number}",
    )  # fmt: skip
    assert "letter done (en), not recorded as sent" in shown(world, number)
    later = date(2026, 12, 22)
    assert {due.what for due in due_dates(world.ledger, later)} == {"firm", "month"}
    world.clock.sleep(2 * 86_400)
    record_sent(world.office, number, on=date(2026, 11, 24))
    assert due_dates(world.ledger, later) == []
    assert "letter done (en), sent on 2026-11-24" in shown(world, number)
    assert "Answer sent on 2026-11-24; the term ends on 2026-12-23." in shown(world, number)
    assert data(world, number)["letters"][0]["sent_on"] == date(2026, 11, 24)
    assert data(world, number)["told_on"] == date(2026, 11, 24)
    assert next_of(world, number) == (f"mailsorter case close {number}",)
    record_sent(world.office, number, on=date(2026, 11, 25))  # said again, it is put right
    assert world.office.get(number).told_on == date(2026, 11, 25)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 11, 24)])
def test_a_letter_cannot_have_been_sent_before_it_was_written_or_tomorrow(world: World, day: date) -> None:
    number = answered(world, holds=False)
    with pytest.raises(UserError, match="cannot have been sent"):
        record_sent(world.office, number, on=day)
    assert world.office.get(number).told_on is None


def test_a_letter_that_was_not_written_was_not_sent(world: World) -> None:
    number = world.opened()
    with pytest.raises(UserError, match="has no letter yet"):
        record_sent(world.office, number)
    write_letter(world.office, number, LetterKind.IDENTIFY)
    with pytest.raises(UserError, match="no letter extension"):
        record_sent(world.office, number, kind=LetterKind.EXTENSION)
    record_sent(world.office, number)
    assert world.office.get(number).told_on is None  # a question is no answer


def test_after_a_partial_letter_the_next_step_is_not_the_same_letter(world: World, lies: Lies) -> None:
    """What remains, or closing it so. When the facts are others, the person must be told them."""
    mail(world.anna, from_=PIET)
    lies.deletes.add(ANNA.address)
    number = world.approved()
    perform(world.office, number)
    prove(world.office, number)
    assert any("case letter" in command for command in next_of(world, number))
    assert write_letter(world.office, number).kind is LetterKind.PARTLY
    assert next_of(world, number) == (
        f"send the letter, then: mailsorter case sent {number} --on YYYY-MM-DD",
        f"mailsorter case continue {number}",
        f"then: mailsorter case prove {number} --again",
        f"or end it so: mailsorter case close {number} --leave-open --reason TEXT",
    )
    record_sent(world.office, number)
    assert next_of(world, number)[0] == f"mailsorter case continue {number}"
    lies.stop()
    carry_on(world.office, number)
    prove(world.office, number)
    assert next_of(world, number) == (f"mailsorter case letter {number}",)
    assert write_letter(world.office, number).kind is LetterKind.DONE
    record_sent(world.office, number)
    assert next_of(world, number) == (f"mailsorter case close {number}",)
    assert [letter.kind for letter in letters_of(world.office.open_file(number))] == [
        LetterKind.PARTLY, LetterKind.DONE,
    ]  # fmt: skip


def test_a_letter_carries_only_a_code_that_the_case_gave_out(world: World) -> None:
    mail(world.anna, from_=PIET, received_at=NOW - timedelta(days=9))
    number = open_case(world.office, CaseKind.ERASURE, SUBJECT).number
    with pytest.raises(UserError, match="has not given out that code"):
        write_letter(world.office, number, LetterKind.IDENTIFY, code="ABCD-EFGH")
    code = give_code(world.office, number, PIET.address)
    with pytest.raises(UserError, match="has not given out that code"):
        write_letter(world.office, number, LetterKind.IDENTIFY, code="ABCD-EFGH")
    with pytest.raises(UserError, match="carries no code"):
        write_letter(world.office, number, LetterKind.EXTENSION, code=code)
    text = write_letter(world.office, number, LetterKind.IDENTIFY, code=code.lower(), language="en").text
    assert "The code works until 7 December 2026." in text
    newer = give_code(world.office, number, PIET.address)
    with pytest.raises(UserError, match="works no more"):
        write_letter(world.office, number, LetterKind.IDENTIFY, code=code)
    world.clock.sleep((CODE_DAYS + 1) * 86_400)
    with pytest.raises(UserError, match="works no more"):
        write_letter(world.office, number, LetterKind.IDENTIFY, code=newer)
    with pytest.raises(UserError, match="older than"):
        check_code(world.office, number, newer)


def test_only_a_configured_term_of_backups_is_told(tmp_path: Path) -> None:
    """Tombstones live for the default all the same."""
    with tenant(tmp_path) as firm:
        office = firm.office
        assert (office.firm.backup_days, office.firm.knows_backups) == (90, False)
        text = firm.config.read_text().replace("[erasure]\n", '[erasure]\nbackup_horizon = "90 days"\n')
        firm.config.write_text(text)
        with Assembly(load(firm.config), clock=firm.clock) as again:
            assert (again.office.firm.backup_days, again.office.firm.knows_backups) == (90, True)


# commands ---------------------------------------------------------------------------------------------------


def test_erase_prints_the_tag_at_its_first_stop(desk: Desk) -> None:
    """Mail about the case bears it from the first day."""
    first = desk.type("erase", SENDER.address, code=4)
    told = desk.json("erase", SENDER.address, code=4)
    assert told["reference"].startswith("[MS-2026-0001-")
    assert f"Put {told['reference']} into the subject" in first
    assert told["next"] == ["mailsorter case verify 2026-0001 --help"]


def test_a_case_is_opened_with_the_person_s_data_from_a_file_or_standard_input(desk: Desk, tmp_path: Path) -> None:
    text = "address: piet@klant.example\nname: Piet de Vries\nphone: 06-1\n"
    (tmp_path / "verzoek.txt").write_text(text)
    made = desk.json("case", "open", "--from", str(tmp_path / "verzoek.txt"), "--alias", "Pietje")
    subject = desk.json("case", "show", made["case"])["subject"]
    assert (subject["addresses"], subject["names"]) == (["piet@klant.example"], ["Piet de Vries"])
    assert (subject["phones"], subject["aliases"]) == (["06-1"], ["Pietje"])
    words_ = ["--config", str(desk.firm.config), "case", "open", "--from", "-"]
    assert CliRunner().invoke(app, words_, input=text, obj=desk.firm.clock).exit_code == 0


def test_the_words_of_every_reason_agree_with_their_count() -> None:
    from mailsorter.model.verdict import Reason

    for why in Why:
        one, many = words(Reason(why=why, count=1)), words(Reason(why=why, count=2))
        assert (one.partition(" ")[0], many.partition(" ")[0]) == ("1", "2")
        assert one.partition(" ")[2] != many.partition(" ")[2]


def test_a_proof_looks_each_time(desk: Desk, tmp_path: Path) -> None:
    """What came since is seen without --again; only a document of the last proof is written without looking, and says
    of when it is."""
    anna, _ = desk.firm.mailboxes
    desk.firm.put(anna, from_=SENDER)
    desk.json("erase", SENDER.address, "--known", "bekend", "--by", "anna", code=4)
    desk.approve("2026-0001")
    desk.json("erase", SENDER.address)
    desk.firm.put(anna, from_=SENDER)
    written = desk.type("case", "prove", "2026-0001", "--certificate", str(tmp_path / "c.json"))
    assert "Nothing was looked at again: this is the proof of 2026-11-23" in written
    assert "passed" in (tmp_path / "c.json").read_text()
    assert "1 message names the person" in desk.type("case", "prove", "2026-0001", code=3)
    desk.type("case", "prove", "2026-0001", "--certificate", str(tmp_path / "d.json"), code=3)
    assert "not-proven" in (tmp_path / "d.json").read_text()
