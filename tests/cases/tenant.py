"""A firm on an emulator: cases handled over real HTTP, with what an assembly builds from a config on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from mailsorter.assembly import Assembly
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.office import Office
from mailsorter.cases.plan import make_plan
from mailsorter.cases.verify import attest
from mailsorter.clock import Clock, SystemClock, VirtualClock
from mailsorter.config.load import load
from mailsorter.emulator import Emulator, EmulatorClock, NewMessage, running_emulator
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.store import Address, Mailbox
from mailsorter.model.case import CaseKind, Subject, Verdict
from tests.cases.office import NOW
from tests.cases.signing import approve_seen

OWN = "firm.example"


class Tenant:
    """Mailboxes on a running emulator, and an office that works them."""

    def __init__(
        self,
        emulator: Emulator,
        folder: Path,
        names: Sequence[str],
        extra: str,
        synthetic: int,
        clock: Clock | None = None,
    ) -> None:
        self.emulator = emulator
        self.store = emulator.store
        self.folder = folder
        self.mailboxes = [self.store.mailboxes.create(f"{name}@{OWN}", name.title()) for name in names]
        if synthetic:
            addresses = set(seed_synthetic(self.store, synthetic, random_seed=3).addresses)
            self.mailboxes += [m for m in self.store.mailboxes.all() if m.address in addresses]
        self.clock = clock or VirtualClock(NOW)
        (folder / "secret").write_text("emulator")
        (folder / "secret").chmod(0o600)
        (folder / "clients.toml").write_text(CLIENTS, "utf-8")
        self.config = folder / "mailsorter.toml"
        self.config.write_text(self._config(extra), "utf-8")
        self.assembly = Assembly(load(self.config), clock=self.clock)

    def _config(self, extra: str) -> str:
        mailboxes = "".join(f'[[mailbox]]\naddress = "{mailbox.address}"\n' for mailbox in self.mailboxes)
        trust = f'ca_file = "{self.emulator.ca_file}"\n' if self.emulator.ca_file else ""
        return (
            f'clients = ["clients.toml"]\n[firm]\nname = "Firma"\ndomains = ["{OWN}"]\n{mailboxes}'
            f'[ledger]\nurl = "sqlite:///ledger.db"\n[graph]\ntenant = "emulator.example"\nclient_id = "emulator"\n'
            f'client_secret = "file:secret"\nurl = "{self.emulator.url}"\nauthority = "{self.emulator.url}"\n{trust}'
            f'[erasure]\nmany_recipients = "erase"\nmentioned = "erase"\n'
            f'[erasure.graph]\nclient_id = "emulator-erasure"\nclient_secret = "file:secret"\n{extra}'
        )

    @property
    def office(self) -> Office:
        return self.assembly.office

    def put(self, mailbox: Mailbox, folder: str | Sequence[str] = "inbox", **fields: Any) -> str:
        """A message in a well-known folder, or at a path that is made where it is missing; gives its immutable id."""
        if isinstance(folder, str):
            place = self.store.folders.well_known(mailbox, folder)
        else:
            place = self.store.folders.well_known(mailbox, "msgfolderroot")
            for name in folder:
                below = [f for f in self.store.folders.children(place) if f.name == name]
                place = below[0] if below else self.store.folders.create(mailbox, place, name)
        values: dict[str, Any] = {
            "from_": Address("Collega", f"collega@{OWN}"), "to": [Address("Anna", self.mailboxes[0].address)],
            "subject": "Overleg", "body": "Tot straks.",
        }  # fmt: skip
        inside = place if not place.recoverable else self.store.folders.well_known(mailbox, "msgfolderroot")
        made = self.store.messages.create(mailbox, inside, NewMessage(**(values | fields)))
        if place.recoverable:
            made = self.store.recoverable.relocate(mailbox, made, place)
        return mailbox.ids.immutable_id(made.id)

    def everything(self) -> dict[tuple[int, str], set[str]]:
        """Ids of all items by mailbox and folder, read by plain HTTP with code of this test's own."""
        found: dict[tuple[int, str], set[str]] = {}
        with httpx.Client(base_url=self.emulator.url, trust_env=False, timeout=60) as http:
            for number, name in enumerate(self.graph_names()):
                for top in ("msgfolderroot", "recoverableitemsroot"):
                    for folder, path in _folders(http, self.emulator, name, top, top):
                        url = f"/v1.0/users/{name}/mailFolders/{folder}/messages"
                        pages = _pages(http, self.emulator, f"{url}?$top=1000&$select=id&includeHiddenMessages=true")
                        found[number, path] = {item["id"] for item in pages}
        return found

    def graph_names(self) -> list[str]:
        """How Graph names each mailbox, archives last."""
        archives = [a for m in self.mailboxes if (a := self.store.mailboxes.archive(m)) is not None]
        return [m.address for m in self.mailboxes] + [self.store.mailboxes.mbx_id(a) for a in archives]

    def approved(self, subject: Subject) -> str:
        """A case with an approved list of everything found."""
        number = open_case(self.office, CaseKind.ERASURE, subject).number
        attest(self.office, number, "known by voice")
        find(self.office, number)
        plan = make_plan(self.office, number, by="anna")
        if plan.undecided:
            handles = [item.finding.handle for item in plan.undecided]
            decide(self.office, number, handles, Verdict.ERASE, by="anna", reason="theirs")
            make_plan(self.office, number, by="anna")
        approve_seen(self.office, number, "bert")
        return number


CLIENTS = """
[[client]]
id = "klant"
name = "Klant B.V."
domains = ["klant.example"]
"""


def _folders(http: httpx.Client, emulator: Emulator, user: str, top: str, path: str) -> Iterator[tuple[str, str]]:
    url = f"/v1.0/users/{user}/mailFolders/{top}/childFolders?includeHiddenFolders=true&$top=100"
    for folder in _pages(http, emulator, url):
        here = f"{path}/{folder['displayName']}"
        yield folder["id"], here
        yield from _folders(http, emulator, user, folder["id"], here)


def _pages(http: httpx.Client, emulator: Emulator, url: str) -> Iterator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {emulator.token('emulator-tenant-wide')}", "Prefer": 'IdType="ImmutableId"'}
    link: str | None = url
    while link:
        answer = http.get(link, headers=headers)
        if answer.status_code == 404:
            return
        page = answer.raise_for_status().json()
        yield from page["value"]
        link = page.get("@odata.nextLink")


@contextmanager
def tenant(
    folder: Path,
    names: Sequence[str] = ("anna", "bert"),
    *,
    extra: str = "",
    faults: FaultPlan | None = None,
    synthetic: int = 0,
    tls: bool = False,
    is_now: bool = False,
) -> Iterator[Tenant]:
    """A firm for as long as the block runs; `synthetic`: so many messages of the emulator's own firm around it.

    `is_now`: everything goes by the machine's clock, as processes of their own do.
    """
    clock = EmulatorClock() if is_now else EmulatorClock(frozen_at=NOW)
    with running_emulator(clock=clock, faults=faults, tls=tls) as emulator:
        made = Tenant(emulator, folder, names, extra, synthetic, SystemClock() if is_now else None)
        try:
            yield made
        finally:
            made.assembly.close()
