"""What a proof may still see of a case, and what it may not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mailsorter.cases.office import Office
from mailsorter.cases.witness import Hit
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.ledger.keys import spellings
from mailsorter.ledger.tombstones import Traces, traces_of
from mailsorter.model.case import Decision, ItemState, Verdict
from mailsorter.model.caseplan import Plan

STAYS = {
    ItemState.KEPT: "kept",
    ItemState.RETAINED: "retained",
    ItemState.HELD: "held",
    ItemState.CHANGED: "changed",
    ItemState.FAILED: "failed",
    ItemState.LOOK: "look",
}
"""Why an item in this state may still be seen."""


class Expected:
    """What may still be seen, and what may not: by mailbox and id, and by traces where an id has changed."""

    def __init__(self, office: Office, row: CaseRow, plan: Plan, decisions: Mapping[tuple[str, str], Decision]) -> None:
        self._key = office.ledger.key
        self.numbers = office.mailbox_numbers(plan.scope)
        with office.ledger.reading() as unit:
            self.items = {item.token: item for item in unit.cases.items(row.number)}
            self._by_id = {(item.mailbox, item.ids.id): item for item in self.items.values()}
            for planned in plan.items:
                mailbox = self.numbers.get(planned.finding.mailbox, 0)
                for token in spellings(unit.messages.token(mailbox, planned.finding.id)):
                    if token in self.items:
                        self._by_id[mailbox, planned.finding.id] = self.items[token]
        self._left = {i.finding.key for i in plan.items if i.verdict is Verdict.NOT_THEIRS}
        for key, decision in decisions.items():  # made since, on what a proof saw
            self._left = self._left | {key} if decision.verdict is Verdict.NOT_THEIRS else self._left - {key}
        self._copies: dict[bytes, list[CaseItem]] = {}
        for item in self.items.values():
            if item.state in STAYS and item.search_key is not None:
                self._copies.setdefault(item.search_key, []).append(item)

    def watched(self, mailbox: str) -> frozenset[str]:
        """Ids whose presence matters whether or not the item still names the person."""
        number = self.numbers.get(mailbox, 0)
        return frozenset(item_id for owner, item_id in self._by_id if owner == number)

    def item_of(self, mailbox: str, hit: Hit) -> CaseItem | None:
        """The case's item that this hit is, or, in Recoverable Items, that it is a copy of."""
        number = self.numbers.get(mailbox, 0)
        item = self._by_id.get((number, hit.id))
        if item is not None or not hit.is_recoverable:
            return item
        traces = self._traces(hit)
        copies = [copy for digest in spellings(traces.search_key) for copy in self._copies.get(digest, ())]
        for copy in copies:
            if copy.mailbox == number and traces.is_same(Traces(copy.search_key, copy.message_id, copy.received)):
                return copy
        return None

    def item_by_id(self, mailbox: str, item_id: str) -> CaseItem | None:
        """The case's item of that id."""
        return self._by_id.get((self.numbers.get(mailbox, 0), item_id))

    def perhaps(self, mailbox: str, hit: Hit) -> set[bytes]:
        """The tokens of the items that this hit may be under another id, by its traces: they are not gone."""
        number, traces = self.numbers.get(mailbox, 0), self._traces(hit)
        return {
            token
            for token, item in self.items.items()
            if item.mailbox == number and traces.is_same(Traces(item.search_key, item.message_id, item.received))
        }

    def is_left(self, mailbox: str, item_id: str) -> bool:
        """Did a person decide that this message does not concern the subject?"""
        return (mailbox, item_id) in self._left

    def _traces(self, hit: Hit) -> Traces:
        received = datetime.fromisoformat(hit.received) if hit.received else None
        return traces_of(self._key, hit.search_key, hit.message_id, received)
