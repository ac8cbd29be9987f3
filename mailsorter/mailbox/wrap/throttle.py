"""Honouring a server that says it is busy, for connectors that do not wait by themselves.

`Throttled` means that nothing was done, so any call may be repeated after the time the server named; without one
after growing waits with jitter. Meanwhile no other call goes out either: the wait belongs to the mailbox.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from mailsorter.clock import Clock
from mailsorter.errors import Throttled
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.mailbox.waiting import Stopper, backoff_s
from mailsorter.mailbox.wrap.through import PassedThrough

T = TypeVar("T")


class ThrottledMailbox(PassedThrough):
    """Waits as asked, for at most `patience_s` a call; then the `Throttled` goes on to the caller."""

    def __init__(
        self,
        inner: Mailbox,
        clock: Clock,
        stopper: Stopper,
        *,
        patience_s: float = 900.0,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(inner)
        self._clock = clock
        self._stopper = stopper
        self._patience_s = patience_s
        self._chance = chance or random.Random()

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        until = self._clock.monotonic() + self._patience_s
        attempt = 0
        while True:
            self._stopper.check()
            try:
                return call()
            except Throttled as error:
                attempt += 1
                self._wait(error, attempt, until)

    def _act(self, method: str, call: Callable[[], T]) -> T:
        return self._ask(method, call)

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        """The first page is asked for again; a refusal between pages goes on to the caller, who holds a cursor."""

        def begin() -> tuple[list[T], Iterator[T]]:
            pages = call()
            return [page for _, page in zip(range(1), pages, strict=False)], pages

        first, rest = self._ask(method, begin)
        yield from first
        yield from rest

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        """Items that were refused for now are asked again, and only those."""
        until = self._clock.monotonic() + self._patience_s
        outcomes = self._ask(method, lambda: call(asked))
        attempt = 0
        while busy := [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Throttled)]:
            attempt += 1
            longest = max((o for o in outcomes if isinstance(o, Throttled)), key=lambda o: o.retry_after_s or 0.0)
            try:
                self._wait(longest, attempt, until)
            except Throttled:
                break
            again = self._ask(method, lambda some=[asked[n] for n in busy]: call(some))  # type: ignore[misc]
            for n, outcome in zip(busy, again, strict=True):
                outcomes[n] = outcome
        return outcomes

    def _wait(self, error: Throttled, attempt: int, until: float) -> None:
        seconds = error.retry_after_s if error.retry_after_s is not None else backoff_s(attempt, self._chance)
        if self._clock.monotonic() + seconds > until:
            raise error
        self._stopper.wait(seconds)
