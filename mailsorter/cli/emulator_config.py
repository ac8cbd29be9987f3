"""The config that `emulator serve --config-out` writes: one that works against the running emulator."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from mailsorter import files
from mailsorter.errors import UserError

if TYPE_CHECKING:
    from mailsorter.emulator.running import Emulator
    from mailsorter.emulator.store import Mailbox

_CONFIG_BEGINS = "# Works against the emulator at"
_BOOK_BEGINS = "# The clients of the emulator's synthetic firm"


def write_config(emulator: Emulator, path: Path) -> None:
    """Write the config, `clients.toml`, the client secret and a ledger key beside it.

    What names the emulator is written anew each time; a ledger key and a secret that are there stay.
    """
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    _write_private(folder / "emulator.secret", "emulator\n")
    _write_private(folder / "ledger.key", secrets.token_hex(32) + "\n")
    _write_anew(folder / "clients.toml", client_book(emulator), _BOOK_BEGINS)
    _write_anew(path, config_text(emulator), _CONFIG_BEGINS)


def _write_private(path: Path, text: str) -> None:
    if not os.path.lexists(path):
        files.create(path, text.encode(), "--config-out")


def _write_anew(path: Path, text: str, begins: str) -> None:
    """Write what an earlier `--config-out` may have written; anything else that is there stays."""
    if os.path.lexists(path) and not _begins(path, begins):
        raise UserError(
            f"{path} exists already, was not written by --config-out and was left as it is.",
            advice="Name a config in another folder: mailsorter emulator serve --config-out FILE",
        )
    files.replace(path, text.encode(), mode=files.PRIVATE)


def _begins(path: Path, text: str) -> bool:
    try:
        return path.read_bytes().startswith(text.encode())
    except OSError:
        return False


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: list[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _mailboxes(emulator: Emulator) -> list[Mailbox]:
    return [item for item in emulator.store.mailboxes.all() if item.kind in ("user", "shared")]


def config_text(emulator: Emulator) -> str:
    """The config as TOML."""
    mailboxes = _mailboxes(emulator)
    domains = sorted({mailbox.address.rpartition("@")[2].lower() for mailbox in mailboxes}) or ["seeded.example"]
    entries = "".join(
        f'\n[[mailbox]]\naddress = {_text(mailbox.address)}\nkind = "{mailbox.kind}"\n' for mailbox in mailboxes
    )
    trust = f"ca_file = {_text(str(emulator.ca_file.resolve()))}\n" if emulator.ca_file else ""
    return f"""{_CONFIG_BEGINS} {emulator.url}; written by `mailsorter emulator serve --config-out`.
clients = ["clients.toml"]

[firm]
name = {_text(domains[0])}
domains = {_list(domains)}
{entries}
[archive]
folder = "Clients/{{name}}"

[filing]
when = "arrival"

[ledger]
url = "sqlite:///mailsorter.sqlite"
key = "file:ledger.key"

[brakes]
enabled = false

[graph]
tenant = "emulator.example"
client_id = "emulator"
client_secret = "file:emulator.secret"
url = {_text(emulator.url)}
authority = {_text(emulator.url)}
{trust}
[erasure.graph]
client_id = "emulator-erasure"
client_secret = "file:emulator.secret"
"""


def client_book(emulator: Emulator) -> str:
    """The synthetic clients as a client book; only a comment for a state that was seeded from files."""
    from mailsorter.emulator.seed.world import synthetic_clients

    entries = [f"{_BOOK_BEGINS}; add your own for mail seeded from files.\n"]
    for client in synthetic_clients(emulator.store):
        lines = ["[[client]]", f"id = {_text(client.id)}", f"name = {_text(client.name)}"]
        lines.append(f"domains = {_list(list(client.domains))}")
        if client.addresses:
            lines.append(f"addresses = {_list(list(client.addresses))}")
        if client.codes:
            lines.append(f"codes = {_list(list(client.codes))}")
        lines.append(f"language = {_text(client.language)}")
        entries.append("\n".join(lines) + "\n")
    return "\n".join(entries)
