"""`mailsorter predict`: teach the prediction model, say what it is worth, forget a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.group import Group
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Advance, Voice
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.sorting.earlier_folders import EarlierFolder
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
    yes: Annotated[
        bool, typer.Option("--yes", help="Also learn from folders that have a client's name or id, without asking.")
    ] = False,
    json: Json = False,
) -> None:
    """Learn from what lies in client folders now; nothing leaves this machine, and no text is kept."""
    from mailsorter.cli.working import assembled
    from mailsorter.prediction.forgetting import hold_model
    from mailsorter.prediction.report import make_report
    from mailsorter.sorting.earlier_folders import earlier_folders
    from mailsorter.sorting.teaching import newest, read_lessons, teach, without_forgotten

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        earlier = [
            one
            for entry in assembly.config.mailbox
            for one in earlier_folders(assembly.ledger, assembly.clock, entry.address, assembly.filing(entry),
                                       assembly.connect[entry.address])
        ]  # fmt: skip
        earlier, skipped = _confirmed(voice, earlier, assume_yes=yes)
        with voice.progress("Reading client folders") as advance:
            lessons = newest(
                lesson
                for entry in assembly.config.mailbox
                for lesson in _counted(read_lessons(assembly.ledger, assembly.clock, entry.address,
                                                    assembly.filing(entry), assembly.connect[entry.address],
                                                    earlier), advance)
            )  # fmt: skip
        with hold_model(assembly.prediction_file):
            lessons = without_forgotten(assembly.ledger, lessons)
            model = assembly.prediction_model(empty=anew)
            with voice.progress("Learning", len(lessons)) as advance:
                learned = teach(model, lessons, assembly.open_any, advance)
            assembly.keep_prediction_model(model)
        is_tested_again = bool(learned) and assembly.config.predict.enabled
        if is_tested_again:
            with assembly.ledger.unit() as unit:  # the next run reads every watched folder from its beginning
                for entry in assembly.config.mailbox:
                    unit.cursors.forget(unit.places.mailbox(entry.address))
        report = make_report(model)
    voice.say(
        f"Read {counted(len(lessons), 'filed message')}, {learned} of them new; the model remembers "
        f"{counted(report.messages, 'message')} "
        f"of {counted(report.clients, 'client')}.",
        "What it is worth: mailsorter predict report",
    )
    if is_tested_again:
        voice.say("Mail that was left is tested again by the next run: mailsorter plan")
    voice.answer(
        {
            "read": len(lessons),
            "learned": learned,
            "messages": report.messages,
            "clients": report.clients,
            "earlier_folders": [_folder_data(one) for one in earlier],
            "skipped_folders": [_folder_data(one) for one in skipped],
            "tested_again": is_tested_again,
        }
    )


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
        f"{counted(found.messages, 'message')} of {counted(found.clients, 'client')}; "
        f"{counted(found.predictions, 'prediction')} on unseen mail, "
        f"{100 * found.accuracy:.1f} % right.",
        f"At the target of {100 * found.target:g} % it files {100 * found.coverage:.1f} % of mail like this; "
        f"{counted(found.on_probation, 'client is', 'clients are')} only suggested after a contradiction.",
    )
    voice.table(
        ["precision", "would file", "of them right", "of all %"],
        [[f"{100 * c.precision:g} %", c.filed, c.right, f"{100 * c.coverage:.1f}"] for c in found.coverage_at],
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
    voice.say(f"Unlearned {counted(forgotten, 'message')}.")
    voice.answer({"forgotten": forgotten})


def _counted(lessons: Iterable[Lesson], advance: Advance) -> Iterator[Lesson]:
    for lesson in lessons:
        advance(1)
        yield lesson


def _confirmed(
    voice: Voice, earlier: list[EarlierFolder], *, assume_yes: bool
) -> tuple[list[EarlierFolder], list[EarlierFolder]]:
    """Which of the folders that were there before a person calls the clients', and which are skipped, each with why."""
    from mailsorter.model.folder import show_path

    usable = [one for one in earlier if not one.why_not]
    skipped = [one for one in earlier if one.why_not]
    if earlier:
        voice.table(
            ("mailbox", "folder", "client", "messages", "skipped because"),
            [(one.address, show_path(one.path), one.client_id, one.messages, one.why_not) for one in earlier],
        )
    if usable and not voice.confirm("Are these the clients' mail, to learn from?", assume_yes=assume_yes):
        skipped += [replace(one, why_not="not confirmed: --yes confirms") for one in usable]
        usable = []
    return usable, skipped


def _folder_data(one: EarlierFolder) -> dict[str, object]:
    return {
        "mailbox": one.address,
        "folder": list(one.path),
        "client": one.client_id,
        "messages": one.messages,
        "skipped_because": one.why_not or None,
    }
