"""Mail that a run filed and that shows up where it was filed from: did a person put it back, or is it an old answer?"""

from __future__ import annotations

from collections.abc import Sequence

from mailsorter.ledger.corrections import CorrectionRow
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow, Standing
from mailsorter.mailbox.base import Mailbox, Place
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
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
    unit.corrections.record(
        [
            CorrectionRow(
                mailbox=mailbox, token=tokens.key, thread=tokens.thread, message_id=tokens.message_id,
                sender=sender_token(unit, message), client=None, rejected=standing.client,
            )
        ]
    )  # fmt: skip
    unit.messages.record(
        [
            MessageRow(
                token=tokens.key, mailbox=mailbox, folder=folder, state=MessageState.BY_HAND,
                thread=tokens.thread, message_id=tokens.message_id,
            )
        ]
    )  # fmt: skip


def record_filing_by_hand(
    unit: Unit, mailbox: int, message: Message, tokens: Tokens, client: int, rejected: int | None, folder: int
) -> None:
    """A person put the message into a client's folder: it stays, and speaks for its thread."""
    unit.corrections.record(
        [
            CorrectionRow(
                mailbox=mailbox, token=tokens.key, thread=tokens.thread, message_id=tokens.message_id,
                sender=sender_token(unit, message), client=client, rejected=rejected if rejected != client else None,
            )
        ]
    )  # fmt: skip
    unit.messages.record(
        [
            MessageRow(
                token=tokens.key, mailbox=mailbox, folder=folder, state=MessageState.BY_HAND, client=client,
                thread=tokens.thread, message_id=tokens.message_id,
            )
        ]
    )  # fmt: skip


def sender_token(unit: Unit, message: Message) -> bytes | None:
    """The digest of who wrote it, for suggestions; None when nobody did."""
    author = message.from_ or message.sender
    return unit.key.digest("sender", author.address.casefold()) if author and author.address else None
