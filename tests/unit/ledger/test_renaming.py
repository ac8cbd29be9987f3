"""Where ids change on a move: what the ledger has of a message follows its id, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from mailsorter.ledger.by_hand import Digests, record_by_hand
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd, StepFacts
from mailsorter.model.standing import MessageState
from mailsorter.model.step import StepKind
from tests.postgres import MASTER

NEW = bytes(reversed(MASTER))


def file(unit: Unit, was: str, now: str) -> None:
    """A run filed the message on evidence 30, for client 7, and it has another id since."""
    run = unit.runs.begin("sort")
    facts = StepFacts(id=was, source="inbox", target="acme", search_key=b"k" * 16)
    intent = Intent(kind=StepKind.MOVE, token=unit.messages.token(1, was), facts=facts, client=7, evidence=30)
    (number,) = unit.steps.begin(run.number, 1, [intent])
    learnt = StepFacts(id=was, source="inbox", target="acme", search_key=b"k" * 16, new_id=now)
    unit.steps.finish([StepEnd(number=number, state=StepState.DONE, facts=learnt)])
    unit.messages.record(
        [MessageRow(token=unit.messages.token(1, was), mailbox=1, folder=2, state=MessageState.FILED, client=7)]
    )
    unit.messages.rename({unit.messages.token(1, was): unit.messages.token(1, now)})


def test_row_and_steps_are_found_by_the_new_id_and_no_longer_by_the_old(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        file(unit, "a", "b")
        was, now = unit.messages.token(1, "a"), unit.messages.token(1, "b")
        assert list(unit.messages.standing([was, now])) == [now]
        assert list(unit.steps.of_messages([was, now])) == [now]


def test_a_correction_contradicts_the_evidence_on_which_the_message_was_filed(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        file(unit, "a", "b")
        digests = Digests(unit.messages.token(1, "b"))
        record_by_hand(unit, 1, digests, client=None, rejected=7, folder=1)
        unit.messages.rename({digests.key: unit.messages.token(1, "c")})
        assert unit.corrections.contradicted(30, 0) == {7}
        assert list(unit.corrections.of_messages([digests.key, unit.messages.token(1, "c")])) == [
            unit.messages.token(1, "c")
        ]


def test_nothing_waits_for_an_id_that_names_nothing_any_more(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        unit.messages.wait(1, unit.messages.token(1, "a"), "a", 0)
        unit.messages.rename({unit.messages.token(1, "a"): unit.messages.token(1, "b")})
        assert unit.messages.due(1, 1) == []


def test_a_row_that_the_new_id_has_already_stays(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        file(unit, "a", "b")
        of_b = unit.messages.row(unit.messages.token(1, "b"))
        other = MessageRow(token=unit.messages.token(1, "c"), mailbox=1, folder=3, state=MessageState.BY_HAND)
        unit.messages.record([other])
        unit.messages.rename({unit.messages.token(1, "c"): unit.messages.token(1, "b")})
        assert unit.messages.row(unit.messages.token(1, "b")) == of_b
        assert unit.messages.counts() == {MessageState.FILED: 1}


def test_many_are_renamed_at_once(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        names = [f"m{n}" for n in range(1000)]
        rows = [
            MessageRow(token=unit.messages.token(1, n), mailbox=1, folder=2, state=MessageState.BY_HAND) for n in names
        ]
        unit.messages.record(rows)
        unit.messages.rename(
            {row.token: unit.messages.token(1, "new " + n) for row, n in zip(rows, names, strict=True)}
        )
        assert len(unit.messages.standing(unit.messages.token(1, "new " + n) for n in names)) == 1000
        assert unit.messages.counts() == {MessageState.BY_HAND: 1000}


@pytest.mark.parametrize("renames", [False, True])
def test_a_step_is_known_by_its_messages_new_id_under_a_new_key_too(url: str, renames: bool) -> None:
    with Ledger.open(url, MASTER) as before, before.unit() as unit:
        file(unit, "a", "b")
    with Ledger.open(url, NEW, former_keys=[MASTER]) as after, after.unit() as unit:
        name = "b"
        if renames:
            unit.messages.rename({unit.messages.token(1, "b"): unit.messages.token(1, "c")})
            name = "c"
        (step,) = unit.steps.of_message(unit.messages.token(1, name))
        assert step.token == unit.messages.token(1, name)


def test_of_two_messages_that_get_one_id_the_first_stays(ledger: Ledger) -> None:
    """Copies of one message, gathered under its name."""
    with ledger.unit() as unit:
        tokens = [unit.messages.token(1, name) for name in ("a", "b", "c", "d")]
        rows = [MessageRow(token=t, mailbox=1, folder=n, state=MessageState.GONE) for n, t in enumerate(tokens[1:])]
        unit.messages.record(rows)
        for token in tokens[1:]:
            record_by_hand(unit, 1, Digests(token), client=None, rejected=7, folder=1)
        unit.messages.rename(dict.fromkeys([tokens[0], tokens[1], tokens[2]], tokens[3] + b"x"))
        assert list(unit.messages.standing([*tokens, tokens[3] + b"x"])) == [tokens[3], tokens[3] + b"x"]
        assert len(unit.corrections.of_messages([*tokens, tokens[3] + b"x"])) == 2
