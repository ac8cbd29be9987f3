"""One mailbox as the daemon sees it: its job, its turn, and how it went so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from mailsorter.daemon.timetable import PollEnd
from mailsorter.sorting.run import Job


@dataclass(slots=True)
class WatchedMailbox:
    """A mailbox that the daemon looks after. Changed by one worker at a time; others only read single values."""

    number: int  # the ledger's: what logs and metrics call it
    job: Job
    due: datetime
    failures: int = 0  # failed looks in a row
    looked_at: datetime | None = None  # start of the last look
    fine_at: datetime | None = None  # start of the last look that came to its end
    busy_since: datetime | None = None
    end: PollEnd | None = None
    error: str | None = None  # class of the last look's error
    totals: Counter[str] = field(default_factory=Counter)  # looks, failed looks, pulled, filed, left, failed
    seconds: float = 0.0  # spent on looks
    read_anew: bool = False  # since its last complete look some folder was read from its beginning
    second_look: bool = False  # left mail is to be tested by what other mailboxes have decided since

    @property
    def has_more(self) -> bool:
        """Did the last look end before all was read?"""
        return self.end is PollEnd.MORE

    def lag_s(self, now: datetime, started: datetime) -> float:
        """How old the mailbox's last complete look is, in seconds; before the first one counted from the start."""
        return max(0.0, (now - (self.fine_at or started)).total_seconds())
