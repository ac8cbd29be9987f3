"""From evidence to outcome: the strongest kind decides, and a tie is for a person."""

from __future__ import annotations

from collections.abc import Sequence

from mailsorter.model.evidence import STRENGTH, Evidence, EvidenceKind
from mailsorter.model.filing import Several
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.thread import Correction
from mailsorter.sorting.matching.book import MatchBook

_CORRECTION, _ADDRESS = EvidenceKind.CORRECTION.strength, EvidenceKind.ADDRESS.strength


def decide(
    evidence: Sequence[Evidence],
    book: MatchBook,
    several: Several = Several.REVIEW,
    correction: Correction | None = None,
    *,
    labels: tuple[str, ...] = (),
    is_undated: bool = False,
) -> Match:
    """The outcome of at least one fact. Corrections that contradict, and unknown dates, always go to review."""
    strength, clients = _strongest(evidence)
    if correction is not None and correction.rejected and strength > _CORRECTION:
        clients = tuple(c for c in clients if c not in correction.rejected)
        if not clients:
            return Match(Outcome.UNMATCHED, (), tuple(evidence), Reason.REJECTED, labels)
    if len(clients) == 1:
        if clients[0] in book.left:
            return Match(Outcome.UNMATCHED, (), tuple(evidence), Reason.CLIENT_LEFT, labels)
        return Match(Outcome.FILED_TO, clients, tuple(evidence), Reason.DECIDED, labels)
    reason = Reason.SEVERAL_CLIENTS
    if strength == _CORRECTION:
        reason = Reason.CONTRADICTION
    elif is_undated and strength >= _ADDRESS:
        reason = Reason.NO_DATE
    elif several is not Several.REVIEW and not book.left.intersection(clients):
        return _by_policy(evidence, clients, several, labels)
    return Match(Outcome.AMBIGUOUS, clients, tuple(evidence), reason, labels)


def _strongest(evidence: Sequence[Evidence]) -> tuple[int, tuple[str, ...]]:
    """The greatest strength, and the clients of that strength, first named first, each once."""
    if len(evidence) == 1:
        return STRENGTH[evidence[0].kind], (evidence[0].client_id,)
    best = 99
    clients: dict[str, None] = {}  # in order; a message may name thousands
    for fact in evidence:
        strength = STRENGTH[fact.kind]
        if strength < best:
            best, clients = strength, {fact.client_id: None}
        elif strength == best:
            clients[fact.client_id] = None
    return best, tuple(clients)


def _by_policy(
    evidence: Sequence[Evidence], clients: tuple[str, ...], several: Several, labels: tuple[str, ...]
) -> Match:
    if several is Several.FIRST_NAMED:
        return Match(Outcome.FILED_TO, clients[:1], tuple(evidence), Reason.FIRST_NAMED, labels)
    return Match(Outcome.FILED_TO, clients, tuple(evidence), Reason.COPY_FOR_EACH, labels)
