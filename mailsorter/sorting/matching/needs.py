"""What else to fetch for a message that its headers leave undecided: each costs a request, so most need nothing."""

from __future__ import annotations

from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.known import Standing
from mailsorter.sorting.matching.looks import looks_bounced, looks_form_made, looks_worth_opening
from mailsorter.sorting.matching.rules import is_class
from mailsorter.sorting.matching.trust import has_failed

# plain names, because every message asks for them
_UNMATCHED, _INTERNAL, _PREDICTION = Outcome.UNMATCHED, Outcome.INTERNAL, EvidenceKind.PREDICTION


def is_undecided(match: Match) -> bool:
    """Did no evidence of the firm's own decide? A prediction does not count: anything found is stronger."""
    if match.outcome is _UNMATCHED or match.outcome is _INTERNAL:
        return not match.evidence and match.reason is not Reason.TOO_COSTLY
    for fact in match.evidence:
        if fact.kind is not _PREDICTION:
            return False
    return bool(match.evidence)


def needs_text(message: Message, match: Match, *, for_prediction: bool = False) -> bool:
    """Should the body be fetched and the message matched again? `for_prediction`: the predictor reads bodies."""
    return is_undecided(match) and (for_prediction or looks_worth_opening(message))


def needs_attachment_names(message: Message, match: Match, book: MatchBook) -> bool:
    """Should the names of its attachments be fetched? Only where a code or a rule could stand in one."""
    return message.has_attachments and is_undecided(match) and book.reads_attachment_names


def may_carry(message: Message, match: Match, book: MatchBook) -> bool:
    """Could it carry a message or an invitation that counts? Only what one of the firm's own people sent does."""
    if not (message.has_attachments or message.message_class != "IPM.Note") or not is_undecided(match):
        return False
    if looks_form_made(message) or looks_bounced(message):
        return False
    author = message.from_ or message.sender
    if author is None or book.known(author.address).standing is not Standing.OWN or has_failed(message, book):
        return False
    return message.has_attachments or is_invitation(message)


def is_invitation(message: Message) -> bool:
    """Is it a meeting request, an answer to one, or a cancellation: an item that is a calendar part in MIME?"""
    return is_class(message.message_class, "IPM.Schedule.Meeting")
