"""Undoing filing: what still lies where a run put it goes back to where it came from.

An undo is a run of its own, with intents and outcomes, and can itself be undone: then the messages go to the clients'
folders again. What a person moved since is left, and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from mailsorter.clock import Clock
from mailsorter.errors import LedgerError, LedgerLocked, MailsorterError, NotFound, UserError
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.runs import DONE, PARTIAL, UNDONE, Run
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import StepFacts, StepRow, Which
from mailsorter.mailbox.base import Mailbox, Place
from mailsorter.model.folder import FolderTree, WellKnown
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import Identity, MoveMessage, StepKind
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
    return _Undo(ledger, clock, connect, client_ids, Which(run=run.number)).go(undoes=run)


def undo_message(
    ledger: Ledger, clock: Clock, tokens: set[bytes], connect: Connect, client_ids: Iterable[str]
) -> RunReport:
    """Take back the filing of single messages, given by their ledger digests."""
    return _Undo(ledger, clock, connect, client_ids, Which(tokens=tuple(sorted(tokens)))).go()


def undo_client(ledger: Ledger, clock: Clock, client_id: str, connect: Connect, client_ids: Iterable[str]) -> RunReport:
    """Take back everything that was ever filed to one client and can still be."""
    with ledger.unit() as unit:
        number = unit.places.client(client_id)
    return _Undo(ledger, clock, connect, client_ids, Which(client=number)).go()


@dataclass(slots=True)
class _Undo:
    """One undo over all mailboxes that it concerns."""

    ledger: Ledger
    clock: Clock
    connect: Connect
    client_ids: Iterable[str]
    which: Which

    def go(self, undoes: Run | None = None) -> RunReport:
        with self.ledger.unit() as unit:
            undo = unit.runs.begin("undo", undoes=undoes.number if undoes else None)
            addresses = {unit.places.mailbox(address): address for address in self.connect}
            concerned = unit.steps.mailboxes_of(self.which)
        ids = list(self.client_ids)
        reports = [
            _UndoMailbox(self.ledger, self.clock, undo, number, addresses[number], self.which, ids).go(
                self.connect[addresses[number]]
            )
            if number in addresses
            else _not_in_config(number)
            for number in concerned
        ]
        report = RunReport(undo.id, reports)
        state = PARTIAL if any(r.error or r.failed or r.left.total() for r in reports) else DONE
        with self.ledger.unit() as unit:
            unit.runs.end(undo.number, state, report.counts())
            if undoes is not None and state == DONE:
                unit.runs.mark(undoes.number, UNDONE)
            target = {"undoes": undoes.id} if undoes else {}
            unit.audit.append("undo", {"run": undo.id, "state": state, **target, **report.counts()})
        return report


def _not_in_config(number: int) -> MailboxReport:
    """A mailbox that was filed then and is no longer ours to open: nothing is passed over in silence."""
    error = UserError(
        f"Mailbox number {number} of the ledger is not in the config any more: nothing was moved back there.",
        advice="Give it a [[mailbox]] entry again and repeat the undo.",
    )
    return MailboxReport(f"mailbox {number}", error=error, is_complete=False)


@dataclass(slots=True)
class _UndoMailbox:
    """An undo in one mailbox. Steps are read in stretches, oldest first: a first backlog may be a million."""

    ledger: Ledger
    clock: Clock
    undo: Run
    number: int
    address: str
    which: Which
    client_ids: Sequence[str]
    report: MailboxReport = field(init=False)

    def go(self, connect: Callable[[], Mailbox]) -> MailboxReport:
        self.report = MailboxReport(self.address, is_complete=False)
        try:
            with self.ledger.locks.hold(self.number):
                self._mailbox(Hands(connect(), self.number, self.ledger, self.clock))
                self.report.is_complete = True
        except LedgerLocked as error:
            self.report.error = error
        except LedgerError:
            raise
        except MailsorterError as error:
            self.report.error = error
        return self.report

    def _mailbox(self, hands: Hands) -> None:
        self.report.settled = resume(hands).total  # first: an interrupted run's last batch is to be undone too
        with self.ledger.reading() as unit:
            if not unit.steps.to_take_back(self.number, self.which, 0, 1):
                return
        tree = hands.mailbox.tree()
        numbers = ClientNumbers(self.ledger.key, self.client_ids)
        after = 0
        while True:
            with self.ledger.reading() as unit:
                steps = unit.steps.to_take_back(self.number, self.which, after, _CHUNK)
                numbers.learn(unit, {s.client for s in steps if s.client is not None})
            if not steps:
                return
            after = steps[-1].number
            self._some(hands, tree, [s for s in steps if self._is_meant(s)], numbers)

    def _is_meant(self, step: StepRow) -> bool:
        """A client's or message's undo takes back filing, never an earlier undo; nor what this very run has done."""
        if step.run == self.undo.number:
            return False
        return self.which.run is not None or step.facts is None or step.facts.becomes != MessageState.UNDONE

    def _some(self, hands: Hands, tree: FolderTree, steps: Sequence[StepRow], numbers: ClientNumbers) -> None:
        """Move back what still lies where it was put."""
        self.report.pulled += len(steps)
        known = [(step, step.facts) for step in steps if step.facts is not None]
        self._skip("too old to undo", len(steps) - len(known))
        if not known:
            return
        places = hands.mailbox.locate([facts.new_id or facts.id for _, facts in known])
        elsewhere = _lying_elsewhere(
            hands.mailbox, [f for (_, f), place in zip(known, places, strict=True) if isinstance(place, NotFound)]
        )
        moves: list[MoveMessage] = []
        for (step, facts), place in zip(known, places, strict=True):
            home = _home(step, facts, tree)
            if isinstance(place, NotFound) and facts.search_key in elsewhere:
                self._leave("moved since")
            elif isinstance(place, NotFound):
                self._skip("gone")
            elif not isinstance(place, Place):
                raise place
            elif place.folder_id != facts.target:
                self._leave("moved since")
            elif home is None:
                self._leave("its folder is gone")
            else:
                moves.append(_move_back(step, facts, place.id, home, tree, numbers.id(step.client)))
        moves = _with_todays_categories(hands.mailbox, moves)
        perform_steps(hands, self.undo, moves, tree, on_batch=self._count)

    def _count(self, results: Sequence[StepResult]) -> None:
        """Counted batch by batch, so that an undo that is stopped says what it did."""
        self.report.filed += sum(r.state is StepState.DONE for r in results)
        self.report.failed += sum(r.state is StepState.FAILED for r in results)
        self._leave("moved since", sum(r.state is StepState.OVERTAKEN for r in results))
        self._leave("unclear", sum(r.state is StepState.UNCLEAR for r in results))
        self._skip("gone", sum(r.state is StepState.GONE for r in results))

    def _leave(self, reason: str, count: int = 1) -> None:
        if count:
            self.report.left[reason] += count

    def _skip(self, reason: str, count: int = 1) -> None:
        if count:
            self.report.skipped[reason] += count


def _lying_elsewhere(mailbox: Mailbox, missing: Sequence[StepFacts]) -> set[bytes]:
    """Where ids change on move, the search keys of those that a person moved: their old ids name nothing any more, and
    they lie in some folder all the same. What lies in Recoverable Items alone was deleted."""
    keys = list(dict.fromkeys(facts.search_key for facts in missing if facts.search_key))
    return set(mailbox.find_traces(keys)) if keys and not mailbox.ids_survive_moves else set()


def _home(step: StepRow, facts: StepFacts, tree: FolderTree) -> str | None:
    """The folder that the message goes back to; None when it is there no more.

    A copy came from nowhere: it goes to Deleted Items, where a person may still get it, because an undo never erases.
    """
    if step.kind is StepKind.COPY:
        deleted = tree.well_known(WellKnown.DELETED)
        return deleted.id if deleted else None
    return facts.source if facts.source in tree else None


def _move_back(
    step: StepRow, facts: StepFacts, message_id: str, home: str, tree: FolderTree, client_id: str | None
) -> MoveMessage:
    """The step that takes one back. Taking back an undo files again, for the same client and on the same evidence."""
    again = MessageState.FILED if step.client is not None else MessageState.LABELLED
    return MoveMessage(
        message=Identity(id=message_id, received_at=_when(facts.received_s), search_key=facts.search_key),
        source_id=facts.target,
        target=tree.path(home),
        target_id=home,
        client_id=client_id,
        evidence_number=step.evidence,
        becomes=again if facts.becomes == MessageState.UNDONE else MessageState.UNDONE,
        categories=facts.categories_before,
        categories_before=facts.categories,
        takes_back=step.number,
    )


def _when(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _with_todays_categories(mailbox: Mailbox, moves: Sequence[MoveMessage]) -> list[MoveMessage]:
    """Only our own stamp is taken off (or put back): what people stamped since stays. Fetches what was stamped."""
    stamped = [m.message.id for m in moves if m.categories is not None]
    now = {m.id: m.categories for m in mailbox.fetch(stamped) if isinstance(m, Message)} if stamped else {}
    return [
        msgspec.structs.replace(move, **_categories(move, now[move.message.id])) if move.message.id in now else move
        for move in moves
    ]


def _categories(move: MoveMessage, now: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    wanted, ours = move.categories or (), move.categories_before or ()
    kept = tuple(name for name in now if name in wanted or name not in ours)
    back = tuple(name for name in wanted if name not in ours and name not in kept)
    return {"categories": kept + back, "categories_before": now}
