"""The `mailsorter` command and its global options; `commands.py` has the table of commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailsorter import __version__
from mailsorter.cli.commands import LazyGroup

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,  # its tracebacks show local values, which may be mail
    rich_markup_mode=None,
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"mailsorter {__version__}")
        raise typer.Exit


@app.callback()
def main(
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The config file; else $MAILSORTER_CONFIG, else config/mailsorter.toml."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Files mail in a folder per client, and can prove that a person's mail is gone."""


def run() -> None:
    """Run the command line on this process's arguments; exits with a code of the README's table."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter must not end a run
    app(prog_name="mailsorter")
