"""Performing an approved list, and nothing but it: mailbox by mailbox, resumable, through the waist."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from mailsorter.cases.accounting import rows_of
from mailsorter.cases.alone import alone
from mailsorter.cases.approve import check_approved
from mailsorter.cases.eraser import MailboxEraser, Progress
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.restrict import restrict_kept
from mailsorter.cases.todays_date import require_plausible_date, require_true_date
from mailsorter.cases.unlearn import unlearn
from mailsorter.errors import MailsorterError
from mailsorter.ledger.cases import IN_WORK, CaseItem, CaseRow, ItemIds
from mailsorter.ledger.keys import by_spelling, spellings
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.runs import DONE, PARTIAL, Run
from mailsorter.ledger.tombstones import traces_of
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.case import Finding, ItemState, PlanItem, Verdict
from mailsorter.model.caseplan import Plan, digest
from mailsorter.model.lifecycle import CaseAct, CaseState
from mailsorter.perform import Hands, resume

RUN_KIND = "erase"


class Performed(msgspec.Struct, frozen=True):
    """How far the list came: items by state, and the mailboxes that must be tried again, each with its error."""

    counts: dict[ItemState, int]
    unfinished: tuple[tuple[str, MailsorterError], ...]

    @property
    def is_finished(self) -> bool:
        """Was every item of every mailbox settled?"""
        return not self.unfinished and not any(self.counts.get(state) for state in IN_WORK)


@alone
def perform(
    office: Office, number: str, *, on_progress: Progress | None = None, stop: threading.Event | None = None
) -> Performed:
    """Erase exactly the approved list; called again after anything that broke it off, it goes on.

    Raises:
        UserError: the list is not approved by enough people, or is not the one they approved.
        LifecycleError: there is nothing to perform now.
        UserError: all is erased, but the prediction model cannot be read to unlearn it; mend that and call again.
        LedgerError: the ledger cannot be written; mail is left alone.
    """
    row = office.get(number)
    check(row, CaseAct.PERFORM)
    if office.open_eraser is None:  # then every item gets a last day, and it is counted from today
        require_true_date(office)
    else:  # where Exchange is silent, its mailboxes are unfinished and say so
        require_plausible_date(office)
    file = office.open_file(number)
    plan = check_approved(office, row, file)
    numbers = office.mailbox_numbers(plan.scope)
    if row.state is CaseState.APPROVED:
        items = _items(office, plan, numbers)
        replaced = _replaced(office, number, plan, items)

        def write(unit: Unit) -> None:
            unit.cases.drop_items(number, replaced)
            unit.cases.put_items(number, items)
            unit.steps.forget_erasures(item.token for item in items if item.state is ItemState.PENDING)

        row = advance(office, row, CaseAct.PERFORM, also=write)
    unfinished = _perform_all(office, row, plan, numbers, on_progress, stop or threading.Event())
    with office.ledger.reading() as unit:
        counts = unit.cases.item_counts(number)
    performed = Performed(counts, tuple(unfinished))
    if performed.is_finished:
        unlearn(office, row, file)
        advance(office, row, CaseAct.FINISH, counts={state.value: count for state, count in counts.items()})
    return performed


def _perform_all(
    office: Office, row: CaseRow, plan: Plan, numbers: Mapping[str, int],
    on_progress: Progress | None, stop: threading.Event,
) -> list[tuple[str, MailsorterError]]:  # fmt: skip
    """Work every mailbox of the list; gives those that must be tried again."""
    with office.ledger.unit() as unit:
        run = unit.runs.begin(RUN_KIND)
    unfinished: list[tuple[str, MailsorterError]] = []
    for address in dict.fromkeys(item.finding.mailbox for item in plan.items):
        try:
            _perform_mailbox(office, row, plan, run, (address, numbers[address]), on_progress, stop)
        except MailsorterError as error:
            unfinished.append((address, error))
    with office.ledger.unit() as unit:
        counts = {state.value: n for state, n in unit.cases.item_counts(row.number).items()}
        unit.runs.end(run.number, PARTIAL if unfinished else DONE, counts, digest(plan).hex())
    return unfinished


def _perform_mailbox(
    office: Office, row: CaseRow, plan: Plan, run: Run, mailbox: tuple[str, int],
    on_progress: Progress | None, stop: threading.Event,
) -> None:  # fmt: skip
    address, number = mailbox
    with office.ledger.locks.hold(number):
        hands = Hands(open_erasing(office)(address), number, office.ledger, office.clock, stop)
        resume(hands)
        findings = _findings(office, plan, address, number)
        MailboxEraser(office, row.number, hands, run, findings, on_progress).run()
        if plan.restricts_kept:
            restrict_kept(office, row.number, hands, run, findings)


def open_erasing(office: Office) -> Callable[[str], Mailbox]:
    """How to open a mailbox for erasing: with the second identity where there is one."""
    return office.open_eraser or office.open_mailbox


def _findings(office: Office, plan: Plan, address: str, number: int) -> dict[bytes, Finding]:
    with office.ledger.reading() as unit:
        findings = {_token(unit, number, i): i.finding for i in plan.items if i.finding.mailbox == address}
    return by_spelling(findings)


def _items(office: Office, plan: Plan, numbers: Mapping[str, int]) -> Sequence[CaseItem]:
    """The rows of what is erased and of what is kept on a ground; what is not theirs leaves no row."""
    states = {Verdict.ERASE: ItemState.PENDING, Verdict.KEEP: ItemState.KEPT}
    with office.ledger.reading() as unit:
        return [
            _item(office, unit, numbers[item.finding.mailbox], item, states[item.verdict])
            for item in plan.items
            if item.verdict in states
        ]


def _replaced(office: Office, number: str, plan: Plan, items: Sequence[CaseItem]) -> list[CaseItem]:
    """Rows of earlier rounds that this list speaks of under another id, or says are not theirs after all: one
    message has one row, and what is left alone has none that a later day could erase by."""
    with office.ledger.reading() as unit:
        before = list(unit.cases.items(number))
    if not before:
        return []
    theirs = {item.finding.key for item in plan.items if item.verdict is not Verdict.NOT_THEIRS}
    rows = rows_of(office, before, [item.finding for item in plan.items], theirs)
    now = {spelling for item in items for spelling in spellings(item.token)}
    return [item for key, item in rows.items() if key not in theirs or now.isdisjoint(spellings(item.token))]


def _item(office: Office, unit: Unit, mailbox: int, item: PlanItem, state: ItemState) -> CaseItem:
    finding, ground = item.finding, item.ground
    traces = traces_of(office.ledger.key, finding.search_key, finding.internet_message_id, finding.received_at)
    return CaseItem(
        mailbox=mailbox, token=_token(unit, mailbox, item), ids=ItemIds(finding.id, finding.folder_id),
        search_key=traces.search_key, message_id=traces.message_id, received=traces.date, state=state,
        ground=ground.rule if ground else None, article=ground.article if ground else None,
        until=ground.until if ground else None,
    )  # fmt: skip


def _token(unit: Unit, mailbox: int, item: PlanItem) -> bytes:
    return unit.messages.token(mailbox, item.finding.id)
