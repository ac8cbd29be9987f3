"""Closing a case: what was readable is destroyed, the ledger's own rows of the person go, digests stay to their day.

Write order: the ledger first, in one transaction (rows away, tombstones and forgotten addresses in, state closed),
then the prediction model, compaction, and last the case file: while it is there, closing again does the rest. Nothing
is readable that was not before. A refused request forgets nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from mailsorter.cases.casefile import CaseFile, destroy
from mailsorter.cases.find import findings_of, person_of, scope_of, subject_of
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.prove import marks_of
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.cases.unlearn import unlearn
from mailsorter.cases.witness.local import FilesLook, leftovers, look_through_files
from mailsorter.errors import LedgerUnreadable, UserError
from mailsorter.ledger.cases import IN_WORK, STILL_THERE, CaseRow
from mailsorter.ledger.keys import spellings
from mailsorter.ledger.ledger import Unit
from mailsorter.model.case import CaseKind, Finding, ItemState
from mailsorter.model.lifecycle import CaseAct, CaseState

_UNSETTLED = (ItemState.LOOK, *IN_WORK)
"""What `carry_on` was broken off at, or left to a person: forgotten, it would stay in the mailbox for ever."""


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What closing a case did, and what the firm must still do itself."""

    number: str
    rows_forgotten: int
    unlearned: int = 0  # messages taken out of the prediction model
    kept: int  # items that stay on a ground or with Exchange until a day, by opaque id and digests
    files: FilesLook  # our own files, searched once more before the marks were forgotten
    remind: tuple[str, ...]  # processors to tell


def close(office: Office, number: str) -> Closed:
    """Close an answered case. Called again after a crash it does what is left.

    Raises:
        LifecycleError: the person was not answered yet.
        UserError: it was closed before.
    """
    row = office.get(number)
    if row.state is CaseState.CLOSED:
        return _finish(office, row)
    check(row, CaseAct.CLOSE)
    require_plausible_date(office)
    file = office.open_file(number)
    subject = subject_of(file)
    marks = marks_of(office, file, subject)
    addresses = sorted(person_of(office, file, subject).addresses)
    forgotten = _forget(office, row, file, addresses)
    unlearned = unlearn(office, row, file) if _was_performed(row) else 0
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
    file = _still_readable(office, row.number) if _was_performed(row) else None
    unlearned = unlearn(office, row, file) if file is not None else 0
    office.ledger.compact()
    destroy(office.folder, row.number)
    with office.ledger.reading() as unit:
        kept = sum(unit.cases.item_counts(row.number).values())
    return Closed(
        number=row.number, rows_forgotten=0, unlearned=unlearned, kept=kept, files=FilesLook(),
        remind=_reminders(office),
    )  # fmt: skip


def _forget(office: Office, row: CaseRow, file: CaseFile, addresses: Iterable[str]) -> int:
    """Take the person out of the ledger and close the case, all or nothing; gives the number of rows."""
    horizon = int((office.clock.now() + timedelta(days=office.firm.backup_days)).timestamp())
    findings = findings_of(file).findings
    numbers = office.mailbox_numbers(scope_of(office, file))
    count = 0

    def forget(unit: Unit) -> None:
        nonlocal count
        still_there = {item.token for item in unit.cases.items(row.number, states=(*STILL_THERE, *_UNSETTLED))}
        tokens = [t for t in _tokens(unit, numbers, findings) if still_there.isdisjoint(spellings(t))]
        count = unit.messages.forget(tokens) + unit.steps.forget(tokens)
        count += unit.corrections.forget(tokens) + unit.cases.forget_items(row.number, but=_UNSETTLED)
        if row.kind is CaseKind.ERASURE and _was_performed(row):
            unit.tombstones.forget_address(row.number, addresses, horizon)

    advance(office, row, CaseAct.CLOSE, also=forget, closed=int(office.clock.now().timestamp()))
    return count


def _was_performed(row: CaseRow) -> bool:
    """Only what was performed is proven; a request that was rejected never is."""
    return row.proof is not None


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
