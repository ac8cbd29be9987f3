"""Fetching what headers do not say, only for the messages that they leave undecided and that look as if it helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import AttachedItem, Mailbox
from mailsorter.model.message import Message
from mailsorter.sorting.carried import is_carrier, is_small, read_carried
from mailsorter.sorting.decide import Decision, Extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import is_invitation, may_carry, needs_attachment_names, needs_text


def fetch_extras(mailbox: Mailbox, decisions: Sequence[Decision], filing: Filing) -> Extras:
    """Bodies, attachment names, attached messages and invitations that could decide more.

    What one message's fetch refuses is left out. Raises `Stopped`, and what the mailbox as a whole raises.
    """
    undecided = [(d.message, d.match) for d in decisions if d.match is not None]
    names = [m.id for m, match in undecided if needs_attachment_names(m, match, filing.book)]
    may = [m for m, match in undecided if may_carry(m, match, filing.book)]
    attached = _attached(mailbox, list(dict.fromkeys([*names, *(m.id for m in may if m.has_attachments)])))
    carriers = [m.id for m in may if _is_worth_reading(m, attached)]
    bodies = filing.predictor is not None and filing.predictor.reads_bodies
    wanted = dict.fromkeys(m.id for m, match in undecided if needs_text(m, match, for_prediction=bodies))
    texts = _texts(mailbox, [*wanted, *(i for i in carriers if i not in wanted)])
    return Extras(
        texts=texts,
        attachment_names={i: tuple(one.name for one in attached[i]) for i in names if i in attached},
        carried={i: found for i in carriers if i in texts and (found := read_carried(mailbox, i, filing))},
    )


def _texts(mailbox: Mailbox, ids: Sequence[str]) -> dict[str, str]:
    texts = mailbox.texts(ids) if ids else []
    return {i: text for i, text in zip(ids, texts, strict=True) if not isinstance(text, MailsorterError)}


def _attached(mailbox: Mailbox, ids: Sequence[str]) -> dict[str, tuple[AttachedItem, ...]]:
    """What is attached to each message: one listing serves the names and the question what is worth opening."""
    listed = mailbox.attachments(ids) if ids else []
    return {i: items for i, items in zip(ids, listed, strict=True) if not isinstance(items, MailsorterError)}


def _is_worth_reading(message: Message, attached: Mapping[str, tuple[AttachedItem, ...]]) -> bool:
    """Does what is attached look like a message, or is it itself an invitation, and is all of it small enough?"""
    items = attached.get(message.id) if message.has_attachments else ()
    return items is not None and is_small(items) and (is_carrier(items) or is_invitation(message))
