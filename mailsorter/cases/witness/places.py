"""A witness for each mailbox by where it lives."""

from __future__ import annotations

from collections.abc import Mapping

from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.report import INDEXED, MailboxLook, Witness


class Witnesses:
    """Sends each mailbox to the witness of its place; `elsewhere` looks at all others (online archives by their id)."""

    def __init__(self, by_address: Mapping[str, Witness], elsewhere: Witness | None) -> None:
        self._by_address = {address.casefold(): witness for address, witness in by_address.items()}
        self._elsewhere = elsewhere

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = INDEXED) -> MailboxLook:
        """See `Witness.look`."""
        witness = self._by_address.get(mailbox.casefold(), self._elsewhere)
        if witness is None:
            return MailboxLook(mailbox=mailbox, not_seen=[("msgfolderroot", "no-witness")])
        return witness.look(mailbox, marks, watched, depth)
