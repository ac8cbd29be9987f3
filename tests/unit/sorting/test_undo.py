"""Undo, deeper: partial, of an undo, of copies, of stamps, of labels, after crashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.errors import UserError
from mailsorter.ledger.runs import DONE, INTERRUPTED, PARTIAL, UNDONE
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.filing import Several
from mailsorter.model.folder import WellKnown
from mailsorter.model.rule import Rule, RuleAction
from mailsorter.sorting.explain import tokens_of_message
from mailsorter.sorting.report import RunReport
from mailsorter.sorting.undo import undo_client, undo_message, undo_run
from tests.unit.sorting.firm import ACME, BAKKER, OWN, Firm

IDS = ["acme", "bakker"]


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    firm = Firm(tmp_path)
    yield firm
    firm.ledger.close()


def undo(firm: Firm, run: str) -> RunReport:
    report = undo_run(firm.ledger, firm.clock, run, {firm.mailbox.address: lambda: firm.mailbox}, IDS)
    assert all(mailbox.adds_up for mailbox in report.mailboxes)
    return report


def state(firm: Firm, run: str) -> str:
    with firm.ledger.reading() as unit:
        return unit.runs.find(run).state


def held(firm: Firm) -> dict[str, set[str]]:
    return {path: ids for path, ids in firm.folders().items() if ids}


def test_an_undo_of_an_undo_of_an_undo_ends_where_the_first_did(firm: Firm) -> None:
    for _ in range(25):
        firm.deliver("jan@acme.example")
    before = held(firm)
    run = firm.sort().run
    after = held(firm)
    second = undo(firm, run).run
    assert held(firm) == before
    third = undo(firm, second).run
    assert held(firm) == after
    undo(firm, third)
    assert held(firm) == before
    assert [state(firm, r) for r in (run, second, third)] == [UNDONE] * 3


def test_an_undo_twice_has_nothing_left_to_do(firm: Firm) -> None:
    firm.deliver("jan@acme.example")
    run = firm.sort().run
    undo(firm, run)
    assert undo(firm, run).total("pulled") == 0


def test_a_partial_undo_says_which_and_the_run_is_not_called_undone(firm: Firm) -> None:
    ids = [firm.deliver("jan@acme.example") for _ in range(3)]
    run = firm.sort().run
    firm.mailbox.server.user_moves(ids[0], ("Prive",))
    report = undo(firm, run)
    assert (report.total("filed"), report.mailboxes[0].left["moved since"]) == (2, 1)
    assert (state(firm, run), state(firm, report.run)) == (DONE, PARTIAL)


def test_mail_whose_folder_is_gone_stays_with_its_client(firm: Firm) -> None:
    firm.set_book([ACME, BAKKER], watch=("inbox", "Projecten"))
    message = firm.deliver("jan@acme.example", where=("Projecten",))
    run = firm.sort().run
    firm.mailbox.server.delete_folder(firm.mailbox.tree().find(("Projecten",)).id)
    assert undo(firm, run).mailboxes[0].left == {"its folder is gone": 1}
    assert firm.where(message) == "Clients / Acme B.V."


def test_a_copy_goes_to_deleted_items_because_an_undo_never_erases(firm: Firm) -> None:
    firm.set_book([ACME, BAKKER], several=Several.COPY_FOR_EACH)
    original = firm.deliver("jan@acme.example", to="jo@bakker.example")
    run = firm.sort().run
    after = held(firm)
    report = undo(firm, run)
    assert (report.total("pulled"), report.total("filed")) == (2, 2)
    assert firm.where(original) == "Inbox"
    assert len(held(firm)["Deleted Items"]) == 1
    undo(firm, report.run)
    assert held(firm) == after
    assert len(firm.mailbox.server.everything()) == 2


def test_copies_are_made_anew_when_the_book_changes_after_an_undo(firm: Firm) -> None:
    firm.set_book([ACME, BAKKER], several=Several.COPY_FOR_EACH)
    firm.deliver("jan@acme.example", to="jo@bakker.example")
    undo(firm, firm.sort().run)
    firm.set_book([ACME, BAKKER], several=Several.COPY_FOR_EACH, rules_digest=b"another")
    firm.sort()
    folders = firm.folders()
    assert len(folders["Clients / Acme B.V."]) == len(folders["Clients / Bakkerij Müller / Söhne"]) == 1


@pytest.mark.parametrize(
    ("own", "where"),
    [(b"as before", "Inbox"), (b"changed too", "Clients / Acme B.V.")],
    ids=["upgrade", "upgrade, change"],
)
def test_an_upgrade_alone_does_not_file_again_what_was_taken_back(firm: Firm, own: bytes, where: str) -> None:
    """A new edition of the rules of evidence tests left mail again; what a person undid waits for the firm's change."""
    firm.set_book([ACME, BAKKER], rules_digest=b"edition 1", own_rules=b"as before")
    message = firm.deliver("jan@acme.example")
    undo(firm, firm.sort().run)
    firm.set_book([ACME, BAKKER], rules_digest=b"edition 2", own_rules=own)
    firm.sort()
    assert firm.where(message) == where
    firm.set_book([ACME, BAKKER], rules_digest=b"edition 3", own_rules=own)
    firm.sort()
    assert firm.where(message) == where


def test_only_our_own_stamp_is_taken_off(firm: Firm) -> None:
    firm.set_book([ACME, BAKKER], stamp_category=True)
    message = firm.deliver("jan@acme.example", categories=("Oud", "Blauw"))
    run = firm.sort().run
    categories = lambda: firm.mailbox.server.item(message).message.categories  # noqa: E731
    assert categories() == ("Oud", "Blauw", "Acme B.V.")
    firm.mailbox.server.user_changes(message, categories=("Blauw", "Acme B.V.", "Nieuw"))
    second = undo(firm, run).run
    assert categories() == ("Blauw", "Nieuw")
    undo(firm, second)
    assert categories() == ("Blauw", "Nieuw", "Acme B.V.")


def test_labelled_mail_is_taken_back_and_labelled_again(firm: Firm) -> None:
    rule = Rule(id="sollicitant", subject=("sollicitatie",), action=RuleAction.LABEL, label="applicant")
    book = firm.filing.book.__class__([ACME, BAKKER], [OWN], rules=[rule])
    firm.set_book([ACME, BAKKER], book=book, label_homes={"applicant": "Sollicitanten"})
    applicant = firm.deliver("wie@elders.example", "Sollicitatie adviseur")
    run = firm.sort().run
    second = undo(firm, run).run
    assert firm.where(applicant) == "Inbox"
    assert firm.sort().total("filed") == 0
    undo(firm, second)
    assert firm.where(applicant) == "Sollicitanten"
    assert firm.sort().total("pulled") == 0


def test_all_of_a_client_is_taken_back_but_no_earlier_undo(firm: Firm) -> None:
    first = firm.deliver("jan@acme.example")
    undo(firm, firm.sort().run)
    second = firm.deliver("jan@acme.example")
    firm.sort()
    undo_client(firm.ledger, firm.clock, "acme", {firm.mailbox.address: lambda: firm.mailbox}, IDS)
    assert firm.where(first) == firm.where(second) == "Inbox"


@pytest.mark.parametrize("ids_survive_moves", [True, False], ids=["stable ids", "changing ids"])
def test_one_message_is_taken_back_by_its_message_id_as_often_as_it_was_filed(
    firm: Firm, ids_survive_moves: bool
) -> None:
    firm.mailboxes = [MemoryMailbox(f"anna@{OWN}", clock=firm.clock, ids_survive_moves=ids_survive_moves)]
    firm.deliver("jan@acme.example", internet_message_id="<offerte@acme.example>")
    connect = {firm.mailbox.address: lambda: firm.mailbox}
    for clients in ([ACME], [ACME, BAKKER]):
        firm.set_book(clients)
        assert firm.sort().total("filed") == 1
        tokens = tokens_of_message(firm.ledger, "<offerte@acme.example>", connect)
        assert undo_message(firm.ledger, firm.clock, tokens, connect, IDS).total("filed") == 1
        assert len(firm.folders()["Inbox"]) == 1


def test_a_mailbox_that_is_no_longer_in_the_config_is_not_passed_over(firm: Firm) -> None:
    firm.deliver("jan@acme.example")
    run = firm.sort().run
    report = undo_run(firm.ledger, firm.clock, run, {}, IDS)
    assert isinstance(report.mailboxes[0].error, UserError)
    assert state(firm, run) == DONE


def test_ids_that_were_forgotten_are_too_old_to_undo(firm: Firm) -> None:
    firm.deliver("jan@acme.example")
    run = firm.sort().run
    with firm.ledger.unit() as unit:
        unit.steps.drop_facts(unit.now_s + 1)
    assert undo(firm, run).mailboxes[0].skipped == {"too old to undo": 1}


@pytest.mark.parametrize("after_items", [0, 13, None])
def test_an_undo_that_was_cut_off_is_finished_by_another(firm: Firm, after_items: int | None) -> None:
    for _ in range(45):
        firm.deliver("jan@acme.example")
    before = held(firm)
    run = firm.sort().run
    firm.mailbox.fail_next("move", Crash(), after_items=after_items)
    with pytest.raises(Crash):
        undo(firm, run)
    report = undo(firm, run)
    assert held(firm) == before
    assert report.mailboxes[0].left == {}, "what the first one moved back is not taken for a person's doing"
    assert state(firm, run) == UNDONE


def test_a_run_that_was_cut_off_is_undone_with_its_last_batch(firm: Firm) -> None:
    for _ in range(45):
        firm.deliver("jan@acme.example")
    before = held(firm)
    firm.mailbox.fail_next("move", Crash(), after_items=7)
    with pytest.raises(Crash):
        firm.sort()
    with firm.ledger.reading() as unit:
        (run,) = unit.runs.latest(1)
    undo(firm, run.id)
    assert held(firm) == before
    assert state(firm, run.id) in (INTERRUPTED, UNDONE)


def test_throwing_mail_away_before_an_undo_keeps_it_thrown_away(firm: Firm) -> None:
    message = firm.deliver("jan@acme.example")
    run = firm.sort().run
    firm.mailbox.server.user_deletes(message)
    undo(firm, run)
    assert firm.mailbox.server.item(message).message.folder_id == firm.mailbox.server.folder(WellKnown.DELETED).id


@pytest.mark.parametrize("ids_survive_moves", [True, False], ids=["stable ids", "changing ids"])
def test_what_a_person_dragged_lies_elsewhere_and_is_not_gone(tmp_path: Path, ids_survive_moves: bool) -> None:
    """Where ids change, too: the old one names nothing any more, and the message lies where the person put it."""
    firm = Firm(tmp_path)
    firm.mailboxes = [MemoryMailbox(f"anna@{OWN}", clock=firm.clock, ids_survive_moves=ids_survive_moves)]
    for n in range(4):
        firm.deliver("jan@acme.example", subject=f"message {n}")
    run = firm.sort().run
    server = firm.mailbox.server
    target = server.tree().find(("Clients", ACME.name))
    assert target is not None
    dragged, also, deleted, _ = sorted(server.ids(target.id))
    server.user_moves(dragged, ("Prive",))
    server.user_moves(also, WellKnown.INBOX)
    server.user_destroys(deleted)
    report = undo(firm, run).mailboxes[0]
    assert report.left == {"moved since": 2}
    assert report.skipped == {"gone": 1}
    assert report.filed == 1
    firm.ledger.close()
