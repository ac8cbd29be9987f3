"""One definition of what concerns a person, and finder and witness both satisfy it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.cases.mime import look_through
from mailsorter.cases.witness.graph import envelope_strength
from mailsorter.cases.witness.marks import BY_NAME, NOTHING, SURE, Marks
from mailsorter.cases.witness.texts import read_message
from mailsorter.model.concern import CONCERNS, Concern, Identifier, Where
from mailsorter.model.finding import envelope_places
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person
from mailsorter.sandbox import Sandbox
from tests.unit.cases.concerns import OTHERS, PLACES, SPELLINGS, SUBJECT, Placed, PlaceOf

PERSON = Person(SUBJECT)
MARKS = Marks(addresses=SUBJECT.addresses, names=(*SUBJECT.names, *SUBJECT.aliases), phones=SUBJECT.phones)
SURELY = {Concern.THEIRS: SURE, Concern.MENTIONED: SURE, Concern.POSSIBLE: BY_NAME}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def found_by_finder(placed: Placed, sandbox: Sandbox) -> Concern | None:
    """The strongest meaning of all that the finder sees."""
    message = Message(
        id="1", folder_id="f", from_=Participant(placed.sender, placed.sender_name),
        to=(Participant(placed.to, "Anna"),), subject=placed.subject,
    )  # fmt: skip
    seen = envelope_places(message, PERSON)
    seen.note_all(look_through(placed.raw, PERSON, sandbox=sandbox).seen)
    return min(seen.values(), key=list(Concern).index, default=None)


def found_by_witness(placed: Placed, sandbox: Sandbox) -> str:
    """The surest of what the witness sees in the same message, as Graph shows it."""
    shown = {
        "from": {"emailAddress": {"address": placed.sender, "name": placed.sender_name}},
        "toRecipients": [{"emailAddress": {"address": placed.to, "name": "Anna"}}],
        "subject": placed.subject,
    }
    seen = {read_message(placed.raw, MARKS, sandbox).strength, envelope_strength(shown, MARKS)}
    return next((one for one in (SURE, BY_NAME) if one in seen), NOTHING)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.where}: {place.how}")
def test_the_witness_knows_every_spelling_in_every_place(place: PlaceOf, sandbox: Sandbox) -> None:
    wrong = {
        spelling: found
        for identifier, spelling in SPELLINGS
        if identifier in place.takes
        and (found := found_by_witness(place.put(spelling), sandbox)) != SURELY[CONCERNS[identifier, place.where]]
    }
    assert wrong == {}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.where}: {place.how}")
def test_the_witness_takes_nobody_else(place: PlaceOf, sandbox: Sandbox) -> None:
    found = {other: seen for other in OTHERS if (seen := found_by_witness(place.put(other), sandbox))}
    assert found == {}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.where}: {place.how}")
def test_the_finder_knows_every_spelling_in_every_place(place: PlaceOf, sandbox: Sandbox) -> None:
    wrong = {
        spelling: found
        for identifier, spelling in SPELLINGS
        if identifier in place.takes
        and (found := found_by_finder(place.put(spelling), sandbox)) is not CONCERNS[identifier, place.where]
    }
    assert wrong == {}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.where}: {place.how}")
def test_the_finder_takes_nobody_else(place: PlaceOf, sandbox: Sandbox) -> None:
    found = {other: seen for other in OTHERS if (seen := found_by_finder(place.put(other), sandbox)) is not None}
    assert found == {}


def test_the_definition_is_whole_and_a_name_is_never_more_than_possible() -> None:
    assert set(CONCERNS) == {(identifier, where) for identifier in Identifier for where in Where}
    assert {CONCERNS[Identifier.NAME, where] for where in Where} == {Concern.POSSIBLE}
    covered = {(i, place.where) for place in PLACES for i in place.takes}
    assert {where for _, where in covered} == set(Where)


def test_the_manual_shows_the_definition() -> None:
    """`docs/erasure.md`: a row a place, a column an identifier, in the order of the tables here."""
    page = (Path(__file__).parents[3] / "docs" / "erasure.md").read_text("utf-8")
    lines = page.partition("### What concerns the person")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")[1:]] for line in lines if line.startswith("| ")]
    shown = rows[2 : 2 + len(Where)]
    assert shown == [[CONCERNS[identifier, where].value for identifier in Identifier] for where in Where]
