"""`mailsorter plan`: what `sort` would do now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice

app = typer.Typer(add_completion=False, help="Show what sort would do now, and why.", rich_markup_mode=None)

Limit = Annotated[int | None, typer.Option("--limit", min=1, help="File at most this many messages in each mailbox.")]
Messages = Annotated[bool, typer.Option("--messages", help="Name every message, by its id.")]


@app.command()
def plan(
    ctx: typer.Context,
    limit: Limit = None,
    messages: Messages = False,
    against: Annotated[
        Path | None,
        typer.Option(help="An older client book or config: show what the change since then would re-file."),
    ] = None,
    json: Json = False,
) -> None:
    """Show what sort would do now, and why. Changes nothing, neither mail nor ledger."""
    if against is not None:
        from mailsorter.cli.plan_against import show_differences

        show_differences(ctx, Voice(as_json=json), against, messages=messages)
        return
    show_plan(ctx, Voice(as_json=json), limit=limit, messages=messages)


def show_plan(ctx: typer.Context, voice: Voice, *, limit: int | None, messages: bool) -> None:
    """Compute the plan and print it; `sort --dry-run` is this very function."""
    from mailsorter.cli.plan_view import PlanView
    from mailsorter.cli.working import assembled, finish, outcome_code
    from mailsorter.sorting.run import SortOptions, plan

    with assembled(ctx) as assembly, PlanView(keep_steps=messages or voice.as_json) as view:
        options = SortOptions(view, limit, assembly.stop, brakes=assembly.brakes())
        with voice.progress("Planning"):
            report = plan(assembly.ledger, assembly.clock, assembly.jobs(), options)
        view.show(voice, report)
        finish(outcome_code(report.mailboxes, stopped=assembly.stop.is_set()))
