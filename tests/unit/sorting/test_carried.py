"""Attached messages and invitations: read in a worker, and what is read of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailsorter.errors import Unreachable
from mailsorter.mailbox.base import AttachedItem
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.sandbox import Piece
from mailsorter.sorting.carried import carried_of, is_carrier
from mailsorter.sorting.matching import Carried
from mailsorter.sorting.parsers.carried import TooMuch, read_carried

from .firm import ACME, BAKKER, OWN, Firm

CALENDAR = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VEVENT\r
ORGANIZER;CN="Bram: intern":mailto:bram@onzefirma.example\r
ATTENDEE;ROLE=REQ-PARTICIPANT;CN="mailto:jo@bakker.example":mailto:jan@acme\r
 .example\r
DESCRIPTION:ATTENDEE:mailto:jo@bakker.example\r
END:VEVENT\r
END:VCALENDAR\r
"""


def mail(from_: str = f"bram@{OWN}", to: str = f"anna@{OWN}", subject: str = "planning") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = from_, to, subject
    made["Date"] = "Mon, 02 Mar 2026 23:30:00 -0500"
    made["Message-ID"] = f"<{abs(hash((from_, subject)))}@mail.example>"
    made.set_content("Zie bijlage.")
    return made


def carrying(*inner: EmailMessage, as_file: bool = False) -> bytes:
    outer = mail(subject="FW: planning")
    for one in inner:
        if as_file:
            outer.add_attachment(one.as_bytes(), maintype="application", subtype="octet-stream", filename="bericht.EML")
        else:
            outer.add_attachment(one)
    return outer.as_bytes()


def read(raw: bytes) -> tuple[Carried, ...]:
    return carried_of([Piece(kind, text) for kind, text in read_carried(raw)])


@pytest.mark.parametrize("as_file", [False, True])
def test_who_wrote_an_attached_message_and_to_whom(*, as_file: bool) -> None:
    """As an item or an .eml file; display names and bodies name nobody."""
    inner = mail('"jo@bakker.example" <Jan@ACME.example>', f"bram@{OWN}, an@elders.example", "=?utf-8?q?Vr=C3=A1ag?=")
    inner["Cc"] = "Cor <cor@elders.example>"
    (found,) = read(carrying(inner, as_file=as_file))
    assert (found.level, found.is_invitation, found.has_author_failed) == (0, False, False)
    assert found.authors == ("jan@acme.example",)
    assert found.recipients == (f"bram@{OWN}", "an@elders.example", "cor@elders.example")
    assert found.subject == "Vráag"
    assert [moment.isoformat() for moment in found.sent if moment] == ["2026-03-02T23:30:00-05:00"]


def test_levels_say_what_lies_inside_what() -> None:
    deepest, inner = mail("jan@acme.example"), mail(subject="tussen")
    inner.add_attachment(deepest)
    after = mail("wie@elders.example")
    found = read(carrying(inner, after))
    assert [(one.level, one.authors[0]) for one in found] == [
        (0, f"bram@{OWN}"), (1, "jan@acme.example"), (0, "wie@elders.example"),
    ]  # fmt: skip


def test_base64_around_a_message_is_read_though_no_standard_allows_it() -> None:
    packed = base64.encodebytes(mail("jan@acme.example").as_bytes()).decode()
    head = "From: a@b.example\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
    (found,) = read((head + packed).encode())
    assert found.authors == ("jan@acme.example",)


def test_an_address_header_that_is_no_list_names_everybody_it_may_name() -> None:
    inner = b"From: <jan@acme.example\nTo: (a@elders.example\n\nHallo"
    raw = b"From: a@b.example\nContent-Type: message/rfc822\n\n" + inner
    (found,) = read(raw)
    assert found.authors + found.recipients == ("jan@acme.example", "a@elders.example")


def test_organiser_and_attendees_of_a_calendar_part() -> None:
    """Folded lines are joined; names in quotes and other lines name nobody (RFC 5545)."""
    outer = mail()
    outer.add_alternative(CALENDAR.replace("\r", ""), subtype="calendar")
    (found,) = read(outer.as_bytes())
    assert found == Carried(is_invitation=True, authors=(f"bram@{OWN}",), recipients=("jan@acme.example",))


@pytest.mark.parametrize(
    ("verdict", "failed"),
    [("compauth=fail reason=000", True), ("dmarc=pass", False), ("mx.elders.example; dmarc=fail", False)],
)
def test_exchanges_own_verdict_in_the_attached_header(verdict: str, *, failed: bool) -> None:
    inner = mail("jan@acme.example")
    inner["Authentication-Results"] = verdict
    (found,) = read(carrying(inner))
    assert found.has_author_failed is failed


@pytest.mark.parametrize(
    ("line", "addresses"),
    [
        ("ATTENDEE;CN=An;EMAIL=an@bakker.example:urn:uuid:12", ("an@bakker.example",)),
        ('ATTENDEE;EMAIL="an@bakker.example":/principals/12', ("an@bakker.example",)),
        ("ATTENDEE;EMAIL=an@bakker.example:mailto:2_x@imip.example", ("an@bakker.example", "2_x@imip.example")),
        ('ATTENDEE;CN="x;EMAIL=jan@acme.example:y":mailto:an@bakker.example', ("an@bakker.example",)),
        ("ATTENDEE;CN=An:urn:uuid:12", ()),
    ],
)
def test_an_attendee_in_the_email_parameter(line: str, addresses: tuple[str, ...]) -> None:
    """RFC 7986, 6.2: a client who is missed there could leave another one alone."""
    outer = mail()
    outer.add_alternative(f"BEGIN:VCALENDAR\n{line}\nEND:VCALENDAR\n", subtype="calendar")
    (found,) = read(outer.as_bytes())
    assert found.recipients == addresses


def test_a_message_with_utf8_headers_is_a_message() -> None:
    """RFC 6532: message/global is attached mail like message/rfc822."""
    raw = carrying(mail("jan@acme.example"), mail("an@bakker.example"))
    head, between, last = raw.rpartition(b"message/rfc822")
    found = read(head + between.replace(b"rfc822", b"global") + last)
    assert [one.authors for one in found] == [("jan@acme.example",), ("an@bakker.example",)]


@pytest.mark.parametrize(
    ("subtype", "name"), [("vnd.ms-outlook", "a.bin"), ("octet-stream", "Offerte.MSG"), ("octet-stream", "b.msg ")]
)
def test_a_message_in_outlooks_own_format_is_not_passed_over(subtype: str, name: str) -> None:
    """Nobody here can read whose mail it is, so the readable message beside it does not decide alone."""
    outer = mail()
    outer.add_attachment(mail("jan@acme.example"))
    outer.add_attachment(b"\xd0\xcf\x11\xe0", maintype="application", subtype=subtype, filename=name)
    with pytest.raises(TooMuch):
        list(read_carried(outer.as_bytes()))


def _nested(depth: int) -> EmailMessage:
    inner = mail("jan@acme.example")
    for _ in range(depth):
        around = mail()
        around.add_attachment(inner)
        inner = around
    return inner


@pytest.mark.parametrize(
    "raw",
    [
        carrying(*[mail("jan@acme.example", subject=str(n)) for n in range(21)]),
        _nested(7).as_bytes(),
        carrying(mail("jan@acme.example", ", ".join(f"p{n}@gast.example" for n in range(2_001)))),
    ],
    ids=["messages", "levels", "people"],
)
def test_too_much_is_not_half_read(raw: bytes) -> None:
    with pytest.raises(TooMuch):
        list(read_carried(raw))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (AttachedItem(name="planning", is_item=True), True),
        (AttachedItem(name="bericht.EML "), True),
        (AttachedItem(name="a.bin", content_type="Message/RFC822"), True),
        (AttachedItem(name="uitnodiging.ics"), True),
        (AttachedItem(name="eml.pdf", content_type="application/pdf"), False),
    ],
)
def test_what_is_worth_opening(item: AttachedItem, *, expected: bool) -> None:
    assert is_carrier([AttachedItem(name="logo.png"), item]) is expected


# through a run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    made = Firm(tmp_path)
    yield made
    made.ledger.close()


def deliver(firm: Firm, raw: bytes, *, names: tuple[str, ...] = ("planning.eml",), **fields: object) -> str:
    values: dict = {
        "from_": Participant(f"bram@{OWN}"), "to": [Participant(f"anna@{OWN}")], "subject": "planning",
        "text": "Zie bijlage.", "author_check": AuthorCheck.INTERNAL, "attachment_names": names, "mime": raw, **fields,
    }  # fmt: skip
    return firm.mailbox.server.deliver(WellKnown.INBOX, **values)


def filed(firm: Firm) -> dict[str, set[str]]:
    server = firm.mailbox.server
    return {c.id: server.ids(("Clients", c.name)) for c in (ACME, BAKKER)}


def test_a_colleagues_attachment_is_filed_and_a_strangers_is_not(firm: Firm) -> None:
    """And only what nothing else decides is opened: three listings' worth of mail, two messages."""
    raw = carrying(mail("jan@acme.example"))
    ours = deliver(firm, raw)
    deliver(firm, raw, from_=Participant("wie@elders.example"), author_check=AuthorCheck.PASSED)
    deliver(firm, raw, author_check=AuthorCheck.FAILED)
    known = deliver(firm, raw, to=[Participant("jo@bakker.example")])
    deliver(firm, raw, names=("scan.pdf",))
    invitation = deliver(
        firm,
        (b"From: bram@onzefirma.example\nContent-Type: text/calendar; method=REQUEST\n\n" + CALENDAR.encode()),
        names=(),
        message_class="IPM.Schedule.Meeting.Request",
    )
    firm.sort()
    assert filed(firm) == {"acme": {ours, invitation}, "bakker": {known}}
    assert firm.mailbox.calls["mime"] == 2


def test_two_clients_inside_stay(firm: Firm) -> None:
    deliver(firm, carrying(mail("jan@acme.example"), mail("jo@bakker.example")))
    firm.sort()
    assert filed(firm) == {"acme": set(), "bakker": set()}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda box, _: box.fail_next("mime", Unreachable("No answer.")),
        lambda box, message: box.server.item(message).__setattr__("mime", carrying(_nested(7))),
    ],
    ids=["no answer", "too much"],
)
def test_what_cannot_be_read_whole_is_left_where_it_is(firm: Firm, spoil: object) -> None:
    message = deliver(firm, carrying(mail("jan@acme.example")))
    spoil(firm.mailbox, message)  # type: ignore[operator]
    firm.sort()
    assert filed(firm) == {"acme": set(), "bakker": set()}
    assert message in firm.mailbox.server.ids(WellKnown.INBOX)
