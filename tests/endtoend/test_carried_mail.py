"""What a colleague sends on, through the commands on both roads: attached mail, invitations, HTML-only forwards."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from mailsorter.emulator import running_emulator
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.mime.write import stamps
from tests.endtoend.tenant import OWN, Tenant
from tests.endtoend.test_hybrid import HybridTenant

ROADS = (0, 1) if find_spec("mailsorter.mailbox.ews") else (0,)
JAN = "Jan de Boer <jan@acme.example>"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Tenant]:
    """A mailbox over Graph, and one over EWS where this copy has it."""
    with running_emulator() as emulator:
        made = HybridTenant if len(ROADS) > 1 else Tenant
        yield made(emulator, tmp_path, ("anna", "bert")[: len(ROADS)])


def deliver(firm: Tenant, mailbox: int, mime: bytes, authentication: str = "internal") -> str:
    box, store = firm.mailboxes[mailbox], firm.emulator.store
    stamped = "".join(f"{name}: {value}\r\n" for name, value in stamps("sender.example", authentication))
    new = read_mime(stamped.encode() + mime)
    made = store.messages.create(box, store.folders.well_known(box, "inbox"), new)
    return str(box.ids.immutable_id(made.id))


def mail(from_: str, to: str, subject: str = "planning", text: str = "Zie bijlage.") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = from_, to, subject
    made["Date"] = "Mon, 23 Nov 2026 09:00:00 +0000"
    made.set_content(text)
    return made


def attached(mailbox: str, author: str, *inner: str, as_file: bool = False) -> bytes:
    outer = mail(author, mailbox, "FW: planning")
    for one in inner:
        carried = mail(one, f"bram@{OWN}")
        if as_file:
            outer.add_attachment(carried.as_bytes(), maintype="application", subtype="octet-stream", filename="b.eml")
        else:
            outer.add_attachment(carried)
    return outer.as_bytes()


def invitation(mailbox: str, author: str, attendee: str) -> bytes:
    lines = [
        *("BEGIN:VCALENDAR", "METHOD:REQUEST", "BEGIN:VEVENT", f"ORGANIZER:mailto:{author}"),
        *(f"ATTENDEE:mailto:{attendee}", "END:VEVENT", "END:VCALENDAR", ""),
    ]
    outer = mail(author, mailbox, "Overleg", "Komen jullie ook?")
    outer.add_alternative("\r\n".join(lines), subtype="calendar", params={"method": "REQUEST"})
    return outer.as_bytes()


def test_attached_mail_and_invitations(firm: Tenant) -> None:
    """Filed where a colleague attached them and one client is named; nobody else's attachment counts."""
    bram, stranger = f"bram@{OWN}", "wie@elders.example"
    filed: dict[int, set[str]] = {}
    left: dict[int, set[str]] = {}
    for n in ROADS:
        box = firm.mailboxes[n].address
        filed[n] = {
            deliver(firm, n, attached(box, bram, JAN)),
            deliver(firm, n, attached(box, bram, JAN, as_file=True)),
            deliver(firm, n, invitation(box, bram, "jan@acme.example")),
        }
        left[n] = {
            deliver(firm, n, attached(box, bram, JAN, "jo@bakker.example")),
            deliver(firm, n, attached(box, bram, JAN), "fail"),
            deliver(firm, n, attached(box, stranger, JAN), "pass"),
            deliver(firm, n, invitation(box, stranger, "jan@acme.example"), "pass"),
        }
    done = firm.run("sort", "--json")
    assert (done.code, done.err) == (0, "")
    for n in ROADS:
        folders = firm.folders(n)
        assert folders["Clients / Acme B.V."] == filed[n]
        assert folders["Inbox"] == left[n]
    one = next(iter(filed[0]))
    said = firm.run("explain", one).out
    assert "attached-message" in said or "calendar" in said


# forwards -----------------------------------------------------------------------------------------------------------


class Words(NamedTuple):
    """What mail programs of one language write above a forwarded message: from, sent, to, subject."""

    prefix: str
    labels: tuple[str, str, str, str]
    sent: str
    gmail: str
    apple: str


LANGUAGES = {
    "nl": Words(
        "FW", ("Van", "Verzonden", "Aan", "Onderwerp"), "maandag 23 november 2026 10:15",
        "---------- Doorgestuurd bericht ---------", "Begin doorgestuurd bericht:",
    ),
    "en": Words(
        "Fwd", ("From", "Sent", "To", "Subject"), "Monday, November 23, 2026 10:15 AM",
        "---------- Forwarded message ---------", "Begin forwarded message:",
    ),
    "de": Words(
        "WG", ("Von", "Gesendet", "An", "Betreff"), "Montag, 23. November 2026 10:15",
        "---------- Weitergeleitete Nachricht ---------", "Anfang der weitergeleiteten Nachricht:",
    ),
    "fr": Words(
        "TR", ("De", "Envoyé", "À", "Objet"), "lundi 23 novembre 2026 10:15",
        "---------- Message transféré ---------", "Début du message réexpédié :",
    ),
    "es": Words(
        "RV", ("De", "Enviado el", "Para", "Asunto"), "lunes, 23 de noviembre de 2026 10:15",
        "---------- Mensaje reenviado ---------", "Inicio del mensaje reenviado:",
    ),
    "it": Words(
        "I", ("Da", "Inviato", "A", "Oggetto"), "lunedì 23 novembre 2026 10:15",
        "---------- Messaggio inoltrato ---------", "Inizio messaggio inoltrato:",
    ),
    "pt": Words(
        "ENC", ("De", "Enviada em", "Para", "Assunto"), "segunda-feira, 23 de novembro de 2026 10:15",
        "---------- Mensagem encaminhada ---------", "Início da mensagem reencaminhada:",
    ),
    "pl": Words(
        "PD", ("Od", "Wysłano", "Do", "Temat"), "poniedziałek, 23 listopada 2026 10:15",
        "---------- Wiadomość przekazana ---------", "Początek przekazanej wiadomości:",
    ),
}  # fmt: skip


def outlook(words: Words, person: str) -> str:
    name, _, address = person.partition(" <")
    values = (f"{name} <{address}", words.sent, f"Bram <bram@{OWN}>", "planning")
    lines = [f"<b>{label}:</b> {escape(value)}" for label, value in zip(words.labels, values, strict=True)]
    return (
        '<html><body lang="NL"><div class="WordSection1"><p class="MsoNormal">&nbsp;</p><div>'
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">'
        + "<br>\r\n".join(lines)
        + "</p></div></div><p>Hallo</p></div></body></html>"
    )


def gmail(words: Words, person: str) -> str:
    name, _, address = person.rstrip(">").partition(" <")
    link = f'<a href="mailto:{address}">{address}</a>'
    sender, sent, to, subject = words.labels
    return (
        f'<div dir="ltr"><br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{words.gmail}<br>'
        f'{sender}: <strong class="gmail_sendername" dir="auto">{name}</strong> <span dir="auto">&lt;{link}&gt;</span>'
        f"<br>{sent}: {words.sent}<br>{subject}: planning<br>{to}: &lt;bram@{OWN}&gt;<br></div><br>Hallo</div></div>"
    )


def apple(words: Words, person: str) -> str:
    name, _, address = person.rstrip(">").partition(" <")
    sender, sent, to, subject = words.labels
    fields = [
        (sender, f'{name} &lt;<a href="mailto:{address}">{address}</a>&gt;'), (subject, "<b>planning</b>"),
        (sent, words.sent), (to, f"bram@{OWN}"),
    ]  # fmt: skip
    rows = "".join(
        f'<div style="margin:0px"><span style="font-family:-webkit-system-font"><b>{label}: </b></span>'
        f"<span>{value}<br></span></div>"
        for label, value in fields
    )
    return (
        f'<html><body><br><div><br><blockquote type="cite"><div>{words.apple}</div><br>{rows}<br>'
        "<div>Hallo</div></blockquote></div></body></html>"
    )


def html_only(mailbox: str, subject: str, html: str) -> bytes:
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = f"Bram <bram@{OWN}>", mailbox, subject
    outer["Date"] = "Mon, 23 Nov 2026 11:00:00 +0000"
    outer.set_content(html, subtype="html")
    return outer.as_bytes()


def test_html_only_forwards_in_eight_languages(firm: Tenant) -> None:
    """As Outlook, Gmail and Apple Mail write them, with the prefix in the subject and without."""
    wanted: dict[int, dict[str, str]] = {}
    for n in ROADS:
        box = firm.mailboxes[n].address
        wanted[n] = {
            deliver(firm, n, html_only(box, subject, program(words, JAN))): f"{language} {program.__name__} {subject}"
            for language, words in LANGUAGES.items()
            for program in (outlook, gmail, apple)
            for subject in (f"{words.prefix}: planning", "ter info")
        }
        other = outlook(LANGUAGES["nl"], "Wie <wie@elders.example>")
        deliver(firm, n, html_only(box, "FW: planning", other))
    done = firm.run("sort", "--json")
    assert (done.code, done.err) == (0, "")
    for n in ROADS:
        folders = firm.folders(n)
        missing = [why for message, why in wanted[n].items() if message not in folders.get("Clients / Acme B.V.", ())]
        assert missing == []
        assert len(folders["Inbox"]) == 1
