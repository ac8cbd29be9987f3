"""Writing down what a person did with a message: a correction for its thread, and a row that says leave it there."""

from __future__ import annotations

import msgspec

from mailsorter.ledger.corrections import CorrectionRow
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.thread import Trust


class Digests(msgspec.Struct, frozen=True):
    """The digests by which a message, its thread and its author are known, and when it came in (seconds since 1970)."""

    key: bytes
    thread: bytes | None = None
    message_id: bytes | None = None
    sender: bytes | None = None
    received_s: int | None = None


def digests_of(unit: Unit, mailbox: int, message: Message) -> Digests:
    """A message's digests. Needs no database, only the unit's key."""
    rows = unit.messages
    return Digests(
        key=rows.token(mailbox, message.id),
        thread=rows.thread_token(mailbox, message.conversation_id) if message.conversation_id else None,
        message_id=rows.message_id_token(message.internet_message_id) if message.internet_message_id else None,
        sender=sender_token(unit, message),
        received_s=int(message.received_at.timestamp()) if message.received_at is not None else None,
    )


def sender_token(unit: Unit, message: Message) -> bytes | None:
    """The digest of who wrote it, for suggestions; None when nobody did."""
    author = message.from_ or message.sender
    return unit.key.digest("sender", author.address.casefold()) if author and author.address else None


def record_by_hand(
    unit: Unit, mailbox: int, digests: Digests, *, client: int | None, rejected: int | None, folder: int
) -> None:
    """A person put the message into `client`'s folder, or (None) out of `rejected`'s: it stays, its thread knows.

    With neither it only stays: throwing mail away says nothing about whose it was.
    """
    rejected = rejected if rejected != client else None
    if client is not None or rejected is not None:
        unit.corrections.record(
            [
                CorrectionRow(
                    mailbox=mailbox, token=digests.key, thread=digests.thread, message_id=digests.message_id,
                    sender=digests.sender, client=client, rejected=rejected,
                )
            ]
        )  # fmt: skip
    before = unit.messages.row(digests.key) if client is None else None  # its author is no better known for that
    unit.messages.record(
        [
            MessageRow(
                token=digests.key, mailbox=mailbox, folder=folder, state=MessageState.BY_HAND, client=client,
                thread=digests.thread, message_id=digests.message_id, received_s=digests.received_s,
                speaks=Trust.YES if before is None else before.speaks,
            )
        ]
    )  # fmt: skip
    unit.messages.stop_waiting([digests.key])
