"""A step as the ledger writes it: the intent before, the message's row after."""

from __future__ import annotations

from datetime import datetime

from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepFacts
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EraseMessage, Identity, MoveMessage, StepKind


def intent_of(unit: Unit, mailbox: int, step: MoveMessage | EraseMessage, target_id: str) -> Intent:
    """The intent to do a step; `target_id` is the folder it moves to ("" for an erasure)."""
    if isinstance(step, MoveMessage):
        kind = StepKind.COPY if step.copy else StepKind.MOVE
        facts = _facts(unit, mailbox, step.message, source=step.source_id, target=target_id, step=step)
        client = unit.places.client(step.client_id) if step.client_id is not None else None
        token = unit.messages.token(mailbox, step.message.id)
        if step.copy:
            token = copy_token(unit, mailbox, step.message, step.client_id or "")
        return Intent(kind=kind, token=token, facts=facts, client=client, evidence=step.evidence_number)
    kind = StepKind.ERASE_HARD if step.hard else StepKind.ERASE_PERMANENTLY
    facts = _facts(unit, mailbox, step.message, source=step.folder_id, target="")
    return Intent(kind=kind, token=unit.messages.token(mailbox, step.message.id), facts=facts)


def copy_token(unit: Unit, mailbox: int, message: Identity | Message, client_id: str) -> bytes:
    """The digest of a copy for one client: not the message's own, which the move that follows will need.

    By client and not by path: the client's folder may be renamed between a crash and the next start. Where the search
    key is known (where ids change) by that and not by id: a person may move the message before the next start.
    """
    return unit.key.digest("copy", str(mailbox), message.search_key or message.id, client_id)


def _facts(
    unit: Unit, mailbox: int, identity: Identity, *, source: str, target: str, step: MoveMessage | None = None
) -> StepFacts:
    conversation, message_id = identity.conversation_id, identity.internet_message_id
    return StepFacts(
        id=identity.id,
        source=source,
        target=target,
        thread=unit.messages.thread_token(mailbox, conversation) if conversation else None,
        message_id=unit.messages.message_id_token(message_id) if message_id else None,
        received_s=seconds(identity.received_at),
        search_key=identity.search_key,
        becomes=int(step.becomes) if step else int(MessageState.GONE),
        categories=step.categories if step else None,
        categories_before=step.categories_before if step else None,
        takes_back=step.takes_back if step else 0,
        speaks=step.speaks if step else True,
    )


def row_of(
    unit: Unit, mailbox: int, run: int, intent: Intent, state: StepState, id_now: str, folder_id: str
) -> MessageRow | None:
    """What is known of the step's message once it ended; None where nothing new is known.

    A message that someone else moved in between is *by hand* where it is; one that failed for good is *failed*; one
    whose move may have been any of several is *unclear* under the id it had; one that was not tried keeps what was
    known. A copy gets a row of its own.
    """
    facts = intent.facts
    becomes = {
        StepState.DONE: MessageState(facts.becomes),
        StepState.OVERTAKEN: MessageState.BY_HAND,
        StepState.GONE: MessageState.GONE,
        StepState.FAILED: MessageState.FAILED,
        StepState.UNCLEAR: MessageState.UNCLEAR,
    }.get(state)
    if becomes is None or (intent.kind is StepKind.COPY and state is not StepState.DONE):
        return None
    is_erasure = intent.kind in (StepKind.ERASE_PERMANENTLY, StepKind.ERASE_HARD)  # its row is the approved id's
    token = unit.messages.token(mailbox, id_now) if id_now and not is_erasure else intent.token
    folder = unit.places.folder(mailbox, folder_id or facts.source, ())
    filed = becomes is MessageState.FILED
    return MessageRow(
        token=token, mailbox=mailbox, folder=folder, state=becomes, client=intent.client if filed else None,
        evidence=intent.evidence if filed else 0, thread=facts.thread, message_id=facts.message_id,
        received_s=facts.received_s, run=run, speaks=facts.speaks,
    )  # fmt: skip


def renamed(unit: Unit, mailbox: int, intent: Intent, state: StepState, id_now: str) -> dict[bytes, bytes]:
    """Where ids change: the digest of the message that a move gave another id, by that of the id that names nothing
    any more. {} where nothing changed."""
    was_moved = intent.kind is StepKind.MOVE and state in (StepState.DONE, StepState.OVERTAKEN)
    has_another = was_moved and id_now not in ("", intent.facts.id)
    return {intent.token: unit.messages.token(mailbox, id_now)} if has_another else {}


def seconds(at: datetime | None) -> int | None:
    """Whole seconds since 1970 UTC, or None."""
    return None if at is None else int(at.timestamp())
