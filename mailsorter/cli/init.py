"""`mailsorter init`: a config for a real tenant, and the commands that set the tenant up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mailsorter.cli.options import Json, config_file
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError

app = typer.Typer(add_completion=False, rich_markup_mode=None)

NOT_REGISTERED_YET = "00000000-0000-0000-0000-000000000000"
ERASING_NOT_REGISTERED_YET = "11111111-1111-1111-1111-111111111111"


@app.command()
def init(
    ctx: typer.Context,
    mailbox: Annotated[
        list[str] | None, typer.Option("--mailbox", help="A mailbox to file; repeat it for more.")
    ] = None,
    shared: Annotated[list[str] | None, typer.Option("--shared", help="A shared mailbox to file.")] = None,
    tenant: Annotated[str, typer.Option(help="The tenant's id or domain; else the first mailbox's domain.")] = "",
    client_id: Annotated[
        str, typer.Option(help="The app registration's id, if there is one already.")
    ] = NOT_REGISTERED_YET,
    firm: Annotated[str, typer.Option(help="The firm's name.")] = "",
    control_mailbox: Annotated[str, typer.Option(help="A mailbox that mailsorter must not reach.")] = "",
    secret: Annotated[bool, typer.Option("--secret", help="Sign in with a client secret, not a certificate.")] = False,
    erasure: Annotated[bool, typer.Option("--erasure", help="Also set up the second identity that erases.")] = False,
    json: Json = False,
) -> None:
    """Write a commented config, and print the commands that set up Entra and Exchange for chosen mailboxes only."""
    from mailsorter.cli.tenant_setup import Tenant, setup_steps
    from mailsorter.config.example import write_schemas

    voice = Voice(as_json=json)
    path = config_file(ctx)
    users, shareds = _addresses(mailbox or ()), _addresses(shared or ())
    if not users and not shareds:
        raise UserError(
            "No mailbox was named.",
            advice="Name those to file, for example: mailsorter init --mailbox anna@onzefirma.example --mailbox …",
        )
    if both := {a.casefold() for a in users} & {a.casefold() for a in shareds}:
        raise UserError(f"{min(both)} is named with --mailbox and with --shared.", advice="Name it with one of them.")
    wanted = Tenant(
        tenant=tenant or (users or shareds)[0].rpartition("@")[2],
        mailboxes=(*users, *shareds),
        folder=str(path.parent),
        control_mailbox=_address(control_mailbox) if control_mailbox else None,
        with_secret=secret,
        with_erasure=erasure,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_new(path, _config(wanted, users, shareds, client_id=client_id, firm=firm))
    written = [path]
    book = path.parent / "clients.toml"
    if not book.exists():
        _write_new(book, _empty_book())
        written.append(book)
    written += write_schemas(path.parent)
    steps = setup_steps(wanted)
    voice.say(*(f"Wrote {file}" for file in written), "")
    for number, step in enumerate(steps, start=1):
        voice.say(f"{number}. {step.title} ({'shell' if step.shell == 'sh' else 'PowerShell'}):", "")
        voice.say(*(f"    {line}" for line in step.commands), "")
    advice = [
        f"Put the app's id into {path}: client_id",
        f"Write your clients into {book}, or import them: mailsorter clients import FILE",
        "Then check everything: mailsorter doctor",
    ]
    voice.say(*(f"{number}. {line}" for number, line in enumerate(advice, start=len(steps) + 1)))
    voice.answer(
        {
            "config": str(path),
            "written": [str(file) for file in written],
            "steps": [{"title": s.title, "shell": s.shell, "commands": list(s.commands)} for s in steps],
            "then": advice,
        }
    )


def _addresses(texts: Sequence[str]) -> list[str]:
    """Each once, however it is spelt."""
    addresses: dict[str, str] = {}
    for text in texts:
        address = _address(text)
        addresses.setdefault(address.casefold(), address)
    return list(addresses.values())


def _address(text: str) -> str:
    from pydantic_core import PydanticCustomError

    from mailsorter.config.values import parse_address

    try:
        return parse_address(text)
    except PydanticCustomError:
        raise UserError(f"{text} is no mail address.", advice="Write it as name@onzefirma.example") from None


def _config(wanted: Any, users: list[str], shareds: list[str], *, client_id: str, firm: str) -> str:
    from mailsorter.config.example import Draft, config_example

    boxes: list[dict[str, Any]] = [{"address": a} for a in users] + [{"address": a, "kind": "shared"} for a in shareds]
    domains = list(dict.fromkeys(address.rpartition("@")[2] for address in wanted.mailboxes))
    values: dict[tuple[str, ...], Any] = {
        ("firm", "name"): firm,
        ("firm", "domains"): domains,
        **{("mailbox", key): value for key, value in boxes[0].items()},
        ("graph", "tenant"): wanted.tenant,
        ("graph", "client_id"): client_id,
    }
    if wanted.with_secret:
        values["graph", "client_secret"] = "file:mailsorter-secret"
    if wanted.control_mailbox:
        values["graph", "control_mailbox"] = wanted.control_mailbox
    if wanted.with_erasure:
        values["erasure", "graph", "client_id"] = ERASING_NOT_REGISTERED_YET
        kind = "client_secret" if wanted.with_secret else "certificate"
        values["erasure", "graph", kind] = f"file:mailsorter-erasure{'-secret' if wanted.with_secret else '.pem'}"
    return config_example(Draft(values, tuple(boxes[1:])), head=CONFIG_HEAD)


CONFIG_HEAD = """\
mailsorter's config, written by `mailsorter init`: every key, what it is for, and its default. Keys behind a # without a
blank are examples that are not in force. Relative paths start from this file's folder. Secrets are never written
here, only where they lie: env:NAME, file:PATH (mode 0600), keyring:SERVICE/NAME, credential:NAME (systemd).
After each change: mailsorter config check"""


def _empty_book() -> str:
    from mailsorter.config.example import book_example

    return "".join(
        line if line.startswith(("# ", "#:", "\n")) else f"#{line}" for line in book_example().splitlines(keepends=True)
    )


def _write_new(path: Path, content: str) -> None:
    from mailsorter.files import create

    try:
        create(path, content.encode(), "--config")  # 0600: it names mailboxes and the tenant
    except UserError as error:
        advice = "Name another with: mailsorter --config FILE init …   or move it away first."
        raise UserError(error.what, advice=advice) from None
