"""A firm, its lying Exchange and its officers, and what must hold of a case whatever they do.

A schedule is a list of acts: commands of the officers, what other people do to their mail, and what Exchange keeps
back. `run` plays it, watches every claim, and at the end follows the printed commands until the case is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from mailsorter.cases import casefile
from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.find import find, findings_of
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.cases.prove import Proof, marks_of, prove
from mailsorter.cases.scope import leave_out, left_out_of
from mailsorter.cases.sent import record_sent
from mailsorter.cases.standing import Standing, standing_of
from mailsorter.cases.summary import summaries
from mailsorter.cases.witnessed import undecided
from mailsorter.cases.written import LetterKind
from mailsorter.cli.case_show import show_case
from mailsorter.cli.case_view import list_cases
from mailsorter.cli.case_work import proof_ending
from mailsorter.cli.failure import ExitCode
from mailsorter.cli.voice import Voice
from mailsorter.clock import Clock
from mailsorter.errors import MailsorterError, TemporaryError, Throttled, Unreachable
from mailsorter.ledger.engine import make_engine
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Outcome
from mailsorter.mailbox.memory_server import Item
from mailsorter.model.account import Bucket
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.caseplan import Plan
from mailsorter.model.folder import WellKnown, show_path
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Participant
from tests.cases.lying import Lies
from tests.cases.office import ANNA, BERT, KEY, PIET, SUBJECT, World, empty_ledger, mail, names
from tests.cases.signing import approve_seen
from tests.machines.crash import Crash, CrashingLedger, CrashingMailbox, Effects

NAMESAKE = Participant("piet@elders.example", "Piet de Vries")
LONG = f"{'x ' * 200} groet, Piet de Vries"  # the name lies behind what a listing shows
FOLDER = ("Clients", "Klant")
PLACE = (BERT.address, "Clients / Klant")
STEPS_TO_THE_END = 40


class Lost(AssertionError):
    """A claim is not so, or a printed command leads nowhere."""


class Erasing(CrashingMailbox):
    """A mailbox that may end before, between and after the items of an erasure."""

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        return self._one_by_one("delete_permanently", super().delete_permanently, ids)

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        return self._one_by_one("delete_hard", lambda some: super(Erasing, self).delete_hard(folder_id, some), ids)


class CaseWorld:
    """One case over one firm."""

    def __init__(self, folder: Path, *, ids_survive_moves: bool = True) -> None:
        self.effects, self.lies = Effects(), Lies()
        self.world = World(folder, open_ledger=self._open_ledger, ids_survive_moves=ids_survive_moves)
        for address, server in self.world.servers.items():
            mailbox = Erasing(address, server=server, clock=self.world.clock)
            mailbox.effects = self.effects
            self.world.mailboxes[address] = mailbox
        self.lies.tell(self.world)
        self.known: dict[tuple[str, str], Item] = {}  # every item under every id that it ever had
        self.approved: set[int] = set()  # items, by the number of their object
        self.erased: list[tuple[str, Item]] = []
        self.unread: set[tuple[str, str]] = set()  # what the last search that ended could not read
        self.back: set[int] = set()  # items that came back since the last look of a proof
        self.number = self.world.opened()

    def _open_ledger(self, path: Path, clock: Clock) -> Ledger:
        path.write_bytes(empty_ledger())
        ledger = CrashingLedger(make_engine(f"sqlite:///{path}", durable=False), LedgerKey(KEY), clock)
        ledger.effects = self.effects
        return ledger

    # what is so ------------------------------------------------------------------------------------------------

    @property
    def office(self) -> Any:
        return self.world.office

    def stands(self) -> Standing:
        return standing_of(self.office, self.office.get(self.number), self.office.open_file(self.number))

    def items(self) -> dict[tuple[str, str], Item]:
        found = {key: self.world.servers[key[0]].item(key[1]) for key in self.world.everything()}
        self.known.update(found)
        return found

    def were(self, keys: Iterable[tuple[str, str]]) -> set[int]:
        """The items that had these keys, by the number of their object."""
        return {id(self.known[key]) for key in keys if key in self.known}

    def not_read_now(self) -> set[tuple[str, str]]:
        """Places that Exchange keeps back and that hold something: (mailbox, folder); "" for a whole mailbox."""
        found = {(address, "") for address in self.lies.mailboxes}
        for address, folder in self.lies.folders | self.lies.cuts:
            server = self.world.servers[address]
            tree = server.tree()
            held = next((f.item_count for f in tree if show_path(tree.path(f.id)) == folder), 0)
            if held:
                found.add((address, folder))
        return found

    def is_left_out(self, mailbox: str, folder: str) -> bool:
        return any(place.covers(mailbox, folder) for place in left_out_of(self.office.open_file(self.number)))

    def check_proven(self, claim: str) -> None:
        """What must be so when anything says that the case is proven."""
        for place in self.not_read_now() | self.unread:
            if not self.is_left_out(*place):
                raise Lost(f"{claim}, and {place} was not read")
        marks = marks_of(self.office, self.office.open_file(self.number), SUBJECT)
        for item in self.unexpected():
            if id(item) in self.approved:
                raise Lost(f"{claim}, and an approved item is there")
            if names(item, marks):
                raise Lost(f"{claim}, and an item that names the person is there")

    def unexpected(self) -> list[Item]:
        """Every item in scope that neither the list nor a person lets stay."""
        file = self.office.open_file(self.number)
        plan, decisions = file.read("plan", Plan), decisions_of(file)
        listed = plan.items if plan is not None else ()
        fine = {i.finding.key for i in listed if i.verdict in (Verdict.KEEP, Verdict.NOT_THEIRS)}
        fine |= {key for key, decision in decisions.items() if decision.verdict is Verdict.NOT_THEIRS}
        items, stays = self.items(), self.were(fine)
        return [
            item
            for key, item in items.items()
            if key not in fine
            and id(item) not in stays
            and not self.is_left_out(key[0], show_path(self.world.servers[key[0]].tree().path(item.message.folder_id)))
        ]

    def check_outputs(self, proof: Proof | None = None) -> None:
        """Every output says the same, and it adds up."""
        stands = self.stands()
        counts = {bucket.value: count for bucket, count in stands.account.counts.items()}
        shown = show_case(Voice(as_json=True), self.office, self.number)
        (listed,) = list_cases(Voice(as_json=True), self.office)["cases"]
        (summary,) = summaries(self.office)
        told = [shown["account"]["buckets"], listed["buckets"], summary.counts]
        told += [proof.certificate["account"]["buckets"]] if proof is not None else []
        if any(one != counts for one in told):
            raise Lost(f"outputs differ: {told}")
        if not shown["account"]["total"] == sum(counts.values()) == listed["total"] == summary.total:
            raise Lost("the buckets do not add up")
        outcome = stands.verdict.outcome.value if stands.verdict is not None else None
        if not shown["outcome"] == listed["outcome"] == outcome:
            raise Lost("outcomes differ")
        if proof is not None and not proof.certificate["outcome"] == outcome:
            raise Lost("the certificate's outcome differs")
        if not stands.next:
            raise Lost(f"nothing leads on from {self.office.get(self.number).state}")
        self._check_counted_once(stands)

    def _check_counted_once(self, stands: Standing) -> None:
        """A message is a finding, or a row, or both, under one id or several, and counts once."""
        self.items()
        file, row = self.office.open_file(self.number), self.office.get(self.number)
        plan = file.read("plan", Plan) if row.plan_digest is not None else None  # a new search that broke off has none
        listed = [item.finding for item in plan.items] if plan is not None else []
        with self.world.ledger.reading() as unit:
            of_token = {
                bytes(unit.messages.token(unit.places.find_mailbox(address) or 0, one)): id(item)
                for (address, one), item in self.known.items()
            }
            tokens = {bytes(item.token) for item in unit.cases.items(self.number)}
            for finding in (*listed, *findings_of(file).findings):
                tokens.add(bytes(unit.messages.token(unit.places.find_mailbox(finding.mailbox) or 0, finding.id)))
            gone = {ItemState.ERASED, ItemState.GONE}
            erased = {(i.mailbox, i.ids.id) for i in unit.cases.items(self.number) if i.state in gone}
        items = {of_token.get(token, token) for token in tokens}
        decisions = decisions_of(file)
        spared = self.were(key for key, one in decisions.items() if one.verdict is Verdict.NOT_THEIRS)
        twice = sum(len({t for t in tokens if of_token.get(t) == one}) - 1 for one in spared & items)
        if not len(items) <= stands.account.total <= len(items) + max(0, twice):  # a twin may be somebody else's mail
            raise Lost(f"{stands.account.total} are counted and {len(items)} are there")
        if stands.account.counts[Bucket.ERASED] > len(erased):
            raise Lost("more is counted as erased than was erased")

    # officers --------------------------------------------------------------------------------------------------

    def find(self) -> None:
        unread = self.not_read_now()
        failed = {(a, "search") for a, how in self.lies.searches.items() if how == "fails"}
        find(self.office, self.number)
        self.unread = unread | {place for place in failed if place[0] not in self.lies.mailboxes}

    def plan(self) -> None:
        plan = make_plan(self.office, self.number, by="anna")
        for item in plan.undecided:
            theirs = item.finding.sender != NAMESAKE.address
            verdict = Verdict.ERASE if theirs else Verdict.NOT_THEIRS
            decide(self.office, self.number, [item.finding.handle], verdict, by="anna", reason="read")
        if plan.undecided:
            make_plan(self.office, self.number, by="anna")

    def approve(self) -> None:
        approve_seen(self.office, self.number, by="bert")

    def perform(self) -> None:
        plan = plan_of(self.office.open_file(self.number))
        self.items()
        state = self.office.get(self.number).state
        if state is CaseState.APPROVED:
            for one in plan.items:
                if one.finding.key in self.known and one.verdict is Verdict.ERASE:
                    self.approved.add(id(self.known[one.finding.key]))
                    self.erased.append((one.finding.mailbox, self.known[one.finding.key]))
        perform(self.office, self.number)

    def prove(self) -> None:
        proof = prove(self.office, self.number)
        self.back.clear()
        if proof_ending(proof) is ExitCode.DONE or proof.certificate["outcome"] == "passed":
            self.check_proven("proven")
        self.check_outputs(proof)

    def settle(self) -> None:
        """Decide what the witness saw, as an officer would who reads it."""
        waiting = undecided(self.office.open_file(self.number))
        if any(one.finding.sender == NAMESAKE.address for one in waiting):
            decide(
                self.office, self.number, [], Verdict.NOT_THEIRS, by="carla", reason="another Piet",
                sender=NAMESAKE.address,
            )  # fmt: skip
        for one in undecided(self.office.open_file(self.number)):
            decide(self.office, self.number, [one.finding.handle], Verdict.ERASE, by="carla", reason="theirs")

    def letter(self, kind: LetterKind | None = None) -> None:
        letter = write_letter(self.office, self.number, kind, language="en")
        account = self.stands().account
        if letter.kind is LetterKind.DONE:
            self.check_proven("answered as done")
        if letter.kind in (LetterKind.DONE, LetterKind.PARTLY):
            found = re.search(r"This brought up (\d+) message", letter.text)
            if (int(found[1]) if found else 0) != account.total:
                raise Lost("the letter counts other findings")
            listed = sum(int(line) for line in re.findall(r"(?m)^- (\d+) messages? ", letter.text))
            if listed != account.total:
                raise Lost(f"the letter's lines do not add up: {listed} of {account.total}")
            erased = re.search(r"(?m)^- (\d+) messages? ha(?:s|ve) been erased\.", letter.text)
            if (int(erased[1]) if erased else 0) != account.counts[Bucket.ERASED]:
                raise Lost("the letter counts other erasures")
            says_all = "We searched every mail folder" in letter.text
            if says_all and (left_out_of(self.office.open_file(self.number)) or self._is_unread_open()):
                raise Lost("the letter says all, and something was left out or not read")
            says_more = "not been carried out completely yet" in letter.text
            if (account.open or self._is_unread_open()) and not says_more:
                raise Lost("the letter does not say that something is still to be done")

    def sent(self) -> None:
        record_sent(self.office, self.number)
        if self.office.get(self.number).told_on is None:
            raise Lost("an answer was sent, and the clock does not know")

    def close(self) -> None:
        close(self.office, self.number)

    def go_on(self) -> None:
        carry_on(self.office, self.number)

    def leave_out(self) -> None:
        for mailbox, folder in sorted(self.not_read_now() | self.unread):
            leave_out(self.office, self.number, mailbox=mailbox, folder=folder, reason="cannot be read", by="anna")

    def decide_otherwise(self) -> None:
        """Another officer says of the first finding that it is not theirs, perhaps after the approval."""
        findings = findings_of(self.office.open_file(self.number)).findings
        if findings:
            handle = findings[0].handle
            decide(self.office, self.number, [handle], Verdict.NOT_THEIRS, by="carla", reason="another Piet")

    # other people, and Exchange --------------------------------------------------------------------------------

    def somebody(self, what: str, index: int) -> None:
        keys = sorted(self.items())
        server = self.world.servers[keys[index % len(keys)][0]] if keys else self.world.anna
        item = keys[index % len(keys)][1] if keys else ""
        if what == "restore" and self.erased:
            address, was = self.erased[index % len(self.erased)]
            if all(was is not item for item in self.items().values()):
                back = self.world.servers[address].restores(was)
                self.back.add(id(self.world.servers[address].item(back)))
            return
        acts: dict[str, Callable[[], object]] = {
            "new": lambda: mail(self.world.bert, FOLDER, from_=PIET),
            "namesake": lambda: mail(self.world.anna, from_=NAMESAKE, text=LONG),
            "hidden": lambda: mail(self.world.bert, FOLDER, text=f"{'x ' * 200} vraag het {PIET.address}"),
        }
        if item:
            acts |= {
                "move": lambda: server.user_moves(item, ("Elders",)),
                "edit": lambda: server.user_changes(item, subject="anders"),
                "delete": lambda: server.user_deletes(item),
                "destroy": lambda: server.user_destroys(item),
                "hold": lambda: server.hold([item]),
            }
        acts.get(what, lambda: None)()

    def lie(self, what: str) -> None:
        act: dict[str, Callable[[], object]] = {
            "mailbox": lambda: self.lies.mailboxes.add(BERT.address),
            "folder": lambda: self.lies.folders.add(PLACE),
            "cut": lambda: self.lies.cuts.add(PLACE),
            "deletes": lambda: self.lies.deletes.add(ANNA.address),
            "search-fails": lambda: self.lies.searches.update({BERT.address: "fails"}),
            "search-empty": lambda: self.lies.searches.update({ANNA.address: "empty", BERT.address: "empty"}),
            "search-other-ids": lambda: self.lies.searches.update({BERT.address: "other-ids"}),
            "truth": self.lies.stop,
        }
        act[what]()

    def unlucky(self, how: str) -> None:
        errors: dict[str, BaseException] = {"lost": Unreachable("no answer"), "throttle": Throttled("too many")}
        self.world.mailboxes[ANNA.address].fail_next("delete_permanently", errors[how], after_items=1)

    # running ---------------------------------------------------------------------------------------------------

    def act(self, name: str, index: int) -> None:
        """One act of a schedule; commands may be refused, and may end at any effect (`kill`)."""
        kind, _, what = name.partition(":")
        if kind == "somebody":
            self.somebody(what, index)
        elif kind == "lie":
            self.lie(what)
        elif kind == "unlucky":
            self.unlucky(what)
        elif kind == "kill":
            self.effects.count, self.effects.stop_at = 0, index + 1
        else:
            self.command(kind)

    def command(self, kind: str) -> None:
        commands: dict[str, Callable[[], None]] = {
            "find": self.find, "plan": self.plan, "approve": self.approve, "perform": self.perform,
            "prove": self.prove, "settle": self.settle, "letter": self.letter,
            "done": lambda: self.letter(LetterKind.DONE), "close": self.close, "continue": self.go_on,
            "leave-out": self.leave_out, "decide-otherwise": self.decide_otherwise, "sent": self.sent,
        }  # fmt: skip
        if self.office.get(self.number).state is CaseState.CLOSED:
            return
        armed, self.effects.stop_at = self.effects.stop_at, 0
        could_close = self._may_close() if kind == "close" else True
        self.effects.count, self.effects.stop_at = 0, armed
        try:
            with mock.patch.object(casefile, "_write", self._unlucky_write(casefile._write)):
                commands[kind]()
        except (Crash, MailsorterError):
            pass
        finally:
            self.effects.stop_at = 0
        if self.office.get(self.number).state is CaseState.CLOSED:
            if not could_close:
                raise Lost("closed plainly while something is open")
            return
        self.check_outputs()

    def _may_close(self) -> bool:
        """Closing tells nothing afterwards: what must be so is asked before."""
        if self.office.get(self.number).state is not CaseState.ANSWERED:
            return True
        with self.world.ledger.reading() as unit:
            if not unit.cases.item_counts(self.number) and self.office.get(self.number).proof is None:
                return True
        there = any(id(item) in self.approved - self.back for item in self.unexpected())
        return not there and not self.stands().account.open and not self._is_unread_open()

    def _is_unread_open(self) -> bool:
        return any(not self.is_left_out(*place) for place in self.unread)

    def _unlucky_write(self, write: Callable[..., None]) -> Callable[..., None]:
        def unlucky(path: Path, content: bytes) -> None:
            self.effects.reach()
            write(path, content)
            self.effects.reach()

        return unlucky

    def follow(self) -> None:
        """Exchange tells the truth again and holds are lifted: the printed commands lead to the end."""
        self.lies.stop()
        self.effects.stop_at = 0
        for mailbox in self.world.mailboxes.values():
            mailbox._faults.clear()
        tried: dict[tuple[str, str], int] = {}
        for _ in range(STEPS_TO_THE_END):
            row = self.office.get(self.number)
            if row.state is CaseState.CLOSED:
                return
            for item in self.items().values():
                item.is_held = False
            printed = self.stands().next
            commands = [match[1] for line in printed if (match := re.search(r"mailsorter case ([a-z]+)", line))]
            if not commands:
                raise Lost(f"from {row.state} no command leads on: {printed}")
            command = min(commands, key=lambda one: tried.get((row.state, one), 0))
            tried[row.state, command] = tried.get((row.state, command), 0) + 1
            self.obey(command)
        raise Lost(f"the printed commands lead nowhere: {self.office.get(self.number).state}, {self.stands()}")

    def obey(self, command: str) -> None:
        act = {"review": "settle", "decide": "settle", "verify": "find", "scope": "leave-out"}.get(command, command)
        if self.office.get(self.number).state is CaseState.PLANNED and act == "settle":
            act = "approve"
        before = self.office.get(self.number).state
        self.command(act)
        if act == "approve" and self.office.get(self.number).state is before:
            self.command("plan")  # the list was decided otherwise since


def run(folder: Path, schedule: Sequence[tuple[str, int]], *, ids_survive_moves: bool = True) -> None:
    """Play one schedule from a firm with mail of every kind, then follow the printed commands to the end."""
    made = CaseWorld(folder, ids_survive_moves=ids_survive_moves)
    try:
        mail(made.world.anna, from_=PIET)
        mail(made.world.anna, WellKnown.SENT, to=(PIET,))
        mail(made.world.anna, from_=PIET, subject="factuur")
        mail(made.world.bert, FOLDER, from_=PIET)
        mail(made.world.bert, FOLDER)
        mail(made.world.bert, WellKnown.RECOVERABLE_PURGES, from_=PIET)
        mail(made.world.anna)
        for name, index in schedule:
            made.act(name, index)
        made.follow()
    except TemporaryError as error:
        raise Lost(f"an error of Exchange came through: {error}") from error
    finally:
        made.world.close()
