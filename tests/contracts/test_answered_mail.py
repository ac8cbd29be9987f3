"""Whose thread an answer belongs to: by the message that it answers, in memory and over HTTP.

A forged message carries the References of real ones, and who answers it copies them. Each row is a world of some runs,
the mail that comes before each of them, and whether the mail named "last" is filed with the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsorter.clock import VirtualClock
from mailsorter.emulator import Emulator
from mailsorter.ledger.ledger import Ledger
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.sorting.run import Job, SortOptions, sort
from tests.contracts.graph_world import GraphWorld
from tests.contracts.worlds import MemoryWorld, World
from tests.postgres import MASTER
from tests.unit.sorting.firm import ACME, BAKKER, OWN, Firm, Onlooker

FAILED, PASSED, NONE = AuthorCheck.FAILED, AuthorCheck.PASSED, AuthorCheck.NONE
INBOX, SENT = WellKnown.INBOX, WellKnown.SENT
JAN, ANNA, THIRD, FOURTH, ELS = (
    "jan@acme.example",
    f"anna@{OWN}",
    "d@derde.example",
    "v@vierde.example",
    "els@bakker.example",
)
FOLDER = ("Clients", "Acme B.V.")


@dataclass(frozen=True)
class Mail:
    name: str
    from_: str
    references: str = ""  # names of mail, the parent last
    check: AuthorCheck = PASSED
    to: tuple[str, ...] = (ANNA,)
    where: WellKnown = INBOX


@dataclass(frozen=True)
class Moved:
    """The mailbox's owner moves a message."""

    name: str
    to: WellKnown | tuple[str, ...]


REAL = (Mail("r1", JAN), Mail("r2", ANNA, "r1", NONE, (JAN,), SENT))
FORGED = Mail("f", JAN, "r1 r2", FAILED, (ANNA, THIRD))
STRANGER = Mail("s", "x@vreemd.example", "r1 r2", NONE)


def last(from_: str, references: str, check: AuthorCheck = PASSED, **more: object) -> Mail:
    return Mail("last", from_, references, check, **more)  # type: ignore[arg-type]


ROWS = {
    "a third party answers a real message": ([REAL, [last(THIRD, "r1 r2")]], True),
    "a third party answers a forged message": ([REAL, [FORGED], [last(THIRD, "r1 r2 f")]], False),
    "the same, in one run, the answer first": ([REAL, [last(THIRD, "r1 r2 f"), FORGED]], False),
    "the same, and all of the thread in one run": ([[last(THIRD, "r1 r2 f"), FORGED, *REAL]], False),
    "the forged message was thrown away": (
        [REAL, [FORGED], [Moved("f", WellKnown.DELETED)], [last(THIRD, "r1 r2 f")]], False),
    "somebody answers that answer": (
        [REAL, [FORGED], [Mail("a", THIRD, "r1 r2 f")], [last(FOURTH, "r1 r2 f a")]], False),
    "the same, the whole thread in one run": (
        [[last(FOURTH, "r1 r2 x a"), Mail("a", THIRD, "r1 r2 x"), *REAL]], False),
    "a third party answers a colleague's answer to a forged message": (
        [REAL, [FORGED], [Mail("c", ANNA, "r1 r2 f", NONE, (THIRD,), SENT)], [last(THIRD, "r1 r2 f c")]], False),
    "the forged message was never seen here": ([REAL, [last(THIRD, "r1 r2 x")]], False),
    "somebody answers an answer to it": ([REAL, [Mail("a", THIRD, "r1 r2 x")], [last(FOURTH, "r1 r2 x a")]], False),
    "a colleague answers a forged message": (
        [REAL, [FORGED], [last(ANNA, "r1 r2 f", NONE, to=(THIRD,), where=SENT)]], False),
    "a colleague answers what was never seen here": (
        [REAL, [last(ANNA, "r1 r2 x", NONE, to=(THIRD,), where=SENT)]], True),
    "the client answers a forged message": ([REAL, [FORGED], [last(JAN, "r1 r2 f")]], True),
    "a third party answers the client's answer to a forged message": (
        [REAL, [FORGED], [Mail("j", JAN, "r1 r2 f")], [last(THIRD, "r1 r2 f j")]], True),
    "somebody written to for the client answers what was never seen here": (
        [REAL, [Mail("w", ANNA, "", NONE, (THIRD, JAN), SENT)], [last(THIRD, "r1 r2 x", NONE)]], True),
    "somebody written to for another client does": (
        [REAL, [Mail("w", ANNA, "", NONE, (THIRD, ELS), SENT)], [last(THIRD, "r1 r2 x", NONE)]], False),
    "the forged message was filed by hand": ([REAL, [FORGED], [Moved("f", FOLDER)], [last(THIRD, "r1 r2 f")]], True),
    "a third party answers a stranger with copied references": ([REAL, [STRANGER], [last(THIRD, "r1 r2 s")]], False),
    "the same, all of the thread in one run": ([[last(THIRD, "r1 r2 s"), STRANGER, *REAL]], False),
    "a colleague answers that stranger": (
        [REAL, [STRANGER], [last(ANNA, "r1 r2 s", NONE, to=("x@vreemd.example",), where=SENT)]], True),
    "forged in a thread that was filed by hand": (
        [[Mail("h", FOURTH)], [Mail("k", JAN)], [Moved("h", FOLDER)], [last(JAN, "h", FAILED)]], False),
    "a third party answers what is forged in such a thread": (
        [[Mail("h", FOURTH)], [Mail("k", JAN)], [Moved("h", FOLDER)], [Mail("f", JAN, "h", FAILED)],
         [last(THIRD, "h f")]], False),
    "somebody whom nobody vouches for answers what was filed by hand": (
        [[Mail("h", FOURTH)], [Mail("k", JAN)], [Moved("h", FOLDER)], [last(THIRD, "h", NONE)]], True),
    "and what was never seen here, in such a thread": (
        [[Mail("h", FOURTH)], [Mail("k", JAN)], [Moved("h", FOLDER)], [last(THIRD, "h x", NONE)]], False),
    "a third party answers what was filed by hand": (
        [[Mail("h", FOURTH)], [Mail("k", JAN)], [Moved("h", FOLDER)], [last(THIRD, "h")]], True),
}  # fmt: skip


@pytest.fixture(params=["memory", "graph"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    emulator: Emulator = request.getfixturevalue("plain_emulator")
    opened = GraphWorld(emulator)
    yield opened
    opened.close()


@pytest.mark.parametrize("case", ROWS)
def test_an_answer_belongs_to_the_thread_of_what_it_answers(world: World, tmp_path: Path, case: str) -> None:
    runs, is_filed = ROWS[case]
    firm = Firm(tmp_path, (ACME, BAKKER), mailboxes=0)
    clock = VirtualClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
    ids: dict[str, str] = {}
    with Ledger.open(f"sqlite:///{tmp_path}/answers.db", MASTER, clock=clock) as ledger:
        for acts in runs:
            for act in acts:
                if isinstance(act, Moved):
                    world.user_moves(ids[act.name], act.to)
                else:
                    ids[act.name] = _delivered(world, act)
            clock.sleep(300)
            job = Job(ANNA, firm.filing, lambda: world.mailbox)
            report = sort(ledger, clock, [job], SortOptions(Onlooker(), None, brakes=BrakePolicy()))
            assert report.mailboxes[0].error is None
    assert (world.lies_in(ids["last"]) == world.folder(FOLDER)) is is_filed


def _delivered(world: World, mail: Mail) -> str:
    return world.deliver(
        mail.where,
        from_=Participant(mail.from_),
        to=tuple(map(Participant, mail.to)),
        internet_message_id=f"<{mail.name}@post.example>",
        references=tuple(f"<{name}@post.example>" for name in mail.references.split()),
        author_check=mail.check,
        subject="Offerte",
        received_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
    )
