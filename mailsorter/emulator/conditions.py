"""Standing conditions that make Exchange misbehave until they are lifted: by tests, fault plans, the endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.graph.switches import GraphServer

#: From this day on, changing subject, body or recipients of received mail needs Mail-Advanced.ReadWrite.All.
SENSITIVE_FROM = datetime(2026, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DeltaQuirk:
    """How delta misbehaves."""

    replay: int = 0
    """So many unchanged messages are told again at the beginning of each later round."""
    empty_pages: bool = False
    """Each round begins with an empty page that has a nextLink."""


class TruncatedPage(Exception):
    """A page holds a message that Exchange cannot render: the answer stops in the middle, with status 200."""


class Conditions:
    """What is wrong at present."""

    def __init__(self, clock: EmulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._poison: frozenset[int] = frozenset()
        self._truncating: frozenset[int] = frozenset()
        self._epochs: dict[int, int] = {}
        self._quirks: dict[int, DeltaQuirk] = {}
        self._quirk = DeltaQuirk()
        self._shared: dict[int, dict[str, str]] = {}
        self.lists_every_kind = False
        """Does Graph list appointments, contacts and tasks that lie in mail folders among the messages?"""
        self.ews = EwsServer()
        """Which kind of server the EWS face is; assigned as a whole."""
        self.graph = GraphServer()
        """Which kind of Graph the Graph face is; assigned as a whole."""

    def share(self, folder: int, user: str, level: str = "Reviewer") -> None:
        """Somebody else may use a folder: `Default`, `Anonymous` or an address, at one of Exchange's levels."""
        with self._lock:
            self._shared.setdefault(folder, {})[user] = level

    def shared(self, folder: int) -> dict[str, str]:
        """User to level; Default and Anonymous are always among them, by default at `None`."""
        return {"Default": "None", "Anonymous": "None"} | self._shared.get(folder, {})

    def poison(self, messages: Iterable[int], *, truncates_pages: bool = False) -> None:
        """These messages cannot be read: 500 ErrorCorruptData each, or also a page cut off after `"value":[`."""
        with self._lock:
            self._poison = frozenset(messages)
            self._truncating = self._poison if truncates_pages else frozenset()

    def check_one(self, message: int) -> None:
        """Refuse a poisonous message.

        Raises:
            ExchangeError: ErrorCorruptData.
        """
        if message in self._poison:
            raise ExchangeError(
                "ErrorCorruptData", "Data is corrupt.,Invalid global object ID: the item cannot be read."
            )

    def check_page(self, messages: Iterable[int]) -> None:
        """Stop a page that holds a message which truncates it.

        Raises:
            TruncatedPage: it holds one.
        """
        if self._truncating and not self._truncating.isdisjoint(messages):
            raise TruncatedPage

    def lose_delta_state(self, mailbox: int | None = None) -> None:
        """Every delta token given out so far, for that mailbox or all, now answers 410."""
        with self._lock:
            key = 0 if mailbox is None else mailbox
            self._epochs[key] = self._epochs.get(key, 0) + 1

    def delta_epoch(self, mailbox: int) -> int:
        """The generation of a mailbox's delta state."""
        return 1 + self._epochs.get(0, 0) + self._epochs.get(mailbox, 0)

    def set_quirk(self, quirk: DeltaQuirk, mailbox: int | None = None) -> None:
        """Let delta misbehave in a mailbox, or in all."""
        with self._lock:
            if mailbox is None:
                self._quirk = quirk
            else:
                self._quirks[mailbox] = quirk

    def quirk(self, mailbox: int) -> DeltaQuirk:
        """How delta misbehaves in a mailbox."""
        return self._quirks.get(mailbox, self._quirk)

    def guards_sensitive(self) -> bool:
        """Is it 2026-12-31 or later?"""
        return self._clock.now() >= SENSITIVE_FROM

    def clear(self) -> None:
        """Everything behaves again; lost delta state stays lost."""
        with self._lock:
            self._poison = self._truncating = frozenset()
            self._quirks.clear()
            self._shared.clear()
            self._quirk = DeltaQuirk()
            self.lists_every_kind = False
