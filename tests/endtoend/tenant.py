"""A tenant for end-to-end tests: the emulator over real HTTP, a config on disk, and the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.emulator import Emulator, EmulatorClock, NewMessage, running_emulator
from mailsorter.emulator.store.records import Address

OWN = "onzefirma.example"
CLIENTS = """
[[client]]
id = "acme"
name = "Acme B.V."
domains = ["acme.example"]
codes = ["ACM-24"]

[[client]]
id = "bakker"
name = "Bakkerij Müller / Söhne"
domains = ["bakker.example"]
"""


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Tenant:
    """Mailboxes on an emulator and a config for them in a folder."""

    def __init__(
        self, emulator: Emulator, folder: Path, names: Sequence[str] = ("anna",), clients: str = CLIENTS
    ) -> None:
        self.emulator = emulator
        self.folder = folder
        self.config = folder / "mailsorter.toml"
        self.mailboxes = [emulator.store.mailboxes.create(f"{name}@{OWN}") for name in names]
        (folder / "clients.toml").write_text(clients, encoding="utf-8")
        secret = folder / "secret"
        secret.write_text("emulator")
        secret.chmod(0o600)
        self.write_config()

    def write_config(self, extra: str = "", *, own: str = OWN, **changes: str) -> None:
        """Write the config; `extra` is added at its end, `changes` replace single values of [graph]."""
        graph = {
            "tenant": "emulator.example",
            "client_id": "emulator",
            "client_secret": "file:secret",
            "url": self.emulator.url,
            "authority": self.emulator.url,
            **({"ca_file": str(self.emulator.ca_file)} if self.emulator.ca_file else {}),
            **changes,
        }
        mailboxes = "".join(f'[[mailbox]]\naddress = "{mailbox.address}"\n' for mailbox in self.mailboxes)
        keys = "".join(f'{name} = "{value}"\n' for name, value in graph.items())
        self.config.write_text(
            f'clients = ["clients.toml"]\n[firm]\ndomains = ["{own}"]\n{mailboxes}[ledger]\nurl = "sqlite:///ledger.db"\n'
            f"[graph]\n{keys}{extra}",
            encoding="utf-8",
        )

    def deliver(
        self, sender: str, subject: str = "Hallo", *, mailbox: int = 0, folder: str = "inbox", **fields: Any
    ) -> str:
        """A message arrives; gives its immutable id."""
        box = self.mailboxes[mailbox]
        store = self.emulator.store
        values = {
            "from_": Address("Afzender", sender),
            "to": [Address("Anna", box.address)],
            "subject": subject,
            "body": "Met vriendelijke groet",
            **fields,
        }
        made = store.messages.create(box, store.folders.well_known(box, folder), NewMessage(**values))
        return str(box.ids.immutable_id(made.id))

    def folders(self, mailbox: int = 0) -> dict[str, set[str]]:
        """Ids of all messages by folder path, read from the emulator's own store."""
        box, store = self.mailboxes[mailbox], self.emulator.store
        return {
            " / ".join(store.folders.path(box, folder)): {
                box.ids.immutable_id(message.id) for message in store.messages.in_folder(folder)
            }
            for folder in store.folders.all(box)
        }

    def run(self, *arguments: str) -> Answer:
        """Run one command, in this process."""
        result = CliRunner().invoke(app, ["--config", str(self.config), *arguments], prog_name="mailsorter")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    def files(self) -> Iterator[Path]:
        """Every file that mailsorter itself wrote."""
        ours = {self.config, self.folder / "clients.toml", self.folder / "secret"}
        for root, _, names in os.walk(self.folder):
            yield from (path for name in names if (path := Path(root, name)) not in ours)


@contextmanager
def tenant(
    folder: Path,
    names: Sequence[str] = ("anna",),
    *,
    tls: bool = False,
    clients: str = CLIENTS,
    clock: EmulatorClock | None = None,
) -> Iterator[Tenant]:
    """A tenant for as long as the block runs."""
    with running_emulator(tls=tls, clock=clock) as emulator:
        yield Tenant(emulator, folder, names, clients)
