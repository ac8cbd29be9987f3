"""`mailsorter sort`: one run over all mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.options import Json, warn_of_cases
from mailsorter.cli.plan import Limit, Messages, show_plan
from mailsorter.cli.voice import Advance, Voice
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.perform import StepResult
    from mailsorter.sorting.ground import MailboxGround
    from mailsorter.sorting.planning import WindowPlan
    from mailsorter.sorting.report import MailboxReport, RunReport

app = typer.Typer(add_completion=False, help="File mail into client folders, now.", rich_markup_mode=None)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")]
GoOn = Annotated[bool, typer.Option("--yes", "-y", help="Go on although a brake says that this run looks wrong.")]


@app.command()
def sort(
    ctx: typer.Context,
    limit: Limit = None,
    dry_run: DryRun = False,
    yes: GoOn = False,
    messages: Messages = False,
    json: Json = False,
) -> None:
    """File mail into client folders, now: every mailbox of the config, once."""
    voice = Voice(as_json=json)
    if dry_run:
        show_plan(ctx, voice, limit=limit, messages=messages)
        return
    from mailsorter.cli.working import assembled, finish, outcome_code, run_data
    from mailsorter.sorting.run import SortOptions
    from mailsorter.sorting.run import sort as sort_all

    with assembled(ctx) as assembly:
        warn_of_cases(assembly.loaded)
        with voice.progress("Filing") as advance:
            options = SortOptions(Progress(advance), limit, assembly.stop, brakes=assembly.brakes(go_on=yes))
            report = sort_all(assembly.ledger, assembly.clock, assembly.jobs(), options)
        show_run(voice, report)
        voice.answer(run_data(report))
        finish(outcome_code(report.mailboxes, stopped=assembly.stop.is_set()))


class Progress:
    """Moves a progress bar on with each message filed."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        pass

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        pass

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        self._advance(len(results))


def show_run(voice: Voice, report: RunReport) -> None:
    """Print what a run did."""
    from mailsorter.cli.working import problems

    rows = [(r.mailbox, r.pulled, r.filed, r.left.total(), r.skipped.total(), r.failed) for r in report.mailboxes]
    voice.table(("mailbox", "pulled", "filed", "left", "skipped", "failed"), rows)
    left: dict[str, int] = {}
    for mailbox in report.mailboxes:
        for reason, count in (+mailbox.left).items():
            left[reason] = left.get(reason, 0) + count
        settled = f"{mailbox.mailbox}: found out how {counted(mailbox.settled, 'step')} of an interrupted run had ended"
        voice.say(*([settled] if mailbox.settled else []), *(f"{mailbox.mailbox}: {note}" for note in mailbox.notes))
    if left:
        voice.say("left: " + ", ".join(f"{reason} {count}" for reason, count in sorted(left.items())))
    for line in problems(report.mailboxes):
        voice.warn(line)
    voice.say(f"Run {report.run}: {report.total('filed')} of {counted(report.total('pulled'), 'message')} filed.")
    if report.total("filed"):
        voice.say(f"Why: mailsorter explain {report.run}   Take it back: mailsorter undo {report.run}")
    if left.get("unmatched") or left.get("ambiguous"):
        voice.say("What waits for a person: mailsorter review")
