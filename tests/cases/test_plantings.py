"""One person planted in every way this project could think of: found with the right role, or named as not visible.

The mail around it is the emulator's synthetic firm: 1,000 messages here, 100,000 with MAILSORTER_TORTURE=1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mailsorter.cases.find import findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.records import NewAttachment
from mailsorter.model.case import ItemState, Role, Subject
from tests.cases.tenant import Tenant, tenant
from tests.unit.cases.test_documents import pdf, word

X500 = "/O=FIRM/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=PIETV"
SUBJECT = Subject(
    names=("Quirijn Zandstra",),
    addresses=("piet@klant.example", "piet@bücher.example", "pdv@oud.example", X500),
    aliases=("Pietje Puk",),
    phones=("06-98765432",),
)
PIET, KEES = Address("Piet", "piet@klant.example"), Address("Kees", "kees@elders.example")
ANNA = Address("Anna", "anna@firm.example")
MESSAGES = 100_000 if os.environ.get("MAILSORTER_TORTURE") else 1_000
A, O, M, R = Role.AUTHOR, Role.ONLY_RECIPIENT, Role.ONE_OF_MANY, Role.MENTIONED  # noqa: E741
P = Role.POSSIBLE
BLOCK_NL = "Ter info.\n\n____________\nVan: Piet <piet@klant.example>\nVerzonden: maandag\nAan: Anna\n\nHoi"
BLOCK_EN = "FYI\n\n-----Original Message-----\nFrom: Quirijn Zandstra\nSent: Monday\nTo: Anna\n\nHi"
NESTED = "zie\n> Van: Anna\n> Aan: Kees\n>\n>> From: piet@klant.example\n>> To: anna@firm.example\n>>\n>> dag"


class Planting(NamedTuple):
    """One message: where it lies, what it is made of, which role is right, or why it cannot be seen."""

    name: str
    expected: Role | str
    fields: dict[str, Any]
    mailbox: int = 0
    folder: str | tuple[str, ...] = "inbox"
    then: Callable[[Tenant, str], None] | None = None


def inner(**headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = headers.pop("From", "kees@elders.example"), "binnenin"
    for name, value in headers.items():
        message[name] = value
    message.set_content("inhoud")
    return message


def inside_twice() -> bytes:
    outer = inner()
    outer.add_attachment(inner(Cc="Piet@klant.example"))
    return outer.as_bytes()


def attached(data: bytes, name: str, kind: str) -> dict[str, Any]:
    return {"attachments": [NewAttachment(name, kind, data)], "body": ""}


STATUS = b"Reporting-MTA: dns; mx.firm.example\n\nFinal-Recipient: rfc822; piet@klant.example\nAction: failed\n"
RETURNED = b"From: anna@firm.example\nTo: piet@klant.example\nSubject: offerte\n"
CALENDAR = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE:mailto:piet@klant.example\nEND:VEVENT\nEND:VCALENDAR\n"

WORD = word("<w:p><w:r><w:t>Geachte heer Quir</w:t></w:r><w:r><w:t>ijn Zandstra</w:t></w:r></w:p>")
PDF = pdf("Geachte heer Quirijn Zandstra,")

PLANTINGS = [
    Planting("from", A, {"from_": PIET}),
    Planting("from in capitals", A, {"from_": Address("PIET", "PIET@KLANT.EXAMPLE")}),
    Planting("sender for another", A, {"sender": PIET}),
    Planting("reply-to behind a form", A, {"reply_to": [PIET]}),
    Planting("only recipient", O, {"to": [PIET]}, folder="sentitems"),
    Planting("two addresses of theirs", O, {"to": [PIET, Address("", "pdv@oud.example")]}),
    Planting("to among others", M, {"to": [KEES, PIET]}),
    Planting("cc", M, {"cc": [PIET]}),
    Planting("bcc", M, {"bcc": [PIET]}, folder="sentitems"),
    Planting("plus-address", A, {"from_": Address("", "piet+nieuws@klant.example")}),
    Planting("plus-address in cc", M, {"cc": [Address("", "Piet+x@Klant.Example")]}),
    Planting("IDN as letters", A, {"from_": Address("", "piet@BÜCHER.example")}),
    Planting("IDN as punycode", A, {"from_": Address("", "piet@xn--bcher-kva.example")}),
    Planting("X.500 sender", A, {"from_": Address("Piet", X500)}),
    Planting("X.500 sender whose SMTP address Exchange knows", A, {
        "from_": Address("Piet", "/O=FIRM/CN=OTHER"), "properties": {"String 0x5D02": "piet@klant.example"}}),
    Planting("older address", A, {"from_": Address("", "pdv@oud.example")}),
    Planting("address with apostrophes", A, {"from_": Address("", "'piet@klant.example'")}),
    Planting("forwarded block in Dutch", R, {"subject": "FW: vraag", "body": BLOCK_NL}),
    Planting("forwarded block in English, by name", P, {"subject": "Fwd: question", "body": BLOCK_EN}),
    Planting("forward of a forward", R, {"subject": "RE: FW: vraag", "body": NESTED}),
    Planting("attached message", R, attached(inner(From=PIET.address).as_bytes(), "m", "message/rfc822")),
    Planting("message inside an attached message", R, attached(inside_twice(), "m.eml", "message/rfc822")),
    Planting("attached .eml file", R, attached(inner(To=PIET.address).as_bytes(), "a.eml", "application/octet-stream")),
    Planting("invitation by them", A, {"from_": PIET, "message_class": "IPM.Schedule.Meeting.Request"}),
    Planting("invitation to them", M, {"to": [ANNA, PIET], "message_class": "IPM.Schedule.Meeting.Request"}),
    Planting("calendar file", R, attached(CALENDAR, "afspraak.ics", "text/calendar")),
    Planting("bounce", R, {"message_class": "REPORT.IPM.Note.NDR",
                           **attached(STATUS, "status", "message/delivery-status")}),
    Planting("bounce with returned headers", R, {"message_class": "REPORT.IPM.Note.NDR",
                                                 **attached(RETURNED, "headers.txt", "text/rfc822-headers")}),
    Planting("number in a signature", R, {"body": "Groet\n\nP. de V.\nTel. 06 98765432"}),
    Planting("name in the subject", P, {"subject": "CV Quirijn Zandstra"}),
    Planting("last name first in the subject", P, {"subject": "dossier Zandstra, Quirijn"}),
    Planting("alias in the body", P, {"body": "Heb jij Pietje Puk nog gesproken? " + "Verder geen nieuws. " * 40}),
    Planting("address far down in the body", R, {"body": "Verslag. " * 200 + "Stuur het naar piet@klant.example."}),
    Planting("link in HTML that no text shows", R, {
        "body": "<p>Schrijf <a href='mailto:piet@klant.example'>hem</a></p>", "body_type": "html"}),
    Planting("text of an attachment", R, attached(b"naam;adres\nPiet;piet@klant.example\n", "lijst.csv", "text/csv")),
    Planting("text of a Word document", P, attached(WORD, "brief.docx", "application/octet-stream")),
    Planting("text of a PDF", P, attached(PDF, "brief.pdf", "application/pdf")),
    Planting("Deleted Items", A, {"from_": PIET}, folder="deleteditems"),
    Planting("Junk", A, {"from_": PIET}, folder="junkemail"),
    Planting("draft", O, {"to": [PIET], "is_draft": True}, folder="drafts"),
    Planting("Recoverable Items, Deletions", A, {"from_": PIET}, folder="recoverableitemsdeletions"),
    Planting("Recoverable Items, Purges", A, {"from_": PIET}, folder="recoverableitemspurges"),
    Planting("Recoverable Items, Versions", A, {"from_": PIET}, folder="recoverableitemsversions"),
    Planting("client folder", A, {"from_": PIET}, folder=("Clients", "Klant B.V.", "2024 / oud")),
    Planting("hidden message", A, {"from_": PIET, "hidden": True}),
    Planting("another consultant's mailbox", A, {"from_": PIET}, mailbox=1),
    Planting("shared team folder elsewhere", M, {"cc": [PIET]}, mailbox=1, folder=("Team", "Archief")),
    Planting("encrypted", "encrypted", {"message_class": "IPM.Note.SMIME", "body": "x"}),
    Planting("scan", "attachments-not-readable", attached(b"%PDF-1.7 \x00 Piet", "scan.pdf", "application/pdf")),
]  # fmt: skip


def plant(firm: Tenant) -> dict[tuple[str, str], Planting]:
    planted = {}
    for planting in PLANTINGS:
        mailbox = firm.mailboxes[planting.mailbox]
        planted[mailbox.address, firm.put(mailbox, planting.folder, **planting.fields)] = planting
    return planted | plant_the_rest(firm)


def plant_the_rest(firm: Tenant) -> dict[tuple[str, str], Planting]:
    """A hidden folder, a copy with the same search key, and the online archive."""
    anna, store = firm.mailboxes[0], firm.store
    hidden = store.folders.create(anna, store.folders.well_known(anna, "msgfolderroot"), "Verborgen", hidden=True)
    moved = firm.put(anna, from_=PIET, subject="kopie")
    number = store.messages.find(anna, moved)
    copy = anna.ids.immutable_id(store.messages.copy(anna, number, hidden).id)
    archive = store.mailboxes.add_archive(anna)
    archived = firm.put(archive, ("Oud",), from_=PIET)
    mbx = store.mailboxes.mbx_id(archive)
    return {
        (anna.address, moved): Planting("original of a copy", A, {}),
        (anna.address, copy): Planting("copy in a hidden folder", A, {}),
        (mbx, archived): Planting("online archive", A, {}),
    }


@pytest.mark.timeout(0 if MESSAGES > 1_000 else 180)
def test_everything_planted_is_found_erased_and_proven(tmp_path: Path) -> None:
    """Right role or named gap; after performing, nothing of it is left and every other message is untouched."""
    with tenant(tmp_path, synthetic=MESSAGES) as firm:
        planted = plant(firm)
        before = firm.everything()
        number = firm.approved(SUBJECT)
        found = findings_of(firm.office.open_file(number))
        roles = {f.key: f.role for f in found.findings}
        gaps = {gap.reason for gap in found.not_seen}
        wrong = {
            planting.name: roles.get(key)
            for key, planting in planted.items()
            if not (roles.get(key) is planting.expected or (key not in roles and planting.expected in gaps))
        }
        assert wrong == {}
        assert set(roles) <= set(planted)
        performed = perform(firm.office, number)
        assert performed.counts == {ItemState.ERASED: len(roles)}
        gone = {item for _, item in roles}
        assert firm.everything() == {place: ids - gone for place, ids in before.items()}
        proof = prove(firm.office, number)
        assert proof.passed, proof.unexpected
        assert {gap.reason for gap in proof.not_seen} >= {"encrypted", "attachments-not-readable"}
