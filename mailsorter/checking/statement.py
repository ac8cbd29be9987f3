"""The completeness statement of one mailbox: both sides' counts, every difference, and what cannot be looked into."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from mailsorter.checking.difference import Kind
from mailsorter.errors import MailsorterError
from mailsorter.model.folder import FolderPath

MOST_DETAILS = 1000  # differences named one by one; beyond that only counted

NOT_SHOWN = (
    "the archive mailbox (In-Place Archive): mail is never filed there, so it is not listed; cases search it",
    "items that Exchange keeps beside folders: associated items of some kinds, Teams compliance records",
    "Recoverable Items on hold beyond what Exchange lists",
)
"""What no listing over the API can show, whatever the permissions (graph-facts, sections 3 and 8)."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `message` is Exchange's id where it is known; paths are names below the visible root."""

    kind: Kind
    message: str = ""
    found_in: FolderPath | None = None
    expected_in: FolderPath | None = None


class FolderCount(msgspec.Struct, frozen=True, kw_only=True):
    """One folder: how much Exchange lists, how much of it the ledger knows, and what the ledger says lies there."""

    path: FolderPath
    listed: int
    known: int
    in_ledger: int

    @property
    def agrees(self) -> bool:
        return self.known == self.in_ledger


@dataclass(slots=True)
class MailboxStatement:
    """What checking one mailbox found. `known` messages are those that some run looked at."""

    mailbox: str
    number: int = 0
    folders: list[FolderCount] = field(default_factory=list)
    differences: Counter[Kind] = field(default_factory=Counter)
    details: list[Difference] = field(default_factory=list)
    not_sorted_yet: int = 0
    settled: int = 0
    not_shown: list[str] = field(default_factory=lambda: list(NOT_SHOWN))
    unread_folders: list[FolderPath] = field(default_factory=list)
    error: MailsorterError | None = None

    def differs(self, difference: Difference, count: int = 1) -> None:
        """Note a difference."""
        self.differences[difference.kind] += count
        if len(self.details) < MOST_DETAILS:
            self.details.append(difference)

    @property
    def listed(self) -> int:
        return sum(folder.listed for folder in self.folders)

    @property
    def known(self) -> int:
        return sum(folder.known for folder in self.folders)

    @property
    def open(self) -> int:
        """How many differences need a person's eyes."""
        return sum(count for kind, count in self.differences.items() if kind.is_open)

    @property
    def agrees(self) -> bool:
        """Do ledger and mailbox tell the same story now, as far as could be looked?"""
        whole = self.error is None and not self.unread_folders
        return whole and not self.open and all(folder.agrees for folder in self.folders)

    def data(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "mailbox": self.mailbox,
            "agrees": self.agrees,
            "listed": self.listed,
            "known": self.known,
            "not_sorted_yet": self.not_sorted_yet,
            "settled": self.settled,
            "folders": [
                {"path": list(f.path), "listed": f.listed, "known": f.known, "in_ledger": f.in_ledger}
                for f in self.folders
            ],
            "differences": {str(kind): count for kind, count in sorted(self.differences.items())},
            "open": self.open,
            "details": [
                {
                    "kind": str(d.kind),
                    "message": d.message,
                    "found_in": None if d.found_in is None else list(d.found_in),
                    "expected_in": None if d.expected_in is None else list(d.expected_in),
                }
                for d in self.details
            ],
            "unread_folders": [list(path) for path in self.unread_folders],
            "not_shown": self.not_shown,
        }

    def digest(self) -> str:
        """SHA-256 of the statement's canonical JSON: in the audit chain, so that a kept one can be proven."""
        return hashlib.sha256(msgspec.json.encode(self.data(), order="deterministic")).hexdigest()
