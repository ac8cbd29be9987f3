"""One EWS operation on its way: the store, the mailbox it is about, the request's body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mailsorter.emulator.conditions import Conditions
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.soap import elements, failure
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.store import Folder, Mailbox, Store


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation works with."""

    store: Store
    conditions: Conditions
    mailbox: Mailbox
    body: Any

    @property
    def server(self) -> EwsServer:
        """Which kind of server this is."""
        return self.conditions.ews

    def folder(self, named: Any) -> tuple[Mailbox, Folder]:
        """The folder that a FolderId or DistinguishedFolderId names, and the mailbox that holds it.

        Raises `ExchangeError`.
        """
        return ids.named_folder(self.store, self.mailbox, named, has_recoverable=not self.server.no_recoverable_items)

    def folder_in(self, parent: Any) -> tuple[Mailbox, Folder]:
        """The folder named inside an element. Raises `ExchangeError`."""
        (named,) = elements(parent)
        return self.folder(named)


def each(operation: str, asked: Iterable[Any], act: Callable[[Any], Any]) -> list[Any]:
    """One response message for each thing asked; one that is refused spoils nothing."""
    messages = []
    for one in asked:
        try:
            messages.append(act(one))
        except ExchangeError as error:
            messages.append(failure(operation, error))
    return messages
