"""Mail that a run filed and that shows up where it was filed from: did a person put it back, or is it an old answer?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mailsorter.ledger.by_hand import Digests, record_by_hand, sender_token
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow, Standing
from mailsorter.mailbox.base import Mailbox, Place
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.perform.intents import seconds
from mailsorter.sorting.recall import Tokens


def really_returned(mailbox: Mailbox, messages: Sequence[Message]) -> set[str]:
    """Ids of those that do lie where delta shows them. Asks for each: delta replays old answers."""
    if not messages:
        return set()
    places = mailbox.locate([m.id for m in messages])
    return {
        m.id
        for m, place in zip(messages, places, strict=True)
        if isinstance(place, Place) and place.folder_id == m.folder_id
    }


def record_return(unit: Unit, mailbox: int, message: Message, tokens: Tokens, standing: Standing, folder: int) -> None:
    """A person took the message out of the client's folder: it stays, and its thread knows."""
    record_by_hand(unit, mailbox, _digests(unit, message, tokens), client=None, rejected=standing.client, folder=folder)


def record_under_new_id(
    unit: Unit, mailbox: int, message: Message, tokens: Tokens, row: MessageRow | None, folder: int
) -> None:
    """Where ids change: what the ledger has of the message goes by its new id; where it lay before is left to say to
    whoever records the return, or to a check. Without a row (it may be another one's): it stays, nothing is learnt."""
    if row is None:
        record_by_hand(unit, mailbox, _digests(unit, message, tokens), client=None, rejected=None, folder=folder)
        return
    state = MessageState.BY_HAND if row.state is MessageState.MISSING else row.state
    unit.messages.rename({row.token: tokens.key})
    unit.messages.record([msgspec.structs.replace(row, token=tokens.key, state=state)])


def record_filing_by_hand(
    unit: Unit, mailbox: int, message: Message, tokens: Tokens, client: int, rejected: int | None, folder: int
) -> None:
    """A person put the message into a client's folder: it stays, and speaks for its thread."""
    record_by_hand(unit, mailbox, _digests(unit, message, tokens), client=client, rejected=rejected, folder=folder)


def _digests(unit: Unit, message: Message, tokens: Tokens) -> Digests:
    came = seconds(message.received_at)
    return Digests(tokens.key, tokens.thread, tokens.message_id, sender_token(unit, message), came)
