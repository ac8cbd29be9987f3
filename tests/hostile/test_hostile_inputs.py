"""Every hostile input, small, to everybody in the program who reads it: nobody raises, and each says what it read.

Growth is tested by counting executed lines, never by a clock; `python -m bench.hostile` measures time and memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.sandbox import Sandbox
from tests.hostile import readers
from tests.hostile.corpus import ALL, IN_PROCESS, IN_WORKERS, KINDS
from tests.hostile.made import MARK, Hostile
from tests.hostile.steps import steps

SIZE = 4_000  # characters
COUNTED = 500  # characters, and eight times that: counting steps is slow, and what is quadratic shows at any size
MOST_GROWTH = 16  # from a size to eight times that; linear is 8, quadratic 64
FEW = 1_000  # steps below which growth says nothing

IN_TEXT = [row for kind in IN_PROCESS for row in KINDS[kind]]
SMALL_IN_WORKERS = [row for kind in IN_WORKERS for row in KINDS[kind] if "(large)" not in row.name]
OTHERS = [row for kind in readers.OTHER_READERS for row in KINDS[kind]]

FILED: dict[str, set[str]] = {
    "subjects": {"a project code between dashes"},
    "bodies": set(),
    "headers": {"very many of the client's people", "an attachment's name of codes"},
}
"""Those that do name a client."""
HAVE_THE_NAME: dict[str, set[str]] = {
    "subjects": {"a rotated name"},
    "bodies": {"a rotated name"},
    "headers": {"very many names without addresses"},
}
"""Those in which the person's name is, in a form in which it is written."""
NOT_THEIR_WORDS = {
    "charsets: 'utf-16' as type", "charsets: 'utf-16' as html",  # it is a charset, and the text is none of it
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def test_there_are_four_hundred_inputs_of_twelve_kinds() -> None:
    assert len(ALL) >= 400
    assert len(KINDS) == 12
    assert len({str(row) for row in ALL}) == len(ALL)
    assert all(len(rows) >= 20 for rows in KINDS.values())


@pytest.mark.parametrize("kind", IN_PROCESS)
def test_no_text_of_a_message_raises_or_reaches_a_terminal_raw(kind: str) -> None:
    """Nor is anything filed but what does name a client."""
    outcomes = {}
    for row in KINDS[kind]:
        reading = readers.READING_OF[kind](row.make(SIZE))
        outcomes[row.name] = {name: read(reading) for name, read in readers.IN_PROCESS_READERS.items()}
    assert {said["shown"] for said in outcomes.values()} == {"harmless"}
    assert {name for name, said in outcomes.items() if said["finder"] == "seen"} == HAVE_THE_NAME[kind]
    assert {name for name, said in outcomes.items() if said["witness"] == "seen"} == HAVE_THE_NAME[kind]
    filed = {name for name, said in outcomes.items() if said["matcher"].startswith("filed-to")}
    assert filed == FILED[kind]


@pytest.mark.parametrize("row", IN_TEXT, ids=str)
def test_reading_a_text_takes_steps_in_proportion(row: Hostile) -> None:
    """Eight times the text, at most sixteen times the steps, for each reader."""
    make = readers.READING_OF[row.kind]
    for name, read in readers.IN_PROCESS_READERS.items():
        small, large = make(row.make(COUNTED)), make(row.make(8 * COUNTED))
        few = steps(lambda read=read, small=small: read(small))
        many = steps(lambda read=read, large=large: read(large))
        assert many < max(few, FEW) * MOST_GROWTH, f"{name}: {few} steps, then {many}"


@pytest.mark.parametrize("row", [*KINDS["subjects"], *KINDS["bodies"]], ids=str)
def test_what_is_hostile_hides_nobody_beside_it(row: Hostile) -> None:
    """The person before or behind it is found by finder and witness alike."""
    text, make = row.make(SIZE), readers.READING_OF[row.kind]
    for whole in (f"{MARK}\n{text}", f"{text}\n{MARK}"):
        reading = make(whole)
        assert (readers.found_in(reading), readers.witnessed(reading)) == ("seen", "seen")


@pytest.mark.parametrize("row", SMALL_IN_WORKERS, ids=str)
def test_a_hostile_message_is_read_or_said_to_be_unread(row: Hostile, sandbox: Sandbox) -> None:
    """Each of these names the person somewhere: not to see them, and to say nothing, is the one wrong answer."""
    raw = row.make(SIZE)
    said = {name: read(raw, sandbox) for name, read in readers.WORKER_READERS.items()}
    assert str(row) in NOT_THEIR_WORDS or "not seen" not in said.values(), said


@pytest.mark.parametrize("row", OTHERS, ids=str)
def test_what_is_no_mail_is_refused_in_an_orderly_way(row: Hostile, tmp_path: Path) -> None:
    outcome = readers.OTHER_READERS[row.kind](row.make(SIZE), tmp_path)
    if row.kind in ("links", "signatures"):
        assert outcome == "refused"
    assert outcome in {"refused", "loaded", "read", "refused, read", "read, refused"}
