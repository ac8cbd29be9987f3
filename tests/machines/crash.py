"""The end of a process, at any effect: a mailbox and a ledger that count what they do to the world, and stop there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.mailbox.base import Move, Outcome
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import Folder


class Crash(BaseException):
    """The process ends here: no handler of the program may stop it."""


class Effects:
    """Counts effects; the one numbered `stop_at` ends the process. 0: none does."""

    def __init__(self) -> None:
        self.stop_at = 0
        self.count = 0

    def reach(self) -> None:
        """One more effect is about to happen, or its answer about to be read."""
        self.count += 1
        if self.count == self.stop_at:
            raise Crash


class CrashingLedger(Ledger):
    """A ledger that may end before a unit, before its commit, and after it."""

    effects: Effects

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        self.effects.reach()
        with super().unit() as unit:
            yield unit
            self.effects.reach()
        self.effects.reach()


class CrashingMailbox(MemoryMailbox):
    """A mailbox that may end before, between and after the items of a change."""

    effects: Effects

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._one_by_one("move", super().move, moves)

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._one_by_one("copy", super().copy, moves)

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        return self._one_by_one("categorize", super().categorize, id_categories)

    def create_folder(self, parent_id: str, name: str) -> Folder:
        self.effects.reach()
        made = super().create_folder(parent_id, name)
        self.effects.reach()
        return made

    def _one_by_one(self, method: str, act: Callable[[Any], list[Outcome]], items: Sequence[Any]) -> list[Outcome]:
        if self._faults.get(method):  # bad luck of another kind: the whole request shares it
            return act(items)
        outcomes: list[Outcome] = []
        for item in items:
            self.effects.reach()
            outcomes += act([item])
        self.effects.reach()
        return outcomes
