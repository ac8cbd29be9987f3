"""What a performer holds: one mailbox, the ledger, a clock, and a way to be told to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from mailsorter.clock import Clock
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Mailbox


@dataclass(frozen=True, slots=True)
class Hands:
    """Everything that changing one mailbox takes. The caller holds the mailbox's lock (`ledger.locks`)."""

    mailbox: Mailbox
    number: int  # the mailbox's number in the ledger
    ledger: Ledger
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)

    def require_lock(self) -> None:
        """Raise `LedgerLocked` when the mailbox's lock was lost: then another process may be at work here."""
        self.ledger.locks.require_held(self.number)

    def knows(self, message_id: str) -> bool:
        """Has the ledger a record of a message under that id?"""
        with self.ledger.reading() as unit:
            return unit.messages.row(unit.messages.token(self.number, message_id)) is not None
