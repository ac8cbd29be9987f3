"""The account of one case, from the ledger's rows, the case's findings, its list and its decisions.

Every message is one finding: a row whose message was found anew under another id is that finding, not a second one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.find import findings_of
from mailsorter.cases.office import Office
from mailsorter.cases.witnessed import witnessed_of
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.ledger.keys import LedgerKey, by_spelling, spellings
from mailsorter.ledger.tombstones import Traces, traces_of
from mailsorter.model.account import Account, Fact, account
from mailsorter.model.case import Decision, Finding, ItemState, Verdict
from mailsorter.model.caseplan import Plan
from mailsorter.model.lifecycle import CaseState

PERFORMED = (CaseState.PERFORMING, CaseState.PERFORMED, CaseState.PROVEN, CaseState.ANSWERED, CaseState.CLOSED)
"""States in which the ledger's rows tell what became of the list."""

_STILL_SOMEWHERE = frozenset(
    {ItemState.KEPT, ItemState.RETAINED, ItemState.HELD, ItemState.CHANGED, ItemState.FAILED, ItemState.LOOK}
)


def account_of(office: Office, row: CaseRow, file: CaseFile | None) -> Account:
    """The account as it is today. `file` None: the case is closed, and only what still lies somewhere is counted."""
    with office.ledger.reading() as unit:
        items = list(unit.cases.items(row.number))
    if file is None or is_refused(row, items):
        return account((of_row(item) for item in items), office.today())
    return account(_facts(office, row, file, items), office.today())


def is_refused(row: CaseRow, items: Sequence[CaseItem]) -> bool:
    """Was the request refused before anything was performed? Then nothing of it is waiting for anything."""
    if row.state is CaseState.REJECTED:
        return not items
    return row.state in (CaseState.ANSWERED, CaseState.CLOSED) and row.proof is None and not items


def _facts(office: Office, row: CaseRow, file: CaseFile, items: Sequence[CaseItem]) -> Iterable[Fact]:
    findings, decisions = findings_of(file).findings, decisions_of(file)
    plan = file.read("plan", Plan) if row.plan_digest is not None else None
    planned = {item.finding.key: item.finding for item in plan.items} if plan is not None else {}
    verdicts = {item.finding.key: item.verdict for item in plan.items} if plan is not None else {}
    all_of_them = planned | {finding.key: finding for finding in findings}
    was_performed = row.state in PERFORMED  # or refused, which has no account
    again = {one.finding.key for one in witnessed_of(file)} if was_performed else all_of_them.keys()
    said = {key: _verdict(verdicts.get(key), decisions.get(key), was_performed=was_performed) for key in all_of_them}
    moved = {key for key in again if said[key] is not Verdict.NOT_THEIRS}
    rows = rows_of(office, items, all_of_them.values(), moved)
    matched = {item.number for item in rows.values()}
    seen = {rows[key].number for key in moved if key in rows}
    facts = [
        _fact(rows.get(key), said[key], is_again=key in again)
        for key in all_of_them
        if key in again or key not in rows or rows[key].number not in seen  # else it was found under another id since
    ]
    return [*facts, *(of_row(item) for item in items if item.number not in matched)]


def _verdict(planned: Verdict | None, decision: Decision | None, *, was_performed: bool) -> Verdict | None:
    """After a list was performed only a decision that something is not theirs says more than the list."""
    if decision is None or (planned is not None and not was_performed):
        return planned
    if was_performed and planned is not None and decision.verdict is not Verdict.NOT_THEIRS:
        return planned
    return decision.verdict


def _fact(item: CaseItem | None, verdict: Verdict | None, *, is_again: bool) -> Fact:
    if item is None:
        return Fact(verdict=verdict, is_again=is_again)
    return Fact(
        state=item.state, verdict=verdict, is_again=is_again, ground=item.ground or "", article=item.article or "",
        until=item.until,
    )  # fmt: skip


def of_row(item: CaseItem) -> Fact:
    """What the ledger's row alone tells."""
    return _fact(item, None, is_again=False)


def rows_of(
    office: Office, items: Sequence[CaseItem], findings: Iterable[Finding], moved: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], CaseItem]:
    """Which row is which finding's: by its id; for those that may have `moved`, else by the traces of a row whose
    message was found by no id."""
    findings = list(findings)
    numbers = office.mailbox_numbers(sorted({finding.mailbox for finding in findings}))
    by_token = by_spelling({item.token: item for item in items})
    found: dict[tuple[str, str], CaseItem] = {}
    by_id = {(item.mailbox, item.ids.id): item for item in items}
    with office.ledger.reading() as unit:
        for finding in findings:
            number = numbers[finding.mailbox]
            token = unit.messages.token(number, finding.id)
            named = next((by_token[one] for one in spellings(token) if one in by_token), None)
            item = named or by_id.get((number, finding.id))
            if item is not None:
                found[finding.key] = item
    movable = [finding for finding in findings if finding.key in moved]
    return found | _by_traces(office.ledger.key, items, movable, numbers, found)


def _by_traces(
    key: LedgerKey, items: Sequence[CaseItem], findings: Sequence[Finding], numbers: Mapping[str, int],
    found: Mapping[tuple[str, str], CaseItem],
) -> dict[tuple[str, str], CaseItem]:  # fmt: skip
    here = {finding.key for finding in findings}
    taken = {item.number for key, item in found.items() if key in here}
    lost = [item for item in items if item.number not in taken and item.state in _STILL_SOMEWHERE]
    more: dict[tuple[str, str], CaseItem] = {}
    if not lost:
        return more
    for finding in findings:
        if finding.key in found:
            continue
        traces = traces_of(key, finding.search_key, finding.internet_message_id, finding.received_at)
        item = _same(traces, numbers[finding.mailbox], lost)
        if item is not None:
            lost.remove(item)
            more[finding.key] = item
    return more


def _same(traces: Traces, mailbox: int, lost: Collection[CaseItem]) -> CaseItem | None:
    return next(
        (
            item for item in lost
            if item.mailbox == mailbox and traces.is_same(Traces(item.search_key, item.message_id, item.received))
        ),
        None,
    )  # fmt: skip
