"""Closing a case: what was readable is destroyed, the ledger's own rows of the person go, digests stay to their day.

Write order: the ledger first, in one transaction (rows away, tombstones and forgotten addresses in, state closed),
then the prediction model, compaction, and last the case file: while it is there, closing again does the rest. Nothing
is readable that was not before. A refused request forgets nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from mailsorter.cases.accounting import account_of
from mailsorter.cases.alone import alone
from mailsorter.cases.carry_on import OUTLIVES
from mailsorter.cases.casefile import CaseFile, destroy
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.find import findings_of, person_of, scope_of, subject_of
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.prove import marks_of
from mailsorter.cases.standing import Standing, standing_of
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.cases.unlearn import unlearn
from mailsorter.cases.witness.local import FilesLook, leftovers, look_through_files
from mailsorter.errors import DecisionNeeded, LedgerUnreadable, UserError
from mailsorter.ledger.cases import IN_WORK, CaseRow
from mailsorter.ledger.keys import spellings
from mailsorter.ledger.ledger import Unit
from mailsorter.model.case import CaseKind, Finding, Verdict
from mailsorter.model.lifecycle import CaseAct, CaseState
from mailsorter.model.verdict import words


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What closing a case did, and what the firm must still do itself."""

    number: str
    rows_forgotten: int
    unlearned: int = 0  # messages taken out of the prediction model
    kept: int  # items that stay on a ground or with Exchange until a day, by opaque id and digests
    files: FilesLook  # our own files, searched once more before the marks were forgotten
    remind: tuple[str, ...]  # processors to tell


@alone
def close(office: Office, number: str, *, leave_open: str = "") -> Closed:
    """Close an answered case. Called again after a crash it does what is left.

    `leave_open` is the reason for closing although something is open; `continue` and tombstones still know it.

    Raises:
        LifecycleError: the person was not answered yet.
        DecisionNeeded: it is not proven, or something of it is open, and `leave_open` gives no reason.
        UserError: it was closed before.
    """
    row = office.get(number)
    if row.state is CaseState.CLOSED:
        return _finish(office, row)
    check(row, CaseAct.CLOSE)
    require_plausible_date(office)
    file = office.open_file(number)
    if was_performed(office, row) and not leave_open.strip():
        _check_nothing_open(row, standing_of(office, row, file))
    subject = subject_of(file)
    marks = marks_of(office, file, subject)
    addresses = sorted(person_of(office, file, subject).addresses)
    forgotten = _forget(office, row, file, addresses, leave_open=bool(leave_open.strip()))
    unlearned = unlearn(office, row, file) if was_performed(office, row) else 0
    office.ledger.compact()
    destroy(office.folder, number)
    files = look_through_files([*office.local_places, office.folder, *leftovers(office.book_places)], marks)
    with office.ledger.reading() as unit:
        kept = sum(unit.cases.item_counts(number).values())
    return Closed(
        number=number, rows_forgotten=forgotten, unlearned=unlearned, kept=kept, files=files, remind=_reminders(office)
    )


def _finish(office: Office, row: CaseRow) -> Closed:
    if not (office.folder / row.number).exists():
        raise UserError(f"Case {row.number} is closed already.", advice="Run: mailsorter case list")
    file = _still_readable(office, row.number) if was_performed(office, row) else None
    unlearned = unlearn(office, row, file) if file is not None else 0
    office.ledger.compact()
    destroy(office.folder, row.number)
    with office.ledger.reading() as unit:
        kept = sum(unit.cases.item_counts(row.number).values())
    return Closed(
        number=row.number, rows_forgotten=0, unlearned=unlearned, kept=kept, files=FilesLook(),
        remind=_reminders(office),
    )  # fmt: skip


def _check_nothing_open(row: CaseRow, stands: Standing) -> None:
    if stands.verdict is not None and stands.verdict.is_proven and not stands.account.open:
        return
    reasons = stands.verdict.reasons if stands.verdict is not None else ()
    raise DecisionNeeded(
        f"Case {row.number} is not closed: {'; '.join(map(words, reasons)) or 'it was not proven'}.",
        advice="Next: "
        + "; ".join(stands.next)
        + f"; or close it all the same: mailsorter case close {row.number} --leave-open --reason TEXT",
    )


def _forget(office: Office, row: CaseRow, file: CaseFile, addresses: Iterable[str], *, leave_open: bool) -> int:
    """Take the person out of the ledger and close the case, all or nothing; gives the number of rows."""
    horizon = int((office.clock.now() + timedelta(days=office.firm.backup_days)).timestamp())
    decisions = decisions_of(file)
    findings = [
        finding
        for finding in findings_of(file).findings
        if (decided := decisions.get(finding.key)) is None or decided.verdict is not Verdict.NOT_THEIRS
    ]
    numbers = office.mailbox_numbers(scope_of(office, file))
    count = 0

    performed = was_performed(office, row)
    counted = account_of(office, row, file)

    def forget(unit: Unit) -> None:
        nonlocal count
        items = list(unit.cases.items(row.number))
        stays = {item.token for item in items if item.state in OUTLIVES}
        tokens = {bytes(token): token for token in _tokens(unit, numbers, findings)}
        tokens |= {bytes(item.token): item.token for item in items}  # of earlier rounds, too
        gone = [token for token in tokens.values() if stays.isdisjoint(spellings(token))]
        count = unit.messages.forget(gone) + unit.steps.forget(gone)
        count += unit.corrections.forget(gone) + unit.cases.forget_items(row.number, but=OUTLIVES)
        for mailbox in {item.mailbox for item in items} - {i.mailbox for i in items if i.state in IN_WORK}:
            unit.settings.remove(f"baseline {row.number} {mailbox}")
        if row.kind is CaseKind.ERASURE and performed:
            unit.tombstones.forget_address(row.number, addresses, horizon)
            unit.correspondents.forget(addresses)
        if leave_open:
            told = {bucket.value: n for bucket, n in counted.open.items()}
            unit.audit.append("case.left-open", {"case": row.number, **told})

    told = {bucket.value: n for bucket, n in counted.counts.items()} if performed else None
    advance(office, row, CaseAct.CLOSE, also=forget, closed=int(office.clock.now().timestamp()), account=told)
    return count


def was_performed(office: Office, row: CaseRow) -> bool:
    """Was ever a list of it performed? A request that was rejected before that forgets nobody."""
    if row.proof is not None:
        return True
    with office.ledger.reading() as unit:
        return bool(unit.cases.item_counts(row.number))


def _still_readable(office: Office, number: str) -> CaseFile | None:
    try:
        return office.open_file(number)
    except (UserError, LedgerUnreadable):
        return None  # its key is destroyed, which comes after unlearning


def _tokens(unit: Unit, numbers: dict[str, int], findings: Iterable[Finding]) -> list[bytes]:
    return [unit.messages.token(numbers[f.mailbox], f.id) for f in findings if f.mailbox in numbers]


def _reminders(office: Office) -> tuple[str, ...]:
    return tuple(_reminder(p.name, p.contact, p.task) for p in office.firm.processors)


def _reminder(name: str, contact: str, task: str) -> str:
    told = f" ({contact})" if contact else ""
    return f"{name}{told}: {task}" if task else f"{name}{told}"
