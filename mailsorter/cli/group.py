"""A group of commands whose help says each command's first sentence whole."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_WHOLE = 500


class Group(TyperGroup):
    """A group as typer has it, but for its help: a sentence is wrapped there, never cut off in the middle."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in the order in which they were declared, each with its first sentence."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
