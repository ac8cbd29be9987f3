"""What goes in and out of a mailbox, for the log: names of calls, counts, kinds of errors, time. Nothing of any mail.

The mailbox itself is named by the opaque number that the caller gives it, never by its address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from mailsorter.clock import Clock
from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.mailbox.wrap.through import PassedThrough

T = TypeVar("T")


class Listener(Protocol):
    """Gets one note a call; structlog's bound loggers fit (`logger.debug`)."""

    def __call__(self, event: str, /, **details: object) -> object: ...


class LoggedMailbox(PassedThrough):
    """Tells a listener of each call when it is over: `call`, `mailbox`, `seconds`, and `items`, `failed`, `error`."""

    def __init__(self, inner: Mailbox, listener: Listener, clock: Clock, *, number: int) -> None:
        super().__init__(inner)
        self._listener = listener
        self._clock = clock
        self._number = number

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        started = self._clock.monotonic()
        try:
            answer = call()
        except MailsorterError as error:
            self._tell(method, started, error=type(error).__name__)
            raise
        self._tell(method, started, **_counted(answer))
        return answer

    def _act(self, method: str, call: Callable[[], T]) -> T:
        return self._ask(method, call)

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        return self._ask(method, lambda: call(asked))

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        started = self._clock.monotonic()
        pages = 0
        try:
            for page in call():
                pages += 1
                yield page
        except MailsorterError as error:
            self._tell(method, started, pages=pages, error=type(error).__name__)
            raise
        self._tell(method, started, pages=pages)

    def _tell(self, method: str, started: float, **details: object) -> None:
        seconds = round(self._clock.monotonic() - started, 3)
        self._listener("mailbox", call=method, mailbox=self._number, seconds=seconds, **details)


def _counted(answer: object) -> dict[str, object]:
    if not isinstance(answer, list):
        return {}
    failed = sorted(type(one).__name__ for one in answer if isinstance(one, MailsorterError))
    return {"items": len(answer), "failed": len(failed), "kinds": sorted(set(failed))}
