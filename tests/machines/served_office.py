"""The erasure machine's office on a server: both mailboxes behind the EWS connector, over HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mailsorter.cases.witness.ews import EwsWitness
from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.store import Message as StoredMessage
from mailsorter.errors import Unreachable
from mailsorter.mailbox.base import Mailbox, Outcome
from mailsorter.mailbox.memory_server import FolderRef
from mailsorter.mailbox.wrap.through import PassedThrough
from mailsorter.model.folder import FolderTree, WellKnown
from mailsorter.model.message import Message
from tests.cases.office import NOW, World
from tests.machines.served import SharedClock
from tests.machines.store_server import EwsWriting, StoreServer

T = TypeVar("T")


class UnluckyConnector(PassedThrough):
    """A connector with the bad luck of `MemoryMailbox.fail_next`."""

    def __init__(self, inner: Mailbox) -> None:
        super().__init__(inner)
        self._waiting: dict[str, deque[tuple[BaseException, int | None]]] = {}

    def fail_next(self, method: str, error: BaseException, *, after_items: int | None = 0) -> None:
        self._waiting.setdefault(method, deque()).append((error, after_items))

    def _next(self, method: str) -> tuple[BaseException, int | None] | None:
        waiting = self._waiting.get(method)
        return waiting.popleft() if waiting else None

    def _ask(self, method: str, call: Callable[[], T]) -> T:
        fault = self._next(method)
        if fault is not None:
            raise fault[0]
        return call()

    def _walk(self, method: str, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        yield from self._ask(method, call)

    def _each(self, method: str, asked: Sequence[T], call: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
        fault = self._next(method)
        if fault is None:
            return call(asked)
        error, after = fault
        call(asked[:after])
        if isinstance(error, Unreachable):
            return [error] * len(asked)
        raise error


@dataclass(slots=True)
class Held:
    """One item for as long as the machine runs; its message's id is what it is now."""

    server: ServerById
    number: int

    @property
    def message(self) -> Message:
        found = self.server.stored(self.number)
        return Message(id=self.server.ids_of(f"m{self.number}")[-1] if found else "", folder_id="")


class ServerById(StoreServer):
    """A `StoreServer` whose messages go by the ids that they have at the moment, as the case names them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._items: dict[int, Held] = {}
        self._store.mailboxes.change(self.box, single_item_recovery=0)
        self.box = self._store.mailboxes.get(self.box.id)

    def stored(self, number: int) -> bool:
        return bool(self._store.db.value("SELECT count(*) FROM message WHERE id = ?", (number,)))

    def tree(self) -> FolderTree:
        deleted = self._store.folders.well_known(self.box, "recoverableitemsroot")
        beside = [self._folder(one) for one in self._store.folders.subtree(deleted)]
        seen = super().tree()
        return FolderTree(seen.root_id, [*seen, *beside])

    def everything(self) -> dict[str, str]:
        return {self._id(name): folder for name, folder in super().everything().items()}

    def item(self, name: str) -> Any:
        number = self._message(name).id
        return self._items.setdefault(number, Held(self, number))

    def deliver(self, where: FolderRef, **fields: Any) -> str:
        place = self._find(where)
        name = super().deliver(WellKnown.INBOX if place.recoverable else where, **fields)
        if place.recoverable:
            self._store.recoverable.relocate(self.box, super()._message(name), place)
        return self._id(name)

    def user_moves(self, name: str, to: FolderRef) -> str:
        message, target = self._message(name), self._find(to)
        if message.folder != target.id:
            self._store.recoverable.relocate(self.box, message, target)
        return self._id(f"m{message.id}")

    def user_changes(self, name: str, *, subject: str) -> None:
        message = self._message(name)
        self._store.messages.change(self.box, message, {"subject": subject}, head={"subject": subject})

    def user_deletes(self, name: str) -> None:
        with suppress(ExchangeError):  # refused in Purges and Versions, where no person deletes anything
            self._store.messages.delete(self.box, self._message(name))

    def user_copies(self, name: str, to: FolderRef) -> str:
        target, message = self._find(to), self._message(name)
        now = int(self._store.clock.now_s())
        made = self._store.recoverable.duplicate(self.box, message, target, now=now, indexed=now)
        return self._id(f"m{made.id}")

    def hold(self, names: Sequence[str]) -> None:
        for name in names:
            self._store.messages.change(self.box, self._message(name), {"label": "Keep"})

    def _id(self, name: str) -> str:
        return self.ids_of(name)[-1]

    def ids_of(self, name: str) -> list[str]:
        found = super()._message(name)
        return [self._writing.message_id(self, found.id, n) for n in range(found.generation + 1)]

    def _message(self, name: str) -> StoredMessage:
        return self._store.messages.find(self.box, name.translate(str.maketrans("+/", "-_")))


class EwsOffice(World):
    """A firm of two mailboxes on its own Exchange Server, and its privacy officer."""

    def __init__(self, folder: Path, *, kind: EwsServer | None = None, **options: Any) -> None:
        self._running = ExitStack()
        theirs = EmulatorClock(frozen_at=NOW)
        self._emulator = self._running.enter_context(running_emulator(clock=theirs))
        self._emulator.conditions.ews = kind or EwsServer()
        self._shared = SharedClock(NOW, theirs)
        super().__init__(folder, **options)

    def close(self) -> None:
        super().close()
        self._running.close()

    def _clock(self) -> Any:
        return self._shared

    def _server(self, address: str, *, ids_survive_moves: bool) -> Any:
        return ServerById(self._emulator, address, EwsWriting(), state="on-premises")

    def _mailbox(self, address: str) -> Any:
        from mailsorter.mailbox.ews import EwsSettings, Password, open_mailbox

        settings = EwsSettings(self._url, Password("basic", "emulator", "emulator"))
        opened = open_mailbox(settings, address, clock=self.clock)
        self._running.callback(opened._inner._inner.close)  # type: ignore[attr-defined]
        return UnluckyConnector(opened)

    def _witness(self) -> Any:
        witness = EwsWitness(self._url, ("emulator", "emulator"), self.clock.sleep)
        self._running.callback(witness.close)
        return witness

    @property
    def _url(self) -> str:
        return f"{self._emulator.url}/ews/exchange.asmx"
