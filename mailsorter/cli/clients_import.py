"""`mailsorter clients import`: a CRM's export into the client book, shown before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailsorter.cli.failure import ExitCode
from mailsorter.cli.options import Json, Yes, loaded
from mailsorter.cli.voice import Voice
from mailsorter.errors import BrakePulled
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.config.crm_import import Import

_MANY_REMOVALS = 10  # an import that removes more than this and more than a fifth looks like half an export


def import_clients(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CRM's export, as CSV.")],
    map_: Annotated[str, typer.Option("--map", help="membrain, generic, or a TOML file of your own.")] = "generic",
    book: Annotated[
        Path | None, typer.Option(help="The book for imported clients; else crm.toml beside the config.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    accept_removals: Annotated[
        bool, typer.Option("--accept-removals", help="Go on although many clients would be removed.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring in a CRM's export: shows what it adds, changes and removes, asks, and writes a book of its own.

    Clients that stand in any other book are left as they are.
    """
    from mailsorter.config.crm_import import prepare, require_right, write
    from mailsorter.config.crm_map import crm_map

    voice = Voice(as_json=json)
    found = loaded(ctx)
    prepared = prepare(found, file, crm_map(map_), book or found.folder / "crm.toml")
    answer = {**_preview(voice, prepared), "forgotten_again": _forgotten(ctx, voice, prepared)}
    if not prepared.diff.is_empty:
        require_right(found, prepared)
    if dry_run or prepared.diff.is_empty:
        voice.say("Nothing to change." if prepared.diff.is_empty else "Nothing was written (--dry-run).")
        voice.answer({**answer, "written": False})
        return
    _brake(prepared, accept_removals=accept_removals)
    if not voice.confirm(f"Write {prepared.book}?", assume_yes=yes):
        advice = "Nothing was written. To write it, run the same command with --yes"
        voice.warn(advice)
        voice.answer({**answer, "written": False, "next": advice})
        raise typer.Exit(ExitCode.DECISION)
    is_listed = write(prepared)
    voice.say(f"Wrote {prepared.book}.")
    if is_listed and not prepared.is_listed:
        voice.say(f"{found.path} names it now.")
    if not is_listed:
        voice.warn(f"Add {prepared.book.name} to clients in {found.path}: until then it is not read.")
    voice.answer({**answer, "written": True, "listed": is_listed})


def _preview(voice: Voice, prepared: Import) -> dict[str, Any]:
    diff, export = prepared.diff, prepared.export
    for problem in export.problems:
        voice.warn(problem)
    rows: list[tuple[str, str, str, str]] = [("add", e.id, e.name, _evidence(e)) for e in diff.added]
    rows += [("change", key, "", _changes(changes)) for key, changes in diff.changed.items()]
    rows += [("remove", e.id, e.name, "") for e in diff.removed]
    rows += [("keep", e.id, e.name, "written by hand") for e in diff.by_hand]
    if rows:
        voice.table(["", "id", "name", "what"], rows)
    voice.say(
        f"{counted(export.rows, 'row')}: {len(diff.added)} to add, {len(diff.changed)} to change, "
        f"{len(diff.removed)} to remove, "
        f"{len(diff.by_hand)} written by hand and kept, {export.rows_without_company} without a company."
    )
    if not export.has_ids:
        voice.say("The export has no column with ids: a company that is renamed will look like another one.")
    return {
        "book": str(prepared.book),
        "rows": export.rows,
        "rows_without_company": export.rows_without_company,
        "has_ids": export.has_ids,
        "added": [e.model_dump(mode="json", exclude_none=True) for e in diff.added],
        "changed": {key: {k: {"from": a, "to": b} for k, (a, b) in c.items()} for key, c in diff.changed.items()},
        "removed": [e.id for e in diff.removed],
        "kept": [e.id for e in diff.by_hand],
        "problems": export.problems,
    }


def _forgotten(ctx: typer.Context, voice: Voice, prepared: Import) -> list[dict[str, str]]:
    """Clients of the export whose addresses belong to somebody who was forgotten; each is warned of."""
    from mailsorter.cases.returning import returned
    from mailsorter.cli.working import assembled

    entries = [(e.id, a.address) for e in prepared.diff.result for a in e.addresses]
    with assembled(ctx) as assembly:
        if assembly.ledger_file is not None and not assembly.ledger_file.exists():
            return []
        back = returned(assembly.ledger, entries)
    for one in back:
        voice.warn(
            f"Client {one.client_id}: the export brings back an address of somebody forgotten in case {one.case}: "
            "remove it in the CRM."
        )
    return [{"client": one.client_id, "case": one.case} for one in back]


def _evidence(entry: Any) -> str:
    return ", ".join([*entry.domains, *(a.address for a in entry.addresses), *entry.codes])


def _changes(changes: Mapping[str, tuple[Any, Any]]) -> str:
    shown = []
    for key, (before, after) in changes.items():
        if isinstance(before, list) and isinstance(after, list):
            old, new = ({str(_plain(item)) for item in items} for items in (before, after))
            signs = [*(f"+{item}" for item in sorted(new - old)), *(f"-{item}" for item in sorted(old - new))]
            shown.append(f"{key}: {' '.join(signs)}")
        else:
            shown.append(f"{key}: {before} > {after}")
    return "; ".join(shown)


def _plain(item: Any) -> Any:
    return item["address"] if isinstance(item, dict) else item


def _brake(prepared: Import, *, accept_removals: bool) -> None:
    removed = len(prepared.diff.removed)
    before = removed + len(prepared.diff.result) - len(prepared.diff.added)
    if removed > _MANY_REMOVALS and removed * 5 > before and not accept_removals:
        raise BrakePulled(
            f"This import would remove {removed} of {before} imported clients; the export may be incomplete.",
            brake="removals",
            advice="If they are really gone, run it again with --accept-removals",
        )
