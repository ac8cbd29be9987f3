"""Finder and witness recognise whom they recognised before, each by patterns of its own, and more spellings."""

from __future__ import annotations

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailsorter.cases.lookalike import LookalikeFinder
from mailsorter.cases.threads import Threads
from mailsorter.cases.witness.marks import Marks
from mailsorter.model.case import Subject
from mailsorter.model.message import Message
from mailsorter.model.person import Person, folded_words
from mailsorter.model.reading import why_open
from mailsorter.model.resemblance import _letters
from mailsorter.prediction.features import FeatureHasher

from . import former_person as former

ADDRESSES = ("jan@acme.example", "j.o'neil+x@büro.example", "/o=firm/cn=jan")
NAMES = ("Jan de Vries", "O'Neil", "José Müller-Ångström", "王小明", "Al")
PHONES = ("+31 6 1234 5678", "020-1234567")
DOMAINS = ("acme.example", "klant.example")
SUBJECT = Subject(addresses=ADDRESSES, names=NAMES, phones=PHONES)
NEW, OLD = Person(SUBJECT, domains=DOMAINS), former.Person(SUBJECT, domains=DOMAINS)
MARKS = Marks(ADDRESSES, NAMES, PHONES, DOMAINS)
OLD_MARKS = former.Marks(ADDRESSES, NAMES, PHONES, DOMAINS)
FINDER = LookalikeFinder(NEW, (), {}, Threads())

FRAGMENTS = [
    *ADDRESSES, *NAMES, *PHONES, *DOMAINS, "jan", "Jan", "de", "Vries", "vries,", "o’neil", "JOSE", "muller",
    "angstrom",
    "jan+tag@acme.example", '"jan"@acme.example', "jan@acme.example.org", "xjan@acme.example", "@",
    "@sub.acme.example",
    "xn--bro-hoa.example", "06", "1234", "5678", "612345678", "0031", "(", ")", ".", "-", "/", "+", "_", "1", "é", "ß",
    "Groeten", "gr", "groet,", "mvg", "grüße", "aan", "voor", "Met", "fw:", "re :", "i:", "-----", "--- forwarded",
    "begin forwarded", "van:", "From: x", "aan : y", "*>", "[2]:", "antwoord:", "'", "’", "\u0301", "\u00a0", "中文",
]  # fmt: skip
TEXTS = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(["", " ", "\n", "_", "  "])), max_size=10).map(
    lambda parts: "".join(word + blank for word, blank in parts)
)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
@example("jan@acme.example. Dag")
@example("jan@acme.example.x")
@example("Jan_de_Vries")
@example("groet gr Jan de Vries")
@example("020 1234 56789")
def test_a_person_is_recognised_as_before(text: str) -> None:
    assert folded_words(text) == former.folded_words(text)
    for question in ("is_address", "is_name"):
        assert getattr(NEW, question)(text) is getattr(OLD, question)(text), question
    longer = "/o=" in text.lower()  # a longer name of the directory is somebody else, whom the former code took too
    for question in ("names_name",) if longer else ("names_address", "names_name"):
        assert getattr(NEW, question)(text) >= getattr(OLD, question)(text), question
    assert FINDER._is_signed(text) >= former.is_signed(OLD, text)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
@example("mail jan@acme.example.")
@example("@klant.example-x")
@example("王小明")
@example("x'o'neil'")
@example("jan'de'vries")
@example("klant.example")
def test_the_witness_recognises_as_before(text: str) -> None:
    if any(c in text for c in "@/") or any(c.isdecimal() for c in text):
        return  # the former code took addresses without their accents, and the last nine digits of any number
    for question in ("in_text", "in_book"):
        assert getattr(MARKS, question)(text) >= getattr(OLD_MARKS, question)(text), question


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, st.booleans())
def test_the_same_messages_are_opened(subject: str, preview: str, has_attachments: bool) -> None:
    message = Message(id="m", folder_id="f", subject=subject, preview=preview, has_attachments=has_attachments)
    assert why_open(message) == former.why_open(message)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_prediction_learns_the_same_words(subject: str) -> None:
    words = [w[2:] for w in FeatureHasher(b"k" * 16)._words(Message(id="m", folder_id="f", subject=subject), "")]
    expected = former.subject_words(subject)
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(expected)]
    assert sorted(w.removeprefix(":") for w in words) == sorted([*expected, *expected, *pairs])


@given(st.text(alphabet="jan.vries_’'é12+x"))
def test_letters_of_a_local_part(local: str) -> None:
    assert _letters(local) == "".join(
        c for c in "".join(former.folded_words(local.partition("+")[0])) if not (c.isdecimal() or c in "_'’")
    )


def test_a_client_of_thousands_of_people_is_looked_for_in_few_patterns() -> None:
    people = tuple(f"person.number-{i}+tag@department-{i}.of-a-very-long-name.klant.example" for i in range(3_000))
    names = tuple(f"Firstname{i} van der Middlename{i} Lastname-{i}" for i in range(1_000))
    marks = Marks(addresses=people, names=names)
    assert marks.in_address(people[-1].upper())
    assert marks.in_text(f"geachte {names[-1]},")
    assert not marks.in_text("geachte Iemand Anders,")
    assert len(marks._address_pattern) < 40
