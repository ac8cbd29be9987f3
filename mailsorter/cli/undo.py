"""`mailsorter undo`: take filing back."""

from __future__ import annotations

from typing import Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError
from mailsorter.model.counted import counted

app = typer.Typer(
    add_completion=False, help="Take filing back: a run, one message, or a client's.", rich_markup_mode=None
)


@app.command()
def undo(
    ctx: typer.Context,
    run: Annotated[str | None, typer.Argument(help="The run, as sort and status name it.")] = None,
    message: Annotated[
        str | None, typer.Option("--message", help="Only this message: its id, or its <Message-ID>.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", help="All filing of this client, by its id.")] = None,
    json: Json = False,
) -> None:
    """Move back what still lies where mailsorter put it. An undo is a run too, and can be undone."""
    if sum(given is not None for given in (run, message, client)) != 1:
        raise UserError("Name one thing to undo.", advice="mailsorter undo RUN | --message ID | --client ID")
    from mailsorter.cli.working import assembled, finish, outcome_code, run_data
    from mailsorter.sorting.undo import undo_client, undo_message, undo_run

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        ledger, clock, connect = assembly.ledger, assembly.clock, assembly.connect
        ids = [c.id for c in assembly.book]
        if run is not None:
            report = undo_run(ledger, clock, run, connect, ids)
        elif message is not None:
            from mailsorter.sorting.explain import tokens_of_message

            report = undo_message(ledger, clock, tokens_of_message(ledger, message, list(connect)), connect, ids)
        else:
            if client not in ids:
                raise UserError(
                    f"There is no client {client}.", advice="Clients are listed by: mailsorter clients list"
                )
            report = undo_client(ledger, clock, client, connect, ids)
        for mailbox in report.mailboxes:
            stays = [f"{reason} {count}" for reason, count in sorted((+mailbox.left + +mailbox.skipped).items())]
            voice.say(
                f"{mailbox.mailbox}: {counted(mailbox.filed, 'message')} moved back"
                + (f"; {', '.join(stays)}" if stays else "")
            )
            if mailbox.error is not None:
                voice.warn(f"{mailbox.mailbox}: {mailbox.error}")
        voice.say(
            f"Run {report.run}: {report.total('filed')} of {counted(report.total('pulled'), 'message')} moved back."
        )
        voice.answer(run_data(report))
        finish(outcome_code(report.mailboxes))
