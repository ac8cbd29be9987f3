"""Messages that the server lists but does not render: asked for again, read as a whole, or named; never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.cases.decide import decide
from mailsorter.cases.enumerate import MailboxFinder, Scope
from mailsorter.cases.find import find
from mailsorter.cases.found import Found
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.scope import leave_out
from mailsorter.cases.verify import attest
from mailsorter.cases.walk import Asked, Watching, walk
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store import Address
from mailsorter.errors import Unreachable
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.case import CaseKind, ItemState, Role, Seen, Subject, Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.model.person import Person
from tests.cases.signing import approve_seen
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))
RAW = b"From: Piet <piet@klant.example>\r\nTo: anna@firm.example\r\nSubject: hallo\r\n\r\nTot morgen.\r\n"


def searched(firm: Tenant) -> tuple[set[str], list[tuple[str, str, int]]]:
    """The subjects that a new case's search finds, and what it names beside the texts it knows by index alone."""
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    result = find(firm.office, number)
    named = [(n.folder, n.reason, n.count) for n in result.not_seen if n.reason != "text-by-index-only"]
    return {finding.subject for finding in result.findings}, named


def test_a_bad_line_that_cuts_page_after_page_hides_nobody(tmp_path: Path) -> None:
    """Six answers running break off, down to the pages of a single message: the message is asked for by itself."""
    with tenant(tmp_path, names=("anna",)) as firm:
        for number in range(3):
            firm.put(firm.mailboxes[0], from_=PIET, subject=f"bericht {number}")
        cut = {"path": "*/messages", "truncate": True, "times": 6}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [cut]}))
        assert searched(firm) == ({"bericht 0", "bericht 1", "bericht 2"}, [])
        assert firm.emulator.faults.struck == [6]


def test_what_no_answer_can_hold_is_named_with_its_folder(tmp_path: Path) -> None:
    """Named once; the server's index says whose it is, so that it is a finding as well, for a person to look at."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        for number in range(3):
            firm.put(anna, from_=PIET, subject=f"bericht {number}")
        hidden = firm.put(anna, ("Projecten",), from_=PIET, subject="niet te tonen")
        message = firm.store.messages.find(anna, hidden)
        firm.emulator.conditions.poison([message.id], truncates_pages=True)
        assert searched(firm) == ({"bericht 0", "bericht 1", "bericht 2", ""}, [("Projecten", "unreadable", 1)])


def test_the_witness_looks_at_all_others_and_names_the_folder(tmp_path: Path) -> None:
    """One item of 70 breaks every page that it is on: the proof still meets what somebody put back behind it."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, from_=PIET, subject="te wissen")
        kept = [firm.put(anna, ("Projecten",), subject=f"ander {n}") for n in range(70)]
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        firm.emulator.conditions.poison([firm.store.messages.find(anna, kept[40]).id], truncates_pages=True)
        proof = prove(firm.office, number)
        named = [(n.folder, n.reason) for n in proof.not_seen if n.reason != "text-by-index-only"]
        assert (proof.passed, named) == (False, [("Projecten", "item-not-readable")])
        leave_out(firm.office, number, mailbox=anna.address, folder="Projecten", reason="looked at in Outlook")
        assert prove(firm.office, number).passed
        for when in (10**9, 2 * 10**9):  # before the broken item and behind it, whatever the order of the list
            firm.put(anna, ("Projecten",), from_=PIET, subject=f"terug {when}", received=when)
        proof = prove(firm.office, number)
        assert (proof.passed, len(proof.unexpected)) == (False, 2)


def test_an_item_that_breaks_the_search_does_not_end_it(tmp_path: Path) -> None:
    """The index names it and nobody can look: a person decides, and the proof ends, naming search and folder."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, from_=PIET, subject="overleg")
        broken = firm.put(anna, ("Projecten",), from_=PIET, subject="niet te tonen")
        firm.emulator.conditions.poison([firm.store.messages.find(anna, broken).id], truncates_pages=True)
        number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
        attest(firm.office, number, "known by voice")
        find(firm.office, number)
        (open_item,) = make_plan(firm.office, number, by="anna").undecided
        assert open_item.reason == "not-rendered"
        decide(firm.office, number, [open_item.finding.handle], Verdict.NOT_THEIRS, by="anna", reason="seen in Outlook")
        make_plan(firm.office, number, by="anna")
        approve_seen(firm.office, number, "bert")
        assert perform(firm.office, number).counts == {ItemState.ERASED: 1}
        proof = prove(firm.office, number)
        named = {(n.folder, n.reason) for n in proof.not_seen if n.reason == "item-not-readable"}
        assert (proof.passed, proof.unanswered, named) == (
            False, [], {("Projecten", "item-not-readable"), ("search", "item-not-readable")}
        )  # fmt: skip


def test_a_proof_that_exchange_did_not_answer_says_so_and_when_to_go_on(tmp_path: Path) -> None:
    """Nothing is there that should not be, and yet nothing is proven: it is to be called again."""
    with tenant(tmp_path, names=("anna",)) as firm:
        firm.put(firm.mailboxes[0], from_=PIET, subject="te wissen")
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        silent = {"path": "*childfolders*", "status": 503}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [silent]}))
        steps = walk(firm.office, number, Asked(subject=SUBJECT, by="anna"), Watching())
        assert not next(steps)[1].passed
        with pytest.raises(Unreachable, match="1 place did not answer") as told:
            next(steps)
        assert f"later: mailsorter case prove {number} --again" in told.value.advice
        firm.emulator.faults.set_plan(FaultPlan())
        assert prove(firm.office, number).passed


class Whole(MemoryMailbox):
    """Exchange gives such a message's MIME content although it cannot render its properties."""

    def mime(self, message_id: str) -> bytes:
        return RAW


def finder(mailbox: MemoryMailbox, scope: Scope) -> Found:
    found = Found(mailbox=mailbox.address, number=1)
    MailboxFinder(mailbox, Person(SUBJECT), scope, found, lambda _: None).run()
    return found


def poisoned(mailbox: MemoryMailbox, folder: str = "") -> str:
    server = mailbox.server
    item_id = server.deliver((folder,) if folder else WellKnown.INBOX, from_=Participant("collega@firm.example"))
    server.item(item_id).is_poison = True
    return item_id


def test_its_own_header_is_read_where_the_whole_message_comes() -> None:
    mailbox = Whole()
    item_id = poisoned(mailbox)
    finding = finder(mailbox, Scope(terms=())).findings[item_id]
    assert (finding.seen, finding.role) == ((Seen.HEADER, Seen.NOT_RENDERED), Role.MENTIONED)


def test_in_the_clients_own_folder_it_concerns_the_case_unread() -> None:
    """Nothing of it can be read, but where it lies says whose it is; it is named, too."""
    mailbox = MemoryMailbox()
    item_id = poisoned(mailbox, "Klant B.V.")
    found = finder(mailbox, Scope(terms=(), client_folder=("Klant B.V.",)))
    assert found.findings[item_id].seen == (Seen.CLIENT_FOLDER, Seen.NOT_RENDERED)
    assert [(n.folder, n.reason, n.count) for n in found.not_seen] == [("Klant B.V.", "unreadable", 1)]


def test_messages_that_opening_found_are_not_counted_twice() -> None:
    """Two messages, one found by opening: one is known by envelope and index alone, and that is said."""
    mailbox = MemoryMailbox()
    mailbox.server.deliver(from_=Participant("collega@firm.example"), subject="Overleg")
    forwarded = mailbox.server.deliver(
        from_=Participant("collega@firm.example"), subject="FW: vraag", text=f"Van: {PIET.address}", preview=""
    )
    found = finder(mailbox, Scope(terms=()))
    assert list(found.findings) == [forwarded]
    assert [(n.reason, n.count) for n in found.not_seen] == [("text-by-index-only", 1)]
