"""A mailbox that nothing can change: for plans, audits and provers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from mailsorter.errors import Refused
from mailsorter.mailbox.base import Outcome
from mailsorter.mailbox.wrap.through import PassedThrough

T = TypeVar("T")


class ReadOnlyMailbox(PassedThrough):
    """Every changing call raises `Refused` before anything is sent, also one over no items at all."""

    def _act(self, method: str, call: Callable[[], T]) -> T:
        self._refuse(method)

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        self._refuse(method)

    def _refuse(self, method: str) -> NoReturn:
        raise Refused(f"Mailbox {self.address} is open for reading only; {method} was not sent.", code="ReadOnly")
