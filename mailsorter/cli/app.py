"""The `mailsorter` command: its global options; each command lives in a file of its own and is imported when called."""

from __future__ import annotations

import typer

from mailsorter import __version__

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"mailsorter {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Files mail in a folder per client, and can prove that a person's mail is gone."""


def run() -> None:
    """Run the command line on this process's arguments."""
    app()
