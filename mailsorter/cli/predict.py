"""`mailsorter predict`: teach the prediction model, say what it is worth, forget a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.group import Group
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Advance, Voice

if TYPE_CHECKING:
    from mailsorter.sorting.teaching import Lesson

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Teach predictions from filed mail, and say what they are worth.",
)


@app.command()
def train(
    ctx: typer.Context,
    anew: Annotated[bool, typer.Option("--anew", help="Forget everything first, and start from empty.")] = False,
    json: Json = False,
) -> None:
    """Learn from what lies in client folders now; nothing leaves this machine, and no text is kept."""
    from mailsorter.cli.working import assembled
    from mailsorter.prediction.forgetting import hold_model
    from mailsorter.prediction.report import make_report
    from mailsorter.sorting.teaching import newest, read_lessons, teach, without_forgotten

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        with voice.progress("Reading client folders") as advance:
            lessons = newest(
                lesson
                for entry in assembly.config.mailbox
                for lesson in _counted(read_lessons(assembly.ledger, assembly.clock, entry.address,
                                                    assembly.filing(entry), assembly.connect[entry.address]), advance)
            )  # fmt: skip
        with hold_model(assembly.prediction_file):
            lessons = without_forgotten(assembly.ledger, lessons)
            model = assembly.prediction_model(empty=anew)
            with voice.progress("Learning", len(lessons)) as advance:
                learned = teach(model, lessons, assembly.open_any, advance)
            assembly.keep_prediction_model(model)
        report = make_report(model)
    voice.say(
        f"Read {len(lessons)} filed messages, {learned} of them new; the model remembers {report.messages} "
        f"of {report.clients} clients.",
        "What it is worth: mailsorter predict report",
    )
    voice.answer({"read": len(lessons), "learned": learned, "messages": report.messages, "clients": report.clients})


@app.command()
def report(
    ctx: typer.Context,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a plot to this file, as SVG.")] = None,
    json: Json = False,
) -> None:
    """Show how often predictions were right on mail not seen before, and how much would be filed."""
    from mailsorter.cli.working import assembled
    from mailsorter.files import create, require_new
    from mailsorter.prediction.model import MIN_MESSAGES
    from mailsorter.prediction.report import make_report, plot_svg

    voice = Voice(as_json=json)
    if plot is not None:
        require_new(plot, "--plot")
    with assembled(ctx) as assembly:
        found = make_report(assembly.prediction_model())
        is_on = assembly.config.predict.enabled
    if plot is not None:
        create(plot, plot_svg(found).encode(), "--plot")
    voice.table(
        ["sureness from", "predictions", "right", "precision %", "files"],
        [[f"{b.sureness_from:g}", b.predictions, b.right, f"{100 * b.precision:.1f}" if b.predictions else "",
          "yes" if b.files else "no"] for b in found.bands],
    )  # fmt: skip
    voice.say(
        f"{found.messages} messages of {found.clients} clients; {found.predictions} predictions on unseen mail, "
        f"{100 * found.accuracy:.1f} % right.",
        f"At the target of {100 * found.target:g} % it files {100 * found.coverage:.1f} % of mail like this; "
        f"{found.on_probation} clients are only suggested after a contradiction.",
    )
    if found.messages < MIN_MESSAGES:
        voice.say(f"It needs {MIN_MESSAGES} filed messages before it says anything: mailsorter predict train")
    if not is_on:
        voice.say("Predictions are off: [predict] enabled = true turns them on.")
    voice.answer({**found.as_json(), "enabled": is_on, "plot": plot})


@app.command()
def forget(
    ctx: typer.Context,
    addresses: Annotated[list[str], typer.Argument(help="Addresses of the person to be forgotten.")],
    json: Json = False,
) -> None:
    """Unlearn every message that names a person: the model is then as if it had never seen them."""
    from mailsorter.cli.working import assembled
    from mailsorter.prediction.forgetting import Unlearn

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        forgotten = assembly.unlearn(Unlearn(addresses=tuple(addresses)))
    voice.say(f"Unlearned {forgotten} messages.")
    voice.answer({"forgotten": forgotten})


def _counted(lessons: Iterable[Lesson], advance: Advance) -> Iterator[Lesson]:
    for lesson in lessons:
        advance(1)
        yield lesson
