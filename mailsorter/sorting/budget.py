"""What one message may cost, and what happens between two messages.

Matching is linear and its texts are capped, so what is left to bound is how much one envelope can hold: thousands of
people or references. Its work is counted before it is done; what is over the budget is not matched at all, is left
with the reason `too-costly`, and is not tried again before book, rules or program change. The processor's time is the
net below: it finds what counting did not foresee, after the fact, and keeps it from being met again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

from mailsorter import __version__
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.patterns import Cap

MOST_WORK = 1_000_000  # characters, or what costs as much: some 20,000 people named, or 10,000 references
MOST_CPU_S = 10.0  # of one message: a thousand times what the dearest within the budget takes
_PERSON = 20  # what each participant costs besides its characters
_REFERENCE = 100  # a keyed digest and a place in a query of the ledger

TOO_COSTLY = Match(Outcome.UNMATCHED, reason=Reason.TOO_COSTLY)
"""The outcome of a message that was not matched, or not to its end."""


class StoppedBetween(Exception):
    """The run was asked to stop while messages were being matched. Nothing of the window is recorded."""


def work_of(message: Message, text: str = "", attachment_names: Sequence[str] = ()) -> int:
    """How much matching this message costs, in characters read: the same on every machine."""
    people = sum(_PERSON + len(p.address) + min(len(p.name), Cap.DISPLAY_NAME) for p in message.participants)
    names = sum(_PERSON + min(len(name), Cap.PHRASE_TEXT) for name in attachment_names)
    categories = sum(_PERSON + len(category) for category in message.categories)
    texts = min(len(message.subject), Cap.PHRASE_TEXT) + min(len(text), Cap.BODY)
    return people + names + categories + texts + _REFERENCE * len(message.references)


def budget_setting(number: int) -> str:
    """Under which name the ledger keeps by which book, rules and program a mailbox's mail was too costly."""
    return f"too costly in mailbox {number}"


def budget_digest(rules_digest: bytes) -> bytes:
    """Changes with book, rules and program: then what was too costly is tried again."""
    return hashlib.sha256(rules_digest + b"\0" + __version__.encode()).digest()


class Watch:
    """Stands between two messages of a run: lets the run be stopped, shows life, and counts what each costs."""

    def __init__(
        self,
        between: Callable[[], None] = lambda: None,
        found: Callable[[Message], None] = lambda message: None,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        """`between` is called before each message and may raise; `found` once for each that is too costly."""
        self._between = between
        self._found = found
        self._cpu_s = cpu_s
        self._costly: set[str] = set()

    def match(self, message: Message, work: int, match: Callable[[], Match]) -> Match:
        """The match, or `TOO_COSTLY`. `work` is what `work_of` counts."""
        self._between()
        if message.id in self._costly:
            return TOO_COSTLY
        if work > MOST_WORK:
            return self._left(message)
        began = self._cpu_s()
        found = match()
        return found if self._cpu_s() - began <= MOST_CPU_S else self._left(message)

    def _left(self, message: Message) -> Match:
        self._costly.add(message.id)
        self._found(message)
        return TOO_COSTLY
