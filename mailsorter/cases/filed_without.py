"""Mail in a leaving client's folder in which nobody of the client takes part, filed by what a stranger could copy."""

from __future__ import annotations

from collections.abc import Iterable

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import scope_of
from mailsorter.cases.office import Office
from mailsorter.model.case import Finding, Seen
from mailsorter.model.evidence import EvidenceKind

_TAKES_PART = frozenset({Seen.FROM, Seen.SENDER, Seen.REPLY_TO, Seen.TO, Seen.CC, Seen.BCC})
_KINDS = (
    EvidenceKind.THREAD,
    EvidenceKind.CODE,
    EvidenceKind.ATTACHMENT,
    EvidenceKind.PREDICTION,
    EvidenceKind.CORRECTION,  # of another message in the thread: what a person moved themselves is by hand, not filed
)


def filed_without_the_client(office: Office, file: CaseFile, findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """Keys of findings that a thread, a project code or a prediction filed, and that name nobody of the client."""
    asked = [f for f in findings if Seen.CLIENT_FOLDER in f.seen and _TAKES_PART.isdisjoint(f.seen)]
    numbers = office.mailbox_numbers(scope_of(office, file))
    with office.ledger.reading() as unit:
        token_of = {f.key: unit.messages.token(numbers[f.mailbox], f.id) for f in asked if f.mailbox in numbers}
        filed = {token for kind in _KINDS for token in unit.messages.filed_by(token_of.values(), kind)}
    return {key for key, token in token_of.items() if token in filed}
