"""The linear patterns find what the former ones found, but for the differences named here.

Texts are put together from the fragments that the patterns ask for, whole messages are the odd ones of the matcher's
own tests and, where MAILSORTER_TESTDATA points at them, real mail.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.mail import parse
from mailsorter.model import address as address_now
from mailsorter.model.message import Message, Participant
from mailsorter.patterns import Cap
from mailsorter.sorting.matching import looks as looks_now
from mailsorter.sorting.matching.text.bounce import _YOURS, bounce_mentions
from mailsorter.sorting.matching.text.calendar import calendar_mentions
from mailsorter.sorting.matching.text.forwarded import forwarded_mentions
from mailsorter.sorting.matching.text.lines import plain_lines, without_link_twins
from mailsorter.sorting.matching.text.mention import Mention

from ..sorting.matching.test_text import BOUNCED, FORMS, FORWARDED, INVITATIONS
from . import former

# What the patterns ask for, and what may be next to it. No long s, no Kelvin sign, no dotless i: see the last test.
FRAGMENTS = [
    "re",
    "fw",
    "fwd",
    "fw:",
    "re:",
    "antw:",
    "aw[2]:",
    "doorst:",
    "i",
    "tr",
    "wg",
    "van",
    "from",
    "van:",
    "from:",
    "sent:",
    "verzonden:",
    "date",
    ":",
    "datum:",
    "op",
    "on",
    "am",
    "le",
    "wrote",
    "schreef",
    "schrieb",
    "écrit:",
    "to:",
    "aan:",
    "cc:",
    "onderwerp:",
    "subject:",
    "bijlagen:",
    "--",
    "---",
    "------",
    "oorspronkelijk",
    "bericht",
    "original",
    "message",
    "forwarded",
    "begin",
    "doorgestuurd",
    "afwezig",
    "undeliverable",
    "delivery",
    "failure",
    "status",
    "notification",
    "uitnodiging",
    "accepted",
    "contact",
    "form",
    "formulier",
    "webform",
    "contactform",
    "via",
    "de",
    "site",
    "aanvraag",
    "lead",
    "no-reply",
    "postmaster",
    "mailer-daemon",
    "bounces+x",
    "wordpress",
    "jan@acme.example",
    "els@bolt.example",
    "<jan@acme.example>",
    "<mailto:jan@acme.example>",
    "[mailto:els@bolt.example]",
    "mailto:x@y.example",
    '"jan',
    'jansen"@acme.example',
    "jan=acme.example@lijst.example",
    "srs0=h=tt=acme.example=jan@x.example",
    "/o=firm/cn=jan",
    "imceaex-_o=x@y.example",
    "ex:/o=firm",
    "smtp:jan@acme.example",
    "final-recipient:",
    "rfc822;",
    "x-failed-recipients:",
    "your",
    "message",
    "to",
    "following",
    "address",
    "recipients",
    "failed",
    "niet",
    "bezorgd",
    "aan",
    "de",
    "volgende",
    "geadresseerden",
    "kon",
    "worden",
    "e-mail",
    "e-mailadres:",
    "afzender",
    "*",
    "van",
    "=",
    "BEGIN:VCALENDAR",
    "ORGANIZER;CN=Jan:mailto:jan@acme.example",
    "ATTENDEE:MAILTO:els@bolt.example",
    "organizer:",
    "deelnemers:",
    "namens",
    "via",
    "on",
    "behalf",
    "of",
    ">",
    ">>",
    "|",
    "*",
    "**",
    "_",
    "__",
    ":",
    ";",
    ",",
    ".",
    "(",
    ")",
    "<",
    ">",
    "[",
    "]",
    '"',
    "\\",
    "@",
    "=",
    "-",
    "2",
    "12",
    "2026",
    "é",
    "ü",
    "ß",
    "İ",
    "中文",
    "jan@büro.example",
    "(a)",
    "\xa0",
    "\u200b",
    "\u2028",
    "\x1c",
    "\t",
]
BLANKS = (" ", "", "\n", "  ", "\r\n", "\n ", "_")

texts = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(BLANKS)), max_size=14).map(
    lambda parts: "".join(word + blank for word, blank in parts)
)


def on_text(text: str) -> Iterator[tuple[str, object, object]]:
    """Everything that reads a text, now and before: the name of the reader, and what each makes of it."""
    yield "addresses", address_now.find_addresses(text), former.find_addresses(text)
    yield "participant", address_now.addresses_in(text), former.addresses_in(text)
    yield "canonical", address_now.canonical(text), former.canonical(text)
    yield "twins", without_link_twins(text), former.without_link_twins(text)
    lines = plain_lines(text)
    yield "lines", lines, former.plain_lines(text)
    if not _YOURS.found_in(" ".join(lines)):  # such a sentence now has to say what became of the message
        yield "bounce", bounce_mentions(lines), former.bounce_mentions(lines)
    # who only received an invitation is told apart now, so guests come last
    yield "calendar", everybody(calendar_mentions(text, lines)), everybody(former.calendar_mentions(text, lines))


def everybody(mentions: Sequence[Mention]) -> set[str]:
    return {address for mention in mentions for address in mention.addresses}


_TAKEN_FOR_I = str.maketrans("\u0130\u0131", "\u00d8\u00f8")


def as_unicode_folds(message: Message) -> Message:
    """The message for `former`, which takes the Turkish I with a dot and i without one for an i, as `re` does.

    Unicode's simple case folding (CaseFolding.txt, status T) does so in Turkish alone, and RE2 never does: the Italian
    mark of a forward, `I:`, is not written with them. Here they are two other letters.
    """
    people = {
        field: Participant(one.address.translate(_TAKEN_FOR_I), one.name.translate(_TAKEN_FOR_I))
        for field in ("from_", "sender")
        if (one := getattr(message, field)) is not None
    }
    return msgspec.structs.replace(
        message,
        subject=message.subject.translate(_TAKEN_FOR_I),
        preview=message.preview.translate(_TAKEN_FOR_I),
        **people,
    )


def on_message(message: Message) -> Iterator[tuple[str, object, object]]:
    """Everything that judges an envelope."""
    known = as_unicode_folds(message)
    for name in ("looks_bounced", "looks_form_made"):
        yield name, getattr(looks_now, name)(message), getattr(former, name)(known)
    for name in ("looks_forwarded", "looks_like_invitation"):  # more languages now: what was seen is still seen
        now = getattr(looks_now, name)(message)
        yield name, now, now or getattr(former, name)(known)
    every = [getattr(looks_now, name)(message) for name in dir(former) if name.startswith("looks_")]
    yield "looks_worth_opening", looks_now.looks_worth_opening(message), any(every)


def differing(compared: Iterator[tuple[str, object, object]]) -> list[tuple[str, object, object]]:
    return [found for found in compared if found[1] != found[2] and not is_only_cut(*found)]


def is_only_cut(name: str, now: object, before: object) -> bool:
    """Do lines end earlier because a cap now cuts before a word and not inside it?"""
    if name != "lines" or not isinstance(now, list) or not isinstance(before, list):
        return False
    if sum(map(len, before)) < Cap.BODY_LINE or not 0 <= len(before) - len(now) <= 1:
        return False
    return all(long.startswith(short) for short, long in zip(now, before, strict=False))


@settings(max_examples=400, deadline=None)
@given(texts)
@example("*** x")
@example("**\n_ a: *b*: __")
@example('x"a b"@c.example "a\\" b"@d.example "@e.example')
@example("<mailto:<mailto:a@b.example>>")
def test_every_reader_finds_the_same(text: str) -> None:
    assert differing(on_text(text)) == []


@settings(max_examples=400, deadline=None)
@given(texts, texts, texts, texts)
@example("\u0130 : ", "", "", "")
@example("\u0131: x", "", "", "")
def test_every_look_sees_the_same(subject: str, preview: str, author: str, name: str) -> None:
    message = Message(
        id="m",
        folder_id="inbox",
        subject=subject[: former._HEAD],
        preview=preview[: former._HEAD],
        from_=Participant(author, name),
        sender=Participant("x@lijst.example", name),
    )
    assert differing(on_message(message)) == []


@pytest.mark.parametrize("text", [row[1] for row in (*FORWARDED, *BOUNCED, *FORMS, *INVITATIONS)])
def test_bodies_of_real_programs_read_the_same(text: str) -> None:
    assert differing(on_text(text)) == []


@pytest.mark.testdata
@pytest.mark.skipif("MAILSORTER_TESTDATA" not in os.environ, reason="needs real mail")
def test_real_mail_reads_the_same() -> None:
    compared = 0
    found = []
    with tarfile.open(Path(os.environ["MAILSORTER_TESTDATA"]) / "mail.tgz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None:
                continue
            one = parse(file.read(), Path(member.name))
            compared += 1
            found += [(member.name, *d) for d in differing(on_message(one.message))]
            found += [(member.name, *d) for d in differing(on_text(one.text[: 3 * 32_000]))]
    assert compared > 1_000
    assert found == []


def test_a_long_s_in_a_header_word_no_longer_stops_the_run() -> None:
    """`ſent:` was found without regard to case and then looked up as written: a KeyError from anybody's mail."""
    lines = ["Van: Jan <jan@acme.example>", "ſent: maandag", "Aan: els@bolt.example"]
    with pytest.raises(KeyError):
        former.forwarded_mentions(lines)
    assert forwarded_mentions(lines)[0].addresses == ("jan@acme.example", "els@bolt.example")


def test_a_text_is_cut_before_the_word_that_the_cap_would_split() -> None:
    """Before, `contact formal` could be cut to `contact form`, and an address to another one."""
    subject = "x" * (former._HEAD - len(" contact form")) + " contact formal"
    message = Message(id="m", folder_id="inbox", subject=subject)
    assert former.looks_form_made(message)
    assert not looks_now.looks_form_made(message)
    body = "y\n" * 300 + "y " * 1_989 + "Van: jan@acme.example.elsewhere.example"
    assert former.find_addresses(former.plain_lines(body)[-1]) == ("jan@acme.example",)
    assert address_now.find_addresses(plain_lines(body)[-1]) == ()


@pytest.mark.parametrize("letter", "\u0130\u0131")
def test_a_turkish_i_is_no_mark_of_a_forward(letter: str) -> None:
    """The one difference of the looks: it was one before."""
    message = Message(id="m", folder_id="inbox", subject=f"{letter}: offerte")
    assert former.looks_forwarded(message)
    assert not looks_now.looks_forwarded(message)
