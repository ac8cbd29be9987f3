"""A folder that counts more than it lists: other kinds of items, a cut listing, a wrong count, mail that moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.certify import coverage_data
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.witness import Marks
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.graph import messages as listing
from mailsorter.emulator.store import Address
from mailsorter.model.case import CaseKind, NotSeen, Subject
from mailsorter.model.coverage import GapKind, kind_of
from mailsorter.model.verdict import Outcome
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))
NOBODY = Marks(addresses=("nobody@klant.example",))
_SHORT = ("listing-short", "other-items")


def short(not_seen: Sequence[NotSeen]) -> set[tuple[str, str, int]]:
    """Folder, reason and count of what this file is about."""
    return {(gap.folder, gap.reason, gap.count) for gap in not_seen if gap.reason in _SHORT}


def searched(firm: Tenant) -> Any:
    """What a search for the person found."""
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    return find(firm.office, number)


class Answers:
    """The emulator's listings, changed on their way out. `counted`: how many were asked for their count."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counted = 0
        self.cuts = 0  # so many listings of more than one message lose all but the first
        self.ids_too = True
        self.count: Any = None  # what to make of a count
        self._collection = listing.collection
        monkeypatch.setattr(listing, "collection", self._answer)

    def _answer(self, context: str, shown: list[bytes], *, next_page: str = "", count: int | None = None) -> bytes:
        if count is not None:
            self.counted += 1
            if self.count is not None:
                count = self.count(count)
        elif self.cuts and len(shown) > 1 and "messages" in context and (self.ids_too or "subject" in context):
            self.cuts -= 1
            shown, next_page = shown[:1], ""
        return self._collection(context, shown, next_page=next_page, count=count)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def small_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Pages come shorter than they were asked for."""
    real = listing.page_size
    monkeypatch.setattr(listing, "page_size", lambda request: min(size, real(request)))


def test_an_appointment_in_a_mail_folder_is_named_and_hinders_no_proof(tmp_path: Path) -> None:
    """Graph counts it in the folder and does not list it, in Deleted Items and in Recoverable Items alike."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, from_=PIET, subject="te wissen")
        firm.put(anna, "deleteditems", message_class="IPM.Appointment")
        firm.put(anna, "deleteditems", message_class="IPM.Contact")
        firm.put(anna, "deleteditems", subject="gewone post")
        firm.put(anna, "recoverableitemsdeletions", message_class="IPM.Task")
        named = {("Deleted Items", "other-items", 2), ("Recoverable Items / Deletions", "other-items", 1)}
        assert short(searched(firm).not_seen) == named
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        proof = prove(firm.office, number)
        assert proof.passed
        assert short(proof.not_seen) == named
        assert {gap.kind for gap in proof.coverage.gaps if gap.reason == "other-items"} == {GapKind.BEYOND_DEPTH}
        assert coverage_data(proof.coverage)["beyond_depth"] >= 3
        assert kind_of("other-items") is GapKind.BEYOND_DEPTH


def test_a_listing_that_stays_cut_is_short(tmp_path: Path, answers: Answers) -> None:
    """For finder and witness; a folder that is short is no folder of other items."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        number = firm.approved(SUBJECT)
        for n in range(5):
            firm.put(anna, ("Projecten",), subject=f"ander {n}")
        firm.put(anna, ("Projecten",), message_class="IPM.Appointment")
        answers.cuts = 10**6
        assert short(searched(firm).not_seen) == {("Projecten", "listing-short", 5)}
        perform(firm.office, number)
        proof = prove(firm.office, number)
        assert not proof.passed
        assert proof.verdict.outcome is Outcome.TRY_AGAIN
        assert ("Projecten", "listing-short", 5) in short(proof.not_seen)


def test_what_a_second_listing_brings_is_compared(tmp_path: Path, answers: Answers) -> None:
    """Only the listing with all fields is cut: the ids are whole, and the rest is fetched by them."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        theirs = {firm.put(anna, ("Projecten",), from_=PIET, subject=f"te wissen {n}") for n in range(5)}
        answers.cuts, answers.ids_too = 10**6, False
        found = searched(firm)
        assert {finding.id for finding in found.findings} == theirs
        assert short(found.not_seen) == set()
        look = firm.office.open_witness().look(anna.address, Marks(addresses=SUBJECT.addresses), frozenset())
        assert {hit.id for hit in look.hits} == theirs
        assert [(f.items, f.naming, f.held, f.others) for f in look.folders if f.folder == "Projecten"] == [
            (5, 5, 5, 0)
        ]


@pytest.mark.parametrize(
    "count",
    [lambda n: n + 1, lambda n: n - 1, lambda n: -1, lambda n: '"2"', lambda n: None, lambda n: "true", lambda n: 2.0],
    ids=["more", "less", "negative", "text", "none", "no number", "a fraction"],
)
def test_a_count_that_explains_nothing_leaves_the_folder_short(tmp_path: Path, answers: Answers, count: Any) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        for n in range(2):
            firm.put(anna, ("Projecten",), subject=f"ander {n}")
        firm.put(anna, ("Projecten",), message_class="IPM.Appointment")
        answers.count = count
        assert short(searched(firm).not_seen) == {("Projecten", "listing-short", 1)}
        look = firm.office.open_witness().look(anna.address, NOBODY, frozenset())
        (folder,) = [f for f in look.folders if f.folder == "Projecten"]
        assert (folder.items, folder.held, folder.others) == (2, 3, 0)


def test_a_whole_folder_is_asked_for_no_count(tmp_path: Path, answers: Answers) -> None:
    """More requests only where a folder comes short."""
    with tenant(tmp_path, names=("anna",)) as firm:
        for n in range(3):
            firm.put(firm.mailboxes[0], ("Projecten",), subject=f"ander {n}")
        searched(firm)
        firm.office.open_witness().look(firm.mailboxes[0].address, NOBODY, frozenset())
        assert answers.counted == 0
        firm.put(firm.mailboxes[0], ("Projecten",), message_class="IPM.Appointment")
        searched(firm)
        assert answers.counted == 1


@pytest.mark.parametrize("what", ["move", "delete", "deliver"])
@pytest.mark.parametrize("seed", range(4))
def test_what_stays_is_found_while_other_mail_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, seed: int
) -> None:
    """Somebody moves mail out of the folder, or mail arrives, between the pages; then it is quiet again."""
    small_pages(monkeypatch, 4)
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        there = {firm.put(anna, from_=PIET, subject=f"te wissen {n}") for n in range(40)}
        rule = {"path": "users/*/mailfolders/*/messages*", "meddle": what, "every": 2, "times": 6}
        firm.emulator.faults.set_plan(FaultPlan.make({"seed": seed, "fault": [rule]}))
        found = searched(firm)
        inbox = firm.store.folders.well_known(anna, "inbox")
        stayed = there & {anna.ids.immutable_id(m.id) for m in firm.store.messages.in_folder(inbox)}
        assert stayed <= {finding.id for finding in found.findings}
        assert {reason for _, reason, _ in short(found.not_seen)} <= {"listing-short"}
        firm.emulator.faults.set_plan(FaultPlan.make({"seed": seed, "fault": [rule]}))
        look = firm.office.open_witness().look(anna.address, Marks(addresses=SUBJECT.addresses), frozenset())
        stayed &= {anna.ids.immutable_id(m.id) for m in firm.store.messages.in_folder(inbox)}
        assert stayed <= {hit.id for hit in look.hits}
        if what == "deliver":
            assert short(found.not_seen) == set()
            assert all(f.held <= f.items + f.others for f in look.folders)


def test_mail_that_left_before_the_listing_makes_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's count in the tree is older than its listing: it is asked for again."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        for n in range(6):
            firm.put(anna, subject=f"ander {n}")
        rule = {"path": "users/*/mailfolders/*/messages*", "meddle": "move", "times": 1}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [rule]}))
        assert short(searched(firm).not_seen) == set()
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [rule]}))
        look = firm.office.open_witness().look(anna.address, NOBODY, frozenset())
        assert all(f.held <= f.items for f in look.folders)
        assert look.not_seen == []
