"""Undoing filing: what still lies where a run put it goes back to where it came from.

An undo is a run of its own, with intents and outcomes, and can itself be undone: then the messages go to the clients'
folders again. What a person moved since is left, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mailsorter.clock import Clock
from mailsorter.errors import LedgerError, LedgerLocked, MailsorterError, NotFound, UserError
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.runs import DONE, PARTIAL, UNDONE, Run
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import StepEnd, StepFacts, StepRow
from mailsorter.mailbox.base import Mailbox, Place
from mailsorter.model.folder import FolderTree
from mailsorter.model.standing import MessageState
from mailsorter.model.step import Identity, MoveMessage
from mailsorter.perform import Hands, StepResult, perform_steps, resume
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.report import MailboxReport, RunReport

Connect = Mapping[str, Callable[[], Mailbox]]

_CHUNK = 200  # steps looked up and moved back together


def undo_run(ledger: Ledger, clock: Clock, run_id: str, connect: Connect, client_ids: Iterable[str]) -> RunReport:
    """Take back what a run filed, in every mailbox it touched; `connect` opens the config's mailboxes by address.

    Raises `UserError` for a run that is unknown or can no longer be undone.
    """
    with ledger.reading() as unit:
        run = unit.runs.find(run_id)
    if run is None:
        raise UserError(f"There is no run {run_id}.", advice="Runs are listed by: mailsorter status")
    if run.kind not in ("sort", "undo"):
        raise UserError(f"Run {run.id} ({run.kind}) did not file mail and cannot be undone.")
    return _undo(ledger, clock, connect, client_ids, undoes=run, wanted=lambda step: step.run == run.number)


def undo_message(
    ledger: Ledger, clock: Clock, tokens: set[bytes], connect: Connect, client_ids: Iterable[str]
) -> RunReport:
    """Take back the filing of single messages, given by their ledger digests."""
    return _undo(
        ledger, clock, connect, client_ids, undoes=None, wanted=lambda step: step.token in tokens and _filed(step)
    )


def undo_client(ledger: Ledger, clock: Clock, client_id: str, connect: Connect, client_ids: Iterable[str]) -> RunReport:
    """Take back everything that was ever filed to one client and can still be."""
    with ledger.unit() as unit:
        number = unit.places.client(client_id)
    return _undo(
        ledger, clock, connect, client_ids, undoes=None, wanted=lambda step: step.client == number and _filed(step)
    )


def _filed(step: StepRow) -> bool:
    """Did the step file a message, rather than put one back?"""
    return step.facts is None or step.facts.becomes != MessageState.UNDONE


def _undo(
    ledger: Ledger,
    clock: Clock,
    connect: Connect,
    client_ids: Iterable[str],
    *,
    undoes: Run | None,
    wanted: Callable[[StepRow], bool],
) -> RunReport:
    with ledger.unit() as unit:
        undo = unit.runs.begin("undo", undoes=undoes.number if undoes else None)
        numbers = {unit.places.mailbox(address): address for address in connect}
    ids = list(client_ids)
    reports = []
    for number, address in numbers.items():
        with ledger.reading() as unit:
            steps = [s for s in unit.steps.done_moves(number, undoes.number if undoes else None) if wanted(s)]
        if steps:
            reports.append(_undo_mailbox(ledger, clock, undo, address, number, connect[address], steps, ids))
    report = RunReport(undo.id, reports)
    state = PARTIAL if any(r.error or r.failed or r.left.total() for r in reports) else DONE
    with ledger.unit() as unit:
        unit.runs.end(undo.number, state, report.counts())
        if undoes is not None and state == DONE:
            unit.runs.mark(undoes.number, UNDONE)
        target = {"undoes": undoes.id} if undoes else {}
        unit.audit.append("undo", {"run": undo.id, "state": state, **target, **report.counts()})
    return report


def _undo_mailbox(
    ledger: Ledger,
    clock: Clock,
    undo: Run,
    address: str,
    number: int,
    connect: Callable[[], Mailbox],
    steps: list[StepRow],
    client_ids: list[str],
) -> MailboxReport:
    report = MailboxReport(address)
    try:
        with ledger.locks.hold(number):
            hands = Hands(connect(), number, ledger, clock)
            report.settled = resume(hands).total
            tree = hands.mailbox.tree()
            numbers = ClientNumbers(ledger.key, client_ids)
            with ledger.reading() as unit:
                numbers.learn(unit, {s.client for s in steps if s.client is not None})
            for some in _chunks(steps):
                _undo_some(hands, undo, tree, some, numbers, report)
    except LedgerLocked as error:
        report.error = error
        report.is_complete = False
    except LedgerError:
        raise
    except MailsorterError as error:
        report.error = error
        report.is_complete = False
    return report


def _undo_some(
    hands: Hands, undo: Run, tree: FolderTree, steps: Sequence[StepRow], numbers: ClientNumbers, report: MailboxReport
) -> None:
    """Move back what still lies where it was put."""
    report.pulled += len(steps)
    known = [(step, step.facts) for step in steps if step.facts is not None]
    report.skipped["too old to undo"] += len(steps) - len(known)
    places = hands.mailbox.locate([facts.new_id or facts.id for _, facts in known])
    moves: list[tuple[StepRow, MoveMessage]] = []
    for (step, facts), place in zip(known, places, strict=True):
        if isinstance(place, NotFound):
            report.skipped["gone"] += 1
        elif not isinstance(place, Place):
            raise place
        elif place.folder_id != facts.target:
            report.left["moved since"] += 1
        elif facts.source not in tree:
            report.left["its folder is gone"] += 1
        else:
            moves.append((step, _move_back(step, facts, place.id, tree, numbers.id(step.client))))
    undone = {move.message.id: step for step, move in moves}

    def finished(results: Sequence[StepResult]) -> None:
        """Counted batch by batch, so that an undo that is stopped says what it did."""
        done = [r for r in results if r.state is StepState.DONE and isinstance(r.step, MoveMessage)]
        with hands.ledger.unit() as unit:
            numbers_done = [undone[r.step.message.id].number for r in done if isinstance(r.step, MoveMessage)]
            unit.steps.finish([StepEnd(number=number, state=StepState.UNDONE) for number in numbers_done])
        report.filed += len(done)
        report.failed += sum(r.state is StepState.FAILED for r in results)
        report.left["moved since"] += sum(r.state is StepState.OVERTAKEN for r in results)
        report.skipped["gone"] += sum(r.state is StepState.GONE for r in results)

    perform_steps(hands, undo, [move for _, move in moves], tree, on_batch=finished)


def _move_back(
    step: StepRow, facts: StepFacts, message_id: str, tree: FolderTree, client_id: str | None
) -> MoveMessage:
    """The step that takes one back. Taking back an undo files again, for the same client and on the same evidence."""
    again = MessageState.FILED if step.client is not None else MessageState.LABELLED
    return MoveMessage(
        message=Identity(id=message_id),
        source_id=facts.target,
        target=tree.path(facts.source),
        target_id=facts.source,
        client_id=client_id,
        evidence_number=step.evidence,
        becomes=again if facts.becomes == MessageState.UNDONE else MessageState.UNDONE,
        categories=facts.categories_before,
        categories_before=facts.categories,
    )


def _chunks(steps: list[StepRow]) -> Iterator[list[StepRow]]:
    waiting = iter(steps)
    while some := list(islice(waiting, _CHUNK)):
        yield some
