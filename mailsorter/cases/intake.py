"""Opening a case, and what can happen to it before anything is erased: extension, suspension, rejection."""

from __future__ import annotations

from datetime import date

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.calendar import terms_of
from mailsorter.cases.casefile import CaseFile, destroy
from mailsorter.cases.correspondence import give_tag
from mailsorter.cases.find import client_in_book, subject_of
from mailsorter.cases.identifiers import check_addresses
from mailsorter.cases.letterhead import LANGUAGES
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.address import canonical
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.deadline import Deadlines, may_extend
from mailsorter.model.lifecycle import CaseAct, CaseState

NOTES = "notes"
ERASING = (CaseKind.ERASURE, CaseKind.CLIENT_LEAVES)  # the kinds that lead to an end


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An officer's reason for an act on the case. Readable, so it lies in the case file."""

    act: str
    on: date
    reason: str


def open_case(
    office: Office, kind: CaseKind, subject: Subject, *, received_on: date | None = None, although: str = ""
) -> CaseRow:
    """A new case; its clocks start on the day of receipt.

    `although`: the officer's reason to take an address that is shared, the firm's own, or impossible.

    Raises:
        UserError: nobody to look for, an address that is none, an unknown client, a day that lies ahead, a kind of
            request that this version does not carry out.
        DecisionNeeded: an address may be somebody else's too.
    """
    if kind not in ERASING:
        raise UserError(
            f"This version does not carry out requests for {kind}: a case would lead nowhere.",
            advice="Answer the request by hand, within a month of its receipt (GDPR art. 12(3)).",
        )
    if subject.language not in LANGUAGES:
        raise UserError(
            f"There are no letters in {subject.language}.",
            advice=f"Choose: --language {' or --language '.join(LANGUAGES)}.",
        )
    require_plausible_date(office)
    day = received_on or office.today()
    if day > office.today():
        raise UserError(f"A request cannot have come on {day}: that day lies ahead.", advice="Mend --received.")
    _check_subject(office, kind, subject, although)
    with office.ledger.unit() as unit:
        row = unit.cases.open(kind, day)
        destroy(office.folder, row.number)  # left by a crash between file and row: nothing of it was ever used
        file = office.create_file(row.number)
        file.write("subject", subject)
        give_tag(file)
        if although.strip():
            note(file, "although", office.today(), although)
        unit.audit.append("case.open", {"case": row.number, "kind": kind.value})
    return row


def deadlines_of(office: Office, row: CaseRow) -> Deadlines:
    """The case's terms as they stand."""
    return terms_of(row, office.today(), office.firm.terms)


def open_for_the_same(office: Office, subject: Subject, *, but: str = "") -> list[str]:
    """Other open cases that are about one of these addresses, oldest first."""
    wanted = canonical_addresses(subject)
    with office.ledger.reading() as unit:
        rows = unit.cases.all()
    return [
        row.number
        for row in rows
        if row.state is not CaseState.CLOSED
        and row.number != but
        and wanted & canonical_addresses(subject_of(office.open_file(row.number)))
    ]


def canonical_addresses(subject: Subject) -> frozenset[str]:
    """The subject's addresses in the form in which equal means equal."""
    return frozenset(canonical(a) or a.strip().lower() for a in subject.addresses)


@alone
def extend(office: Office, number: str, *, reason: str) -> CaseRow:
    """Claim the two further months. The person must be told with the reason: write the letter `extension`.

    Raises:
        UserError: claimed already, too late, or no reason.
    """
    row = office.get(number)
    require_plausible_date(office)
    if not may_extend(deadlines_of(office, row), office.today()):
        raise UserError(
            f"Case {number} cannot be extended: it was already, or its first month has passed.",
            advice="GDPR art. 12(3): the person must be told within one month.",
        )
    note(office.open_file(number), "extend", office.today(), reason)
    after = msgspec.structs.replace(row, is_extended=True)
    with office.ledger.unit() as unit:
        unit.cases.save(after, was=row.state)
        unit.audit.append("case.extend", {"case": number})
    return after


@alone
def suspend(office: Office, number: str, *, until: date, reason: str) -> CaseRow:
    """Wait for the person until a day; the firm's own term never waits. Raises `LifecycleError`, `UserError`."""
    row = office.get(number)
    check(row, CaseAct.SUSPEND)
    require_plausible_date(office)
    if until <= office.today():
        raise UserError("The day to wait for must lie ahead.", advice="Give it: --until 2026-12-31")
    note(office.open_file(number), "suspend", office.today(), reason)
    return advance(
        office, row, CaseAct.SUSPEND, before_suspension=row.state, suspended_on=office.today(), suspended_until=until
    )


@alone
def resume(office: Office, number: str) -> CaseRow:
    """Go on where the case stood."""
    row = office.get(number)
    require_plausible_date(office)
    waited = max(0, (office.today() - (row.suspended_on or office.today())).days)
    add = waited if office.firm.terms.pauses else 0
    return advance(
        office, row, CaseAct.RESUME, before_suspension=None, suspended_on=None, suspended_until=None,
        paused_days=row.paused_days + add,
    )  # fmt: skip


@alone
def reject(office: Office, number: str, *, reason: str) -> CaseRow:
    """Refuse the request, with the reason that the letter tells."""
    row = office.get(number)
    check(row, CaseAct.REJECT)
    note(office.open_file(number), "reject", office.today(), reason)
    return advance(office, row, CaseAct.REJECT)


def note(file: CaseFile, act: str, on: date, reason: str) -> None:
    """Write down an officer's reason. Raises `UserError` when there is none."""
    if not reason.strip():
        raise UserError("This needs a reason: the person is told it.", advice="Give it: --reason TEXT")
    file.write(NOTES, [*notes_of(file), Note(act=act, on=on, reason=reason.strip())])


def notes_of(file: CaseFile) -> list[Note]:
    """All reasons written down so far."""
    return file.read(NOTES, list[Note]) or []


def last_reason(file: CaseFile, act: str) -> str:
    """The newest reason for that act; "" when there is none."""
    return next((n.reason for n in reversed(notes_of(file)) if n.act == act), "")


def _check_subject(office: Office, kind: CaseKind, subject: Subject, although: str) -> None:
    if kind is CaseKind.CLIENT_LEAVES:
        if not subject.client_id:
            raise UserError("Which client leaves?", advice="Give its id: --client ID")
        client_in_book(office, subject.client_id)
        return
    if not subject.addresses:
        raise UserError("A case needs at least one address of the person.", advice="Give it: --address A")
    check_addresses(office, subject.addresses, although)
