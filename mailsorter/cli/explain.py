"""`mailsorter explain`: why a message lies where it lies, what a run did, what a code means."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError
from mailsorter.model.folder import show_path

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.ledger.runs import Run
    from mailsorter.sorting.explain import MessageExplanation

_SHORTEST_ID = 40  # Exchange's ids are far longer

app = typer.Typer(add_completion=False, help="Say why: of a message, a run, or a code.", rich_markup_mode=None)


@app.command()
def explain(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="A message's id or <Message-ID>, a run, or a code such as domain.")],
    json: Json = False,
) -> None:
    """Say why: where a message lies and on what evidence, what a run did, or what a code means."""
    from mailsorter.model import explanations

    voice = Voice(as_json=json)
    paragraph = explanations.explain(what)
    if paragraph is not None:
        voice.say(*paragraph.splitlines())
        voice.answer({"code": what, "explanation": paragraph})
        return
    if _looks_like_a_code(what):
        raise _no_such_code(what)
    from mailsorter.cli.working import assembled

    with assembled(ctx) as assembly:
        with assembly.ledger.reading() as unit:
            run = unit.runs.find(what) if _looks_like_a_run(what) else None
        if run is not None:
            _run(voice, assembly, run)
        else:
            _message(voice, assembly, what)


def _looks_like_a_code(what: str) -> bool:
    """No id or run is small letters and hyphens alone, so no mailbox need be asked for a misspelt code."""
    return re.fullmatch(r"[a-z]+(-[a-z]+)*", what.strip()) is not None and len(what) < _SHORTEST_ID


def _no_such_code(what: str) -> UserError:
    from mailsorter.model import explanations

    near = difflib.get_close_matches(what.strip().lower(), explanations.codes(), n=1)
    advice = f"Did you mean: mailsorter explain {near[0]}" if near else "docs/evidence.md has all codes."
    return UserError(f"There is no code {what.strip()}.", advice=advice)


def _looks_like_a_run(what: str) -> bool:
    return len(what) >= 8 and what[:8].isdigit() and "@" not in what


def _run(voice: Voice, assembly: Assembly, run: Run) -> None:
    from mailsorter.cli.moments import moment
    from mailsorter.sorting.explain import explain_run

    found = explain_run(assembly.ledger, run, [client.id for client in assembly.book])
    names = {client.id: client.name for client in assembly.book}
    voice.say(f"Run {run.id} ({run.kind}) of {moment(run.started_s)}: {run.state}" + _undone(found.undone_by))
    voice.say(", ".join(f"{name} {count}" for name, count in run.counts.items()))
    if found.folders_made:
        voice.say(f"folders made: {found.folders_made}")
    rows = [
        (names.get(client, client), code, ended, count) for (client, code, ended), count in sorted(found.moves.items())
    ]
    if rows:
        voice.table(("client", "because of", "ended", "messages"), rows)
        voice.say("What a reason means: mailsorter explain domain")
    voice.answer(
        {
            "run": run.id,
            "kind": run.kind,
            "state": run.state,
            "started": moment(run.started_s),
            "ended": moment(run.ended_s),
            "counts": run.counts,
            "folders_made": found.folders_made,
            "undone_by": found.undone_by,
            "moves": [
                {"client": client, "because_of": code, "ended": ended, "messages": count}
                for (client, code, ended), count in sorted(found.moves.items())
            ],
        }
    )


def _undone(by: str | None) -> str:
    return f", undone by run {by}" if by else ""


def _message(voice: Voice, assembly: Assembly, message: str) -> None:
    from mailsorter.sorting.explain import explain_message

    filings = {entry.address: assembly.filing(entry) for entry in assembly.config.mailbox}
    found = explain_message(assembly.ledger, assembly.clock, message, filings, assembly.connect)
    for explanation in found:
        show_message(voice, explanation)
    voice.answer({"messages": [message_data(explanation) for explanation in found]})


def show_message(voice: Voice, found: MessageExplanation) -> None:
    from mailsorter.cli.moments import moment
    from mailsorter.model import explanations
    from mailsorter.sorting.explain import evidence_code

    voice.say(f"{found.mailbox}: lies in {show_path(found.folder)}")
    row = found.row
    if row is None:
        voice.say("  ledger: never seen by a run")
    else:
        because = f" to {found.client} because of {evidence_code(row.evidence)}" if found.client else ""
        in_run = f" in run {found.run}" if found.run else ""
        received = f", received {moment(row.received_s)}" if row.received_s else ""
        voice.say(f"  ledger: {row.state.name.lower().replace('_', '-')}{because}{in_run}{received}")
    match = found.decision.match if found.decision else None
    if match is None:
        return
    voice.say(f"  matching now: {match.outcome}" + (f" {', '.join(match.clients)}" if match.clients else ""))
    for evidence in match.evidence:
        told = f"{evidence.kind.code}: {evidence.detail}" if evidence.detail else evidence.kind.code
        voice.say(f"    {told} points to {evidence.client_id}")
    if match.labels:
        voice.say(f"    labels: {', '.join(match.labels)}")
    shown = explanations.explain(str(match.reason))
    if shown:
        voice.say(f"    {match.reason}: {shown.splitlines()[0]}")


def message_data(found: MessageExplanation) -> dict[str, object]:
    from mailsorter.cli.moments import moment
    from mailsorter.sorting.explain import evidence_code

    row, match = found.row, found.decision.match if found.decision else None
    return {
        "mailbox": found.mailbox,
        "folder": list(found.folder),
        "ledger": None
        if row is None
        else {
            "state": row.state.name.lower().replace("_", "-"),
            "client": found.client,
            "because_of": evidence_code(row.evidence),
            "run": found.run,
            "received": moment(row.received_s),
        },
        "match": None
        if match is None
        else {
            "outcome": str(match.outcome),
            "clients": list(match.clients),
            "reason": str(match.reason),
            "labels": list(match.labels),
            "evidence": [{"code": e.kind.code, "client": e.client_id, "detail": e.detail} for e in match.evidence],
        },
    }
