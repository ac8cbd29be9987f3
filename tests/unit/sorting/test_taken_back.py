"""What a person took out of a client's folder is never moved again, also where a message has another id after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.checking.check import check_mailboxes
from mailsorter.checking.difference import Kind
from mailsorter.checking.statement import MailboxStatement
from mailsorter.errors import Refused, Throttled, Unreachable
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.client import Client
from mailsorter.model.filing import Several
from mailsorter.model.folder import WellKnown
from mailsorter.model.rule import Rule, RuleAction
from mailsorter.model.standing import MessageState
from mailsorter.perform import perform
from mailsorter.sorting.explain import explain_message
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.report import MailboxReport
from mailsorter.sorting.undo import undo_run
from tests.unit.sorting.firm import ACME, BAKKER, OWN, Firm

BOTH = pytest.mark.parametrize("firm", [True, False], ids=["stable ids", "changing ids"], indirect=True)
MSG_ID = "<offerte@acme.example>"
OF_ACME = "Clients / Acme B.V."
OTHER = "Projecten"


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    """Ids change, unless a test asks for both. Two folders are watched."""
    firm = Firm(tmp_path)
    survive = getattr(request, "param", False)
    firm.mailboxes = [MemoryMailbox(f"anna@{OWN}", clock=firm.clock, ids_survive_moves=survive)]
    firm.mailbox.server.folder((OTHER,))
    set_book(firm, ACME, BAKKER)
    yield firm
    firm.ledger.close()


def set_book(firm: Firm, *clients: Client, **changes: object) -> None:
    firm.set_book(clients, watch=("inbox", "sentitems", OTHER), **changes)


def filed(firm: Firm, **fields: object) -> str:
    """A message that a run has filed to Acme; its id now."""
    before = firm.folders().get(OF_ACME, set())
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID, **fields)
    firm.sort()
    (now,) = firm.folders()[OF_ACME] - before
    return now


def takes(firm: Firm, message: str, to: object = WellKnown.INBOX) -> str:
    return firm.mailbox.server.user_moves(message, to)


def sort(firm: Firm) -> MailboxReport:
    (report,) = firm.sort().mailboxes
    assert report.error is None
    assert report.adds_up
    return report


def check(firm: Firm) -> MailboxStatement:
    connect = {firm.mailbox.address: lambda: firm.mailbox}
    (statement,) = check_mailboxes(firm.ledger, firm.clock, connect, firm.filing.folder_of)
    assert statement.error is None
    return statement


def held(firm: Firm) -> dict[str, int]:
    return {path: len(ids) for path, ids in firm.folders().items() if ids}


def state(firm: Firm, message: str) -> MessageState | None:
    with firm.ledger.reading() as unit:
        row = unit.messages.row(unit.messages.token(unit.places.mailbox_numbers()[0], message))
        return row.state if row else None


def rejections(firm: Firm) -> int:
    with firm.ledger.reading() as unit:
        token = unit.messages.message_id_token(MSG_ID)
        return sum(row.rejected is not None for row in unit.corrections.of_message_ids([token]).get(token, []))


# taken back ---------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("to", [WellKnown.INBOX, (OTHER,)], ids=["Inbox", "another watched folder"])
def test_it_stays_for_good_and_the_thread_learns(firm: Firm, to: object) -> None:
    back = takes(firm, filed(firm), to)
    assert sort(firm).left == {"by-hand": 1}
    assert (state(firm, back), rejections(firm)) == (MessageState.BY_HAND, 1)
    firm.mailbox.server.forget_cursors()
    firm.mailbox.server.user_changes(back, is_read=True)
    assert sort(firm).filed == 0
    set_book(firm, ACME)
    assert sort(firm).filed == 0
    assert len(held(firm)) == 1
    assert OF_ACME not in held(firm)


@BOTH
def test_it_stays_however_often_a_person_moves_it_about(firm: Firm) -> None:
    message = filed(firm)
    for to in (WellKnown.INBOX, (OTHER,), WellKnown.INBOX, ("Prive",), WellKnown.INBOX, WellKnown.DELETED, (OTHER,)):
        message = takes(firm, message, to)
        assert sort(firm).filed == 0
    assert held(firm) == {OTHER: 1}


@BOTH
def test_it_stays_when_checks_look_in_between(firm: Firm) -> None:
    message = filed(firm)
    for to in (("Prive",), WellKnown.INBOX, ("Prive",), (OTHER,), WellKnown.INBOX):
        message = takes(firm, message, to)
        check(firm)
        assert check(firm).differences == {}
        assert sort(firm).filed == 0
    assert held(firm) == {"Inbox": 1}


@BOTH
def test_explain_says_it_in_the_words_of_a_return(firm: Firm) -> None:
    takes(firm, filed(firm))
    sort(firm)
    connect = {firm.mailbox.address: lambda: firm.mailbox}
    (said,) = explain_message(firm.ledger, firm.clock, MSG_ID, {firm.mailbox.address: firm.filing}, connect)
    assert said.row is not None
    assert (said.row.state, said.folder) == (MessageState.BY_HAND, ("Inbox",))


@BOTH
def test_a_check_that_comes_first_learns_it_as_well(firm: Firm) -> None:
    takes(firm, filed(firm))
    assert check(firm).differences == {Kind.TAKEN_OUT_BY_HAND: 1}
    assert rejections(firm) == 1
    assert sort(firm).filed == 0


@BOTH
def test_a_check_sees_from_which_client_to_which_a_person_moved_it(firm: Firm) -> None:
    message = filed(firm)
    firm.deliver("jo@bakker.example")
    firm.sort()
    takes(firm, message, ("Clients", BAKKER.name))
    statement = check(firm)
    assert statement.differences == {Kind.FILED_BY_HAND: 1}
    assert statement.details[0].expected_in == ("Clients", ACME.name)
    assert rejections(firm) == 1
    assert check(firm).differences == {}


@BOTH
def test_what_a_person_filed_and_took_back_stays(firm: Firm) -> None:
    """A check learns by hand what the sort never moved."""
    other = firm.deliver("jan@acme.example")
    firm.sort()
    message = firm.deliver("wie@elders.example", internet_message_id=MSG_ID)
    firm.sort()
    message = takes(firm, message, firm.mailbox.server.folder(("Clients", ACME.name)).id)
    check(firm)
    takes(firm, message)
    assert sort(firm).filed == 0
    assert held(firm) == {OF_ACME: 1, "Inbox": 1}, other


@BOTH
def test_many_taken_back_pull_no_brake(firm: Firm) -> None:
    """They are not counted as moves that a run is about to make."""
    for _ in range(12):
        firm.deliver("jan@acme.example")
    firm.sort()
    for message in sorted(firm.folders()[OF_ACME])[2:]:
        takes(firm, message)
    (report,) = firm.sort(minimum=3, factor=0).mailboxes
    assert (report.error, report.left) == (None, {"by-hand": 10})


@BOTH
def test_a_plan_does_not_move_it_either(firm: Firm) -> None:
    takes(firm, filed(firm))
    assert firm.plan().steps == []


@BOTH
def test_what_an_undo_brought_back_stays_when_a_person_moves_it_on(firm: Firm) -> None:
    firm.deliver("jan@acme.example")
    run = firm.sort().run
    connect = {firm.mailbox.address: lambda: firm.mailbox}
    undo_run(firm.ledger, firm.clock, run, connect, [ACME.id])
    (message,) = firm.folders()["Inbox"]
    takes(firm, message, (OTHER,))
    assert sort(firm).left == {"undone": 1}
    assert held(firm) == {OTHER: 1}


@BOTH
def test_it_was_put_back_in_the_run_that_filed_it(firm: Firm) -> None:
    """The first watched folder is read, the message is filed and moved on at once to the second, read after it."""
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID)
    moving = firm.mailbox.move

    def move(moves):  # type: ignore[no-untyped-def]
        done = moving(moves)
        takes(firm, done[0].id, (OTHER,))
        return done

    firm.mailbox.move = move  # type: ignore[method-assign]
    firm.sort()
    firm.mailbox.move = moving  # type: ignore[method-assign]
    sort(firm)
    assert held(firm) == {OTHER: 1}


@BOTH
def test_a_crash_before_it_is_written_down_only_makes_the_next_run_look_again(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform, "BATCH", 1)
    back = takes(firm, filed(firm))
    firm.deliver("jan@acme.example")
    firm.deliver("jan@acme.example")
    firm.mailbox.fail_next("move", Crash(), after_items=None)
    with pytest.raises(Crash):
        firm.sort()
    sort(firm)
    assert state(firm, back) is MessageState.BY_HAND
    assert (held(firm), rejections(firm)) == ({"Inbox": 1, OF_ACME: 2}, 1)


@BOTH
def test_labelled_mail_that_a_person_put_back_stays_too(firm: Firm) -> None:
    """It was nobody's: nothing is learnt."""
    rule = Rule(id="sollicitant", subject=("sollicitatie",), action=RuleAction.LABEL, label="applicant")
    book = MatchBook([ACME, BAKKER], [OWN], rules=[rule])
    set_book(firm, ACME, BAKKER, book=book, label_homes={"applicant": "Sollicitanten"})
    firm.deliver("wie@elders.example", "Sollicitatie adviseur", internet_message_id=MSG_ID)
    firm.sort()
    takes(firm, *firm.folders()["Sollicitanten"])
    assert sort(firm).left == {"by-hand": 1}
    firm.mailbox.server.forget_cursors()
    assert sort(firm).filed == 0
    assert (held(firm), rejections(firm)) == ({"Inbox": 1}, 0)


@BOTH
def test_labelled_mail_in_a_watched_folder_is_not_taken_for_put_there_by_hand(firm: Firm) -> None:
    rule = Rule(id="sollicitant", subject=("sollicitatie",), action=RuleAction.LABEL, label="applicant")
    book = MatchBook([ACME, BAKKER], [OWN], rules=[rule])
    set_book(firm, ACME, BAKKER, book=book, label_homes={"applicant": OTHER})
    firm.deliver("wie@elders.example", "Sollicitatie adviseur", internet_message_id=MSG_ID)
    for _ in range(3):
        firm.sort()
        firm.mailbox.server.forget_cursors()
        assert held(firm) == {OTHER: 1}
        (message,) = firm.folders()[OTHER]
        assert state(firm, message) is not MessageState.BY_HAND
    takes(firm, message)
    assert sort(firm).left == {"by-hand": 1}
    assert held(firm) == {"Inbox": 1}


def test_it_is_learnt_once_also_when_it_is_shown_twice_in_one_run(firm: Firm) -> None:
    """In two windows, each a round's last page: what was recorded in the first counts in the second."""
    back = takes(firm, filed(firm))
    changes = firm.mailbox.changes
    firm.mailbox.changes = lambda folder, cursor: (  # type: ignore[method-assign]
        page for page in changes(folder, cursor) for _ in range(2 if page.messages else 1)
    )
    assert sort(firm).left == {"by-hand": 2}
    assert (state(firm, back), rejections(firm)) == (MessageState.BY_HAND, 1)


# not taken back -----------------------------------------------------------------------------------------------------


@BOTH
def test_mail_that_nobody_had_put_anywhere_is_filed_wherever_it_is_watched(firm: Firm) -> None:
    set_book(firm, BAKKER)
    message = firm.deliver("jan@acme.example", internet_message_id=MSG_ID)
    firm.sort()
    takes(firm, message, (OTHER,))
    firm.sort()
    assert held(firm) == {OTHER: 1}
    set_book(firm, ACME, BAKKER)
    assert sort(firm).filed == 1


@BOTH
def test_a_second_delivery_is_filed_while_the_first_lies_where_it_was_put(firm: Firm) -> None:
    filed(firm)
    filed(firm)
    assert held(firm) == {OF_ACME: 2}


@BOTH
def test_a_second_delivery_is_filed_when_the_first_was_deleted(firm: Firm) -> None:
    """Its search key and the moment it came in are its own."""
    firm.mailbox.server.user_deletes(filed(firm))
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID)
    assert sort(firm).filed == 1


@BOTH
def test_a_second_delivery_of_the_same_second_is_told_apart_by_its_search_key(firm: Firm) -> None:
    message = filed(firm)
    first = firm.mailbox.server.item(message).message
    takes(firm, message)
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID, received_at=first.received_at)
    report = sort(firm)
    assert (report.filed, report.left) == (1, {"by-hand": 1})


def test_without_a_search_key_none_of_two_is_moved_and_nothing_is_learnt(firm: Firm) -> None:
    """Steps too old to undo know none: either may be the one that was taken back."""
    message = filed(firm)
    first = firm.mailbox.server.item(message).message
    with firm.ledger.unit() as unit:
        unit.steps.drop_facts(2**40)
    takes(firm, message)
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID, received_at=first.received_at)
    report = sort(firm)
    assert (report.filed, report.left) == (0, {"by-hand": 2})
    assert rejections(firm) == 0
    assert any("cannot be told" in note for note in report.notes)
    firm.mailbox.server.forget_cursors()
    assert sort(firm).filed == 0


@BOTH
def test_the_sent_message_and_the_one_that_came_in_are_two(firm: Firm) -> None:
    """To oneself with a client in copy: both are filed, one is taken back, and the other is let be."""
    sent = firm.deliver(f"anna@{OWN}", to="jan@acme.example", where=WellKnown.SENT, internet_message_id=MSG_ID)
    when = firm.mailbox.server.item(sent).message.received_at
    firm.deliver(f"anna@{OWN}", to="jan@acme.example", internet_message_id=MSG_ID, received_at=when)
    firm.sort()
    assert held(firm) == {OF_ACME: 2}
    takes(firm, min(firm.folders()[OF_ACME]))
    assert sort(firm).left == {"by-hand": 1}
    takes(firm, *firm.folders()[OF_ACME], WellKnown.SENT)
    assert sort(firm).left == {"by-hand": 1}
    assert held(firm) == {"Inbox": 1, "Sent Items": 1}
    assert rejections(firm) == 2


@BOTH
def test_a_copy_in_the_inbox_is_filed_while_the_filed_one_lies_in_its_folder(firm: Firm) -> None:
    firm.mailbox.server.user_copies(filed(firm), WellKnown.INBOX)
    assert sort(firm).filed == 1


def test_a_copy_in_the_inbox_stays_when_the_filed_one_was_moved_and_may_be_either(firm: Firm) -> None:
    message = filed(firm)
    firm.mailbox.server.user_copies(message, WellKnown.INBOX)
    takes(firm, message, ("Clients", BAKKER.name))
    report = sort(firm)
    assert (report.filed, report.left) == (0, {"by-hand": 1})
    assert rejections(firm) == 0, "which of the two was filed, nobody can tell: nothing is learnt"
    assert any("cannot be told" in note for note in report.notes)
    check(firm)
    assert check(firm).differences == {}
    assert sort(firm).filed == 0


@BOTH
def test_of_copies_for_each_both_are_taken_back(firm: Firm) -> None:
    set_book(firm, ACME, BAKKER, several=Several.COPY_FOR_EACH)
    firm.deliver("jan@acme.example", to="jo@bakker.example", internet_message_id=MSG_ID)
    firm.sort()
    (one,), (other,) = firm.folders()[OF_ACME], firm.folders()[f"Clients / {BAKKER.name}"]
    takes(firm, one)
    takes(firm, other)
    assert sort(firm).left == {"by-hand": 2}
    assert rejections(firm) == 2
    assert held(firm) == {"Inbox": 2}


# when looking fails -------------------------------------------------------------------------------------------------


def test_when_the_mailbox_cannot_be_asked_now_it_is_asked_again(firm: Firm) -> None:
    takes(firm, filed(firm))
    firm.mailbox.fail_next("find", Unreachable("cut"))
    (report,) = firm.sort().mailboxes
    assert isinstance(report.error, Unreachable)
    assert held(firm) == {"Inbox": 1}
    assert sort(firm).left == {"by-hand": 1}
    assert rejections(firm) == 1


def test_when_the_look_is_refused_it_stays_and_nothing_is_learnt(firm: Firm) -> None:
    takes(firm, filed(firm))
    firm.mailbox.fail_next("find", Refused("no", code="ErrorAccessDenied"))
    report = sort(firm)
    assert (report.filed, report.left) == (0, {"by-hand": 1})
    assert rejections(firm) == 0
    assert any("cannot be told" in note for note in report.notes)


def test_one_that_cannot_be_read_may_be_the_one(firm: Firm) -> None:
    message = filed(firm)
    firm.mailbox.server.poison(firm.mailbox.server.user_copies(message, ("Prive",)))
    takes(firm, message)
    assert sort(firm).left == {"by-hand": 1}
    assert rejections(firm) == 0


# what it costs ------------------------------------------------------------------------------------------------------


def test_mail_that_is_new_costs_no_look(firm: Firm) -> None:
    for n in range(20):
        firm.deliver("jan@acme.example", internet_message_id=f"<{n}@acme.example>")
    sort(firm)
    assert firm.mailbox.calls["find"] == 0


def test_one_that_was_filed_before_costs_one(firm: Firm) -> None:
    takes(firm, filed(firm))
    sort(firm)
    assert firm.mailbox.calls["find"] == 1


@BOTH
def test_mail_without_a_message_id_is_not_asked_about(firm: Firm) -> None:
    """There is nothing to know it by."""
    firm.deliver("jan@acme.example")
    (message,) = firm.folders()["Inbox"]
    firm.mailbox.server.user_changes(message, internet_message_id="")
    sort(firm)
    firm.deliver("jan@acme.example")
    (message,) = firm.folders()["Inbox"]
    firm.mailbox.server.user_changes(message, internet_message_id="")
    assert sort(firm).filed == 1
    assert firm.mailbox.calls["find"] == 0


# copies -------------------------------------------------------------------------------------------------------------


@BOTH
def test_a_copy_is_not_made_twice_when_a_person_moves_the_message_before_it_was_moved_itself(firm: Firm) -> None:
    set_book(firm, ACME, BAKKER, several=Several.COPY_FOR_EACH)
    message = firm.deliver("jan@acme.example", to="jo@bakker.example", internet_message_id=MSG_ID)
    firm.mailbox.fail_next("move", Throttled("slow down", retry_after_s=1.0))
    (report,) = firm.sort().mailboxes
    assert isinstance(report.error, Throttled)
    takes(firm, takes(firm, message, ("Prive",)))
    assert sort(firm).filed == 1
    assert held(firm) == {OF_ACME: 1, f"Clients / {BAKKER.name}": 1}


@BOTH
def test_what_came_again_later_is_not_what_a_person_had_filed(firm: Firm) -> None:
    """Found in the client's folder by a check alone, deleted since: that msg-id at another moment is new mail."""
    message = firm.deliver("wie@onbekend.example", internet_message_id=MSG_ID)
    firm.deliver("jan@acme.example")
    sort(firm)
    message = takes(firm, message, ("Clients", "Acme B.V."))
    sort(firm)
    check(firm)
    firm.mailbox.server.user_destroys(message)
    firm.deliver("jan@acme.example", internet_message_id=MSG_ID)
    assert sort(firm).filed == 1
