"""What `status`, `check` and `doctor` say of keys that were replaced: how far the ledger is, and when each may go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailsorter.cli.moments import moment
from mailsorter.model.counted import counted, plural

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.ledger.former import UnderFormerKey


def key_data(assembly: Assembly) -> list[dict[str, Any]]:
    """Each former key that the ledger still knows, as JSON has it, oldest first; [] when there is none."""
    from mailsorter.ledger.former import under_former_keys

    with assembly.ledger.reading() as unit:
        keys = under_former_keys(unit.connection, unit.now_s)
    return [state_data(key) for key in keys]


def state_data(key: UnderFormerKey) -> dict[str, Any]:
    """One of them."""
    return {
        "replaced": moment(key.replaced_s),
        "rekeyed": moment(key.rekeyed_s),
        "rows": key.rows,
        "tombstones": key.tombstones,
        "last_tombstone_expires": moment(key.last_expires_s),
        "open_cases": key.open_cases,
        "kept_items": key.kept_items,
        "case_files": key.case_files,
        "may_go": key.may_go,
    }


def key_words(keys: Sequence[dict[str, Any]]) -> list[str]:
    """The same in words, and what to do next; [] when there is nothing to tell."""
    return [line for key in keys for line in _told(key)]


def _told(key: dict[str, Any]) -> list[str]:
    rows = ", ".join(f"{count} of {table}" for table, count in sorted(key["rows"].items()))
    replaced = f"the ledger's key that was replaced on {key['replaced'][:10]}"
    if key["may_go"]:
        return [f"{replaced} may go: take it out of [ledger] former_keys, then destroy it"]
    lines = [f"{replaced} is still needed; keep it in [ledger] former_keys"]
    if key["rekeyed"] is None:
        lines.append(f"  rows under it: {rows or 'none'}; every mailbox must be gone through: mailsorter check")
        if key["case_files"]:
            cases = ", ".join(f"{number} ({why})" for number, why in sorted(key["case_files"].items()))
            lines.append(f"  files of cases not looked at: {cases}; run mailsorter check as the officer who has them")
    elif rows:
        lines.append(f"  rows under it that no mailbox shows any more: {rows}; they go with it")
    if key["tombstones"]:
        lines.append(
            f"  {counted(key['tombstones'], 'tombstone')} under it, the last until {key['last_tombstone_expires'][:10]}"
        )
    if key["kept_items"]:
        lines.append(
            f"  {counted(key['kept_items'], 'kept item')} of cases that no check met: in an archive, or gone; until due"
        )
    if key["open_cases"]:
        opened = counted(key["open_cases"], "case from before is open", "cases from before are open")
        lines.append(f"  {opened}: finish or close {plural(key['open_cases'], 'it', 'them')} (mailsorter case list)")
    return lines
