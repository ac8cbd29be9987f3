"""When a run looks so wrong that a person must look first. Pure: counts in, reasons out.

The codes stand in messages, JSON and the docs: a code once used keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

MANY_MOVES = "many-moves"
RULES_CHANGED = "rules-changed"
FOLDER_EMPTY = "folder-empty"
MAILBOX_EMPTY = "mailbox-empty"
CLIENT_FOLDER_GONE = "client-folder-gone"
FOLDER_TWICE = "folder-twice"
FOLDER_SHARED = "folder-shared"

_REMEMBERED_DAYS = 60


class BrakeFacts(msgspec.Struct, frozen=True):
    """What a code says, and the command by which a person goes on once the cause is settled."""

    meaning: str
    first: str  # what to do before
    command: str


_LOOK = "Look at it with: mailsorter plan"
_FIND_OUT = "Find out what happened"
_YES = "mailsorter sort --yes"

BRAKES: Mapping[str, BrakeFacts] = {
    MANY_MOVES: BrakeFacts("a run would move far more messages than this mailbox's busiest day", _LOOK, _YES),
    RULES_CHANGED: BrakeFacts("the changed client book or rules would file far more than usual", _LOOK, _YES),
    FOLDER_EMPTY: BrakeFacts("a folder that held many messages is suddenly empty", _FIND_OUT, _YES),
    MAILBOX_EMPTY: BrakeFacts("the mailbox is suddenly empty", _FIND_OUT, _YES),
    CLIENT_FOLDER_GONE: BrakeFacts("a client's folder is no longer there", "Restore it in Outlook if you can", _YES),
    FOLDER_TWICE: BrakeFacts(
        "there are two folders of one name where a client's is meant", "Merge or rename them in Outlook",
        "mailsorter sort",
    ),
    FOLDER_SHARED: BrakeFacts(
        "two clients have the same folder", "Give one of them another `folder` in the client book",
        "mailsorter clients check",
    ),
}  # fmt: skip
"""Every brake that can stop a run. The same for all outputs: status, health page, metrics' labels."""


class BrakePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How much is too much; `go_on` is a person's word that this once it is not."""

    enabled: bool = True
    factor: float = 5.0
    minimum: int = 200
    go_on: bool = False

    @property
    def is_on(self) -> bool:
        return self.enabled and not self.go_on


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier runs of one mailbox moved, by day; the first backlog counts by the days on which its mail came.

    Days, not runs: a daemon's run takes a minute's mail, a nightly one a day's, and both are the same mailbox.
    """

    moves: Mapping[date, int] = {}
    last: date | None = None  # the day of the last run

    def room(self, policy: BrakePolicy, today: date) -> int:
        """How many moves are no surprise: `factor` times the busiest day, for each day since the last run."""
        days = max(1, (today - self.last).days) if self.last else 1
        busiest = max(self.moves.values(), default=0)
        return max(policy.minimum, int(policy.factor * busiest * days))

    def and_now(self, today: date, moved: Mapping[date, int]) -> History:
        """With what was moved since; forgets what is long ago."""
        days = dict(self.moves)
        for day, count in moved.items():
            days[day] = days.get(day, 0) + count
        kept = {day: count for day, count in days.items() if count and (today - day).days < _REMEMBERED_DAYS}
        return History(moves=kept, last=today)


class Look(msgspec.Struct, frozen=True):
    """How much one folder held when it was last looked at, and holds now (None: it is not there any more)."""

    folder: int
    before: int
    now: int | None
    is_clients: bool


def emptied(looks: Iterable[Look], total_before: int, total_now: int, minimum: int) -> int | None:
    """The first folder that is suddenly empty, by its number; 0 for the whole mailbox; None when all is well.

    People clear their Inbox, and what they move or throw away still lies somewhere in the mailbox: such a folder only
    counts when the mailbox lost as much. From a client's folder mail does not vanish in the course of things.
    """
    if total_before >= max(1, minimum) and total_now == 0:
        return 0
    lost = total_before - total_now
    for look in looks:
        is_much = look.before >= max(1, minimum)
        if is_much and look.now == 0 and (look.is_clients or lost >= look.before):
            return look.folder
    return None
