"""Recording mail that stays where it is: why, and until when if it only waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow, WaitingMessage
from mailsorter.model.folder import FolderTree, WellKnown
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.thread import Trust
from mailsorter.perform.intents import seconds
from mailsorter.sorting.budget import budget_digest, budget_setting
from mailsorter.sorting.decide import Decision, Known, state_of
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import quiet_until, trust_of_left
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.returned import record_return, record_under_new_id


@dataclass(frozen=True, slots=True)
class LeftMail:
    """The mail of one window that is left, with what recording it needs."""

    mailbox: int
    run: int
    tree: FolderTree
    filing: Filing
    recall: Recall
    now: datetime

    def record(self, unit: Unit, left: Sequence[Decision], returned: Collection[str]) -> None:
        """Write a row for each; twice is as good as once."""
        rows: list[MessageRow] = []
        waits: dict[bytes, WaitingMessage] = {}
        for decision in left:
            message, tokens = decision.message, self.recall.tokens[decision.message.id]
            folder = unit.places.folder(self.mailbox, message.folder_id, self.tree.path(message.folder_id))
            again = self.recall.again.get(message.id)
            if again is not None and (decision.known is not Known.RETURNED or message.id in returned):
                record_under_new_id(unit, self.mailbox, message, tokens, again.row, folder)
            if decision.known is Known.RETURNED and message.id in returned:
                record_return(unit, self.mailbox, message, tokens, self.recall.standing[tokens.key], folder)
            if decision.match is not None:
                rows.append(self._row(unit, message, decision.match, folder, decision.trust))
                if decision.match.outcome is Outcome.WAIT:
                    waits[tokens.key] = WaitingMessage(message.id, self._due_s(message, decision.match))
        unit.messages.record(rows)
        if any(row.state is MessageState.TOO_COSTLY for row in rows):
            unit.settings.set(budget_setting(self.mailbox), budget_digest(self.filing.rules_digest))
        unit.messages.wait_all(self.mailbox, waits)
        unit.messages.stop_waiting(row.token for row in rows if row.state is not MessageState.WAITING)

    def _row(self, unit: Unit, message: Message, match: Match, folder: int, trust: Trust | None) -> MessageRow:
        tokens = self.recall.tokens[message.id]
        state = state_of(match)
        waits = state is MessageState.WAITING
        return MessageRow(
            token=tokens.key, mailbox=self.mailbox, folder=folder, state=state, thread=tokens.thread,
            message_id=tokens.message_id, received_s=seconds(message.received_at), run=self.run,
            speaks=trust if trust is not None else self._trust(message, match),
            client=unit.places.client(match.clients[0]) if waits and len(match.clients) == 1 else None,
        )  # fmt: skip

    def _trust(self, message: Message, match: Match) -> Trust:
        """Of a message that no window decided, because it was too costly."""
        return trust_of_left(message, match, self.filing.book, self.recall, self.recall)

    def _due_s(self, message: Message, match: Match) -> int | None:
        """When to look again, in seconds since 1970; None when delta will tell (read, flag gone)."""
        if match.reason is Reason.QUIET_HOURS:
            return seconds(quiet_until(self.filing.policy, self.now))
        if match.reason is Reason.TOO_YOUNG:
            sent = self.tree.well_known(WellKnown.SENT)
            is_sent = sent is not None and message.folder_id == sent.id
            timing = self.filing.policy.sent if is_sent else self.filing.policy.received
            return seconds((message.received_at or message.sent_at or self.now) + timedelta(days=timing.days))
        return None
