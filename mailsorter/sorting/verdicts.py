"""How many of the last messages failed authentication: many of them mean that a gateway is missing from the config."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from mailsorter.ledger.ledger import Unit
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.message import Message

REMEMBERED = 1_000  # messages, newest last
_FEWEST = 20  # of fewer with a verdict nothing can be said
_MOST_FAILED = 0.05


class Failures(msgspec.Struct, frozen=True):
    """Of `seen` messages that the receiving server judged, how many failed."""

    seen: int = 0
    failed: int = 0

    @property
    def is_suspicious(self) -> bool:
        """Are there so many that more likely a gateway in front of Exchange is not named in the config?"""
        return self.seen >= _FEWEST and self.failed > _MOST_FAILED * self.seen

    @property
    def warning(self) -> str:
        """What to tell a person, where it is suspicious."""
        return (
            f"Of the last {self.seen} messages that Exchange judged, {self.failed} failed authentication; they are not "
            "filed for their author and wait in review."
        )

    @property
    def advice(self) -> str:
        """What to do about it."""
        return (
            "If mail passes a gateway before Exchange, name it in [matching] trusted_gateways. "
            '[matching] authentication = "off" ends the check.'
        )


def count_verdicts(unit: Unit, mailbox: int, messages: Iterable[Message]) -> None:
    """Remember the verdicts of a window's mail; sent mail and mail without a verdict does not count."""
    judged = [m for m in messages if m.author_check in (AuthorCheck.PASSED, AuthorCheck.FAILED)]
    if not judged:
        return
    judged.sort(key=lambda m: m.received_at or datetime.min.replace(tzinfo=UTC))
    newest = bytes(int(m.author_check is AuthorCheck.FAILED) for m in judged)
    before = unit.settings.get(_name(mailbox)) or b""
    unit.settings.set(_name(mailbox), (before + newest)[-REMEMBERED:])


def failures(unit: Unit, mailboxes: Sequence[int]) -> Failures:
    """The last verdicts of these mailboxes together."""
    kept = [unit.settings.get(_name(mailbox)) or b"" for mailbox in mailboxes]
    return Failures(sum(map(len, kept)), sum(map(sum, kept)))


def _name(mailbox: int) -> str:
    return f"verdicts of mailbox {mailbox}"
