"""Hostile documents, messages and charsets: finder and witness go on, and say of which they did not read all."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mailsorter.cases.mime import look_through
from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.texts import read_message
from mailsorter.model.case import Seen, Subject
from mailsorter.model.person import Person
from mailsorter.sandbox import LIMITS, Sandbox
from tests.unit.cases.hostile import CHARSET_PLACES, CHARSETS, DOCUMENTS, MESSAGES, attached, in_charset

PERSON = Person(Subject(names=("Piet de Vries",), addresses=("piet@klant.example",)))
MARKS = Marks(names=("Piet de Vries",), addresses=("piet@klant.example",))
GROWTH = 50 << 20
TRANSPORTED = frozenset(
    {
        *("html 3 MB of style without end", "html 200,000 deep", "html 100,000 formatting elements"),
        *("html tables in tables", "html of entities", "text of 10 MB", "calendar one line of 5 MB"),
        *("calendar 5,000,000 folds", "rtf 3 MB of escapes", "odt repeated cells"),
    }
)
"""Hostile only to whoever reads them badly: these are read to their end."""
LONG = frozenset(
    {
        *("html 200,000 deep", "html 3 MB of opening brackets", "docx one text of 96 MB", "docx 1,000,000 attributes"),
        *("xlsx shared strings", "zip of 1 GB", "zip of 60,000 entries", "rtf 3 MB of escapes"),
        *("rtf 3 MB of hidden groups", "rtf 1,000,000 groups", "tnef 200,000 attributes", "pdf arrays in arrays"),
        *("pdf operators without end", "calendar one line of 5 MB", "calendar 5,000,000 folds", "text of 10 MB"),
        *("1 MB of encoded words", "1 MB of parameters", "200,000 parts", "a boundary of 1 MB"),
    }
)
"""Seconds each: with MAILSORTER_TORTURE=1, and in `bench.hostile`. The same forms in small are in `tests/hostile`."""


def in_this_build(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in LONG or os.environ.get("MAILSORTER_TORTURE")]


@pytest.fixture(scope="module")
def patient() -> Iterator[Sandbox]:
    """For what is read to its end: enough seconds on a busy machine."""
    made = Sandbox(replace(LIMITS, workers=1, cpu_s=10))
    yield made
    made.close()


@pytest.fixture(scope="module")
def hurried() -> Iterator[Sandbox]:
    """For what may end at its limit: the limit is the same thing at two seconds and at twenty, and costs less."""
    made = Sandbox(replace(LIMITS, workers=1, cpu_s=2))
    yield made
    made.close()


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """The patient one for documents that are read to their end, and for charsets; else the hurried one."""
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    chosen: Sandbox = request.getfixturevalue("patient" if name is None or name in TRANSPORTED else "hurried")
    return chosen


def memory(what: str) -> int:
    """Bytes: `VmRSS` now, `VmHWM` the most since the mark was set back."""
    return int(Path("/proc/self/status").read_text("utf-8").partition(f"{what}:")[2].split()[0]) * 1024


@contextmanager
def hardly_growing() -> Iterator[None]:
    """Inside, this process grows by less than 50 MB (proc(5): 5 written to clear_refs sets the peak back)."""
    if sys.platform != "linux":
        yield
        return
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = memory("VmRSS")
    yield
    assert memory("VmHWM") - before < GROWTH


@pytest.mark.parametrize("name", in_this_build(DOCUMENTS))
def test_a_hostile_document_costs_itself_alone(sandbox: Sandbox, name: str) -> None:
    """What stands beside it is found; the program does not grow; what was not read is counted."""
    kind, make = DOCUMENTS[name]
    raw = attached(kind, make())

    with hardly_growing():
        look = look_through(raw, PERSON, sandbox=sandbox)

    assert Seen.ATTACHMENT in look.seen
    assert look.unread_parts == 0 if name in TRANSPORTED else True


@pytest.mark.parametrize("name", in_this_build(MESSAGES))
def test_a_hostile_message_raises_nothing(sandbox: Sandbox, name: str) -> None:
    raw = MESSAGES[name]()

    with hardly_growing():
        look = look_through(raw, PERSON, sandbox=sandbox)

    assert look.seen == {}


@pytest.mark.parametrize("where", CHARSET_PLACES)
def test_a_hostile_charset_is_an_outcome(sandbox: Sandbox, where: str) -> None:
    missed = {
        charset: look
        for charset in CHARSETS
        if not (look := look_through(in_charset(charset, where), PERSON, sandbox=sandbox)).seen
        and not look.unread_parts
    }
    assert set(missed) <= {"utf-16"}, missed  # it is a charset, and the text is none of it


def test_nothing_is_wrong_with_an_ordinary_message(sandbox: Sandbox) -> None:
    look = look_through(attached("text/plain", b"hallo"), PERSON, sandbox=sandbox)
    assert (tuple(look.seen), look.unread_parts) == ((Seen.ATTACHMENT,), 0)


@pytest.mark.parametrize("name", in_this_build(DOCUMENTS))
def test_a_hostile_document_costs_the_witness_itself_alone(sandbox: Sandbox, name: str) -> None:
    kind, make = DOCUMENTS[name]
    raw = attached(kind, make())

    with hardly_growing():
        reading = read_message(raw, MARKS, sandbox)

    assert reading.names


@pytest.mark.parametrize("name", in_this_build(MESSAGES))
def test_a_hostile_message_raises_nothing_in_the_witness(sandbox: Sandbox, name: str) -> None:
    raw = MESSAGES[name]()

    with hardly_growing():
        assert not read_message(raw, MARKS, sandbox).names


@pytest.mark.parametrize("where", CHARSET_PLACES)
def test_a_hostile_charset_is_an_outcome_for_the_witness(sandbox: Sandbox, where: str) -> None:
    missed = [c for c in CHARSETS if not read_message(in_charset(c, where), MARKS, sandbox).names]
    assert set(missed) <= {"utf-16"}


def test_nothing_is_wrong_with_an_ordinary_message_for_the_witness(sandbox: Sandbox) -> None:
    reading = read_message(attached("text/plain", b"hallo"), MARKS, sandbox)
    assert (reading.names, reading.met_limit) == (True, False)
