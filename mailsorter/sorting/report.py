"""What a run did, in numbers: pulled = filed + left + skipped + failed, always."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mailsorter.errors import MailsorterError
from mailsorter.model.folder import FolderPath


@dataclass(slots=True)
class MailboxReport:
    """One mailbox's part of a run. `left` and `skipped` count by reason, `filed_to` by client."""

    mailbox: str
    pulled: int = 0
    filed: int = 0
    failed: int = 0
    left: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    filed_to: Counter[str] = field(default_factory=Counter)
    evidence: Counter[str] = field(default_factory=Counter)
    folders_made: list[FolderPath] = field(default_factory=list)
    looked_into: int = 0  # messages whose body or attachment names were fetched
    settled: int = 0  # steps of an interrupted run whose end was found out first
    notes: list[str] = field(default_factory=list)
    error: MailsorterError | None = None
    read_anew: bool = False  # some folder was read from its beginning
    is_complete: bool = True  # False: stopped early (limit, stop, error): the next run goes on

    @property
    def adds_up(self) -> bool:
        """Is every message that was pulled accounted for exactly once?"""
        return self.pulled == self.filed + self.left.total() + self.skipped.total() + self.failed

    @property
    def is_idle(self) -> bool:
        """Was there nothing to do, so that the run left no trace in mailbox or ledger?"""
        return not (self.pulled or self.settled or self.folders_made)

    def counts(self) -> dict[str, int]:
        """The numbers for ledger and audit: no mailbox, no client."""
        return {
            "pulled": self.pulled,
            "filed": self.filed,
            "left": self.left.total(),
            "skipped": self.skipped.total(),
            "failed": self.failed,
        }


@dataclass(slots=True)
class RunReport:
    """One run over all mailboxes. `run` is its id, "" for a plan."""

    run: str
    mailboxes: list[MailboxReport]
    plan_digest: str = ""

    def total(self, name: str) -> int:
        """The sum of one of `MailboxReport.counts` over all mailboxes."""
        return sum(report.counts()[name] for report in self.mailboxes)

    def counts(self) -> dict[str, int]:
        """All sums, and how many mailboxes failed."""
        names = ("pulled", "filed", "left", "skipped", "failed")
        failed = sum(report.error is not None for report in self.mailboxes)
        return {name: self.total(name) for name in names} | {
            "mailboxes": len(self.mailboxes),
            "mailboxes_failed": failed,
        }
