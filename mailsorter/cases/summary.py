"""All cases at a glance: outcome and buckets of each, for `case list` and `status`."""

from __future__ import annotations

import msgspec

from mailsorter.cases.office import Office
from mailsorter.cases.standing import closed_counts, ledger_account, outcome_of, standing_of
from mailsorter.errors import LedgerError, UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.verdict import Outcome


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One case: its row, how its proof stands today (None: nothing was performed), and its buckets."""

    row: CaseRow
    outcome: Outcome | None
    counts: dict[str, int]
    by_ledger_alone: bool = False  # open, and its file is not this user's: no outcome, and what the file has is missing

    @property
    def total(self) -> int:
        """How many findings there are in all."""
        return sum(self.counts.values())


def summaries(office: Office) -> list[Summary]:
    """Every case, oldest first. Of one whose file cannot be read the ledger alone tells."""
    with office.ledger.reading() as unit:
        rows = unit.cases.all()
    return [_summary(office, row) for row in rows]


def _summary(office: Office, row: CaseRow) -> Summary:
    if row.state is not CaseState.CLOSED:
        try:
            stands = standing_of(office, row, office.open_file(row.number))
        except (UserError, LedgerError):
            pass
        else:
            counts = {bucket.value: count for bucket, count in stands.account.counts.items()}
            outcome = stands.verdict.outcome if stands.verdict is not None else None
            return Summary(row=row, outcome=outcome, counts=counts)
    is_closed = row.state is CaseState.CLOSED
    with office.ledger.reading() as unit:
        counts = closed_counts(row, ledger_account(office, unit, row))
        outcome = outcome_of(office, unit, row) if is_closed else None
        return Summary(row=row, outcome=outcome, counts=counts, by_ledger_alone=not is_closed)
