"""Sorting one mailbox: settle what a crash left, pull, decide, plan, perform, record, in windows.

The cursor of a folder is written in the unit that records the last of what it covers. Killed anywhere, the next run
settles open intents first and pulls the unfinished window again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from mailsorter.errors import NotFound
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.runs import RunNumber
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Detail
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.folder import Folder, FolderPath, FolderTree
from mailsorter.model.match import Outcome
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, MoveMessage, Step
from mailsorter.model.thread import is_open
from mailsorter.perform import Hands, KnownAgain, StepResult, known_again, resume
from mailsorter.perform.intents import copy_token
from mailsorter.sorting.brakes import Brakes
from mailsorter.sorting.budget import TOO_COSTLY, StoppedBetween, Watch, budget_digest, budget_setting
from mailsorter.sorting.decide import Decision, Known, decide_window, state_of
from mailsorter.sorting.departed import look_for_departed
from mailsorter.sorting.extras import fetch_extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.glance import (
    Glance,
    edition_setting,
    glance,
    own_rules_setting,
    policy_setting,
    remember,
    rules_setting,
)
from mailsorter.sorting.ground import MailboxGround, TreeCache, survey
from mailsorter.sorting.left import LeftMail
from mailsorter.sorting.planning import WindowPlan, plan_window
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.report import MailboxReport
from mailsorter.sorting.returned import really_returned
from mailsorter.sorting.tally import count_left, count_results
from mailsorter.sorting.verdicts import count_verdicts
from mailsorter.sorting.window import Window, changed_windows
from mailsorter.sorting.written_to import people_written_to, people_written_to_for_clients

_MANY_THREADS = 2000  # of more decided threads than that the ledger is not asked one by one
_RETESTS = 3  # how often left mail is tested again in one run: each time a thread may decide the next


class Performer(Protocol):
    """`perform_steps`, or `pretend_steps` for a plan."""

    def __call__(
        self,
        hands: Hands,
        run: RunNumber,
        steps: Sequence[Step],
        tree: FolderTree,
        *,
        made: dict[FolderPath, str] | None = None,
        finish: Callable[[Unit], None] | None = None,
        on_batch: Callable[[Sequence[StepResult]], None] | None = None,
    ) -> list[StepResult]: ...


class Watcher(Protocol):
    """Whoever wants to see a run go: progress bars, a plan's printer, brakes. May raise to stop the mailbox."""

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        """The folders that will be read are known; nothing was changed yet."""
        ...

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        """A window is about to be performed. `is_backlog`: its folder is being read for the first time."""
        ...

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        """A batch ended."""
        ...


@dataclass(slots=True)
class MailboxRun:
    """One mailbox in one run. `performer` is what makes it a sort or a plan."""

    hands: Hands
    filing: Filing
    run: RunNumber
    performer: Performer
    watcher: Watcher
    limit: int | None = None
    pretend: bool = False
    cache: TreeCache = field(default_factory=TreeCache)
    policy: BrakePolicy = field(default_factory=BrakePolicy)
    until_s: float | None = None  # on the monotonic clock: after it the window in hand is the last
    second_look: bool = False  # at the end test all left mail again, by what other mailboxes have decided since
    report: MailboxReport = field(init=False)
    _brakes: Brakes = field(init=False)
    _ahead: dict[str, Iterator[Window]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)  # of folders whose cursor was looked up, by id
    _cursors: dict[int, str] = field(default_factory=dict)  # as this run wrote them, by folder number
    _newest: dict[int, str] = field(default_factory=dict)  # cursors that need no looking up, by folder number
    _again: dict[str, KnownAgain | None] = field(default_factory=dict)  # what was looked for, by id
    _ground: MailboxGround = field(init=False)
    _made: dict[FolderPath, str] = field(default_factory=dict)
    _planned: set[FolderPath] = field(default_factory=set)
    _read_anew: bool = False  # some folder was read from its beginning
    _has_corrections: bool = False  # people filed mail by hand since the last run: its threads are decided
    _is_second_look: bool = False
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.report = MailboxReport(self.hands.mailbox.address)
        self._watch = Watch(self._between, self._costly)

    def go(self) -> MailboxReport:
        """Sort the mailbox. Raises what stops it; `report` holds what was done until then."""
        self.report.is_complete = False
        try:
            return self._go()
        except StoppedBetween:
            return self.report

    def _go(self) -> MailboxReport:
        seen = Glance() if self.pretend else glance(self.hands, self.filing, self.cache)
        if seen.found_nothing and not self.second_look:
            self.report.is_complete = True
            return self.report
        if seen.found_nothing:
            self.until_s = None  # a second look is one piece of work: cut off it would begin anew, and never end
        self._ahead = seen.ahead
        self.cache.quiet = None
        if seen.quiet is None:
            self.report.settled = resume(self.hands, pretend=self.pretend).total
        else:
            self._numbers = {folder.id: number for folder, number in seen.quiet.watched}
            self._newest = dict(seen.quiet.newest)
        self._ground = survey(self.hands, self.filing, self.cache, is_fresh=seen.asked_tree)
        self._brakes = Brakes(self.hands, self.policy, rules_digest=self.filing.rules_digest, pretend=self.pretend)
        if self._brakes.look_at_folders(self._ground.tree, self._ground.numbers, self._ground.known):
            self._ground = survey(self.hands, self.filing, self.cache)
        self.report.notes += [f"There is no folder {name} to watch." for name in self._ground.missing]
        self.watcher.surveyed(self.hands.mailbox.address, self._ground)
        if seen.quiet is None:
            self._notice_changed_rules()
        self._look_ahead()
        is_due_done = seen.quiet is not None or self._due()
        self.report.is_complete = is_due_done and all(map(self._folder, self._ground.watched)) and self._retest()
        self.report.read_anew = self._read_anew
        if self.report.is_complete and self.second_look:
            self.report.is_complete = self._look_again()
        if self.report.is_complete:
            self._brakes.ended_run(self._ground.tree, self._ground.known)
            if not self.pretend:
                numbered = [(folder, self._numbers[folder.id]) for folder in self._ground.watched]
                remember(self.hands, self.filing, self.cache, numbered, self._cursors)
        self.report.notes += self._brakes.notes
        return self.report

    def look_again(self) -> MailboxReport:
        """After all mailboxes: test left mail again by what this run decided in the others.

        Only when a folder was read from its beginning: later, mail of a thread comes after what it answers.
        """
        if self.report.is_complete and self._read_anew and not self.hands.stop.is_set():
            self.report.is_complete = False
            with contextlib.suppress(StoppedBetween):
                self.report.is_complete = self._look_again()
        return self.report

    def _between(self) -> None:
        """Between two messages: stop when asked to, and show that this job lives (asking the clock is how it does)."""
        if self.hands.stop.is_set():
            raise StoppedBetween
        self.hands.clock.monotonic()

    def _costly(self, message: Message) -> None:
        """Write it down at once: killed before the window's end, the next start must not meet the message again."""
        left = self._left_mail(self._recall([message]))
        with self.hands.ledger.unit() as unit:
            left.record(unit, [Decision(message, Known.TOO_COSTLY, TOO_COSTLY)], ())
        self.report.notes.append("A message was left because matching it costs too much; see: mailsorter review")

    def _look_again(self) -> bool:
        self.until_s, self._is_second_look = None, True
        return all(map(self._retest_folder, self._ground.watched))

    def _notice_changed_rules(self) -> None:
        """After a change of book or rules everything that was left is tested again: from the beginning.

        After a change of the filing policy, too: what waits may have to wait no longer, or must wait from now on. What
        an undo put back stays then: it is the same client's still. So it does when only the program weighs evidence
        otherwise since an upgrade: what a person took back is not filed again before the person changes something.
        """
        number = self.hands.number
        self._notice_changed_budget()
        self._notice_old_refusals()
        rules, policy = rules_setting(number), policy_setting(number)
        now = {rules: self.filing.rules_digest, policy: self.filing.policy.digest}
        own, own_now = own_rules_setting(number), self.filing.own_rules or self.filing.rules_digest
        with self.hands.ledger.reading() as unit:
            before = {name: unit.settings.get(name) for name in now}
            own_before = unit.settings.get(own) or before[rules]
        changed = {name for name, digest in now.items() if before[name] != digest}
        if not changed:
            return
        with self.hands.ledger.unit() as unit:
            for name in changed:
                unit.settings.set(name, now[name])
            unit.settings.set(edition_setting(number), str(self.filing.book.policy.edition).encode())
            if any(before[name] is not None for name in changed):
                unit.cursors.forget(number)
            unit.settings.set(own, own_now)
            if rules in changed and own_before not in (None, own_now):
                unit.messages.release_undone(number)

    def _notice_old_refusals(self) -> None:
        """Before this version a move that was refused was never tried again: once, everything is looked at anew."""
        setting = f"refusals-tried-again-{self.hands.number}"
        with self.hands.ledger.reading() as unit:
            if unit.settings.get(setting) is not None:
                return
            has_any = unit.messages.counts(self.hands.number).get(MessageState.FAILED)
        with self.hands.ledger.unit() as unit:
            unit.settings.set(setting, b"1")
            if has_any:
                unit.cursors.forget(self.hands.number)

    def _notice_changed_budget(self) -> None:
        """What was too costly is tried again once book, rules or program have changed."""
        number = self.hands.number
        setting, now = budget_setting(number), budget_digest(self.filing.rules_digest)
        with self.hands.ledger.reading() as unit:
            before = unit.settings.get(setting)
        if before is None or before == now:
            return
        with self.hands.ledger.unit() as unit:
            unit.settings.set(setting, now)
            if unit.messages.release_costly(number):
                unit.cursors.forget(number)

    # what is read; each gives False when the run is to stop here ---------------------------------------------------

    def _look_ahead(self) -> None:
        """Before the first window is performed: would all of them together be too many moves?

        Windows are read ahead only until more mail has come than would be no surprise, and are then used as read.
        """
        if not self._brakes.is_on:
            return
        pulled, ahead = 0, []
        for folder in self._ground.watched:
            folder_number, windows = self._changes(folder)
            if self._brakes.is_backlog(folder_number) or pulled > self._brakes.room:
                self._ahead[folder.id] = windows
                continue
            held: list[Window] = []
            for window in windows:
                held.append(window)
                pulled += len(window.messages)
                if pulled > self._brakes.room:
                    break
            ahead += held
            self._ahead[folder.id] = chain(held, windows)
        if pulled > self._brakes.room:
            self._brakes.check(self._within_limit(sum(map(self._count_moves, ahead))))

    def _count_moves(self, window: Window) -> int:
        recall = self._recall(window.messages)
        now, sent = self.hands.clock.now(), self._ground.sent_folder_id
        decisions = decide_window(window.messages, recall, self.filing, self.run.number, now, sent, watch=self._watch)
        return _moves(plan_window(decisions, self.filing, self._ground.targets, set(self._planned)))

    def _within_limit(self, moves: int) -> int:
        return moves if self.limit is None else min(moves, self.limit)

    def _changes(self, folder: Folder) -> tuple[int, Iterator[Window]]:
        """The folder's number, and its changes since its cursor; nothing is asked before the first is wanted."""
        windows = self._ahead.pop(folder.id, None)
        if folder.id in self._numbers:
            folder_number = self._numbers[folder.id]
            if windows is None and folder_number in self._newest:
                windows = changed_windows(self.hands.mailbox, folder, self._newest.pop(folder_number))
            if windows is not None:
                return folder_number, windows
        number = self.hands.number
        with self.hands.ledger.unit() as unit:
            folder_number = unit.places.folder(number, folder.id, self._ground.tree.path(folder.id))
            cursor = unit.cursors.get(number, folder_number)
        self._read_anew = self._read_anew or cursor is None
        self._numbers[folder.id] = folder_number
        return folder_number, windows or changed_windows(self.hands.mailbox, folder, cursor)

    def _folder(self, folder: Folder) -> bool:
        folder_number, windows = self._changes(folder)
        is_backlog = self._brakes.is_backlog(folder_number)
        return all(self._window(window, folder_number, is_backlog=is_backlog) for window in windows)

    def _due(self) -> bool:
        """Mail whose waiting is over."""
        now_s = int(self.hands.clock.now().timestamp())
        with self.hands.ledger.reading() as unit:
            due = unit.messages.due(self.hands.number, now_s)
        if not due:
            return True
        found = self.hands.mailbox.fetch([w.id for w in due])
        watched = {folder.id for folder in self._ground.watched}
        here = tuple(m for m in found if isinstance(m, Message) and m.folder_id in watched)
        waits_on = {m.id for m in here}
        over = [w.id for w, m in zip(due, found, strict=True) if w.id not in waits_on and _is_known(m)]
        with self.hands.ledger.unit() as unit:
            unit.messages.stop_waiting(unit.messages.token(self.hands.number, i) for i in over)
        return self._window(Window(folder=None, messages=here), None, is_backlog=False)

    def _retest(self) -> bool:
        """Left mail is tested again when its thread has been decided since."""
        for _ in range(_RETESTS):
            filed_before = self.report.filed
            if not filed_before and not self._has_corrections:
                return True
            with self.hands.ledger.reading() as unit:
                waiting = unit.messages.undecided_in_decided_threads(self.hands.number, self.cache.decided)
            self.cache.decided = set()
            if waiting <= self.cache.fruitless:
                return True
            if not all(map(self._retest_folder, self._ground.watched)):
                self.cache.decided = None
                return False
            if self.report.filed == filed_before:
                self.cache.fruitless = waiting
                return True
        return True

    def _decides_threads(self, threads: Iterable[bytes | None]) -> None:
        """Left mail of these conversations is to be tested again."""
        if self.cache.decided is not None:
            self.cache.decided.update(thread for thread in threads if thread is not None)
            if len(self.cache.decided) > _MANY_THREADS:
                self.cache.decided = None

    def _retest_folder(self, folder: Folder) -> bool:
        for page in self.hands.mailbox.messages(folder.id, Detail.ENVELOPE):
            recall = self._recall(page)
            left = tuple(m for m in page if _is_undecided(recall, m))
            if left and not self._window(Window(folder=None, messages=left), None, is_backlog=True, retest=True):
                return False
        return True

    # one window -----------------------------------------------------------------------------------------------------

    def _window(self, window: Window, folder_number: int | None, *, is_backlog: bool, retest: bool = False) -> bool:
        hands, ground = self.hands, self._ground
        if not window.messages and not window.removed:
            return self._nothing_new(window, folder_number)
        recall = self._recall(window.messages)
        decisions = self._decide(window.messages, recall)
        returned = really_returned(hands.mailbox, [d.message for d in decisions if d.known is Known.RETURNED])
        plan = plan_window(decisions, self.filing, ground.targets, self._planned, self._copied(decisions))
        plan, is_cut = _cut(plan, None if self.limit is None else self.limit - self.report.filed)
        self.watcher.planned(hands.mailbox.address, plan, self.report, is_backlog=is_backlog)
        if not is_backlog:
            self._brakes.about_to_move(_moves(plan))
        departed = look_for_departed(hands, window.removed, ground.tree, ground.client_of_folder, ground.numbers)
        decided = (d for d in decisions if d.match is not None and d.match.outcome in (Outcome.FILED_TO, Outcome.WAIT))
        self._decides_threads(recall.tokens[d.message.id].thread for d in decided)
        self._decides_threads(one.thread for one in departed)
        self._has_corrections = self._has_corrections or any(one.thread is not None for one in departed)
        kept = [d for d in plan.left if not retest or _has_changed(d, recall)]
        left = self._left_mail(recall)

        written_to = people_written_to(window.messages, self.filing.book, ground.sent_folder_id)
        written_for = people_written_to_for_clients(decisions, self.filing.book, ground.sent_folder_id)
        doubted = [recall.tokens[d.message.id].key for d in plan.left if retest and d.match and is_open(d.match)]
        if written_to or written_for:
            self.cache.fruitless = frozenset()  # a thread may count now because its author is known

        def finish(unit: Unit) -> None:
            left.record(unit, kept, returned)
            unit.correspondents.record(written_to)
            unit.correspondents.record_for((address, unit.places.client(of)) for address, of in written_for)
            unit.messages.doubt(doubted)
            if folder_number is not None:
                count_verdicts(unit, hands.number, window.messages)
            for one in departed:
                one.record(unit)
            if not is_cut:
                self._has_read(unit, window, folder_number)

        try:
            self.performer(
                hands, self.run, plan.steps, ground.tree, made=self._made, finish=finish,
                on_batch=lambda results: self._batch_ended(results, recall if retest else None, is_backlog),
            )  # fmt: skip
        finally:
            self._note_folders(plan)
        if hands.stop.is_set():
            return False
        self._note_unclear(kept, recall)
        count_left(self.report, kept, returned, self.run.number, recall if retest else None)
        return not is_cut and not self._is_time_up()

    def _left_mail(self, recall: Recall) -> LeftMail:
        now = self.hands.clock.now()
        return LeftMail(self.hands.number, self.run.number, self._ground.tree, self.filing, recall, now)

    def _note_unclear(self, left: Sequence[Decision], recall: Recall) -> None:
        """Say why mail stays of which nobody can tell whether it lay in a client's folder before."""
        found = [recall.again.get(decision.message.id) for decision in left]
        count = sum(again is not None and again.row is None for again in found)
        if count:
            self.report.notes.append(
                f"Messages that stay where they are, because whether a person took them back cannot be told: {count}."
            )

    def _nothing_new(self, window: Window, folder_number: int | None) -> bool:
        """Only the cursor moves: no plan, no run."""
        if not self.hands.stop.is_set():
            with self.hands.ledger.unit() as unit:
                self._has_read(unit, window, folder_number)
        return not self.hands.stop.is_set() and not self._is_time_up()

    def _has_read(self, unit: Unit, window: Window, folder_number: int | None) -> None:
        """Everything of the window stands in this unit: reading goes on behind it."""
        if window.cursor is None or folder_number is None:
            return
        unit.cursors.set(self.hands.number, folder_number, window.cursor)
        self._cursors[folder_number] = window.cursor
        if window.is_last:
            self._brakes.ended_round(unit, folder_number)

    def _is_time_up(self) -> bool:
        return self.until_s is not None and self.hands.clock.monotonic() >= self.until_s

    def _recall(self, messages: Sequence[Message]) -> Recall:
        again = self._known_again(messages)
        with self.hands.ledger.reading() as unit:
            in_run = None if self._is_second_look else self.run.number
            return Recall(unit, self.hands.number, messages, self._ground.numbers, in_run=in_run, again=again)

    def _known_again(self, messages: Sequence[Message]) -> dict[str, KnownAgain]:
        """Those that a person took back and that have another id since, looked for once a run."""
        self._again |= known_again(self.hands, [m for m in messages if m.id not in self._again])
        return {m.id: again for m in messages if (again := self._again.get(m.id)) is not None}

    def _decide(self, messages: Sequence[Message], recall: Recall) -> list[Decision]:
        """Decide by headers; where those leave it open and more could help, fetch that and decide again."""
        now, sent = self.hands.clock.now(), self._ground.sent_folder_id
        decisions = decide_window(messages, recall, self.filing, self.run.number, now, sent, watch=self._watch)
        extras = fetch_extras(self.hands.mailbox, decisions, self.filing)
        self.report.looked_into += len(extras.ids)
        if not extras.ids:
            return decisions
        return decide_window(messages, recall, self.filing, self.run.number, now, sent, extras, self._watch)

    def _copied(self, decisions: Sequence[Decision]) -> set[tuple[str, str]]:
        """Copies that an interrupted run made: they are not made again."""
        done: set[tuple[str, str]] = set()
        wanted = [(d.message, c) for d in decisions if d.match and d.match.client_id is None for c in d.match.clients]
        if not wanted or all(d.match is None or len(d.match.clients) < 2 for d in decisions):
            return done
        with self.hands.ledger.reading() as unit:
            for message, client in wanted:
                steps = unit.steps.of_message(copy_token(unit, self.hands.number, message, client))
                if any(s.state in (StepState.DONE, StepState.UNCLEAR) for s in steps):
                    done.add((message.id, client))
        return done

    def _batch_ended(self, results: Sequence[StepResult], retested: Recall | None, is_backlog: bool) -> None:
        self._brakes.moved(results, is_backlog=is_backlog)
        count_results(self.report, results, self.run.number, retested)
        self.watcher.performed(self.hands.mailbox.address, results)

    def _note_folders(self, plan: WindowPlan) -> None:
        ensured = [s.path for s in plan.steps if isinstance(s, EnsureFolder)]
        self.report.folders_made += [p for p in ensured if p in self._made and self._ground.tree.find(p) is None]


def _is_known(found: object) -> bool:
    """Is it certain what became of a message that waited: it is elsewhere, or gone?"""
    return isinstance(found, Message | NotFound)


def _has_changed(decision: Decision, recall: Recall) -> bool:
    """Is mail that was left before left for another reason now? The rest stands in the ledger as it is."""
    standing = recall.standing.get(recall.tokens[decision.message.id].key)
    return standing is None or decision.match is None or state_of(decision.match) is not standing.state


def _is_undecided(recall: Recall, message: Message) -> bool:
    standing = recall.standing.get(recall.tokens[message.id].key)
    return standing is not None and standing.state in (MessageState.UNMATCHED, MessageState.INTERNAL)


def _moves(plan: WindowPlan) -> int:
    """Moves that brakes count. A stranger who forges authors must not be able to pull one."""
    return sum(isinstance(step, MoveMessage) and not step.copy and step.speaks for step in plan.steps)


def _cut(plan: WindowPlan, room: int | None) -> tuple[WindowPlan, bool]:
    """The plan with at most `room` moves, and whether anything was cut off; the rest is for another run."""
    moves = [step for step in plan.steps if isinstance(step, MoveMessage)]
    if room is None or len(moves) <= room:
        return plan, False
    kept = moves[: max(0, room)]
    paths = {step.target for step in kept}
    ensures = [s for s in plan.steps if isinstance(s, EnsureFolder) and s.path in paths]
    return WindowPlan((*ensures, *kept), ()), True
