"""Builds that are broken on purpose, each in the one way that the write order of `perform` exists to prevent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from mailsorter.errors import Unreachable
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.model.standing import MessageState
from mailsorter.perform import move, perform
from mailsorter.perform.intents import intent_of, row_of
from mailsorter.perform.perform import StepResult
from mailsorter.sorting import mailbox_run


def outcome_before_act(patch: pytest.MonkeyPatch) -> None:
    """Says *done* and then does it: a crash in between leaves mail that is recorded where it does not lie."""

    def perform_batch(hands: Any, run: Any, batch: Any, maker: Any, finish: Any) -> list[StepResult]:
        assumed = [StepResult(s, StepState.DONE, maker.target_id(s), s.message.id) for s in batch]
        with hands.ledger.unit() as unit:
            intents = [intent_of(unit, hands.number, step, maker.target_id(step)) for step in batch]
            numbers = unit.steps.begin(run.number, hands.number, intents)
            unit.steps.finish([perform._end(n, r, i) for n, r, i in zip(numbers, assumed, intents, strict=True)])
            rows = [
                row_of(unit, hands.number, run.number, i, r.state, r.id, r.folder_id)
                for r, i in zip(assumed, intents, strict=True)
            ]
            unit.messages.record([row for row in rows if row is not None])
            if finish is not None:
                finish(unit)
        return perform._act(hands, batch, maker)

    patch.setattr(perform, "_perform_batch", perform_batch)


def cursor_before_outcome(patch: pytest.MonkeyPatch) -> None:
    """Moves the cursor when a window is begun: a crash then leaves mail that nobody looks at again."""
    real = perform.perform_steps

    def perform_steps(
        hands: Any, run: Any, steps: Any, tree: Any, *, finish: Callable[[Unit], None] | None = None, **rest: Any
    ) -> list[StepResult]:
        if finish is not None:
            with hands.ledger.unit() as unit:
                finish(unit)
        return real(hands, run, steps, tree, finish=None, **rest)

    from mailsorter.sorting import run as run_module

    patch.setattr(run_module, "perform_steps", perform_steps)


def retry_without_looking(patch: pytest.MonkeyPatch) -> None:
    """Sends a request again when its answer was lost: copies come twice."""

    def ask(mailbox: Mailbox, moves: Sequence[Any], *, is_copy: bool) -> Sequence[Outcome]:
        act = mailbox.copy if is_copy else mailbox.move
        outcomes = act(moves)
        return act(moves) if any(isinstance(o, Unreachable) for o in outcomes) else outcomes

    patch.setattr(move, "_ask", ask)


def removed_is_deleted(patch: pytest.MonkeyPatch) -> None:
    """Takes `@removed` for *deleted*: what people file by hand is never learnt from."""

    def departed(hands: Any, removed: Sequence[str], *_: Any) -> list[Any]:
        def gone(unit: Unit) -> None:
            unit.messages.mark([unit.messages.token(hands.number, i) for i in removed], MessageState.GONE)

        return [SimpleNamespace(record=gone, thread=None)]

    patch.setattr(mailbox_run, "look_for_departed", departed)


def no_intents(patch: pytest.MonkeyPatch) -> None:
    """Writes nothing down before it acts: after a crash a copy is made again."""

    def perform_batch(hands: Any, run: Any, batch: Any, maker: Any, finish: Any) -> list[StepResult]:
        results = perform._act(hands, batch, maker)
        with hands.ledger.unit() as unit:
            intents = [intent_of(unit, hands.number, step, maker.target_id(step)) for step in batch]
            numbers = unit.steps.begin(run.number, hands.number, intents)
            unit.steps.finish([perform._end(n, r, i) for n, r, i in zip(numbers, results, intents, strict=True)])
            if finish is not None:
                finish(unit)
        return results

    patch.setattr(perform, "_perform_batch", perform_batch)


def another_id_is_another_message(patch: pytest.MonkeyPatch) -> None:
    """Takes what a person took back for mail that came in just now, where ids change on every move."""
    patch.setattr(mailbox_run, "known_again", lambda hands, messages: {})
