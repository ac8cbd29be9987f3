"""The certificate's content: counts per mailbox and folder, remainders and gaps, with nothing that names the person."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mailsorter import __version__
from mailsorter.cases import found as found_parts
from mailsorter.cases.approve import approvals_of
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.certificate import FORMAT
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.expected import STAYS
from mailsorter.cases.office import Office
from mailsorter.cases.witness import MailboxLook, Marks
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.ledger.keys import spellings
from mailsorter.model.account import Account, Bucket
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.caseplan import Plan
from mailsorter.model.coverage import DEPTHS, Coverage


def certificate_body(
    office: Office,
    row: CaseRow,
    file: CaseFile,
    plan: Plan,
    looks: list[MailboxLook],
    items: list[CaseItem],
    marks: Marks,
) -> dict[str, Any]:
    """Counts and remainders, with nothing that names the person."""
    approvals = approvals_of(file, row.plan_digest or b"")
    with office.ledger.reading() as unit:
        head = unit.audit.head()
    decisions = decisions_of(file).values()
    not_theirs = [decision for decision in decisions if decision.verdict is Verdict.NOT_THEIRS]
    return {
        "format": FORMAT,
        "program": f"mailsorter {__version__}",
        "case": row.number,
        "kind": row.kind.value,
        "received_on": row.received_on.isoformat(),
        "issued_at": office.clock.now().isoformat(timespec="seconds"),
        "plan": (row.plan_digest or b"").hex(),
        "approvals": {"count": len(approvals), "signed": sum(bool(a.signature) for a in approvals)},
        "subject": sorted(office.ledger.key.digest("subject", a.lower()).hex() for a in marks.addresses),
        "decided_not_theirs": {"count": len(not_theirs), "by_sender": sum(d.by_sender for d in not_theirs)},
        "items": dict(sorted(Counter(i.state.value for i in items).items())),
        "mailboxes": _mailboxes(office, file, plan, looks, items, marks),
        "remainders": _remainders(items),
        "audit_head": head,
    }


def _mailboxes(
    office: Office, file: CaseFile, plan: Plan, looks: list[MailboxLook], items: list[CaseItem], marks: Marks
) -> list[dict[str, Any]]:
    numbers = office.mailbox_numbers(plan.scope)
    compared = {state.mailbox: {f.folder: f for f in state.folders} for state in found_parts.load_all(file)}
    erased = _erased_by_folder(office, plan, items, numbers)
    return [
        {
            "mailbox": _shown(look.mailbox, marks, f"mailbox {numbers.get(look.mailbox, 0)}"),
            "folders": [
                {
                    "folder": _shown(folder.folder, marks, f"folder {index}"),
                    "held_when_searched": before.messages if before else None,
                    "concerned_the_person": before.findings if before else None,
                    "erased": erased[look.mailbox, folder.folder],
                    "holds_now": folder.items,
                    "counted_by_server": folder.held if folder.held >= 0 else None,
                    "names_the_person_now": folder.naming,
                }
                for index, folder in enumerate(look.folders, start=1)
                for before in [compared.get(look.mailbox, {}).get(folder.folder)]
            ],
        }
        for look in looks
    ]


def _erased_by_folder(
    office: Office, plan: Plan, items: list[CaseItem], numbers: dict[str, int]
) -> Counter[tuple[str, str]]:
    erased = {item.token for item in items if item.state is ItemState.ERASED}
    with office.ledger.reading() as unit:
        return Counter(
            (i.finding.mailbox, i.finding.folder)
            for i in plan.items
            if not erased.isdisjoint(spellings(unit.messages.token(numbers.get(i.finding.mailbox, 0), i.finding.id)))
        )


def _remainders(items: list[CaseItem]) -> list[dict[str, Any]]:
    """What stays, by state, ground and day; each item as a keyed digest, so that it can be named later."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for item in items:
        if item.state in STAYS:
            until = item.until.isoformat() if item.until else ""
            group = (STAYS[item.state], item.ground or "", item.article or "", until)
            groups.setdefault(group, []).append(item.token.hex())
    return [
        {
            "why": why,
            "ground": ground,
            "article": article,
            "until": until,
            "count": len(tokens),
            "items": sorted(tokens),
        }
        for (why, ground, article, until), tokens in sorted(groups.items())
    ]


def gaps_data(coverage: Coverage, marks: Marks | None = None) -> list[dict[str, Any]]:
    """What was not read, each with what that means; `marks` hides names of places that name the person."""
    return [
        {
            "mailbox": _shown(gap.mailbox, marks, "a mailbox"),
            "folder": _shown(gap.folder, marks, "a folder"),
            "reason": gap.reason,
            "count": gap.count,
            "kind": gap.kind.value,
        }
        for gap in coverage.gaps_by_mailbox
    ]


def account_data(counted: Account) -> dict[str, Any]:
    """The account: each finding in one bucket, so that the buckets add up to the total."""
    return {
        "total": counted.total,
        "buckets": {bucket.value: count for bucket, count in counted.counts.items()},
        "gone_before": counted.gone_before,
        "past_their_day": counted.overdue,
        "kept": [
            {"ground": line.ground, "article": line.article, "until": str(line.until or ""), "count": line.count}
            for line in counted.of(Bucket.KEPT)
        ],
        "retained": [{"until": str(line.until or ""), "count": line.count} for line in counted.of(Bucket.RETAINED)],
    }


def coverage_data(coverage: Coverage, marks: Marks | None = None) -> dict[str, Any]:
    """How much was looked at, and to which depth."""
    return {
        "depth": coverage.depth.value,
        "depth_means": DEPTHS[coverage.depth],
        "whole": coverage.is_whole,
        "beyond_depth": coverage.beyond_depth,
        "read": coverage.read,
        "mailboxes": [
            {
                "mailbox": _shown(one.mailbox, marks, f"mailbox {index}"),
                "depth": one.depth.value,
                "held": one.held,
                "listed": one.listed,
                "folders": len(one.folders),
                "not_read": sum(bool(folder.refused) for folder in one.folders),
                "refused": one.refused,
            }
            for index, one in enumerate(coverage.mailboxes, start=1)
        ],
    }


def _shown(name: str, marks: Marks | None, otherwise: str) -> str:
    """A mailbox's or folder's name, unless it names the person."""
    if marks is None:
        return name
    return otherwise if marks.in_text(name) or marks.in_address(name) else name
