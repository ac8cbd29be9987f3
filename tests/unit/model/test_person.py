"""Who is the person, as tables of addresses, names, numbers and roles."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from mailsorter.cases.witness import Marks
from mailsorter.model.case import Role, Seen, Subject
from mailsorter.model.finding import envelope_places, fingerprint, role_of
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person, search_terms
from mailsorter.patterns.normal import without_accents

X500 = "/O=FIRM/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=PIET"
SUBJECT = Subject(
    names=("Piet de Vries", "Zoë Müller-Jansen", "李小龍"),
    addresses=("piet@klant.example", "piet+prive@post.example", "zoë@bücher.example", X500, "O'Neil@klant.example"),
    aliases=("Pietje Puk",),
    phones=("+31 6 12345678", "112"),
)
PERSON = Person(SUBJECT)


@pytest.mark.parametrize(
    ("raw", "is_theirs"),
    [
        ("piet@klant.example", True),
        ("PIET@KLANT.EXAMPLE", True),
        ("piet+news@klant.example", True),
        ("piet@post.example", True),  # the plus-tag of the request does not make another person
        ("smtp:piet@klant.example", True),
        ("'piet@klant.example'", True),
        ("Piet <piet@klant.example>", True),
        ("zoë@xn--bcher-kva.example", True),
        ("ZOË@Bücher.example", True),
        ("o'neil@klant.example", True),
        (X500, True),
        (X500.lower(), True),
        ("EX:" + X500, True),
        (X500 + "X", False),
        ("piet@klant.example.evil.example", False),
        ("piet@sub.klant.example", False),
        ("xpiet@klant.example", False),
        ("pietnews@klant.example", False),
        ("piet@klant.exampl", False),
        ("", False),
        ("Piet de Vries", False),
        ("undisclosed-recipients:;", False),
    ],
)
def test_addresses(raw: str, is_theirs: bool) -> None:
    """Spelling does not hide the person; another person is never taken for them."""
    assert PERSON.is_address(raw) is is_theirs


@pytest.mark.parametrize(
    ("text", "is_mentioned"),
    [
        ("bel Piet de Vries even", True),
        ("Vries, Piet de", True),
        ("de Vries, Piet", True),
        ("PIET DE VRIES", True),
        ("Piet de Vriesema", False),
        ("zoe muller-jansen was er", True),
        ("Zoë Müller Jansen", True),
        ("met 李小龍", True),
        ("我和李小龍去", True),
        ("de Piet Vriesema-Bakker", False),
        ("de heer P. de Vries", True),
        ("Vries, P. de", True),
        ("Piet de Vries's dossier", True),
        ("Piet", False),
        ("pietje puk!", True),
        ("mail piet@klant.example, of bel", True),
        ("<mailto:PIET@klant.example>", True),
        ("06-12345678", True),
        ("+31 (0)6 12 34 56 78", True),
        ("0031612345678", True),
        ("06 12345679", False),
        ("bel 112", False),
        ("order 99906123456781", False),
        ("", False),
    ],
)
def test_mentions(text: str, is_mentioned: bool) -> None:
    """Names word for word in either order, addresses as such, numbers however written; nothing shorter."""
    assert PERSON.is_mentioned(text) is is_mentioned


def p(address: str, name: str = "") -> Participant:
    return Participant(address, name)


PIET, JAN, KEES = p("piet@klant.example"), p("jan@firm.example"), p("kees@firm.example")
PLUS = p("Piet+x@klant.example")


@pytest.mark.parametrize(
    ("message", "role", "seen"),
    [
        (Message(id="1", folder_id="f", from_=PIET, to=(JAN,)), Role.AUTHOR, [Seen.FROM]),
        (Message(id="1", folder_id="f", from_=JAN, sender=PIET, to=(KEES,)), Role.AUTHOR, [Seen.SENDER]),
        (Message(id="1", folder_id="f", from_=JAN, reply_to=(PIET,), to=(KEES,)), Role.AUTHOR, [Seen.REPLY_TO]),
        (Message(id="1", folder_id="f", from_=JAN, to=(PIET,)), Role.ONLY_RECIPIENT, [Seen.TO]),
        (Message(id="1", folder_id="f", from_=JAN, bcc=(PIET,)), Role.ONLY_RECIPIENT, [Seen.BCC]),
        (Message(id="1", folder_id="f", from_=JAN, to=(PIET, PLUS)), Role.ONLY_RECIPIENT, [Seen.TO]),
        (Message(id="1", folder_id="f", from_=JAN, to=(KEES,), cc=(PIET,)), Role.ONE_OF_MANY, [Seen.CC]),
        (Message(id="1", folder_id="f", from_=JAN, to=(KEES,), bcc=(PIET,)), Role.ONE_OF_MANY, [Seen.BCC]),
        (Message(id="1", folder_id="f", from_=JAN, subject="CV Piet de Vries"), Role.POSSIBLE, [Seen.SUBJECT]),
        (Message(id="1", folder_id="f", from_=JAN, to=(KEES,), preview="06-12345678"), Role.MENTIONED, [Seen.PREVIEW]),
        (Message(id="1", folder_id="f", from_=p("", "piet@klant.example")), Role.AUTHOR, [Seen.FROM]),
        (Message(id="1", folder_id="f", from_=JAN, subject="CV Piet de Vries", preview="06-12345678"),
         Role.MENTIONED, [Seen.SUBJECT, Seen.PREVIEW]),
        (Message(id="1", folder_id="f", from_=PIET, subject="CV Piet de Vries"), Role.AUTHOR,
         [Seen.FROM, Seen.SUBJECT]),
        (Message(id="1", folder_id="f", from_=p("x@y.example", "Piet de Vries")), Role.POSSIBLE, [Seen.DISPLAY_NAME]),
        (Message(id="1", folder_id="f", from_=p("x@y.example", "piet@klant.example")), Role.MENTIONED,
         [Seen.DISPLAY_NAME]),
        (Message(id="1", folder_id="f"), None, []),
    ],
)  # fmt: skip
def test_roles(message: Message, role: Role | None, seen: list[Seen]) -> None:
    """The strongest role wins; a name alone is never more than possible."""
    places = envelope_places(message, PERSON)
    assert list(places) == seen
    if role is not None:
        assert role_of(message, places, PERSON) is role


def test_a_fingerprint_changes_with_the_message_and_not_with_reading() -> None:
    """Moving, editing and categorising are changes; the read flag is none."""
    import msgspec

    before = Message(id="1", folder_id="f", from_=PIET, to=(JAN,), subject="a", is_read=False)
    same = msgspec.structs.replace(before, is_read=True, is_flagged=True, preview="b")
    assert fingerprint(before) == fingerprint(same)
    for change in (
        {"folder_id": "g"},
        {"subject": "b"},
        {"to": (KEES,)},
        {"categories": ("x",)},
        {"to": (), "cc": (JAN,)},
    ):
        assert fingerprint(msgspec.structs.replace(before, **change)) != fingerprint(before)


def test_search_terms_leave_out_what_would_find_everyone() -> None:
    """A directory name cannot be searched for, and one short word would find half the mailbox."""
    terms = search_terms(Subject(names=("Jan", "Jan Smit"), addresses=("jan@x.example", X500), phones=("06-12345678",)))
    assert terms == ("jan@x.example", "Jan Smit", "06-12345678")


def test_two_characters_that_unfold_to_phrases_are_blanks() -> None:
    """A megabyte of U+FDFA would be six million letters, and of it alone; beside a name it hides nothing."""
    assert without_accents("\ufdfa" * 1_000) == " " * 1_000
    unfolded = (len(unicodedata.normalize("NFKD", chr(code))) for code in range(sys.maxunicode + 1))
    assert sorted(unfolded)[-3:] == [7, 8, 18]
    assert Person(Subject(names=("Piet de Vries",))).is_mentioned("\ufdfaPiet de\ufdfbVries\ufdfa")
    assert Marks(names=("Piet de Vries",)).in_text("\ufdfaPiet de\ufdfbVries\ufdfa")
