"""A case goes on where a message cannot be read to its end, finds everything else, and says what it did not read."""

from __future__ import annotations

from pathlib import Path

from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.records import NewAttachment
from mailsorter.model.case import CaseKind, Seen, Subject
from tests.cases.tenant import Tenant, tenant
from tests.unit.cases.hostile import DOCUMENTS, nested_zip

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(names=("Piet de Vries",), addresses=(PIET.address,))
BOMBS = {"bom.docx": DOCUMENTS["docx one text of 96 MB"][1], "bom.zip": lambda: nested_zip(50)}


def fill(firm: Tenant, *, with_bombs: bool) -> None:
    """Five messages of the person's, of which one says so only in an attachment; and two that would hold us up."""
    anna = firm.mailboxes[0]
    for number in range(4):
        firm.put(anna, from_=PIET, subject=f"bericht {number}")
    letter = NewAttachment("brief.txt", "text/plain", b"Groet, Piet de Vries")
    firm.put(anna, ("Projecten",), subject="bijlage", body="", attachments=[letter])
    for name, make in BOMBS.items() if with_bombs else ():
        bomb = NewAttachment(name, "application/zip", make())
        firm.put(anna, ("Projecten",), subject="gratis", body="", attachments=[bomb])


def found(firm: Tenant) -> tuple[set[str], dict[tuple[str, str], int], int]:
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    result = find(firm.office, number)
    gaps = {(gap.folder, gap.reason): gap.count for gap in result.not_seen if gap.reason != "text-by-index-only"}
    return {finding.subject for finding in result.findings}, gaps, result.messages


def test_the_same_is_found_with_hostile_mail_and_that_is_counted(tmp_path: Path) -> None:
    without, beside = tmp_path / "without", tmp_path / "with"
    without.mkdir()
    beside.mkdir()
    with tenant(without, names=("anna",)) as firm:
        fill(firm, with_bombs=False)
        subjects, gaps, messages = found(firm)
        assert (gaps, len(subjects)) == ({}, 5)
    with tenant(beside, names=("anna",)) as firm:
        fill(firm, with_bombs=True)
        assert found(firm) == (subjects, {("Projecten", "limits"): 2}, messages + 2)


def test_an_erasure_is_performed_and_proven_beside_hostile_mail(tmp_path: Path) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        fill(firm, with_bombs=True)
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        proof = prove(firm.office, number)
        assert not proof.unexpected
        assert [gap.count for gap in proof.not_seen if gap.reason == "limits"] == [2]
        assert any(gap["reason"] == "limits" for gap in proof.certificate["not_seen"])


def test_the_name_of_an_attachment_counts_though_nobody_can_read_it(tmp_path: Path) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        bomb = NewAttachment("Piet de Vries.docx", "application/zip", BOMBS["bom.docx"]())
        firm.put(anna, ("Projecten",), subject="gratis", body="", attachments=[bomb])
        number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
        attest(firm.office, number, "known by voice")
        (finding,) = find(firm.office, number).findings
        assert Seen.ATTACHMENT_NAME in finding.seen
