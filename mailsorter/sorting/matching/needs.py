"""What else to fetch for a message that its headers leave undecided: each costs a request, so most need nothing."""

from __future__ import annotations

from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.looks import looks_worth_opening

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
