"""The same steps, not done: records in a throw-away copy of the ledger what `perform_steps` would have recorded.

So a plan is computed by the very code that sorts, window after window, and `sort --dry-run` cannot drift from `sort`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.runs import RunNumber
from mailsorter.ledger.states import StepState
from mailsorter.model.folder import FolderPath, FolderTree
from mailsorter.model.step import EnsureFolder, EraseMessage, MoveMessage, Step
from mailsorter.perform.hands import Hands
from mailsorter.perform.intents import intent_of, row_of
from mailsorter.perform.perform import StepResult


def pretend_steps(
    hands: Hands,
    run: RunNumber,
    steps: Sequence[Step],
    tree: FolderTree,
    *,
    made: dict[FolderPath, str] | None = None,
    finish: Callable[[Unit], None] | None = None,
    on_batch: Callable[[Sequence[StepResult]], None] | None = None,
) -> list[StepResult]:
    """As `perform_steps`, with a ledger that is a scratch copy; every step ends well, nothing is changed."""
    results: list[StepResult] = []
    made = made if made is not None else {}
    with hands.ledger.unit() as unit:
        for step in steps:
            if isinstance(step, EnsureFolder):
                client = unit.places.client(step.client_id) if step.client_id is not None else None
                made[step.path] = _folder_id(tree, step.path)
                unit.places.folder(hands.number, made[step.path], step.path, client)
            else:
                target = (step.target_id or made[step.target]) if isinstance(step, MoveMessage) else ""
                results.append(_pretend(unit, hands.number, run, step, target))
        if finish is not None:
            finish(unit)
    if on_batch is not None and results:
        on_batch(results)
    return results


def _folder_id(tree: FolderTree, path: FolderPath) -> str:
    """The folder's id, or a made-up one for a folder that would be made."""
    found = tree.find(path)
    return found.id if found else "planned:" + "\x1f".join(path)


def _pretend(unit: Unit, mailbox: int, run: RunNumber, step: MoveMessage | EraseMessage, target: str) -> StepResult:
    intent = intent_of(unit, mailbox, step, target)
    is_copy = isinstance(step, MoveMessage) and step.copy
    row = None if is_copy else row_of(unit, mailbox, run.number, intent, StepState.DONE, "", target)
    if row is not None:
        unit.messages.record([row])
    unit.messages.stop_waiting([intent.token])
    return StepResult(step, StepState.DONE, target, step.message.id)
