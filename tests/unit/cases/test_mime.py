"""Whole messages looked through for one person, as a table of what is inside."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.cases.mime import look_at_text, look_through
from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.texts import read_message
from mailsorter.model.case import Seen, Subject
from mailsorter.model.person import Person

PERSON = Person(Subject(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",)))
MARKS = Marks(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",))


def mail(text: str = "Beste, zie bijlage.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "jan@firm.example", "kees@firm.example"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def told(raw: bytes) -> tuple[tuple[Seen, ...], int, bool]:
    """Where the person was seen, how many parts were not read, and whether a limit was met."""
    look = look_through(raw, PERSON)
    return tuple(look.seen), look.unread_parts, look.met_limit


def witnessed(raw: bytes) -> tuple[bool, bool]:
    """Whether the witness saw the person, and whether a limit was met."""
    reading = read_message(raw, MARKS)
    return reading.names, reading.met_limit


def with_attached(inner: EmailMessage) -> bytes:
    outer = mail()
    outer.add_attachment(inner)
    return outer.as_bytes()


def with_file(content: bytes, name: str, maintype: str = "text", subtype: str = "plain") -> bytes:
    outer = mail()
    outer.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return outer.as_bytes()


def bounce() -> bytes:
    return (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nUw bericht kwam niet aan.\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.firm.example\n\n"
        b"Final-Recipient: rfc822; Piet@klant.example\nAction: failed\n\n--b--\n"
    )


def bounce_with_headers() -> bytes:
    report = MIMEMultipart("report", report_type="delivery-status")
    report.attach(MIMEText("From: jan@firm.example\nTo: piet@klant.example\nSubject: offerte\n", "rfc822-headers"))
    return report.as_bytes()


def deep(levels: int) -> bytes:
    inner: MIMEMessage | MIMEText = MIMEText("Piet de Vries")
    for _ in range(levels):
        outer = MIMEMultipart()
        outer.attach(inner)
        inner = MIMEMessage(outer)
    return inner.as_bytes()


@pytest.mark.parametrize(
    ("raw", "seen", "unread"),
    [
        (mail("niets").as_bytes(), [], 0),
        (mail("Piet de Vries belde").as_bytes(), [Seen.BODY], 0),
        (mail("----\nVan: Piet <piet@klant.example>\nAan: jan@firm.example\n\nhallo").as_bytes(), [Seen.FORWARDED], 0),
        (mail("> From: Piet de Vries\n> To: Jan").as_bytes(), [Seen.FORWARDED], 0),
        (mail("tel. +31 6 1234 5678").as_bytes(), [Seen.BODY], 0),
        (with_attached(mail("hallo", Cc="PIET@klant.example")), [Seen.ATTACHED_MESSAGE], 0),
        (with_attached(mail("groet, Piet de Vries")), [Seen.ATTACHED_MESSAGE], 0),
        (with_attached(mail("niets", Subject="=?utf-8?q?CV_Piet_de_Vries?=")), [Seen.ATTACHED_MESSAGE], 0),
        (with_attached(mail("niets")), [], 0),
        (with_file(mail("x", Cc="piet@klant.example").as_bytes(), "mail.eml", "application", "octet-stream"),
         [Seen.ATTACHED_MESSAGE], 0),
        (with_file(b"naam;mail\nPiet;piet@klant.example\n", "lijst.csv", "text", "csv"), [Seen.ATTACHMENT], 0),
        (with_file(b"niets", "CV Piet de Vries.txt"), [Seen.ATTACHMENT_NAME], 0),
        (with_file(b"%PDF-1.7", "CV Piet de Vries.pdf", "application", "pdf"), [Seen.ATTACHMENT_NAME], 1),
        (with_file(b"%PDF-1.7", "iets.pdf", "application", "pdf"), [], 1),
        (with_file(b"BEGIN:VCALENDAR\nATTENDEE:mailto:piet@klant.example\n", "i.ics", "text", "calendar"),
         [Seen.ATTACHMENT], 0),
        (with_file("Zoë met Piet de Vries".encode("utf-16"), "x.txt"), [Seen.ATTACHMENT], 0),
        (bounce(), [Seen.HEADER], 0),
        (bounce_with_headers(), [Seen.ATTACHED_MESSAGE], 0),
        (b"Content-Type: text/html\n\n<p>Piet&nbsp;de <b>Vries</b></p>", [Seen.BODY], 0),
        (b'Content-Type: text/html\n\n<a href="mailto:piet@klant.example?x=1">mail</a>', [Seen.BODY], 0),
        (b"Content-Type: text/plain; charset=nonsense\n\nPiet de Vries", [Seen.BODY], 0),
        (b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n", [], 0),
        (deep(5), [Seen.ATTACHED_MESSAGE], 0),
        (deep(30), [], 1),
        (b"", [], 0),
    ],
)  # fmt: skip
def test_what_is_seen(raw: bytes, seen: list[Seen], unread: int) -> None:
    """Attached messages, files, bounces and forwarded blocks are looked through; what cannot be read is counted."""
    look = look_through(raw, PERSON)
    assert (list(look.seen), look.unread_parts) == (seen, unread)


@given(st.binary(max_size=300), st.sampled_from(["", "Content-Type: multipart/mixed; boundary=a\n\n--a\n"]))
def test_nothing_that_arrives_raises(raw: bytes, start: str) -> None:
    """Whatever bytes a message is made of."""
    look_through(start.encode() + raw, PERSON)


def test_a_text_without_the_person_is_clean() -> None:
    assert look_at_text("Van: iemand anders", PERSON) == {}


BRACKETS = b"(" * 20_000
TOO_DEEP = {
    "attached in attached": b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "multipart in multipart": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(1500)
    ),
}


@pytest.mark.parametrize("header", [b"From", b"To", b"Subject", b"Content-Type", b"Content-Disposition"])
def test_thousands_of_opening_brackets_in_a_header_are_read_past(header: bytes) -> None:
    raw = header + b": " + BRACKETS + b"\r\nReply-To: x@y.example\r\n\r\npiet@klant.example"
    assert told(raw) == ((Seen.BODY,), 0, False)
    assert witnessed(raw) == (True, False)


@pytest.mark.parametrize("raw", TOO_DEEP.values(), ids=TOO_DEEP)
def test_parts_too_deep_to_take_apart_are_unread_and_searched_as_they_stand(raw: bytes) -> None:
    assert told(raw + b"\r\npiet@klant.example") == ((Seen.BODY,), 1, True)
    assert told(raw + b"\r\nniemand") == ((), 1, True)
    assert witnessed(raw + b"\r\npiet@klant.example") == (True, True)
    assert witnessed(raw + b"\r\nniemand") == (False, True)


def test_an_attached_file_too_deep_to_take_apart_is_counted_as_unread() -> None:
    raw = with_file(TOO_DEEP["attached in attached"], "oud.eml", "application", "octet-stream")
    assert look_through(raw, PERSON).unread_parts == 1


HTML = {
    "letters in bold": b"<p>Pi<b>et</b> de V<i><u>r</u></i>ies</p>",
    "entities": b"<p>&#80;iet&nbsp;de&#x20;Vries</p>",
    "soft hyphens": b"<p>Piet de Vri&shy;es</p>",
    "two lines": b"<p>Piet<br>de Vries</p>",
    "an address in parts": b"<p>piet<wbr>@<span>klant</span>.example</p>",
    "a link": b'<a href="mailto:piet%40klant.example?subject=x">mail</a>',
    "a description": b'<img alt="Piet de Vries" src="x.png">',
    "a value": b'<input value="Piet de Vries">',
    "cells": b"<table><tr><td>Piet</td><td>de Vries</td></tr></table>",
    "no end": b"<div><p>Piet de Vries<b",
    "upper case": b"<P>Piet <B>de</B> Vries",
    "behind a NUL": b"<p>x\0y</p><p>Piet de Vries</p>",
    "behind half a comment": b"<!-- --!> Piet de Vries",
}
NOT_SEEN = {
    "two paragraphs run into each other": b"<p>Piet de Vri</p><p>es</p>",
    "a style": b"<style>.Piet.de.Vries{}</style>",
    "a script": b"<script>'Piet de Vries'</script>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_html_is_read_as_a_reader_sees_it(html: bytes) -> None:
    raw = b"Content-Type: text/html\n\n" + html
    assert told(raw) == ((Seen.BODY,), 0, False)
    assert witnessed(raw) == (True, False)


@pytest.mark.parametrize("html", NOT_SEEN.values(), ids=NOT_SEEN)
def test_what_no_reader_sees_is_not_read(html: bytes) -> None:
    raw = b"Content-Type: text/html; charset=utf-8\n\n" + html
    assert told(raw) == ((), 0, False)
    assert witnessed(raw) == (False, False)


def test_a_calendars_folded_line_is_one() -> None:
    raw = with_file(b"BEGIN:VCALENDAR\r\nATTENDEE;CN=x:mailto:piet@kla\r\n nt.example\r\n", "i.ics", "text", "calendar")
    assert told(raw) == ((Seen.ATTACHMENT,), 0, False)
    assert witnessed(raw) == (True, False)
