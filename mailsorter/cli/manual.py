"""The man page and the shells' completion, made from the commands themselves, so that neither can drift from them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from mailsorter.cli.group import Group
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    help="Print the man page, or a shell's completion script.",
    rich_markup_mode=None,
)


class Shell(StrEnum):
    """Shells that can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def page(json: Json = False) -> None:
    """Print the man page (troff): mailsorter manual page > mailsorter.1"""
    voice = Voice(as_json=json)
    text = man_page()
    if not json:
        print(text, end="")
    voice.answer({"page": text})


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell.")] = Shell.BASH,
    json: Json = False,
) -> None:
    """Print a completion script: mailsorter manual completion bash > /etc/bash_completion.d/mailsorter"""
    from typer._completion_shared import get_completion_script

    voice = Voice(as_json=json)
    text = get_completion_script(prog_name="mailsorter", complete_var="_MAILSORTER_COMPLETE", shell=shell.value)
    if not json:
        print(text)
    voice.answer({"shell": shell.value, "script": text})


def man_page() -> str:
    """The man page of all commands, in troff's `man` macros."""
    from mailsorter import __version__
    from mailsorter.cli.commands import COMMANDS, command_of
    from mailsorter.cli.failure import MEANING

    lines = [
        f'.TH MAILSORTER 1 "" "mailsorter {__version__}" "User Commands"',
        ".SH NAME",
        r"mailsorter \- files mail in a folder per client, and can prove that a person's mail is gone",
        ".SH SYNOPSIS",
        r".B mailsorter",
        r"[\-\-config FILE] COMMAND [OPTIONS]",
        ".SH COMMANDS",
    ]
    for name, (_, summary) in COMMANDS.items():
        lines += [f".SS {_escaped(name)}", _escaped(summary), *_command(name, command_of(name))]
    lines.append(".SH EXIT STATUS")
    for code, about in MEANING.items():
        lines += [".TP", f".B {int(code)}", _escaped(about)]
    lines += [
        ".SH FILES",
        ".TP",
        ".I config/mailsorter.toml",
        r"The config, unless \-\-config or $MAILSORTER_CONFIG names another.",
        ".SH SEE ALSO",
        "docs/operations.md, docs/configuration.md",
    ]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    if inner:
        for below in sorted(inner):
            yield from (".PP", rf"\fB{_escaped(name)} {_escaped(below)}\fR")
            yield from _one(inner[below])
    else:
        yield from _one(command)


def _one(command: Any) -> Iterator[str]:
    about = " ".join((command.help or "").split())
    if about:
        yield from (".br", _escaped(about))
    for parameter in command.params:
        shown = _spelling(parameter)
        if shown:
            yield from (".TP", rf"\fB{_escaped(shown)}\fR", _escaped(getattr(parameter, "help", None) or ""))


def _spelling(parameter: Any) -> str:
    """As a person types it; "" for what every command has."""
    value = str(getattr(parameter, "metavar", None) or parameter.name.upper())
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    if "--help" in parameter.opts:
        return ""
    spelling = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return spelling if getattr(parameter, "is_flag", False) else f"{spelling} {value}"


def _escaped(text: str) -> str:
    """Text as troff takes it literally."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text
