"""A tombstone for every item that is gone, however it went: a restored backup must not bring it back unnoticed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from mailsorter.cases.office import Office
from mailsorter.ledger.cases import CaseItem
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.tombstones import Traces


def bury(office: Office, unit: Unit, items: Iterable[CaseItem]) -> None:
    """Remember these items, by digests alone, until every backup from before today has expired."""
    horizon = office.clock.now() + timedelta(days=office.firm.backup_days)
    traces = [Traces(item.search_key, item.message_id, item.received) for item in items]
    unit.tombstones.bury(traces, int(horizon.timestamp()))
