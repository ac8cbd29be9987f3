"""The table of commands: where each one lives, imported only when it is called.

A command's module has `app: typer.Typer`; with one command in it, it is that command, with several a group of them.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mailsorter.cli.failure import tell

# name: (module, one line for `mailsorter --help`), in the order in which a newcomer meets them
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("mailsorter.cli.demo", "See it work on an invented firm, on this machine."),
    "init": ("mailsorter.cli.init", "Write a config, and print the commands that set the tenant up."),
    "config": ("mailsorter.cli.config", "Check or show the config, or print its schema."),
    "doctor": ("mailsorter.cli.doctor", "Check that everything works, and say what to do."),
    "plan": ("mailsorter.cli.plan", "Show what sort would do now, and why."),
    "sort": ("mailsorter.cli.sort", "File mail into client folders, now."),
    "undo": ("mailsorter.cli.undo", "Take filing back: a run, one message, or a client's."),
    "explain": ("mailsorter.cli.explain", "Say why: of a message, a run, or a code."),
    "review": ("mailsorter.cli.review", "List mail that only a person can place."),
    "daemon": ("mailsorter.cli.daemon", "File mail in the background, for years."),
    "status": ("mailsorter.cli.status", "Show runs, mailboxes, what waits, the audit head."),
    "check": ("mailsorter.cli.check", "Compare ledger and mailboxes, completely."),
    "audit": ("mailsorter.cli.audit", "Verify or export the audit chain."),
    "clients": ("mailsorter.cli.clients", "List, import, check and extend the client book."),
    "predict": ("mailsorter.cli.predict", "Teach predictions, and say what they are worth."),
    "case": ("mailsorter.cli.case", "Handle requests under data-protection law, step by step."),
    "erase": ("mailsorter.cli.erase", "Find, and after approval erase, everything of one person."),
    "manual": ("mailsorter.cli.manual", "Print the man page, or a shell's completion script."),
    "emulator": ("mailsorter.cli.emulator", "An Exchange on this machine, to try things on."),
}


@cache
def command_of(name: str) -> Any:
    """The command itself: imported and read from its functions' signatures once in a process."""
    command = typer.main.get_command(importlib.import_module(COMMANDS[name][0]).app)
    command.name = name
    return command


class LazyGroup(TyperGroup):
    """The group of all commands: its help imports none of them, calling imports one. Errors become exit codes here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, (_, summary) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))  # stands for it in help and suggestions

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command called, and import it."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name not in COMMANDS:
            return name, stand_in, rest
        return name, command_of(name), rest

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does it; remembers whether the answer, and so an error, is to be JSON."""
        ctx.meta["mailsorter.json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error is told, and ends with its own exit code."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Exception) as error:
            if isinstance(error, BrokenPipeError) or type(error).__module__.partition(".")[0] in ("typer", "click"):
                raise  # usage errors, exits: typer's own business
            raise typer.Exit(tell(error, as_json=ctx.meta["mailsorter.json"])) from error
