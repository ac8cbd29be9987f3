"""Sorting one mailbox: settle what a crash left, pull, decide, plan, perform, record, in windows.

The cursor of a folder is written in the unit that records the last of what it covers. Killed anywhere, the next run
settles open intents first and pulls the unfinished window again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from mailsorter.errors import NotFound, UserError
from mailsorter.ledger.cursors import TREE
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.runs import Run
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Detail, Place
from mailsorter.model.folder import Folder, FolderPath, FolderTree, WellKnown
from mailsorter.model.match import Match, Reason
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, MoveMessage, Step
from mailsorter.perform import Hands, StepResult, resume
from mailsorter.perform.intents import copy_token, seconds
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.decide import STATE_OF, Decision, Known, decide_window
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.planning import WindowPlan, identity_of, plan_window
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.report import MailboxReport
from mailsorter.sorting.returned import really_returned, record_filing_by_hand, record_return
from mailsorter.sorting.targets import Targets
from mailsorter.sorting.watched import watched_folders
from mailsorter.sorting.window import Window, changed_windows

QUIET_RETRY = timedelta(minutes=15)  # mail that waits for the end of quiet hours is looked at this often
_RETESTS = 3  # how often left mail is tested again in one run: each time a thread may decide the next


class Performer(Protocol):
    """`perform_steps`, or `pretend_steps` for a plan."""

    def __call__(
        self,
        hands: Hands,
        run: Run,
        steps: Sequence[Step],
        tree: FolderTree,
        *,
        made: dict[FolderPath, str] | None = None,
        finish: Callable[[Unit], None] | None = None,
        on_batch: Callable[[Sequence[StepResult]], None] | None = None,
    ) -> list[StepResult]: ...


class Watcher(Protocol):
    """Whoever wants to see a run go: progress bars, a plan's printer, brakes. May raise to stop the mailbox."""

    def tree_read(self, mailbox: str, tree: FolderTree, folders: Sequence[Folder]) -> None:
        """The folders that will be read are known."""
        ...

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        """A window is about to be performed. `is_backlog`: its folder is being read for the first time."""
        ...

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        """A batch ended."""
        ...


@dataclass(slots=True)
class MailboxRun:
    """One mailbox in one run."""

    hands: Hands
    filing: Filing
    run: Run
    performer: Performer
    watcher: Watcher
    limit: int | None = None
    pretend: bool = False
    report: MailboxReport = field(init=False)
    _made: dict[FolderPath, str] = field(default_factory=dict)
    _planned: set[FolderPath] = field(default_factory=set)
    _numbers: ClientNumbers = field(init=False)
    _tree: FolderTree = field(init=False)
    _targets: Targets = field(init=False)
    _watched: tuple[Folder, ...] = ()
    _client_of_folder: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.report = MailboxReport(self.hands.mailbox.address)
        self._numbers = ClientNumbers(self.hands.ledger.key, self.filing.book.clients)

    def go(self) -> MailboxReport:
        """Sort the mailbox. Raises what stops it; `report` holds what was done until then."""
        self.report.is_complete = False
        self.report.settled = resume(self.hands, pretend=self.pretend).total
        self._read_tree()
        self._notice_changed_rules()
        self._due()
        for folder in self._watched:
            if not self._folder(folder):
                return self.report
        self.report.is_complete = self._retest()
        return self.report

    # the tree -----------------------------------------------------------------------------------------------------

    def _read_tree(self) -> None:
        mailbox, number = self.hands.mailbox, self.hands.number
        page = mailbox.tree_changes(None)
        assert page.tree is not None  # a look without a cursor always brings the tree
        self._tree = page.tree
        with self.hands.ledger.unit() as unit:
            known = unit.places.folders(number)
            self._numbers.learn(unit, (f.client for f in known if f.client is not None))
            unit.cursors.set(number, TREE, page.cursor)
        mine = {c: (f.id, f.path) for f in known if (c := self._numbers.id(f.client)) is not None}
        self._client_of_folder = {f.id: f.client for f in known if f.client is not None}
        self._targets = Targets(self._tree, self.filing.folder_of, mine)
        paths = set(self.filing.folder_of.values())
        watched = watched_folders(self._tree, self.filing.watch, self.filing.archive, paths, self._client_of_folder)
        self._watched = watched.folders
        if watched.missing and not watched.folders:
            raise UserError(
                f"Mailbox {mailbox.address} has none of the folders to watch: {', '.join(watched.missing)}.",
                advice="Mend [filing] watch, then run: mailsorter config check",
            )
        self.report.notes += [f"There is no folder {name} to watch." for name in watched.missing]
        self.watcher.tree_read(mailbox.address, self._tree, self._watched)

    def _notice_changed_rules(self) -> None:
        """After a change of book or rules everything that was left is tested again: from the beginning."""
        name = f"rules of mailbox {self.hands.number}"
        with self.hands.ledger.unit() as unit:
            before = unit.settings.get(name)
            if before == self.filing.rules_digest:
                return
            unit.settings.set(name, self.filing.rules_digest)
            if before is not None:
                unit.cursors.forget(self.hands.number)
                unit.messages.release_undone(self.hands.number)

    # reading ------------------------------------------------------------------------------------------------------

    def _folder(self, folder: Folder) -> bool:
        """Sort one folder; False when the run is to stop here."""
        number = self.hands.number
        with self.hands.ledger.unit() as unit:
            folder_number = unit.places.folder(number, folder.id, self._tree.path(folder.id))
            cursor = unit.cursors.get(number, folder_number)
        for window in changed_windows(self.hands.mailbox, folder, cursor):
            if not self._window(window, folder_number, is_backlog=cursor is None):
                return False
        return True

    def _due(self) -> None:
        """Mail whose waiting is over."""
        now_s = int(self.hands.clock.now().timestamp())
        with self.hands.ledger.reading() as unit:
            due = unit.messages.due(self.hands.number, now_s)
        if not due:
            return
        found = self.hands.mailbox.fetch([w.id for w in due])
        watched = {folder.id for folder in self._watched}
        messages = tuple(m for m in found if isinstance(m, Message) and m.folder_id in watched)
        still_here = {m.id for m in messages}
        gone = [
            w.id
            for w, m in zip(due, found, strict=True)
            if w.id not in still_here and isinstance(m, Message | NotFound)
        ]
        with self.hands.ledger.unit() as unit:
            unit.messages.stop_waiting(unit.messages.token(self.hands.number, i) for i in gone)
        self._window(Window(folder=None, messages=messages), None, is_backlog=False)

    def _retest(self) -> bool:
        """Test left mail again whose thread has been decided since; False when the run is to stop here."""
        for _ in range(_RETESTS):
            with self.hands.ledger.reading() as unit:
                waiting = unit.messages.undecided_in_decided_threads(self.hands.number)
            filed_before = self.report.filed
            if not waiting or not filed_before:
                return True
            for folder in self._watched:
                if not self._retest_folder(folder):
                    return False
            if self.report.filed == filed_before:
                return True
        return True

    def _retest_folder(self, folder: Folder) -> bool:
        for page in self.hands.mailbox.messages(folder.id, Detail.ENVELOPE):
            with self.hands.ledger.reading() as unit:
                recall = Recall(unit, self.hands.number, page, self._numbers)
            left = tuple(m for m in page if self._is_undecided(recall, m))
            if left and not self._window(Window(folder=None, messages=left), None, is_backlog=True, retest=True):
                return False
        return True

    def _is_undecided(self, recall: Recall, message: Message) -> bool:
        standing = recall.standing.get(recall.tokens[message.id].key)
        return standing is not None and standing.state in (MessageState.UNMATCHED, MessageState.INTERNAL)

    # one window ---------------------------------------------------------------------------------------------------

    def _window(self, window: Window, folder_number: int | None, *, is_backlog: bool, retest: bool = False) -> bool:
        hands = self.hands
        with hands.ledger.reading() as unit:
            recall = Recall(unit, hands.number, window.messages, self._numbers)
        sent = self._tree.well_known(WellKnown.SENT)
        decisions = decide_window(
            window.messages, recall, self.filing, self.run.number, hands.clock.now(), sent.id if sent else None
        )
        decisions, returned = self._sift(decisions)
        plan = plan_window(decisions, self.filing, self._targets, self._planned, self._copied(decisions))
        plan, cut = self._within_limit(plan)
        self.watcher.planned(hands.mailbox.address, plan, self.report, is_backlog=is_backlog)
        left_by_hand = self._look_for(window.removed)

        def finish(unit: Unit) -> None:
            self._record_left(unit, plan.left, recall, returned)
            for record in left_by_hand:
                record(unit)
            if window.cursor is not None and folder_number is not None and not cut:
                unit.cursors.set(hands.number, folder_number, window.cursor)

        try:
            self.performer(
                hands, self.run, plan.steps, self._tree, made=self._made, finish=finish,
                on_batch=lambda results: self._count_batch(results, recall if retest else None),
            )  # fmt: skip
        finally:
            self._count_made(plan)
        if hands.stop.is_set():
            return False
        self._count_left(plan.left, returned, retest=retest)
        return not cut

    def _sift(self, decisions: Sequence[Decision]) -> tuple[list[Decision], set[str]]:
        """Find out which returned messages really are back."""
        suspects = [d.message for d in decisions if d.known is Known.RETURNED]
        return list(decisions), really_returned(self.hands.mailbox, suspects)

    def _copied(self, decisions: Sequence[Decision]) -> set[tuple[str, FolderPath]]:
        """Copies that an interrupted run made: they are not made again."""
        done: set[tuple[str, FolderPath]] = set()
        several = [d for d in decisions if d.match is not None and len(d.match.clients) > 1 and d.match.clients]
        if not several:
            return done
        with self.hands.ledger.reading() as unit:
            for decision in several:
                assert decision.match is not None
                for client in decision.match.clients[1:]:
                    path = self.filing.folder_of[client]
                    step = MoveMessage(message=identity_of(decision.message), source_id="", target=path)
                    steps = unit.steps.of_message(copy_token(unit, self.hands.number, step))
                    if any(s.state is StepState.DONE for s in steps):
                        done.add((decision.message.id, path))
        return done

    def _within_limit(self, plan: WindowPlan) -> tuple[WindowPlan, bool]:
        """Cut the plan to what `--limit` still allows; True when something was cut off."""
        if self.limit is None:
            return plan, False
        room = self.limit - self.report.filed
        moves = [s for s in plan.steps if isinstance(s, MoveMessage)]
        if len(moves) <= room:
            return plan, False
        kept = set(id(s) for s in moves[: max(0, room)])
        paths = {s.target for s in moves[: max(0, room)]}
        steps = tuple(s for s in plan.steps if id(s) in kept or (isinstance(s, EnsureFolder) and s.path in paths))
        return WindowPlan(steps, ()), True

    # mail that left a folder ----------------------------------------------------------------------------------------

    def _look_for(self, removed: Sequence[str]) -> list[Callable[[Unit], None]]:
        """Mail that was left in a watched folder and is not there any more: where did a person put it?"""
        number = self.hands.number
        with self.hands.ledger.reading() as unit:
            tokens = {i: unit.messages.token(number, i) for i in removed}
            standing = unit.messages.standing(tokens.values())
        left = [i for i in removed if (s := standing.get(tokens[i])) and s.state is not MessageState.FILED]
        if not left:
            return []
        records: list[Callable[[Unit], None]] = []
        for message_id, place in zip(left, self.hands.mailbox.locate(left), strict=True):
            if isinstance(place, NotFound):
                records.append(_gone(tokens[message_id]))
            elif isinstance(place, Place) and place.folder_id in self._client_of_folder:
                records += self._filed_by_hand(message_id, place.folder_id)
        return records

    def _filed_by_hand(self, message_id: str, folder_id: str) -> list[Callable[[Unit], None]]:
        (message,) = self.hands.mailbox.fetch([message_id])
        if not isinstance(message, Message):
            return []
        with self.hands.ledger.reading() as unit:
            recall = Recall(unit, self.hands.number, [message], self._numbers)
        client = self._client_of_folder[folder_id]

        def record(unit: Unit) -> None:
            folder = unit.places.folder(self.hands.number, folder_id, self._tree.path(folder_id))
            tokens = recall.tokens[message.id]
            record_filing_by_hand(unit, self.hands.number, message, tokens, client, None, folder)

        return [record]

    # recording and counting -------------------------------------------------------------------------------------------

    def _record_left(self, unit: Unit, left: Sequence[Decision], recall: Recall, returned: set[str]) -> None:
        rows: list[MessageRow] = []
        number = self.hands.number
        for decision in left:
            message, tokens = decision.message, recall.tokens[decision.message.id]
            folder = unit.places.folder(number, message.folder_id, self._tree.path(message.folder_id))
            if decision.known is Known.RETURNED and message.id in returned:
                record_return(unit, number, message, tokens, recall.standing[tokens.key], folder)
            if decision.match is None:
                continue
            row = MessageRow(
                token=tokens.key, mailbox=number, folder=folder, state=STATE_OF[decision.match.outcome],
                thread=tokens.thread, message_id=tokens.message_id, received_s=seconds(message.received_at),
                run=self.run.number, client=self._waiting_for(unit, decision.match),
            )  # fmt: skip
            rows.append(row)
            if row.state is MessageState.WAITING:
                unit.messages.wait(number, tokens.key, message.id, self._due_s(message, decision.match))
        unit.messages.record(rows)
        unit.messages.stop_waiting(row.token for row in rows if row.state is not MessageState.WAITING)

    def _waiting_for(self, unit: Unit, match: Match) -> int | None:
        is_one = STATE_OF[match.outcome] is MessageState.WAITING and len(match.clients) == 1
        return unit.places.client(match.clients[0]) if is_one else None

    def _due_s(self, message: Message, match: Match) -> int | None:
        """When to look again, in seconds since 1970; None when delta will tell."""
        now = self.hands.clock.now()
        if match.reason is Reason.QUIET_HOURS:
            return seconds(now + QUIET_RETRY)
        if match.reason is Reason.TOO_YOUNG:
            sent = self._tree.well_known(WellKnown.SENT)
            is_sent = sent is not None and message.folder_id == sent.id
            timing = self.filing.policy.sent if is_sent else self.filing.policy.received
            return seconds((message.received_at or message.sent_at or now) + timedelta(days=timing.days))
        return None

    def _count_batch(self, results: Sequence[StepResult], retested: Recall | None) -> None:
        report = self.report
        for result in results:
            step = result.step
            if not isinstance(step, MoveMessage) or step.copy:
                continue
            if result.state in (StepState.OPEN, StepState.NOT_TRIED):
                continue
            if retested is None or not self._take_back(step, retested):
                report.pulled += 1
            if result.state is StepState.DONE:
                report.filed += 1
                report.filed_to[step.client_id or step.evidence[0]] += 1
                report.evidence.update(step.evidence[:1])
            elif result.state is StepState.FAILED:
                report.failed += 1
            elif result.state is StepState.OVERTAKEN:
                report.left["by-hand"] += 1
            else:
                report.skipped["gone"] += 1
        self.watcher.performed(self.hands.mailbox.address, results)

    def _take_back(self, step: MoveMessage, retested: Recall) -> bool:
        """A retested message that this run had counted as left is not counted twice."""
        standing = retested.standing[retested.tokens[step.message.id].key]
        if standing.run != self.run.number:
            return False
        self.report.left[standing.state.name.lower()] -= 1
        return True

    def _count_made(self, plan: WindowPlan) -> None:
        ensured = [s.path for s in plan.steps if isinstance(s, EnsureFolder)]
        self.report.folders_made += [p for p in ensured if p in self._made and self._tree.find(p) is None]

    def _count_left(self, left: Sequence[Decision], returned: set[str], *, retest: bool) -> None:
        if retest:
            return  # counted when it was first left
        for decision in left:
            self.report.pulled += 1
            if decision.match is not None:
                self.report.left[str(decision.match.outcome)] += 1
            elif decision.known is Known.REPLAYED:
                self.report.skipped["seen twice"] += 1
            elif decision.known is Known.RETURNED and decision.message.id not in returned:
                self.report.skipped["filed already"] += 1
            else:
                reason = Known.BY_HAND if decision.known is Known.RETURNED else decision.known
                self.report.left[reason.value] += 1


def _gone(token: bytes) -> Callable[[Unit], None]:
    def record(unit: Unit) -> None:
        unit.messages.mark([token], MessageState.GONE)
        unit.messages.stop_waiting([token])

    return record
