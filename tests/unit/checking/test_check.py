"""Reconciliation, seen from outside: what people and bad luck did, what check says, what sorting does afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from mailsorter.checking.check import check_mailboxes
from mailsorter.checking.difference import Kind
from mailsorter.checking.statement import MailboxStatement
from mailsorter.errors import BrakePulled, NotPermitted, Throttled, Unreachable
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.tombstones import traces_of
from mailsorter.mailbox.base import Detail
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.folder import WellKnown
from mailsorter.model.standing import MessageState
from tests.unit.sorting.firm import ACME, BAKKER, MASTER, Firm

ACME_FOLDER, BAKKER_FOLDER = ("Clients", "Acme B.V."), ("Clients", "Bakkerij Müller / Söhne")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    firm = Firm(tmp_path)
    yield firm
    firm.ledger.close()


def check(firm: Firm, **brakes: object) -> MailboxStatement:
    firm.clock.sleep(7200)
    (statement,) = check_mailboxes(
        firm.ledger, firm.clock, {firm.mailbox.address: lambda: firm.mailbox}, firm.filing.folder_of,
        brakes=BrakePolicy(**brakes),
    )  # fmt: skip
    assert all(folder.agrees for folder in statement.folders) or statement.error, statement.folders
    return statement


def state(firm: Firm, message_id: str) -> MessageState | None:
    with firm.ledger.unit() as unit:
        row = unit.messages.row(unit.messages.token(unit.places.mailbox(firm.mailbox.address), message_id))
        return row.state if row else None


def kinds(statement: MailboxStatement) -> dict[Kind, int]:
    return dict(statement.differences)


@pytest.fixture
def sorted_firm(firm: Firm) -> Firm:
    firm.ids = [firm.deliver("jan@acme.example", conversation_id=f"c{i}") for i in range(12)]  # type: ignore[attr-defined]
    firm.stranger = firm.deliver("wie@elders.example", conversation_id="vreemd")  # type: ignore[attr-defined]
    firm.deliver("bakker@mail.example")
    firm.sort()
    return firm


def test_nothing_differs_after_a_run(sorted_firm: Firm) -> None:
    statement = check(sorted_firm)
    assert kinds(statement) == {}
    assert statement.agrees
    assert (statement.listed, statement.known) == (14, 14)


def test_mail_filed_by_hand_while_the_daemon_was_down_is_learnt_from(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.stranger, ACME_FOLDER)
    new = firm.deliver("nog@elders.example", conversation_id="nieuw")
    firm.mailbox.server.user_moves(new, BAKKER_FOLDER)
    statement = check(firm)
    assert kinds(statement) == {Kind.FILED_BY_HAND: 2}
    assert statement.agrees
    answers = [firm.deliver("x@elders.example", conversation_id=c) for c in ("vreemd", "nieuw")]
    firm.sort()
    assert [firm.where(a) for a in answers] == [" / ".join(ACME_FOLDER), " / ".join(BAKKER_FOLDER)]
    assert kinds(check(firm)) == {}


def test_mail_moved_to_another_client_is_learnt_from_and_stays(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.ids[0], BAKKER_FOLDER)
    assert kinds(check(firm)) == {Kind.FILED_BY_HAND: 1}
    answer = firm.deliver("jan@acme.example", conversation_id="c0")
    firm.sort()
    assert firm.where(answer) == " / ".join(BAKKER_FOLDER)
    assert firm.where(firm.ids[0]) == " / ".join(BAKKER_FOLDER)


def test_mail_taken_out_of_the_archive_is_learnt_from_and_stays(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.ids[0], ("Prive",))
    assert kinds(check(firm)) == {Kind.TAKEN_OUT_BY_HAND: 1}
    answer = firm.deliver("jan@acme.example", conversation_id="c0")
    firm.sort()
    assert firm.where(answer) == "Inbox"


def test_mail_thrown_away_says_nothing_about_its_client(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_deletes(firm.ids[0])
    statement = check(firm)
    assert kinds(statement) == {Kind.DELETED_BY_HAND: 1}
    assert statement.details[0].found_in == ("Deleted Items",)
    assert statement.details[0].expected_in == ACME_FOLDER
    answer = firm.deliver("jan@acme.example", conversation_id="c0")
    firm.sort()
    assert firm.where(answer) == " / ".join(ACME_FOLDER)


def test_mail_on_its_way_out_of_the_mailbox_is_gone(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.ids[0], WellKnown.RECOVERABLE_DELETIONS)
    assert kinds(check(firm)) == {Kind.DELETED_BY_HAND: 1}
    assert state(firm, firm.ids[0]) is MessageState.GONE


def test_filed_mail_that_is_nowhere_is_named(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_destroys(firm.ids[0])
    firm.mailbox.server.user_destroys(firm.stranger)
    statement = check(firm)
    assert kinds(statement) == {Kind.CLAIMED_BUT_ABSENT: 1, Kind.DELETED_BY_HAND: 1}
    assert (firm.ids[0], ACME_FOLDER) in [(d.message, d.expected_in) for d in statement.details]
    assert kinds(check(firm)) == {}, "said once, and bookkeeping is mended"


def test_mail_that_comes_back_is_said(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.ids[0], WellKnown.RECOVERABLE_DELETIONS)
    check(firm)
    firm.mailbox.server.user_moves(firm.ids[0], ACME_FOLDER)
    assert kinds(check(firm)) == {Kind.CAME_BACK: 1}
    assert state(firm, firm.ids[0]) is MessageState.BY_HAND


def test_a_subfolder_of_a_client_is_still_the_clients(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_moves(firm.ids[0], (*ACME_FOLDER, "2026"))
    assert kinds(check(firm)) == {Kind.MOVED_BY_HAND: 1}
    assert state(firm, firm.ids[0]) is MessageState.FILED


def test_mail_that_delta_hid_is_found_and_the_folder_read_again(sorted_firm: Firm) -> None:
    """A cursor that skipped a message: without reconciliation it would lie in the Inbox for ever."""
    firm = sorted_firm
    hidden = firm.deliver("jan@acme.example")
    with firm.ledger.unit() as unit:
        number = unit.places.mailbox(firm.mailbox.address)
        inbox = unit.places.find_folder(number, firm.mailbox.server.folder(WellKnown.INBOX).id)
    firm.clock.sleep(86400)
    with firm.ledger.unit() as unit:
        unit.cursors.set(number, inbox, firm.mailbox._cursor(firm.mailbox.server.folder(WellKnown.INBOX).id, 10**9))
    assert firm.sort().total("filed") == 0
    assert kinds(check(firm)) == {Kind.NEVER_SEEN: 1}
    firm.sort()
    assert firm.where(hidden) == " / ".join(ACME_FOLDER)


def test_mail_that_came_after_the_last_run_is_no_difference(sorted_firm: Firm) -> None:
    sorted_firm.deliver("jan@acme.example")
    statement = check(sorted_firm)
    assert kinds(statement) == {}
    assert statement.not_sorted_yet == 1


def test_our_own_move_that_came_late_is_no_correction(firm: Firm) -> None:
    """The answer was lost, the look-up still found it in the Inbox, and then the server moved it after all."""
    first = firm.deliver("bakker@mail.example")
    late = firm.deliver("jan@acme.example")
    firm.sort(limit=0)
    firm.mailbox.fail_next("move", Unreachable("cut"), after_items=0)
    firm.sort()
    target = firm.mailbox.tree().find(ACME_FOLDER)
    firm.mailbox.server.user_moves(late, target.id)
    assert kinds(check(firm)) == {Kind.LATE_MOVE: 1}
    assert state(firm, late) is MessageState.FILED
    with firm.ledger.reading() as unit:
        assert unit.corrections.count() == 0
    firm.sort()
    assert firm.where(first) == " / ".join(BAKKER_FOLDER)


def test_a_moved_client_folder_is_followed_and_a_vanished_one_is_for_a_person(sorted_firm: Firm) -> None:
    firm = sorted_firm
    server = firm.mailbox.server
    server.user_renames_folder(firm.mailbox.tree().find(ACME_FOLDER).id, "Acme (oud)")
    statement = check(firm)
    assert kinds(statement) == {Kind.FOLDER_MOVED: 1}
    assert statement.agrees
    server.user_deletes_folder(firm.mailbox.tree().find(("Clients", "Acme (oud)")).id)
    statement = check(firm)
    assert statement.differences[Kind.FOLDER_GONE] == 1
    assert not statement.agrees


def test_a_folder_that_a_person_made_where_ours_would_be_is_the_clients(firm: Firm) -> None:
    by_hand = firm.deliver("wie@elders.example", where=ACME_FOLDER)
    assert kinds(check(firm)) == {Kind.FILED_BY_HAND: 1}
    assert state(firm, by_hand) is MessageState.BY_HAND


def test_the_same_message_twice_in_a_clients_folder_is_for_a_person(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_copies(firm.ids[0], ACME_FOLDER)
    statement = check(firm)
    assert kinds(statement) == {Kind.FILED_BY_HAND: 1, Kind.SEEN_TWICE: 1}
    assert not statement.agrees


@pytest.mark.parametrize("is_sorted", [False, True], ids=["at once", "after a run under the new key"])
def test_a_message_twice_is_seen_when_the_ledgers_key_was_replaced_in_between(
    sorted_firm: Firm, is_sorted: bool
) -> None:
    """The first is known by the old key's digest of its msg-id, the second by the new one's."""
    firm = sorted_firm
    url = firm.ledger.engine.url.render_as_string(hide_password=False)
    firm.ledger.close()
    firm.ledger = Ledger.open(url, bytes(reversed(MASTER)), former_keys=[MASTER], clock=firm.clock)
    firm.mailbox.server.user_copies(firm.ids[0], ACME_FOLDER)
    if is_sorted:
        firm.sort()
    assert kinds(check(firm)) == {Kind.FILED_BY_HAND: 1, Kind.SEEN_TWICE: 1}
    assert kinds(check(firm)) == {Kind.SEEN_TWICE: 1}


def test_erased_mail_that_a_backup_brought_back_is_recognised(sorted_firm: Firm) -> None:
    firm = sorted_firm
    erased = firm.mailbox.server.item(firm.stranger).message
    with firm.ledger.unit() as unit:
        traces = traces_of(unit.key, erased.search_key, erased.internet_message_id, erased.received_at)
        unit.tombstones.bury([traces], unit.now_s + 10**7)
    back = firm.mailbox.server.user_copies(firm.stranger, ("Restored",))
    firm.mailbox.server.user_destroys(firm.stranger)
    statement = check(firm)
    assert statement.differences[Kind.RISEN] == 1
    assert [d.message for d in statement.details if d.kind is Kind.RISEN] == [back]
    assert not statement.agrees


def test_a_mailbox_that_lists_nothing_is_not_taken_for_one_that_was_emptied(sorted_firm: Firm) -> None:
    firm = sorted_firm
    for one in list(firm.mailbox.server.everything()):
        firm.mailbox.server.user_destroys(one)
    statement = check(firm, minimum=10)
    assert isinstance(statement.error, BrakePulled)
    assert state(firm, firm.ids[0]) is MessageState.FILED
    assert check(firm, minimum=10, go_on=True).error is None
    assert state(firm, firm.ids[0]) is MessageState.GONE


def test_a_folder_that_cannot_be_listed_makes_nothing_absent(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.server.user_destroys(firm.ids[0])
    firm.mailbox.fail_next("messages", NotPermitted("not there"))
    statement = check_mailboxes(
        firm.ledger, firm.clock, {firm.mailbox.address: lambda: firm.mailbox}, firm.filing.folder_of
    )[0]
    assert len(statement.unread_folders) == 1
    assert not statement.agrees
    assert state(firm, firm.ids[0]) is MessageState.FILED


def test_a_mailbox_that_is_busy_says_so_and_keeps_what_it_knew(sorted_firm: Firm) -> None:
    firm = sorted_firm
    firm.mailbox.fail_next("messages", Throttled("slow down"))
    assert isinstance(check(firm).error, Throttled)
    with firm.ledger.locks.hold(1):
        assert check(firm).error is not None
    assert check(firm).agrees


@pytest.mark.parametrize("comes_back", [False, True], ids=["one goes", "one goes and one comes"])
def test_mail_moved_while_we_looked_is_not_taken_for_gone(
    sorted_firm: Firm, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    """Also where the folders' counts are what they were: before anything is called gone, all is looked at again."""
    firm = sorted_firm
    server = firm.mailbox.server
    acme = server.folder(ACME_FOLDER).id
    other = server.deliver(WellKnown.INBOX, subject="other")
    real, moved = firm.mailbox.messages, False

    def messages(folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None):
        nonlocal moved
        if folder_id == acme and not moved:
            moved = True  # the Inbox was listed already
            server.user_moves(firm.ids[0], WellKnown.INBOX)
            if comes_back:
                server.user_moves(other, ACME_FOLDER)
        return real(folder_id, detail, hidden=hidden, since=since)

    monkeypatch.setattr(firm.mailbox, "messages", messages)
    assert Kind.CLAIMED_BUT_ABSENT not in kinds(check(firm))
    assert moved
    assert state(firm, firm.ids[0]) is MessageState.BY_HAND


def test_the_statement_stands_in_the_audit_chain_by_its_digest(sorted_firm: Firm) -> None:
    firm = sorted_firm
    statement = check(firm)
    with firm.ledger.reading() as unit:
        last = list(unit.audit.entries())[-1]
        assert unit.audit.verify() is None
    assert last.kind == "check"
    assert statement.digest() in last.body
    assert firm.mailbox.address not in last.body


def test_checking_twice_changes_nothing_the_second_time(sorted_firm: Firm) -> None:
    firm = sorted_firm
    for one, to in zip(
        firm.ids, (ACME_FOLDER, BAKKER_FOLDER, WellKnown.DELETED, ("X",), WellKnown.INBOX), strict=False
    ):
        firm.mailbox.server.user_moves(one, to)
    assert kinds(check(firm))
    assert kinds(check(firm)) == {}
    firm.sort()
    assert kinds(check(firm)) == {}


def test_other_mailboxes_are_checked_when_one_fails(tmp_path: Path) -> None:
    firm = Firm(tmp_path, [ACME, BAKKER], mailboxes=2)
    firm.mailboxes[0].fail_next("tree", Throttled("slow down"))
    first, second = check_mailboxes(
        firm.ledger, firm.clock, {m.address: lambda m=m: m for m in firm.mailboxes}, firm.filing.folder_of
    )
    assert isinstance(first.error, Throttled)
    assert second.agrees
    firm.ledger.close()
