"""Standing troubles: each is said once when it begins and once when it is over, however often it is met.

A trouble that comes back within a while after it ended goes on silently: a disk that is full, has a moment's room and
is full again is one trouble, not a hundred.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from structlog.typing import FilteringBoundLogger

from mailsorter.clock import Clock
from mailsorter.daemon.advice import Meaning

SETTLING_S = 600.0  # so long something must have worked before its trouble is said to be over


@dataclass(frozen=True, slots=True)
class Trouble:
    """One standing trouble. `mailbox` is None for one of the whole firm; `struck` are the mailboxes that meet it."""

    meaning: Meaning
    mailbox: int | None
    error: str
    since_s: float  # seconds since 1970
    began: float  # on the monotonic clock
    struck: frozenset[int] = field(default_factory=frozenset)
    ended: float | None = None  # on the monotonic clock; not yet said

    @property
    def is_standing(self) -> bool:
        """Does it stand right now?"""
        return self.ended is None


Key = tuple[str, int | None]


class Troubles:
    """All troubles of one daemon. Safe to use from several threads."""

    def __init__(self, clock: Clock, log: FilteringBoundLogger) -> None:
        self._clock = clock
        self._log = log
        self._known: dict[Key, Trouble] = {}
        self._lock = threading.Lock()
        self.said = 0  # how many lines were written about troubles, for the tests of "once"

    def met(self, means: Meaning, error: str, mailbox: int | None = None, **details: object) -> None:
        """The trouble shows, perhaps again. `details` go into the line that says so."""
        key = _key(means, mailbox)
        with self._lock:
            known = self._known.get(key)
            struck = {mailbox} if mailbox is not None else set()
            if known is not None:
                self._known[key] = replace(known, struck=known.struck | struck, ended=None)
                return
            self._known[key] = Trouble(
                means, key[1], error, self._clock.now().timestamp(), self._clock.monotonic(), frozenset(struck)
            )
            self.said += 1
        write = self._log.error if means.needs_person else self._log.warning
        write("trouble", kind=means.kind, error=error, advice=means.advice or None, mailbox=mailbox, **details)

    def worked(self, mailbox: int) -> None:
        """This mailbox was reached and sorted: what struck it is over."""
        self._end(mailbox, lambda trouble: trouble.meaning.ends_with_a_look and mailbox in trouble.struck)

    def clear(self, kind: str, mailbox: int | None = None) -> None:
        """The trouble of that kind is over."""
        self._end(mailbox, lambda trouble: trouble.meaning.kind == kind and trouble.mailbox == mailbox)

    def _end(self, mailbox: int | None, concerned: Callable[[Trouble], bool]) -> None:
        with self._lock:
            for key, trouble in list(self._known.items()):
                if not trouble.is_standing or not concerned(trouble):
                    continue
                struck = trouble.struck - {mailbox} if mailbox is not None else frozenset()
                ended = None if struck else self._clock.monotonic()
                self._known[key] = replace(trouble, struck=struck, ended=ended)

    def forget_mailboxes(self, kept: Iterable[int]) -> None:
        """Mailboxes that are no longer in the config have no troubles."""
        kept = frozenset(kept)
        with self._lock:
            for key, trouble in list(self._known.items()):
                if trouble.struck and not trouble.struck & kept:
                    del self._known[key]
                elif trouble.struck:
                    self._known[key] = replace(trouble, struck=trouble.struck & kept)

    def settle(self) -> None:
        """Say of those that ended a while ago that they are over. Called every minute or so."""
        now = self._clock.monotonic()
        with self._lock:
            over = [(k, t) for k, t in self._known.items() if t.ended is not None and now - t.ended >= SETTLING_S]
            for key, _ in over:
                del self._known[key]
            self.said += len(over)
        for _, trouble in over:
            assert trouble.ended is not None
            seconds = round(trouble.ended - trouble.began)
            self._log.info("trouble over", kind=trouble.meaning.kind, mailbox=trouble.mailbox, seconds=seconds)

    def standing(self) -> list[Trouble]:
        """What stands right now, those for a person first."""
        with self._lock:
            found = [trouble for trouble in self._known.values() if trouble.is_standing]
        return sorted(found, key=lambda t: (not t.meaning.needs_person, t.meaning.kind, t.mailbox or 0))


def _key(means: Meaning, mailbox: int | None) -> Key:
    return (means.kind, None if means.is_shared else mailbox)
