"""One EWS operation on its way: the store, the mailbox it is about, the request's body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mailsorter.emulator.conditions import Conditions
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.soap import failure
from mailsorter.emulator.store import Mailbox, Store


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation works with."""

    store: Store
    conditions: Conditions
    mailbox: Mailbox
    body: Any


def each(operation: str, asked: Iterable[Any], act: Callable[[Any], Any]) -> list[Any]:
    """One response message for each thing asked; one that is refused spoils nothing."""
    messages = []
    for one in asked:
        try:
            messages.append(act(one))
        except ExchangeError as error:
            messages.append(failure(operation, error))
    return messages
