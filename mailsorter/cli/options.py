"""Options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mailsorter.config.load import Loaded

Depths = Literal["headers", "bodies", "everything"]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON; it holds what the text holds.")]
Read = Annotated[
    Depths | None,
    typer.Option(
        "--read",
        help="How deep: headers, bodies (the text of every message; the default), or everything (attachments too).",
    ),
]
TODAY = "mailsorter.today"
"""Under this name click's context keeps the day that the person says it is."""

Today = Annotated[
    datetime | None,
    typer.Option(
        "--today",
        help="What day it is, where nothing else confirms this machine's clock.",
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
    ),
]


def keep_today(ctx: typer.Context, today: datetime | None) -> None:
    """Keep the day for the assembly that the command makes."""
    ctx.meta[TODAY] = today.date() if today is not None else None


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def config_file(ctx: typer.Context) -> Path:
    """The config file: `--config`, else $MAILSORTER_CONFIG, else config/mailsorter.toml."""
    from mailsorter.config.load import config_path

    given: Path | None = ctx.find_root().params.get("config")
    return config_path(given)


def warn_of_cases(found: Loaded) -> None:
    """Print, on standard error, what is wrong with the config for cases alone; filing goes on."""
    import sys

    from mailsorter.cli.clean import clean

    for line in found.case_problems:
        print(clean(f"{line} (filing goes on; cases are stopped)"), file=sys.stderr)
    for line in found.warnings:
        print(clean(line), file=sys.stderr)


def loaded(ctx: typer.Context) -> Loaded:
    """The checked config with its client books. Raises ConfigError with all problems."""
    from mailsorter.config.load import load

    return load(config_file(ctx))
