"""The list for a reviewer: rows for a table, CSV that no spreadsheet takes for formulas, JSON.

It is readable personal data: it goes to the terminal or to where the officer points, and is never kept by us.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from mailsorter.cases.alone import hold
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.office import Office
from mailsorter.cases.plan import plan_of
from mailsorter.cases.witnessed import refresh
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import PlanItem, Verdict
from mailsorter.model.lifecycle import CaseState
from mailsorter.plain_text import one_line

COLUMNS = (
    "handle", "verdict", "reason", "role", "seen", "received", "mailbox", "folder", "sender", "recipients", "subject",
    "attachments", "ground", "article", "until", "decided_by", "decision_reason",
)  # fmt: skip

_AFTER_A_PROOF = (CaseState.PERFORMED, CaseState.PROVEN, CaseState.ANSWERED)


def listed(office: Office, row: CaseRow, file: CaseFile, *, undecided: bool) -> tuple[PlanItem, ...]:
    """The list, and after a proof also what the witness saw beside it, read from the mailboxes as it is now.

    Raises:
        UserError: there is no plan.
        LedgerLocked: another command works on the case.
    """
    plan = plan_of(file)
    items = plan.undecided if undecided else plan.items
    if row.state not in _AFTER_A_PROOF:
        return items
    with hold(office.folder, row.number):  # what it writes down must not replace what a proof writes meanwhile
        now = refresh(office, file)
    seen = [PlanItem(finding=one.finding, verdict=Verdict.LOOK, reason="seen-by-witness") for one in now]
    return (*items, *seen)


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def rows(items: Iterable[PlanItem]) -> Iterator[dict[str, str]]:
    """One row an item, all values as text, raw."""
    for item in items:
        finding, ground = item.finding, item.ground
        yield {
            "handle": finding.handle,
            "verdict": item.verdict.value,
            "reason": item.reason,
            "role": finding.role.value,
            "seen": " ".join(finding.seen),
            "received": finding.received_at.isoformat() if finding.received_at else "",
            "mailbox": finding.mailbox,
            "folder": finding.folder,
            "sender": finding.sender,
            "recipients": "; ".join(finding.recipients),
            "subject": finding.subject,
            "attachments": "; ".join(finding.attachments),
            "ground": ground.rule if ground else "",
            "article": ground.article if ground else "",
            "until": ground.until.isoformat() if ground else "",
            "decided_by": item.decided_by,
            "decision_reason": item.decision_reason,
        }


def as_csv(items: Iterable[PlanItem]) -> str:
    """CSV by RFC 4180 with a header line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows(items):
        writer.writerow({name: neutral(value) for name, value in row.items()})
    return out.getvalue()


def neutral(value: str) -> str:
    """A cell that a spreadsheet shows and never computes: an apostrophe before what would start a formula.

    Line breaks become blanks: a cell of several lines could start one of them with a formula in some programs.
    Control and bidi characters go first, so that none hides the start of a formula.
    """
    flat = one_line(value)
    return f"'{flat}" if flat.lstrip().startswith(_FORMULA_STARTS) or value.startswith(_FORMULA_STARTS) else flat
