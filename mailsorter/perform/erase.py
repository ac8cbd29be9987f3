"""Erasing one batch of messages, and finding out what happened when the answer does not say."""

from __future__ import annotations

from collections.abc import Sequence

from mailsorter.errors import Held, MailsorterError, NotFound, NotPermitted, TemporaryError, Unreachable
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Done, Mailbox, Outcome, Place
from mailsorter.model.step import EraseMessage
from mailsorter.perform.move import BatchVerdict
from mailsorter.perform.settle import settle_erasure
from mailsorter.perform.traces import by_trace


def erase_batch(mailbox: Mailbox, steps: Sequence[EraseMessage]) -> list[BatchVerdict]:
    """Erase at most 20 messages, all permanently or all hard from one folder; one verdict each, in order."""
    outcomes = _ask(mailbox, steps)
    verdicts = [_verdict(outcome, step) for outcome, step in zip(outcomes, steps, strict=True)]
    unknown = [i for i, verdict in enumerate(verdicts) if verdict.state is StepState.OPEN]
    if unknown:
        for i, verdict in zip(unknown, look_up(mailbox, [steps[i] for i in unknown]), strict=True):
            verdicts[i] = _with_error(verdict, verdicts[i].error)
    return verdicts


def look_up(mailbox: Mailbox, steps: Sequence[EraseMessage]) -> list[BatchVerdict]:
    """What became of erasures whose answer was lost; OPEN where even that cannot be found out now.

    Where ids change on move "not found" says nothing: the message may lie in Recoverable Items, or wherever a person
    put it, under another id. It is looked for by its trace before anything is concluded.
    """
    try:
        places = mailbox.locate([step.message.id for step in steps])
        recoverable = recoverable_folders(mailbox)
        missing = [step for step, place in zip(steps, places, strict=True) if isinstance(place, NotFound)]
        known = {step.message.id for step in steps}
        again = {} if mailbox.ids_survive_moves else by_trace(mailbox, [s.message for s in missing], recoverable, known)
    except MailsorterError as error:
        open_ = _not_looked_up(error)
        return [BatchVerdict(StepState.OPEN, id=step.message.id, error=open_) for step in steps]
    return [
        _settled_elsewhere(step, again[step.message.id], recoverable)
        if step.message.id in again
        else _settled(step, place, recoverable)
        for step, place in zip(steps, places, strict=True)
    ]


def _not_looked_up(error: MailsorterError) -> TemporaryError:
    """Whoever is refused the look has not been refused the deletion: that may be done. The next call looks again."""
    if isinstance(error, TemporaryError):
        return error
    return Unreachable(f"Whether it was erased could not be looked up: {error}", advice=error.advice)


def recoverable_folders(mailbox: Mailbox) -> frozenset[str]:
    """Ids of the folders of Recoverable Items."""
    visible = {folder.id for folder in mailbox.tree(hidden=True)}
    return frozenset(folder.id for folder in mailbox.tree(hidden=True, recoverable=True) if folder.id not in visible)


def _ask(mailbox: Mailbox, steps: Sequence[EraseMessage]) -> Sequence[Outcome]:
    ids = [step.message.id for step in steps]
    try:
        if steps[0].hard:
            return mailbox.delete_hard(steps[0].folder_id, ids)
        return mailbox.delete_permanently(ids)
    except MailsorterError as error:
        return [error] * len(steps)


def _verdict(outcome: Outcome, step: EraseMessage) -> BatchVerdict:
    if isinstance(outcome, Done):
        return BatchVerdict(StepState.DONE, outcome.folder_id, outcome.id)
    if isinstance(outcome, Held):
        return BatchVerdict(StepState.HELD, step.folder_id, step.message.id, outcome)
    if isinstance(outcome, (NotFound, Unreachable)):
        return BatchVerdict(StepState.OPEN, id=step.message.id, error=outcome)
    if isinstance(outcome, (TemporaryError, NotPermitted)):
        return BatchVerdict(StepState.NOT_TRIED, id=step.message.id, error=outcome)
    return BatchVerdict(StepState.FAILED, step.folder_id, step.message.id, outcome)


def _with_error(verdict: BatchVerdict, lost: MailsorterError | None) -> BatchVerdict:
    """What was not tried after all is tried again: the error that kept the answer from coming goes with it."""
    if verdict.state is not StepState.NOT_TRIED or verdict.error is not None:
        return verdict
    return BatchVerdict(verdict.state, verdict.folder_id, verdict.id, lost)


def _settled(step: EraseMessage, place: Place | MailsorterError, recoverable: frozenset[str]) -> BatchVerdict:
    if isinstance(place, Place):
        verdict = settle_erasure(step.folder_id, place.folder_id, hard=step.hard, recoverable=recoverable)
    elif isinstance(place, NotFound):
        verdict = settle_erasure(step.folder_id, None, hard=step.hard, recoverable=recoverable)
    else:
        return BatchVerdict(StepState.OPEN, id=step.message.id, error=_not_looked_up(place))
    return BatchVerdict(verdict.state, verdict.folder_id, step.message.id)


def _settled_elsewhere(step: EraseMessage, hits: Sequence[Place], recoverable: frozenset[str]) -> BatchVerdict:
    """The verdict on a message that is there under another id. A permanent delete is done when that lies in
    Recoverable Items (of several copies none is named: whoever goes on finds them by their trace); anything else is
    for a person to see, and never counts as erased."""
    first = hits[0]
    if not step.hard and first.folder_id in recoverable:
        return BatchVerdict(StepState.DONE, first.folder_id, first.id if len(hits) == 1 else step.message.id)
    return BatchVerdict(StepState.OVERTAKEN, first.folder_id, step.message.id)
