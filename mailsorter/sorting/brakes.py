"""The brakes of one mailbox in one run: what is compared, where it is remembered, and how a person goes on.

What is too much is decided in `mailsorter.model.brake`; here it is asked before anything of a plan is done. A plan
(`pretend`) is never stopped: it is what a person looks at to judge; it says that a run would stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from mailsorter.errors import BrakePulled
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.places import KnownFolder
from mailsorter.ledger.states import StepState
from mailsorter.model import brake
from mailsorter.model.brake import BrakePolicy, Look
from mailsorter.model.counted import counted
from mailsorter.model.folder import FolderPath, FolderTree, WellKnown, show_path
from mailsorter.model.step import MoveMessage
from mailsorter.perform import Hands, StepResult
from mailsorter.sorting.brake_memory import read_memory, write_memory
from mailsorter.sorting.client_numbers import ClientNumbers

if TYPE_CHECKING:
    from datetime import datetime

_GO_ON = "Look at it with: mailsorter plan   If it is right, go on with: mailsorter sort --yes"


class Brakes:
    """Brakes of one mailbox in one run. Raises `BrakePulled`, or notes it where the run is only a plan."""

    def __init__(self, hands: Hands, policy: BrakePolicy, *, rules_digest: bytes, pretend: bool) -> None:
        self._hands = hands
        self._policy = policy
        self._pretend = pretend
        self._rules = rules_digest
        self._today = hands.clock.now().date()
        self._planned = 0
        self._moved: Counter[date] = Counter()
        self._shift: Counter[str] = Counter()  # folder id: what this run put in, less what it took out
        self.notes: list[str] = []
        with hands.ledger.reading() as unit:
            self._memory = read_memory(unit, hands.number)
        self.room = self._memory.history.room(policy, self._today)

    @property
    def is_on(self) -> bool:
        return self._policy.is_on

    def is_backlog(self, folder_number: int) -> bool:
        """Is the folder still in its first round? Then all its mail is new to us, and no surprise."""
        return folder_number not in self._memory.first_rounds

    # before anything is read ------------------------------------------------------------------------------------

    def look_at_folders(self, tree: FolderTree, numbers: ClientNumbers, known: Sequence[KnownFolder]) -> bool:
        """Compare the folders with the last look. Gives True when a vanished one was let go: survey again.

        `known` is what the ledger has of them. A suspicion is checked against a tree asked for anew, because a kept
        one may count late.
        """
        clients = [f for f in known if numbers.id(f.client) is not None]  # of clients that the book still has
        if self._suspect(known, clients, tree) is None:
            return False
        suspect = self._suspect(known, clients, self._hands.mailbox.tree(), claims=self._claims())
        if suspect is None:
            return False
        if not self._policy.is_on:
            return self._let_go(clients)
        self._pull(suspect)
        return False

    def _claims(self) -> Mapping[int, int]:
        """How many messages the ledger believes to be in each folder: what a case erased it no longer does."""
        with self._hands.ledger.reading() as unit:
            return unit.messages.counts_by_folder(self._hands.number)

    def _suspect(
        self,
        known: Sequence[KnownFolder],
        clients: Sequence[KnownFolder],
        tree: FolderTree,
        claims: Mapping[int, int] | None = None,
    ) -> BrakePulled | None:
        deleted, twice = _deleted_ids(tree), tree.of_one_name()
        ids = {folder.id for folder in clients}
        if not ids <= tree.ids or not ids.isdisjoint(deleted) or not ids.isdisjoint(twice):  # rare: then which?
            for folder in clients:
                if folder.id not in tree or folder.id in deleted:
                    return _gone(folder)
                if folder.id in twice:
                    return _twice(tree, folder)
        mine = {folder.number for folder in clients}
        looks = []
        for folder in known:
            if folder.item_count == 0:
                continue  # one that held nothing was not emptied
            found = tree.get(folder.id)
            if found is not None and found.item_count:
                continue  # nor one that still holds something
            before = folder.item_count if claims is None else min(folder.item_count, claims.get(folder.number, 0))
            looks.append(Look(folder.number, before, 0 if found else None, folder.number in mine))
        suddenly = brake.emptied(looks, self._memory.total, tree.item_count, self._policy.minimum)
        return None if suddenly is None else _empty(suddenly, {f.number: f for f in known})

    def _let_go(self, clients: Sequence[KnownFolder]) -> bool:
        """Brakes are off, or a person said go on: a vanished folder is no client's any more, a new one may be made."""
        tree = self._hands.mailbox.tree()
        deleted = _deleted_ids(tree)
        gone = [folder for folder in clients if folder.id not in tree or folder.id in deleted]
        with self._hands.ledger.unit() as unit:
            for folder in gone:
                unit.places.release_folder(folder.number)
        return bool(gone)

    # before a window is performed -------------------------------------------------------------------------------

    def about_to_move(self, moves: int) -> None:
        """So many more moves are planned outside any backlog."""
        self._planned += moves
        self.check(self._planned)

    def check(self, moves: int) -> None:
        """Would so many moves in one run be too many?"""
        if not self._policy.enabled or moves <= self.room or (self._policy.go_on and not self._pretend):
            return
        if self._memory.rules not in (b"", self._rules):
            self._pull(
                BrakePulled(
                    f"The changed client book or rules would file {moves} messages or more that were left before in "
                    f"{self._hands.mailbox.address}; up to {self.room} would be no surprise.",
                    brake=brake.RULES_CHANGED,
                    advice=_GO_ON,
                )
            )
            return
        self._pull(
            BrakePulled(
                f"This run would move {moves} messages or more in {self._hands.mailbox.address}; by its earlier runs "
                f"up to {self.room} would be no surprise.",
                brake=brake.MANY_MOVES,
                advice=_GO_ON,
            )
        )

    def _pull(self, error: BrakePulled) -> None:
        if not self._pretend:
            raise error
        if not any(error.what in note for note in self.notes):
            self.notes.append(f"A run would stop here ({error.brake}): {error.what}")

    # afterwards -------------------------------------------------------------------------------------------------

    def moved(self, results: Sequence[StepResult], *, is_backlog: bool) -> None:
        """A batch ended. A backlog counts for the days on which its mail came."""
        for result in results:
            step = result.step
            if result.state is not StepState.DONE or not isinstance(step, MoveMessage):
                continue
            self._shift[result.folder_id] += 1
            if not step.copy:
                self._shift[step.source_id] -= 1
            if not step.speaks:
                continue  # its author failed authentication: it is no measure of what is usual
            came: datetime | None = step.message.received_at
            if not is_backlog:
                self._moved[self._today] += 1
            elif came is not None and came.date() < self._today:
                self._moved[came.date()] += 1

    def ended_round(self, unit: Unit, folder_number: int) -> None:
        """The folder's changes were all read once; in the unit that moves its cursor."""
        if self.is_backlog(folder_number):
            rounds = (*self._memory.first_rounds, folder_number)
            self._memory = msgspec.structs.replace(self._memory, first_rounds=rounds)
            write_memory(unit, self._hands.number, self._memory)

    def ended_run(self, tree: FolderTree, known: Sequence[KnownFolder]) -> None:
        """The run came to its end: remember what it moved and how much each folder holds; no brake stops it now.

        `known` are the folders as the ledger had them when the run began.
        """
        moved: Mapping[date, int] = self._moved
        if moved[self._today] > self.room:  # what a person let through once is no measure for the next time
            moved = {**moved, self._today: self.room}
        total = tree.item_count + self._shift.total()
        history = self._memory.history.and_now(self._today, moved)
        memory = msgspec.structs.replace(self._memory, history=history, total=total, rules=self._rules, standing=None)
        with self._hands.ledger.reading() as unit:
            newest = max((folder.number for folder in known), default=0)
            met = unit.places.folders(self._hands.number, newest)
        perhaps = [*self._perhaps_changed(known, tree), *met]
        changed = [changed for folder in perhaps if (changed := self._changed(folder, tree)) is not None]
        if not changed and memory == self._memory:
            return  # an idle look writes nothing
        with self._hands.ledger.unit() as unit:
            unit.places.update_folders(changed)
            self._memory = memory
            write_memory(unit, self._hands.number, memory)

    def _perhaps_changed(self, known: Sequence[KnownFolder], tree: FolderTree) -> list[KnownFolder]:
        """Of hundreds of folders the few that may not be as they were known."""
        get, path, shifted = tree.get, tree.path, self._shift
        return [
            folder
            for folder in known
            if (found := get(folder.id)) is None
            or found.item_count != folder.item_count
            or folder.id in shifted
            or path(folder.id) != folder.path
        ]

    def _changed(self, known: KnownFolder, tree: FolderTree) -> tuple[KnownFolder, FolderPath, int] | None:
        """Where the folder is after this run, and how much it holds; None for one that is as it was known, or gone."""
        found, shift = tree.get(known.id), self._shift.get(known.id, 0)
        if found is None and not shift:
            return None
        path = tree.path(known.id) if found else known.path  # one that this run made is not in its tree yet
        count = max(0, (found.item_count if found else 0) + shift)
        return None if count == known.item_count and path == known.path else (known, path, count)


def _deleted_ids(tree: FolderTree) -> set[str]:
    """Deleted Items and what lies below."""
    deleted = tree.well_known(WellKnown.DELETED)
    return {folder.id for folder in tree.within(deleted.id)} if deleted else set()


def _gone(folder: KnownFolder) -> BrakePulled:
    return BrakePulled(
        f"The client folder {show_path(folder.path)} is no longer there: deleted in Outlook?",
        brake=brake.CLIENT_FOLDER_GONE,
        advice="Restore it in Outlook, or let mailsorter go on and make a new one when needed: mailsorter sort --yes",
    )


def _twice(tree: FolderTree, folder: KnownFolder) -> BrakePulled:
    return BrakePulled(
        f"There is more than one folder {show_path(tree.path(folder.id))}: which one is the client's?",
        brake=brake.FOLDER_TWICE,
        advice="Merge or rename them in Outlook, then run the command again.",
    )


def _empty(number: int, known: Mapping[int, KnownFolder]) -> BrakePulled:
    if number == 0:
        what, code = "The mailbox is suddenly empty", brake.MAILBOX_EMPTY
    else:
        folder = known[number]
        what = f"The folder {show_path(folder.path)} held {counted(folder.item_count, 'item')} and is suddenly empty"
        code = brake.FOLDER_EMPTY
    return BrakePulled(
        f"{what}: restored, migrated or emptied by someone?",
        brake=code,
        advice="Find out what happened. If it is right, go on with: mailsorter sort --yes",
    )
