"""Moving a case along its life cycle, with its entry in the audit chain, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mailsorter.cases.office import Office
from mailsorter.ledger.audit import AuditValue
from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.ledger import Unit
from mailsorter.model.lifecycle import CaseAct, move


def check(row: CaseRow, act: CaseAct) -> None:
    """Raise `LifecycleError` when the case cannot take this step now: before any work is done for it."""
    move(row.state, act, before_suspension=row.before_suspension)


def advance(
    office: Office,
    row: CaseRow,
    act: CaseAct,
    *,
    counts: dict[str, AuditValue] | None = None,
    also: Callable[[Unit], None] | None = None,
    **changes: Any,
) -> CaseRow:
    """Take the step: the new row, an audit entry of case, act and counts, and what `also` writes, all or nothing.

    Raises:
        LifecycleError: the table has no such move.
        UserError: somebody else moved the case in the meantime.
    """
    state = move(row.state, act, before_suspension=row.before_suspension)
    after = msgspec.structs.replace(row, state=state, **changes)
    with office.ledger.unit() as unit:
        unit.cases.save(after, was=row.state)
        if also is not None:
            also(unit)
        body: dict[str, AuditValue] = {"case": row.number, "from": row.state.value, "to": state.value}
        unit.audit.append(f"case.{act.value}", body | (counts or {}))
    return after
