"""Mail in folders that the tree of mail folders leaves out: found and proven, or named as what nobody may see."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.witness import Marks
from mailsorter.checking.check import check_mailboxes
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.graph.switches import graph_with
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.apps import App, Assignment
from mailsorter.model.case import CaseKind, ItemState, Subject
from mailsorter.model.coverage import FOLDER_CLASSES, GapKind, kind_of
from mailsorter.model.folder import FOLDER_CLASSES_UNANSWERED as UNANSWERED
from mailsorter.model.folder import may_hold_mail
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))
NARROW = ("Application Mail.ReadWrite", "Application MailboxSettings.Read", "Application MailboxItem.ReadWrite")


@pytest.mark.parametrize(
    ("folder_class", "may"),
    [("IPF.Note", True), ("IPF.Imap", True), ("ipf.imap", True), ("", True), ("IPF.Note.Custom", True),
     ("IPF.Appointment", False), ("IPF.Contact.MOC.QuickContacts", False), ("IPF.Contacts", True), ("IPF.X", True)],
)  # fmt: skip
def test_a_folder_of_an_unknown_class_may_hold_mail(folder_class: str, may: bool) -> None:
    assert may_hold_mail(folder_class) is may


def migrated(firm: Tenant) -> list[str]:
    """Mail in a folder of class IPF.Imap, in one below it, and in one below the Inbox."""
    anna, folders = firm.mailboxes[0], firm.store.folders
    top = folders.create(anna, folders.well_known(anna, "msgfolderroot"), "Oud", folder_class="IPF.Imap")
    below = folders.create(anna, top, "2019", folder_class="IPF.Imap")
    beside = folders.create(anna, folders.well_known(anna, "inbox"), "INBOX", folder_class="IPF.Imap")
    ids = []
    for folder in (top, below, beside):
        item = firm.put(anna, from_=PIET)
        firm.store.messages.move(anna, firm.store.messages.find(anna, item), folder)
        ids.append(item)
    return ids


def may_not_list_folders(firm: Tenant) -> None:
    roles = tuple(Assignment(role) for role in NARROW)
    firm.store.apps.register(App("emulator", secrets=("emulator",), roles=("User.Read.All",), assignments=roles))


def test_mail_in_migrated_folders_is_found_erased_and_proven(tmp_path: Path) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        ids = migrated(firm)
        firm.put(firm.mailboxes[0], from_=PIET)
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).counts == {ItemState.ERASED: 4}
        proof = prove(firm.office, number)
        assert proof.passed
        (mailbox,) = proof.coverage.mailboxes
        assert {"Oud", "Oud / 2019", "Inbox / INBOX"} <= {folder.folder for folder in mailbox.folders}
        left = {one for found in firm.everything().values() for one in found}
    assert left.isdisjoint(ids)
    assert not proof.coverage.of_kind(GapKind.BEYOND_DEPTH)


def test_where_nobody_may_list_them_the_coverage_says_so_and_no_more(tmp_path: Path) -> None:
    """It is not known that there are such folders: a limit of what was looked at, told in the certificate."""
    with tenant(tmp_path, names=("anna",)) as firm:
        may_not_list_folders(firm)
        firm.put(firm.mailboxes[0], from_=PIET)
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).counts == {ItemState.ERASED: 1}
        proof = prove(firm.office, number)
        assert proof.passed
        gaps = [(gap.folder, gap.reason, gap.kind) for gap in proof.coverage.gaps]
        assert gaps == [("", FOLDER_CLASSES, GapKind.BEYOND_DEPTH)]
        assert not proof.coverage.not_opened
        assert FOLDER_CLASSES in str(proof.certificate)
    assert kind_of(FOLDER_CLASSES) is GapKind.BEYOND_DEPTH


@pytest.mark.parametrize("status", [429, 503])
def test_an_api_that_gives_no_answer_is_no_missing_permission(tmp_path: Path, status: int) -> None:
    """Finder and witness say that nobody answered; nothing is proven until they are asked again and see the mail."""
    with tenant(tmp_path, names=("anna",)) as firm:
        migrated(firm)
        kept = firm.put(firm.mailboxes[0], from_=PIET)
        failing = {"path": "admin/exchange/mailboxes/*/folders", "method": "GET", "status": status, "retry_after": 1}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [failing]}))
        number = opened(firm)
        found = find(firm.office, number)
        assert [gap.reason for gap in found.not_seen if gap.reason.startswith(FOLDER_CLASSES)] == [UNANSWERED]
        assert kept in {finding.id for finding in found.findings}
        look = firm.office.open_witness().look(firm.mailboxes[0].address, Marks(addresses=(PIET.address,)), frozenset())
        assert ("", UNANSWERED) in look.not_seen
        firm.emulator.faults.set_plan(FaultPlan())
        again = find(firm.office, opened(firm))
        assert not [gap for gap in again.not_seen if gap.reason.startswith(FOLDER_CLASSES)]
        assert len(again.findings) == 4
    assert kind_of(UNANSWERED) is GapKind.UNANSWERED


def opened(firm: Tenant) -> str:
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    return number


def test_a_folder_that_is_known_and_cannot_be_read_hinders_the_proof(tmp_path: Path) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        migrated(firm)
        firm.emulator.conditions.graph = graph_with("closed_classes")
        firm.put(firm.mailboxes[0], from_=PIET)
        number = firm.approved(SUBJECT)
        perform(firm.office, number)
        proof = prove(firm.office, number)
        assert not proof.passed
        unread = {gap.folder for gap in proof.coverage.of_kind(GapKind.UNREAD, GapKind.UNANSWERED)}
        assert {"Oud", "Oud / 2019", "Inbox / INBOX"} <= unread


def test_a_check_says_when_it_may_not_see_them(tmp_path: Path) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        address = firm.mailboxes[0].address
        said = []
        for _ in range(2):
            connect = {address: lambda: firm.office.open_mailbox(address)}
            (statement,) = check_mailboxes(firm.assembly.ledger, firm.clock, connect, {})
            assert statement.error is None
            said.append([line for line in statement.not_shown if "IPF.Note" in line])
            may_not_list_folders(firm)
            firm.assembly.close()
    assert (len(said[0]), len(said[1])) == (0, 1)
