"""Asking again when a reading call failed for now.

Only reading is repeated. A change that failed may have happened: whoever asked for it looks first. `Throttled` is left
to the throttle, `MailboxMoving` to the next run, hours later.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from mailsorter.errors import MailboxMoving, TemporaryError, Throttled
from mailsorter.mailbox.base import ChangePage, Mailbox
from mailsorter.mailbox.waiting import Stopper, backoff_s
from mailsorter.mailbox.wrap.through import PassedThrough

T = TypeVar("T")


class RetryingMailbox(PassedThrough):
    """Asks up to `attempts` times, with growing, jittered waits in between."""

    def __init__(
        self, inner: Mailbox, stopper: Stopper, *, attempts: int = 4, chance: random.Random | None = None
    ) -> None:
        super().__init__(inner)
        self._stopper = stopper
        self._attempts = attempts
        self._chance = chance or random.Random()

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        """A round that breaks off goes on behind the last page seen."""
        seen = cursor
        while True:
            try:
                for page in self._walk("changes", lambda at=seen: self._inner.changes(folder_id, at)):  # type: ignore[misc]
                    yield page
                    seen = page.cursor
                return
            except (Throttled, MailboxMoving):
                raise
            except TemporaryError:
                if seen == cursor:
                    raise  # `_walk` has tried as often as it may
                cursor = seen

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        for attempt in range(1, self._attempts):
            try:
                return call()
            except (Throttled, MailboxMoving):
                raise
            except TemporaryError:
                self._stopper.wait(backoff_s(attempt, self._chance))
        return call()

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        def begin() -> tuple[list[T], Iterator[T]]:
            pages = call()
            return [page for _, page in zip(range(1), pages, strict=False)], pages

        first, rest = self._ask(method, begin)
        yield from first
        yield from rest
