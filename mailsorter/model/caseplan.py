"""The plan of a case: every finding with what becomes of it, and the digest that people approve."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from mailsorter.model.case import CaseKind, NotSeen, PlanItem, Verdict


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The list that is approved. Items are in a fixed order, so that one plan has one digest."""

    number: str
    kind: CaseKind
    items: tuple[PlanItem, ...]
    scope: tuple[str, ...]  # mailboxes
    not_seen: tuple[NotSeen, ...]
    restricts_kept: bool
    made_by: str
    made_at: datetime

    @property
    def counts(self) -> dict[str, int]:
        """How many items have each verdict; every verdict is named."""
        counted = Counter(item.verdict for item in self.items)
        return {verdict.value: counted[verdict] for verdict in Verdict}

    @property
    def undecided(self) -> tuple[PlanItem, ...]:
        """The items that a person must still look at."""
        return tuple(item for item in self.items if item.verdict is Verdict.LOOK)


def in_order(items: Sequence[PlanItem]) -> tuple[PlanItem, ...]:
    """By mailbox and id."""
    return tuple(sorted(items, key=lambda item: item.finding.key))


def digest(plan: Plan) -> bytes:
    """SHA-256 over every item and decision, the scope, and what could not be looked into; not over who made it when.

    Canonical: msgspec's JSON of values whose order is fixed by their types.
    """
    hashed = hashlib.sha256()
    head = (plan.number, plan.kind, plan.scope, plan.not_seen, plan.restricts_kept)
    hashed.update(msgspec.json.encode(head))
    for item in plan.items:
        finding = item.finding
        line = (
            finding.mailbox, finding.id, finding.folder_id, finding.fingerprint.hex(), finding.recoverable,
            finding.role, finding.seen, item.verdict, item.reason, item.ground, item.decided_by, item.decision_reason,
        )  # fmt: skip
        hashed.update(b"\n" + msgspec.json.encode(line))
    return hashed.digest()


def statement(number: str, plan_digest: bytes, counts: dict[str, int]) -> bytes:
    """The text that an approver signs: what is approved, in words and as a digest."""
    lines = [
        "mailsorter approval",
        f"case {number}",
        f"plan sha256:{plan_digest.hex()}",
        *(f"{verdict} {counts[verdict]}" for verdict in sorted(counts)),
    ]
    return ("\n".join(lines) + "\n").encode()
