"""What one fact alone decides: most mail has one, so the answer for each fact is made once and shared."""

from __future__ import annotations

from mailsorter.model.evidence import Evidence
from mailsorter.model.match import Match, Outcome, Reason

# plain names: an enumeration's member is looked up by a call
_FILED_TO, _UNMATCHED = Outcome.FILED_TO, Outcome.UNMATCHED
_DECIDED, _CLIENT_LEFT = Reason.DECIDED, Reason.CLIENT_LEFT


def of_one_client(client_id: str, evidence: tuple[Evidence, ...], labels: tuple[str, ...], *, has_left: bool) -> Match:
    """The outcome where all that decides names this client. `has_left`: it is no client of the firm any more."""
    if has_left:
        return Match(_UNMATCHED, (), evidence, _CLIENT_LEFT, labels)
    return Match(_FILED_TO, (client_id,), evidence, _DECIDED, labels)
