"""`mailsorter config`: check, show, schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mailsorter.cli.group import Group
from mailsorter.cli.options import Json, config_file, loaded
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    help="Check or show the config, or print its schema.",
    rich_markup_mode=None,
)


_HERE = {True: "yes", False: "no", None: "?"}


class Document(StrEnum):
    """What `config schema` can print a JSON Schema of."""

    CONFIG = "config"
    CLIENTS = "clients"


@app.command()
def check(ctx: typer.Context, json: Json = False) -> None:
    """Check config and client books; every problem comes at once, as PATH:LINE: found …, expected …"""
    from mailsorter.config.key_readers import key_readers, reader_warnings
    from mailsorter.errors import ConfigError

    voice = Voice(as_json=json)
    found = loaded(ctx)
    warnings = [*found.warnings, *reader_warnings(found.config)]
    for line in warnings:
        voice.warn(line)
    if found.case_problems:
        raise ConfigError(found.case_problems)
    voice.say(
        f"{config_file(ctx)}: right. {counted(len(found.config.mailbox), 'mailbox', 'mailboxes')}, "
        f"{counted(len(found.book), 'client')} "
        f"in {counted(len(found.book.paths), 'client book')}."
    )
    keys = key_readers(found.config)
    if keys:
        rows = [(one.name, one.reference, one.readers, _HERE[one.is_here]) for one in keys]
        voice.table(("key", "where", "can be read by", "by this user here"), rows)
    voice.answer(
        {
            "config": str(config_file(ctx)),
            "problems": [],
            "warnings": warnings,
            "mailboxes": len(found.config.mailbox),
            "clients": len(found.book),
            "books": [str(path) for path in found.book.paths],
            "keys": [
                {
                    "key": one.name,
                    "where": one.reference,
                    "whose": "officer" if one.is_officers else "both",
                    "readers": one.readers,
                    "readable_here": one.is_here,
                    "readable_for_daemon": one.is_for_daemon,
                }
                for one in keys
            ],
        }
    )


@app.command()
def show(ctx: typer.Context, json: Json = False) -> None:
    """Show the config as it takes effect, defaults filled in; secrets only by their reference."""
    from mailsorter.config.show import effective, to_toml

    voice = Voice(as_json=json)
    data = effective(loaded(ctx).config)
    voice.say(*to_toml(data).splitlines())
    voice.answer(data)


@app.command()
def schema(
    document: Annotated[Document, typer.Argument(help="Of the config or of a client book.")] = Document.CONFIG,
    json: Json = False,
) -> None:
    """Print the JSON Schema, with which editors complete and check while you type."""
    from mailsorter.config.example import json_schema

    Voice(as_json=True).answer(json_schema(document.value))
