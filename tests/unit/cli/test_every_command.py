"""What holds for every command there is."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.cli.commands import COMMANDS


def commands() -> Iterator[tuple[str, Any]]:
    for name, (module, _) in COMMANDS.items():
        command = typer.main.get_command(importlib.import_module(module).app)
        below = getattr(command, "commands", None)
        if below is None:
            yield name, command
        else:
            yield from ((f"{name} {child}", below[child]) for child in below)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_it_answers_as_json_and_says_what_it_does(name: str, command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    assert (command.help or "").strip()
    for parameter in command.params:
        if parameter.opts[0].startswith("--") and parameter.opts[0] != "--help":
            assert parameter.help, f"{name} {parameter.opts[0]} says nothing of itself"


def test_no_help_breaks_a_sentence_off() -> None:
    """What a newcomer reads of each group's commands, on a terminal of 80 columns."""
    groups = sorted({name.split()[0] for name, _ in commands() if " " in name})
    assert "case" in groups
    for words in ([], *([group] for group in groups)):
        told = CliRunner().invoke(app, [*words, "--help"], prog_name="mailsorter", terminal_width=80)
        assert told.exit_code == 0
        assert "..." not in told.stdout.partition("Commands:")[2], words
