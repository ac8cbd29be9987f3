# ruff: noqa: E501 - header blocks as mail programs write them
"""Forward blocks of eight languages, their dates, and what a stranger can type without being believed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.match import Outcome
from mailsorter.model.message import Message, Participant
from mailsorter.model.thread import NoMemory
from mailsorter.sorting.matching import MatchBook, match_message
from mailsorter.sorting.matching.text.dates import days_in

from .conftest import NOW

WE = "sanne@firma.example"
OLD, NEW = (
    ClientAddress("piet@wissel.example", valid_until=date(2025, 12, 31)),
    ClientAddress("piet@wissel.example", valid_from=date(2026, 1, 1)),
)
BOOK = MatchBook(
    [
        Client(id="acme", name="Acme", domains=("acme.example",), addresses=(ClientAddress("jan.acme@mail.example"),)),
        Client(id="bolt", name="Bolt", domains=("bolt.example",)),
        Client(id="old", name="Old", addresses=(OLD,)),
        Client(id="new", name="New", addresses=(NEW,)),
    ],
    ["firma.example"],
)
JAN = "Jan de Vries <jan@acme.example>"
BLOCKS = {
    "Outlook, Dutch": f"Van: {JAN}\nVerzonden: maandag 2 maart 2026 10:15\nAan: Sanne\nOnderwerp: offerte",
    "Outlook, English": f"From: {JAN}\nSent: Monday, March 2, 2026 10:15 AM\nTo: Sanne\nSubject: quote",
    "Outlook, German": f"Von: {JAN}\nGesendet: Montag, 2. März 2026 10:15\nAn: Sanne\nBetreff: Angebot",
    "Outlook, French": f"De : {JAN}\nEnvoyé : lundi 2 mars 2026 10:15\nÀ : Sanne\nObjet : devis",
    "Outlook, Spanish": f"De: {JAN}\nEnviado el: lunes, 2 de marzo de 2026 10:15\nPara: Sanne\nAsunto: oferta",
    "Outlook, Italian": f"Da: {JAN}\nInviato: lunedì 2 marzo 2026 10:15\nA: Sanne\nOggetto: offerta",
    "Outlook, Portuguese": f"De: {JAN}\nEnviado: 2 de março de 2026 10:15\nPara: Sanne\nAssunto: proposta",
    "Outlook, Polish": f"Od: {JAN}\nWysłano: poniedziałek, 2 marca 2026 10:15\nDo: Sanne\nTemat: oferta",
    "Apple Mail, English": f"Begin forwarded message:\n\nFrom: {JAN}\nSubject: quote\nDate: 2 March 2026 at 10:15:00 CET",
    "Apple Mail, German": f"Anfang der weitergeleiteten Nachricht:\n\nVon: {JAN}\nBetreff: x\nDatum: 2. März 2026 um 10:15",
    "Gmail, Spanish": f"---------- Forwarded message ---------\nDe: {JAN}\nDate: lun, 2 mar 2026\nSubject: oferta",
    "Gmail, Italian": f"---------- Messaggio inoltrato ---------\nDa: {JAN}\nData: lun 2 mar 2026\nOggetto: offerta",
    "Gmail, Polish": f"---------- Wiadomość przekazana ---------\nOd: {JAN}\nData: pon., 2 mar 2026\nTemat: oferta",
    "a mobile app, names and addresses on lines of their own": f"Von:\n{JAN}\nDatum:\n2. März 2026\nAn:\nSanne\nBetreff:\nx",
    "HTML made plain, in cells": f"Van:\t{JAN}\nVerzonden:\tmaandag 2 maart 2026\nAan:\tSanne\nOnderwerp:\tx",
    "a quoted answer, Spanish": f"El lun, 2 mar 2026 a las 10:15, {JAN} escribió:",
    "a quoted answer, Italian": f"Il giorno lun 2 mar 2026 alle ore 10:15 {JAN} ha scritto:",
    "a quoted answer, Portuguese": f"Em seg., 2 de mar. de 2026 às 10:15, {JAN} escreveu:",
    "a quoted answer, Polish": f"W dniu 2.03.2026 o 10:15, {JAN} pisze:",
}


def decided(text: str, subject: str = "FW: offerte", **fields: object) -> tuple[str, tuple[str, ...]]:
    fields.setdefault("from_", Participant(WE))
    fields.setdefault("received_at", NOW)
    message = Message(id="m", folder_id="i", to=(Participant(WE),), subject=subject, **fields)  # type: ignore[arg-type]
    found = match_message(message, BOOK, NoMemory(), text=text)
    return str(found.outcome), found.clients


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS)
def test_a_forward_is_read_in_every_language_of_the_table(text: str) -> None:
    assert decided(f"Ter info.\n\n{text}\n\nDag") == ("filed-to", ("acme",))


DATES = [
    ("maandag 2 maart 2026 10:15", [date(2026, 3, 2)]),
    ("Monday, March 2, 2026 10:15 AM", [date(2026, 3, 2)]),
    ("2. März 2026 um 10:15", [date(2026, 3, 2)]),
    ("lun. 2 mars 2026 à 10:15", [date(2026, 3, 2)]),
    ("mar. 3 févr. 2026", [date(2026, 2, 3)]),
    ("lunes, 2 de marzo de 2026", [date(2026, 3, 2)]),
    ("poniedziałek, 2 października 2025", [date(2025, 10, 2)]),
    ("2026-03-02 10:15", [date(2026, 3, 2)]),
    ("02.03.2026", [date(2026, 3, 2)]),
    ("2/3/2026", [date(2026, 3, 2), date(2026, 2, 3)]),
    ("25/3/2026", [date(2026, 3, 25)]),
    ("31 februari 2026", []),
    ("gisteren", []),
    ("2026年3月2日", [date(2026, 3, 2)]),
]


@pytest.mark.parametrize(("text", "days"), DATES)
def test_the_day_of_a_block_is_read(text: str, days: list[date]) -> None:
    assert list(days_in(text)) == days


BY_DATE = [
    ("12 december 2025", "filed-to", ("old",)),
    ("12 januari 2026", "filed-to", ("new",)),
    ("1/12/2025", "filed-to", ("old",)),
    ("2/1/2026", "filed-to", ("new",)),
    ("12/1/2025", "filed-to", ("old",)),
    ("kl. 14 i går, dag 3", "ambiguous", ("old", "new")),
]


@pytest.mark.parametrize(("sent", "outcome", "clients"), BY_DATE)
def test_a_forward_is_judged_by_the_date_in_its_block(sent: str, outcome: str, clients: tuple[str, ...]) -> None:
    text = f"Van: Piet <piet@wissel.example>\nVerzonden: {sent}\nAan: Sanne\nOnderwerp: planning"
    assert decided(text, received_at=datetime(2026, 6, 1, tzinfo=UTC)) == (outcome, clients)


FORM = "website@firma.example"
FORMS = [
    ("the form's own field", "Naam: Jan\nE-mail: jan@acme.example\nBericht: bel mij", ("acme",)),
    ("a field typed into the text", "E-mail: x@vreemd.example\nBericht: hallo\nE-mail: jan@acme.example", ()),
    ("a block typed into the text", f"E-mail: x@vreemd.example\nBericht: zie\n\n{BLOCKS['Outlook, Dutch']}", ()),
    ("another client's field typed into the text",
     "E-mail: jan@acme.example\nBericht: hallo\nE-mail: els@bolt.example", ("acme",)),
    ("the field below the text, another typed into it",
     "Bericht: hallo\nE-mail: els@bolt.example\nE-mail: jan@acme.example", ("acme",)),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "clients"), FORMS, ids=[row[0] for row in FORMS])
@pytest.mark.parametrize("subject", ["Contactformulier", "FW: Contactformulier"])
def test_a_visitors_own_words_never_outvote_the_field(
    subject: str, case: str, text: str, clients: tuple[str, ...]
) -> None:
    assert decided(text, subject, from_=Participant(FORM))[1] == clients, case


SPOKEN_FOR = [
    ("bounces+jan=acme.example@lijst.example", "", "<l.lijst.example>", ()),
    ("bounce-12-jan=acme.example@lijst.example", "", "<l.lijst.example>", ()),
    ("jan=acme.example@lijst.example", "", "<l.lijst.example>", ("acme",)),
    ("jan=acme.example@lijst.example", "", "", ()),
    ("x@dienst.example", "jan@acme.example via Dienst", "", ()),
    ("x@dienst.example", "jan@acme.example via Dienst", "<l.lijst.example>", ("acme",)),
]


@pytest.mark.parametrize(("address", "name", "list_id", "clients"), SPOKEN_FOR)
def test_who_speaks_for_whom(address: str, name: str, list_id: str, clients: tuple[str, ...]) -> None:
    assert decided("", "Hallo", from_=Participant(address, name), list_id=list_id)[1] == clients


@pytest.mark.parametrize(
    "address",
    [
        "prvs=1234567890=jan.acme@mail.example",
        "prvs=0123ABCDEF=Jan.Acme@mail.example",
        "btv1==1234567890a==jan.acme@mail.example",
        "prvs=1234567890=jan.acme+x@mail.example",
    ],
)
def test_a_listed_address_is_known_behind_a_bounce_tag(address: str) -> None:
    assert decided("", "Hallo", from_=Participant(address)) == ("filed-to", ("acme",))


def test_a_tag_in_front_of_nobody_is_nobody() -> None:
    assert decided("", "Hallo", from_=Participant("prvs=jan.acme@mail.example"))[0] == str(Outcome.UNMATCHED)
