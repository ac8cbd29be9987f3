"""The case's own letters: the request, what answers it after it came, and mail with the case's tag in its subject.

They are kept to one day, to account for the case (GDPR art. 5(2), 17(3)(e)). The tag has a random part, so that nobody
marks other mail by guessing a number. Cases that an earlier version opened have none: there the bare number counts, in
mail that came after the case was opened. Older mail of the request's thread is ordinary mail of the person.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import findings_of, subject_of
from mailsorter.cases.office import Office
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import Finding, Role, Subject
from mailsorter.patterns import compiled

TAG = "tag"
_OUTDATED = "outdated"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without what people confuse
_RANDOM_LETTERS = 4
_ASKS = compiled(
    "request.asks",
    r"gegevenswissing|vergetelheid|vergeten te worden|wis(?:sen|t)|verwijder|(?:^|[^a-z])avg(?:[^a-z]|$)|gdpr"
    r"|persoonsgegevens|right to erasure|forgotten|erase|erasure|delete my|personal data",
)
_DAYS_BEFORE = 31  # a request is opened within its month


def give_tag(file: CaseFile) -> None:
    """A tag for a new case."""
    file.write(TAG, "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS)))


def reference_of(file: CaseFile, number: str) -> str:
    """What every mail about the case bears in its subject: `[MS-2026-0001-k7qd]`, of an older case its number."""
    tag = file.read(TAG, str)
    return f"[MS-{number}-{tag}]" if tag else number


def kept_until(office: Office, row: CaseRow) -> date:
    """The last day on which the case's correspondence is kept: one day for all of it, counted from the request."""
    return row.received_on + timedelta(days=office.firm.policy.correspondence_days)


class Correspondence:
    """Which findings are the case's own letters."""

    def __init__(self, row: CaseRow, reference: str, subject: Subject, findings: Sequence[Finding]) -> None:
        self._row = row
        self._reference = reference.casefold()
        self._request = subject.request_message_id.strip()
        came = {f.key: f for f in findings if self._request and f.internet_message_id.strip() == self._request}
        self._came_at = min((f.received_at for f in came.values() if f.received_at is not None), default=None)
        self._threads = {(f.mailbox, f.conversation_id) for f in came.values() if f.conversation_id}

    def includes(self, finding: Finding) -> bool:
        """Is it the request, an answer in its thread after it came, or mail with the case's tag?"""
        if self._request and finding.internet_message_id.strip() == self._request:
            return True
        at = finding.received_at
        if (finding.mailbox, finding.conversation_id) in self._threads:
            return at is not None and self._came_at is not None and at >= self._came_at
        if self._reference not in finding.subject.casefold():
            return False
        return self._reference.startswith("[") or (at is not None and at.timestamp() >= self._row.opened)


def looks_like_the_request(finding: Finding, row: CaseRow, office: Office) -> bool:
    """Did the person write it about their data, in the month before the case was received or since?"""
    if finding.role is not Role.AUTHOR or finding.received_at is None or not _ASKS.found_in(finding.subject.casefold()):
        return False
    return finding.received_at.astimezone(office.zone).date() >= row.received_on - timedelta(days=_DAYS_BEFORE)


def likely_request(office: Office, number: str) -> Finding | None:
    """The message that may be the request itself, while none is named: the one nearest to the day of receipt."""
    row, file = office.get(number), office.open_file(number)
    if subject_of(file).request_message_id.strip():
        return None
    found = [f for f in findings_of(file).findings if looks_like_the_request(f, row, office)]
    return min(found, key=lambda f: (_days_from(f, row, office), f.key), default=None)


@alone
def name_request(office: Office, number: str, which: str) -> Subject:
    """Write down which message is the request, by its Message-ID or by an item of the review.

    Plan again afterwards: the list of before does not know it. Raises `UserError` for an unknown item.
    """
    file = office.open_file(number)
    subject = subject_of(file)
    message_id = which.strip()
    if "@" not in message_id:
        fits = [f for f in findings_of(file).findings if f.handle == message_id]
        if not fits or not fits[0].internet_message_id.strip():
            raise UserError(
                "That is neither a Message-ID nor an item of the case.", advice=f"Run: mailsorter case review {number}"
            )
        message_id = fits[0].internet_message_id.strip()
    after = msgspec.structs.replace(subject, request_message_id=message_id)
    file.write("subject", after)
    mark_outdated(file)
    with office.ledger.unit() as unit:
        unit.audit.append("case.request", {"case": number})
    return after


def mark_outdated(file: CaseFile) -> None:
    """Something that the list rests on was said after it was made."""
    file.write(_OUTDATED, "yes")


def is_outdated(file: CaseFile) -> bool:
    """Must the list be made again, because of what was said about the request since?"""
    return _OUTDATED in file.parts()


def mark_current(file: CaseFile) -> None:
    """The list was made with all that was said."""
    if is_outdated(file):
        file.remove(_OUTDATED)


def _days_from(finding: Finding, row: CaseRow, office: Office) -> int:
    assert finding.received_at is not None
    return abs((finding.received_at.astimezone(office.zone).date() - row.received_on).days)
