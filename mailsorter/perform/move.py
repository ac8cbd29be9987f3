"""Moving one batch of messages, and finding out what happened when the answer does not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from mailsorter.errors import MailboxFull, MailsorterError, NotFound, NotPermitted, Refused, TemporaryError, Unreachable
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Detail, Done, Mailbox, Move, Outcome, Place
from mailsorter.model.message import Message
from mailsorter.model.step import Identity, MoveMessage
from mailsorter.perform.intents import seconds
from mailsorter.perform.settle import settle_move
from mailsorter.perform.traces import may_be


class SeveralHits(Refused):
    """Looking a message up cannot tell which of several it is."""


class BatchVerdict(msgspec.Struct, frozen=True):
    """How one message's step ended: where it is now and under which id; OPEN when nobody could find out yet, UNCLEAR
    when looking cannot tell and a person has to."""

    state: StepState
    folder_id: str = ""
    id: str = ""
    error: MailsorterError | None = None


def move_batch(
    mailbox: Mailbox, steps: Sequence[MoveMessage], targets: Sequence[str], is_known: Callable[[str], bool]
) -> list[BatchVerdict]:
    """Move (or copy) at most 20 messages; one verdict each, in order.

    `is_known` tells whether the ledger has met that id before: what was just moved has one that nobody knows yet.
    """
    moves = [Move(step.message.id, target) for step, target in zip(steps, targets, strict=True)]
    is_copy = bool(steps) and steps[0].copy
    outcomes = _ask(mailbox, moves, is_copy=is_copy)
    verdicts = [_verdict(outcome, move) for outcome, move in zip(outcomes, moves, strict=True)]
    verdicts = _look_up_unknown(mailbox, steps, targets, verdicts, is_known, is_copy=is_copy)
    _stamp(mailbox, steps, verdicts)
    return verdicts


def _ask(mailbox: Mailbox, moves: Sequence[Move], *, is_copy: bool) -> Sequence[Outcome]:
    try:
        return mailbox.copy(moves) if is_copy else mailbox.move(moves)
    except MailsorterError as error:  # the whole request failed: every item shares the reason
        return [error] * len(moves)


def _verdict(outcome: Outcome, move: Move) -> BatchVerdict:
    if isinstance(outcome, Done):
        if outcome.folder_id in ("", move.to_folder_id):
            return BatchVerdict(StepState.DONE, move.to_folder_id, outcome.id)
        return BatchVerdict(StepState.OVERTAKEN, outcome.folder_id, outcome.id)
    if isinstance(outcome, (Unreachable, NotFound)):  # not found: the message is gone, or the target folder is
        return BatchVerdict(StepState.OPEN, id=move.id, error=outcome)
    if isinstance(outcome, (TemporaryError, NotPermitted, MailboxFull)):
        return BatchVerdict(StepState.NOT_TRIED, id=move.id, error=outcome)
    return BatchVerdict(StepState.FAILED, id=move.id, error=outcome)


def _look_up_unknown(
    mailbox: Mailbox,
    steps: Sequence[MoveMessage],
    targets: Sequence[str],
    verdicts: list[BatchVerdict],
    is_known: Callable[[str], bool],
    *,
    is_copy: bool,
) -> list[BatchVerdict]:
    unknown = [i for i, verdict in enumerate(verdicts) if verdict.state is StepState.OPEN]
    if not unknown or is_copy:  # a lost copy is looked for by `resume`, in the target folder
        return verdicts
    try:
        places = mailbox.locate([steps[i].message.id for i in unknown])
        lost = [n for n, place in enumerate(places) if isinstance(place, NotFound)]
        if not mailbox.ids_survive_moves:
            wanted = [steps[unknown[n]].message for n in lost]
            again = _candidates(mailbox, wanted, [targets[unknown[n]] for n in lost])
            for n, found in zip(lost, again, strict=True):
                places[n] = _found_again(places[n], found, is_known)
    except MailsorterError:
        return verdicts  # still open: the next start looks again
    for i, place in zip(unknown, places, strict=True):
        verdicts[i] = settled(verdicts[i], steps[i], targets[i], place)
    return verdicts


def _found_again(
    place: Place | MailsorterError, candidates: Sequence[Message], is_known: Callable[[str], bool]
) -> Place | MailsorterError:
    """Where ids change on move, a message that its old id no longer names is looked for by its msg-id, or in the target
    folder by its search key. Copies share both: of two that the ledger does not know either may be the one, and none
    is taken."""
    found = [Place(m.id, m.folder_id) for m in candidates if not is_known(m.id)]
    if len(found) > 1:
        return SeveralHits("Several messages of one msg-id: which of them was moved cannot be told.", code="TwoHits")
    return found[0] if found else place


def _candidates(mailbox: Mailbox, wanted: Sequence[Identity], targets: Sequence[str]) -> list[list[Message]]:
    """For each message those that may be it now: all looked for together, each target folder read once."""
    by_msg_id = list(dict.fromkeys(one.internet_message_id for one in wanted if one.internet_message_id))
    places = dict(zip(by_msg_id, mailbox.find_each(by_msg_id) if by_msg_id else (), strict=True))
    ids = list(dict.fromkeys(place.id for hits in places.values() for place in hits))
    fetched = {m.id: m for m in (mailbox.fetch(ids) if ids else ()) if isinstance(m, Message)}
    listed: dict[str, list[Message]] = {}
    candidates: list[list[Message]] = []
    for one, target in zip(wanted, targets, strict=True):
        if one.internet_message_id:
            found = [fetched[place.id] for place in places[one.internet_message_id] if place.id in fetched]
        elif one.search_key:  # an undo knows no msg-id: the ledger keeps none readable
            if target not in listed:
                listed[target] = [m for page in mailbox.messages(target, Detail.TRACES) for m in page]
            found = [message for message in listed[target] if message.search_key == one.search_key]
        else:
            found = []
        candidates.append([message for message in found if may_be(message, one.search_key, seconds(one.received_at))])
    return candidates


def settled(before: BatchVerdict, step: MoveMessage, target: str, place: Place | MailsorterError) -> BatchVerdict:
    """The verdict once a message whose answer was lost has been looked up."""
    if isinstance(place, Place):
        verdict = settle_move(step.source_id, target, place.folder_id)
    elif isinstance(place, NotFound):
        verdict = settle_move(step.source_id, target, None)
    elif isinstance(place, SeveralHits):
        return BatchVerdict(StepState.UNCLEAR, step.source_id, step.message.id, place)
    else:
        return before
    error = before.error if verdict.state is StepState.NOT_TRIED else None
    now = place.id if isinstance(place, Place) else step.message.id
    return BatchVerdict(verdict.state, verdict.folder_id, now, error)


def _stamp(mailbox: Mailbox, steps: Sequence[MoveMessage], verdicts: Sequence[BatchVerdict]) -> None:
    """Set categories on what was moved. A stamp that fails is not worth a failed filing: the folder is the record."""
    wanted = [
        (verdict.id, step.categories)
        for step, verdict in zip(steps, verdicts, strict=True)
        if step.categories is not None and verdict.state is StepState.DONE
    ]
    if wanted:
        try:
            mailbox.categorize(wanted)
        except MailsorterError:
            return
