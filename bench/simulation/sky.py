"""Time and bad luck: a clock whose wall hands jump, spells of trouble at random, and a mailbox that suffers them."""

from __future__ import annotations

import bisect
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from mailsorter.errors import (
    MailboxGone,
    MailboxMoving,
    NotPermitted,
    SignInFailed,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.mailbox.wrap.through import PassedThrough

T = TypeVar("T")
HOUR_S, DAY_S = 3600.0, 86400.0


class Killed(BaseException):
    """The process ends here, in the middle of a call."""


class SimulatedClock:
    """Monotonic seconds that only a simulation moves, and a wall clock that can be off."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self.elapsed_s = 0.0
        self.off_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed_s + self.off_s)

    def true_now(self) -> datetime:
        """The time as the world has it, also when the machine's clock is off."""
        return self._start + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    def sleep(self, seconds: float) -> None:
        self.elapsed_s += max(0.0, seconds)


@dataclass(frozen=True, slots=True)
class Spell:
    """Something is wrong from `begin` to `end` (monotonic seconds), for one mailbox or (None) for all."""

    kind: str
    begin: float
    end: float
    mailbox: int | None = None


# kind: (how many a year, shortest, longest in hours, strikes one mailbox only)
CLIMATE: dict[str, tuple[float, float, float, bool]] = {
    "network gone": (4, 20, 28, False),
    "network flaps": (60, 0.05, 2, False),
    "tenant throttled": (40, 0.9, 1.1, False),
    "token revoked": (12, 1, 12, False),
    "permission withdrawn": (12, 4, 48, True),
    "mailbox moving": (50, 0.5, 4, True),
    "mailbox gone": (6, 4, 30, True),
    "disk full": (12, 0.5, 3, False),
    "held by another process": (30, 0.1, 2, True),
    "clock off": (4, 0.5, 2, False),
}

ERRORS: dict[str, Callable[[], Exception]] = {
    "network gone": lambda: Unreachable("The network is gone."),
    "network flaps": lambda: Unreachable("The network flaps."),
    "tenant throttled": lambda: Throttled("The tenant is throttled.", retry_after_s=120),
    "token revoked": lambda: SignInFailed("The token was revoked."),
    "permission withdrawn": lambda: NotPermitted("The permission was withdrawn."),
    "mailbox moving": lambda: MailboxMoving("The mailbox is being moved."),
    "mailbox gone": lambda: MailboxGone("The licence was taken away."),
}


@dataclass(slots=True)
class Sky:
    """The spells of a whole simulation, drawn beforehand; asked for by time."""

    clock: SimulatedClock
    spells: list[Spell]
    chance: random.Random
    kill_share: float = 0.0  # how many changing calls end the process
    lose_share: float = 0.0  # how many changing calls lose their answer
    flap_share: float = 0.0  # how many reading calls fail
    met: dict[str, int] = field(default_factory=dict)
    _raging: list[Spell] = field(default_factory=list)  # as it is from `_since` until the next begin or end of a spell
    _since: float = 0.0
    _until_s: float = 0.0

    @classmethod
    def draw(cls, clock: SimulatedClock, chance: random.Random, days: int, mailboxes: int, harsh: int) -> Sky:
        """Weather for so many days, `harsh` times as bad as the table says; the last two are calm, so that everything
        can be caught up with."""
        spells = []
        last = (days - 2) * DAY_S
        for kind, (yearly, shortest, longest, is_single) in CLIMATE.items():
            at = 0.0
            while (at := at + chance.expovariate(harsh * yearly / (365 * DAY_S))) < last:
                length = chance.uniform(shortest, longest) * HOUR_S
                mailbox = chance.randrange(mailboxes) if is_single else None
                spells.append(Spell(kind, at, min(at + length, last), mailbox))
        return cls(clock, sorted(spells, key=lambda s: s.begin), chance, 0.00002 * harsh, 0.002, 0.001)

    def now(self, mailbox: int | None = None) -> list[Spell]:
        """What is wrong now, for this mailbox or anywhere."""
        at = self.clock.elapsed_s
        if not self._since <= at < self._until_s:
            while self.spells and self.spells[0].end < at - 40 * DAY_S:
                self.spells.pop(0)
            self._raging = [s for s in self._until(at) if s.begin <= at < s.end]
            edges = [edge for s in self.spells for edge in (s.begin, s.end) if edge > at]
            self._since, self._until_s = at, min(edges, default=float("inf"))
        return [s for s in self._raging if s.mailbox in (None, mailbox)] if self._raging else self._raging

    def was_fair(self, mailbox: int, begin: float, end: float) -> bool:
        """Was nothing wrong with the mailbox in that stretch?"""
        return not any(s.begin < end and s.end > begin and s.mailbox in (None, mailbox) for s in self._until(end))

    def _until(self, at: float) -> Iterator[Spell]:
        for spell in self.spells:
            if spell.begin > at:
                return
            yield spell

    def add(self, spell: Spell) -> None:
        """Something was wrong until now that nobody could know beforehand."""
        bisect.insort(self.spells, spell, key=lambda s: s.begin)

    def note(self, kind: str) -> None:
        """Count a piece of bad luck that was met."""
        self.met[kind] = self.met.get(kind, 0) + 1


class Weathered(PassedThrough):
    """A mailbox under the sky."""

    def __init__(self, inner: Mailbox, sky: Sky, index: int) -> None:
        super().__init__(inner)
        self._sky = sky
        self._index = index
        self.calls = 0

    def _suffer(self) -> None:
        self.calls += 1
        for spell in self._sky.now(self._index):
            if spell.kind in ERRORS:
                self._sky.note(spell.kind)
                raise ERRORS[spell.kind]()

    def _flap(self) -> None:
        if self._sky.chance.random() < self._sky.flap_share:
            self._sky.note("call failed")
            raise Unreachable("This one call failed.")

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        self._suffer()
        self._flap()
        return call()

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        self._suffer()
        self._flap()
        yield from call()

    def _act(self, method: str, call: Callable[[], T]) -> T:
        self._suffer()
        return call()

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        self._suffer()
        fate = self._sky.chance.random()
        if fate < self._sky.kill_share:
            self._sky.note("killed")
            call(asked)
            raise Killed
        if fate < self._sky.kill_share + self._sky.lose_share:
            self._sky.note("answer lost")
            if self._sky.chance.random() < 0.5:
                call(asked)
            return [Unreachable("The answer was lost.") for _ in asked]
        return call(asked)


def full_disk(engine: Engine, sky: Sky) -> None:
    """While the disk is full, whatever SQLite is asked to write fails as it does then."""

    @event.listens_for(engine, "before_cursor_execute")
    def _write(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE")) and any(s.kind == "disk full" for s in sky.now(-1)):
            sky.note("disk full")
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError(statement, None, full)


START = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
