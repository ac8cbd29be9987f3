"""Fetching what headers do not say, only for the messages that they leave undecided and that look as if it helps."""

from __future__ import annotations

from collections.abc import Sequence

from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import Mailbox
from mailsorter.sorting.decide import Decision, Extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import needs_attachment_names, needs_text


def fetch_extras(mailbox: Mailbox, decisions: Sequence[Decision], filing: Filing) -> Extras:
    """Bodies and attachment names that could decide more. What one message's fetch refuses is left out."""
    undecided = [(d.message, d.match) for d in decisions if d.match is not None]
    bodies = filing.predictor is not None and filing.predictor.reads_bodies
    for_text = [m.id for m, match in undecided if needs_text(m, match, for_prediction=bodies)]
    for_names = [m.id for m, match in undecided if needs_attachment_names(m, match, filing.book)]
    texts = mailbox.texts(for_text) if for_text else []
    names = mailbox.attachment_names(for_names) if for_names else []
    return Extras(
        texts={i: t for i, t in zip(for_text, texts, strict=True) if not isinstance(t, MailsorterError)},
        attachment_names={i: n for i, n in zip(for_names, names, strict=True) if not isinstance(n, MailsorterError)},
    )
