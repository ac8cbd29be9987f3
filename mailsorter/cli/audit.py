"""`mailsorter audit`: verify and export the chain of what was done."""

from __future__ import annotations

import json as jsons
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.failure import ExitCode
from mailsorter.cli.group import Group
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.ledger.audit import AuditEntry

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    help="Verify or export the audit chain.",
    rich_markup_mode=None,
)

Head = Annotated[
    str | None,
    typer.Option("--head", help="The head kept elsewhere, as status printed it: shows a cut or rewritten end too."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="A file that does not exist yet; else standard output.")]


@app.command()
def verify(ctx: typer.Context, head: Head = None, json: Json = False) -> None:
    """Check every entry of the chain; names the first altered, missing, inserted or cut one. Exit code 1 then."""
    from mailsorter.cli.working import assembled, finish

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly, assembly.ledger.reading() as unit:
        fault = unit.audit.verify(head)
        now = unit.audit.head()
    entries = int(now.partition(":")[0])
    if fault is None:
        voice.say(f"The chain holds: {counted(entries, 'entry', 'entries')}.", f"audit head {now}")
        if head is None:
            voice.say("Keep the head elsewhere; with verify --head HEAD it shows a cut or rewritten end too.")
    else:
        voice.say(f"The chain is broken: {fault.text}.")
        voice.warn("Keep a copy of the ledger as it is, and compare with the head and exports kept elsewhere.")
    told = None if fault is None else {"number": fault.number, "kind": fault.kind, "text": fault.text}
    voice.answer({"holds": fault is None, "entries": entries, "head": now, "fault": told})
    finish(ExitCode.DONE if fault is None else ExitCode.UNEXPECTED)


@app.command()
def export(ctx: typer.Context, out: Out = None, json: Json = False) -> None:
    """Write every entry, one JSON object a line, in canonical form with its MAC."""
    from mailsorter.cli.working import assembled
    from mailsorter.files import open_new, require_new

    voice = Voice(as_json=json)
    if out is not None:
        require_new(out, "--out")
    count, head = 0, ""
    with assembled(ctx) as assembly, assembly.ledger.reading() as unit:
        target: IO[str] = sys.stdout if out is None else TextIOWrapper(open_new(out, "--out"), encoding="utf-8")
        try:
            for entry in unit.audit.entries():
                print(_line(entry), file=target)
                count += 1
        finally:
            if out is not None:
                target.close()
        head = unit.audit.head()
    if out is not None:
        voice.say(f"{out}: {counted(count, 'entry', 'entries')}.", f"audit head {head}")
        voice.answer({"file": str(out), "entries": count, "head": head})


def _line(entry: AuditEntry) -> str:
    fields = {"number": entry.number, "at": entry.at_s, "kind": entry.kind, "body": entry.body, "mac": entry.mac.hex()}
    return jsons.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
