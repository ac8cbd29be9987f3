"""Performing a plan's steps: intents before, outcomes after, the caller's own records in the last outcome's unit.

Write order, and why: an intent is committed before its request leaves, so that a crash leaves a question and never a
silence. An outcome is committed with the message's new row, so that ledger and row cannot differ. `finish` (the
cursor) runs in the unit of the last outcomes and only when nothing needs a second look, so that a cursor never passes
a message whose fate is open.

Under failure: an item's permanent error is its outcome and the rest goes on. A temporary error leaves the message
where it was: its outcome is recorded, nothing more is tried, and the error is raised without `finish`. A lost answer
is looked up; when even that fails the intent stays open and the next start settles it. Whoever lost the mailbox's
lock does nothing more and records nothing more, because another process may be settling those very intents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from mailsorter.errors import MailsorterError
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import WaitingMessage
from mailsorter.ledger.runs import RunNumber
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd
from mailsorter.model.folder import FolderPath, FolderTree
from mailsorter.model.step import EnsureFolder, EraseMessage, MoveMessage, Step
from mailsorter.perform.erase import erase_batch
from mailsorter.perform.folders import FolderMaker
from mailsorter.perform.hands import Hands
from mailsorter.perform.intents import intent_of, renamed, row_of
from mailsorter.perform.move import move_batch

BATCH = 20  # Graph's $batch takes 20 requests (graph-facts, section 9)

T = TypeVar("T")


class StepResult(msgspec.Struct, frozen=True):
    """How one step ended; `folder_id` is where its message or folder is now, `error` why it failed."""

    step: Step
    state: StepState
    folder_id: str = ""
    id: str = ""  # the message's id now
    error: MailsorterError | None = None


def perform_steps(
    hands: Hands,
    run: RunNumber,
    steps: Sequence[Step],
    tree: FolderTree,
    *,
    made: dict[FolderPath, str] | None = None,
    finish: Callable[[Unit], None] | None = None,
    on_batch: Callable[[Sequence[StepResult]], None] | None = None,
) -> list[StepResult]:
    """Do the steps in order, on one mailbox; gives how each ended, also of those a stop left untried (not listed).

    `made` are folders that earlier calls of the same run made; new ones are added to it.
    `finish` is called in the unit of the last outcomes, when all steps were tried and none needs another look.
    Raises `TemporaryError`, `NotPermitted`, `MailboxFull`, `NotFound` (a target folder is gone) for what stops the
    whole mailbox, after recording what was done; `LedgerError` when the ledger cannot be written, `LedgerLocked` when
    the mailbox's lock was lost: nothing further is tried then, and what was under way stays open.
    """
    maker = FolderMaker(hands, run, tree, made if made is not None else {})
    for step in steps:
        if isinstance(step, EnsureFolder):
            maker.ensure(step)
    rest = [step for step in steps if not isinstance(step, EnsureFolder)]
    results: list[StepResult] = []
    for batch in _batches(_same_kind_runs(rest)):
        if hands.stop.is_set():
            return results
        is_last = len(results) + len(batch) == len(rest)
        done = _perform_batch(hands, run, batch, maker, finish if is_last else None)
        results.extend(done)
        if on_batch is not None:
            on_batch(done)
        _raise_what_stops_all(done)
    if not rest and finish is not None and not hands.stop.is_set():
        hands.require_lock()
        with hands.ledger.unit() as unit:
            finish(unit)
    return results


def _perform_batch(
    hands: Hands,
    run: RunNumber,
    batch: Sequence[MoveMessage | EraseMessage],
    maker: FolderMaker,
    finish: Callable[[Unit], None] | None,
) -> list[StepResult]:
    hands.require_lock()
    with hands.ledger.unit() as unit:
        intents = [intent_of(unit, hands.number, step, maker.target_id(step)) for step in batch]
        numbers = unit.steps.begin(run.number, hands.number, intents)
    results = _act(hands, batch, maker)
    hands.require_lock()
    with hands.ledger.unit() as unit:
        ended = [(n, r, i) for n, r, i in zip(numbers, results, intents, strict=True) if r.state is not StepState.OPEN]
        unit.steps.finish([_end(number, result, intent) for number, result, intent in ended])
        done = [intent.facts.takes_back for _, result, intent in ended if result.state is StepState.DONE]
        unit.steps.take_back([number for number in done if number])
        rows = [row_of(unit, hands.number, run.number, intent, r.state, r.id, r.folder_id) for _, r, intent in ended]
        others = [renamed(unit, hands.number, intent, r.state, r.id) for _, r, intent in ended]
        unit.messages.rename({was: now for one in others for was, now in one.items()})
        unit.messages.record([row for row in rows if row is not None])
        unit.messages.stop_waiting([intent.token for _, r, intent in ended if r.state is StepState.DONE])
        now_s = int(hands.clock.now().timestamp())
        refused = [intent for _, r, intent in ended if _is_tried_again(r)]
        unit.messages.wait_all(hands.number, {i.token: WaitingMessage(i.facts.id, now_s) for i in refused})
        if finish is not None and not any(_needs_another_look(result) for result in results):
            finish(unit)
    return results


def _act(hands: Hands, batch: Sequence[MoveMessage | EraseMessage], maker: FolderMaker) -> list[StepResult]:
    moves = [step for step in batch if isinstance(step, MoveMessage)]
    if moves:
        verdicts = move_batch(hands.mailbox, moves, [maker.target_id(step) for step in moves], hands.knows)
    else:
        verdicts = erase_batch(hands.mailbox, [step for step in batch if isinstance(step, EraseMessage)])
    return [
        StepResult(step, verdict.state, verdict.folder_id, verdict.id, verdict.error)
        for step, verdict in zip(batch, verdicts, strict=True)
    ]


def _end(number: int, result: StepResult, intent: Intent) -> StepEnd:
    """The outcome; with the message's new id where it has another now (a copy, or ids that do not survive moves)."""
    is_new = result.state is StepState.DONE and result.id not in ("", intent.facts.id)
    return StepEnd(
        number=number,
        state=result.state,
        error=type(result.error).__name__ if result.error else None,
        facts=msgspec.structs.replace(intent.facts, new_id=result.id) if is_new else None,
    )


def _is_tried_again(result: StepResult) -> bool:
    """Filing that was refused: a later run looks at the message again and tries once more. What an undo could not take
    back is the undo's to repeat."""
    step = result.step
    is_filing = isinstance(step, MoveMessage) and not step.copy and not step.takes_back
    return is_filing and result.state is StepState.FAILED


def _needs_another_look(result: StepResult) -> bool:
    return result.state in (StepState.OPEN, StepState.NOT_TRIED)


def _raise_what_stops_all(results: Iterable[StepResult]) -> None:
    for result in results:
        if _needs_another_look(result) and result.error is not None:
            raise result.error


def _same_kind_runs(
    steps: Iterable[MoveMessage | EraseMessage],
) -> Iterator[list[MoveMessage | EraseMessage]]:
    """Neighbouring steps that can share a request."""
    run: list[MoveMessage | EraseMessage] = []
    for step in steps:
        if run and _request_kind(run[-1]) != _request_kind(step):
            yield run
            run = []
        run.append(step)
    if run:
        yield run


def _request_kind(step: MoveMessage | EraseMessage) -> tuple[object, ...]:
    if isinstance(step, MoveMessage):
        return (MoveMessage, step.copy)
    return (EraseMessage, step.hard, step.folder_id if step.hard else "")


def _batches(runs: Iterable[list[T]]) -> Iterator[list[T]]:
    for run in runs:
        waiting = iter(run)
        while batch := list(islice(waiting, BATCH)):
            yield batch
