"""From evidence to outcome: the earliest stage decides, and several clients there are for a person."""

from __future__ import annotations

from collections.abc import Sequence

from mailsorter.model.evidence import STAGE, STRENGTH, Evidence, EvidenceKind
from mailsorter.model.filing import Several
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.thread import Correction
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.single import of_one_client

# Both tables give these two the same number.
_CORRECTION, _ADDRESS = STAGE[EvidenceKind.CORRECTION], STAGE[EvidenceKind.ADDRESS]


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
    stage, clients = _deciding(evidence, is_first_edition=book.is_first_edition)
    if correction is not None and correction.rejected and stage > _CORRECTION:
        clients = tuple(c for c in clients if c not in correction.rejected)
        if not clients:
            return Match(Outcome.UNMATCHED, (), tuple(evidence), Reason.REJECTED, labels)
    if len(clients) == 1:
        return of_one_client(clients[0], tuple(evidence), labels, has_left=clients[0] in book.left)
    reason = Reason.SEVERAL_CLIENTS
    if stage == _CORRECTION:
        reason = Reason.CONTRADICTION
    elif is_undated and stage >= _ADDRESS:
        reason = Reason.NO_DATE
    elif several is not Several.REVIEW and not book.left.intersection(clients):
        return _by_policy(evidence, clients, several, labels)
    return Match(Outcome.AMBIGUOUS, clients, tuple(evidence), reason, labels)


def _deciding(evidence: Sequence[Evidence], *, is_first_edition: bool) -> tuple[int, tuple[str, ...]]:
    """The stage that decides, and its clients, first named first."""
    table = STRENGTH if is_first_edition else STAGE
    if len(evidence) == 1:
        return table[evidence[0].kind], (evidence[0].client_id,)
    if len(evidence) == 2 and evidence[0].client_id == evidence[1].client_id:  # an address and its domain, a code
        return min(table[evidence[0].kind], table[evidence[1].kind]), (evidence[0].client_id,)
    best = 99
    clients: dict[str, None] = {}  # in order; a message may name thousands
    for fact in evidence:
        number = table[fact.kind]
        if number < best:
            best, clients = number, {fact.client_id: None}
        elif number == best:
            clients[fact.client_id] = None
    if len(clients) > 1 and not is_first_edition and len({fact.kind for fact in evidence}) > 1:
        settled = _settled([fact for fact in evidence if STAGE[fact.kind] == best])
        return best, (settled,) if settled is not None else tuple(clients)
    return best, tuple(clients)


def _settled(evidence: Sequence[Evidence]) -> str | None:
    """The one client that the strongest facts name, where all other facts may mean it too; else None.

    What two clients list (the domain of a group of firms) means one of them: an address or code may tell which.
    """
    strongest = min(STRENGTH[fact.kind] for fact in evidence)
    named = {fact.client_id for fact in evidence if STRENGTH[fact.kind] == strongest}
    if len(named) > 1:
        return None
    (client,) = named
    may_mean: dict[tuple[EvidenceKind, str], set[str]] = {}
    for fact in evidence:
        may_mean.setdefault((fact.kind, fact.detail), set()).add(fact.client_id)
    return client if all(client in clients for clients in may_mean.values()) else None


def _by_policy(
    evidence: Sequence[Evidence], clients: tuple[str, ...], several: Several, labels: tuple[str, ...]
) -> Match:
    if several is Several.FIRST_NAMED:
        return Match(Outcome.FILED_TO, clients[:1], tuple(evidence), Reason.FIRST_NAMED, labels)
    return Match(Outcome.FILED_TO, clients, tuple(evidence), Reason.COPY_FOR_EACH, labels)
