"""A firm with mailboxes in memory, and an office that handles its cases: for tests of the flow."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from mailsorter.cases.office import Firm, Office
from mailsorter.cases.witness import FolderLook, Hit, MailboxLook, Marks, Witness
from mailsorter.checking.statement import MailboxStatement
from mailsorter.clock import Clock, VirtualClock
from mailsorter.ledger.engine import make_engine
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.memory_server import Item, MemoryServer
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.folder import show_path
from mailsorter.model.ground import Basis, KeepRule, Policy, Signs
from mailsorter.model.message import Participant

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PIET = Participant("piet@klant.example", "Piet de Vries")
KEY, NEW_KEY = b"k" * 32, b"n" * 32
ANNA, BERT = Participant("anna@firm.example", "Anna"), Participant("bert@firm.example", "Bert")
SUBJECT = Subject(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",))
TAX = KeepRule(
    code="tax", basis=Basis.LEGAL_DUTY, article="AVG art. 17(3)(b), AWR art. 52(4)", years=7,
    signs=Signs(subjects=("factuur",)),
)  # fmt: skip


class MemoryWitness:
    """Looks straight into the servers: knows nothing of mailboxes, folders read, or what the eraser did."""

    def __init__(self, servers: dict[str, MemoryServer]) -> None:
        self._servers = servers

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = "indexed") -> MailboxLook:
        server, look = self._servers[mailbox], MailboxLook(mailbox=mailbox)
        tree = server.tree()
        for folder in tree:
            path, items = show_path(tree.path(folder.id)), server.items(folder.id)
            is_recoverable = path.startswith("Recoverable Items")
            hits = [
                self._hit(item, path, is_recoverable)
                for item in items
                if names(item, marks) or item.message.id in watched
            ]
            naming = sum(names(item, marks) for item in items)
            look.folders.append(FolderLook(folder=path, is_recoverable=is_recoverable, items=len(items), naming=naming))
            look.hits += hits
        return look

    def _hit(self, item: Item, folder: str, is_recoverable: bool) -> Hit:
        message = item.message
        return Hit(
            id=message.id, folder=folder, is_recoverable=is_recoverable, places=("seen",),
            search_key=message.search_key, message_id=message.internet_message_id,
            received=message.received_at.isoformat() if message.received_at else "",
        )  # fmt: skip


def names(item: Item, marks: Marks) -> bool:
    """Does anything of the item name the person?"""
    message = item.message
    if any(marks.in_address(p.address) for p in message.participants):
        return True
    return any(marks.in_text(text) for text in (message.subject, message.preview, item.text))


def open_durable(path: Path, clock: Clock) -> Ledger:
    """A ledger as the program opens it: made by its migrations, every commit on the disk."""
    return Ledger.open(f"sqlite:///{path}", KEY, clock=clock)


def open_copied(path: Path, clock: Clock) -> Ledger:
    """The same ledger at a tenth of the cost, for thousands of worlds: a copy of an empty one, and no power cuts."""
    path.write_bytes(empty_ledger())
    return Ledger(make_engine(f"sqlite:///{path}", durable=False), LedgerKey(KEY), clock)


@functools.cache
def empty_ledger() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        with open_durable(path, VirtualClock(NOW)) as ledger:
            ledger.checkpoint()
        return path.read_bytes()


class World:
    """A firm of two mailboxes and its privacy officer."""

    def __init__(
        self,
        folder: Path,
        *,
        mailboxes: Sequence[str] = (ANNA.address, BERT.address),
        ids_survive_moves: bool = True,
        open_ledger: Callable[[Path, Clock], Ledger] | None = None,
        **firm: Any,
    ) -> None:
        self.clock = self._clock()
        self.folder = folder
        self.servers = {address: self._server(address, ids_survive_moves=ids_survive_moves) for address in mailboxes}
        self.mailboxes = {address: self._mailbox(address) for address in mailboxes}
        self.ledger = (open_ledger or open_durable)(folder / "ledger.db", self.clock)
        self.firm = Firm(**{"name": "Firma", "own_domains": ("firm.example",), "policy": Policy(rules=(TAX,))} | firm)
        self.wrap: Callable[[MemoryMailbox], Any] = lambda mailbox: mailbox
        self.office = self._office()

    # the seam: where the mailboxes live, and by which road they are reached

    def _clock(self) -> VirtualClock:
        return VirtualClock(NOW)

    def _server(self, address: str, *, ids_survive_moves: bool) -> MemoryServer:
        return MemoryServer(address, clock=self.clock, ids_survive_moves=ids_survive_moves)

    def _mailbox(self, address: str) -> MemoryMailbox:
        return MemoryMailbox(address, server=self.servers[address])

    def _witness(self) -> Witness:
        return MemoryWitness(self.servers)

    def _office(self) -> Office:
        return Office(
            ledger=self.ledger,
            clock=self.clock,
            folder=self.folder / "cases",
            firm=self.firm,
            mailboxes=tuple(self.servers),
            open_mailbox=lambda address: self.mailboxes[address],
            open_eraser=lambda address: self.wrap(self.mailboxes[address]),
            open_witness=self._witness,
            local_places=[self.folder / "ledger.db", self.folder / "logs"],
        )

    @property
    def anna(self) -> MemoryServer:
        return self.servers[ANNA.address]

    @property
    def bert(self) -> MemoryServer:
        return self.servers[BERT.address]

    def open_with(self, key: bytes, *former: bytes) -> None:
        """End the process, and begin another with this key of the ledger, and with these that it replaced."""
        self.ledger.close()
        url = f"sqlite:///{self.folder}/ledger.db"
        self.ledger = Ledger.open(url, key, former_keys=former, clock=self.clock)
        self.change(ledger=self.ledger)

    def check(self) -> list[MailboxStatement]:
        """A complete check of every mailbox, which also re-keys what is under a former key."""
        from mailsorter.checking.check import check_mailboxes
        from mailsorter.ledger.rekey import finish

        connect = {address: lambda m=mailbox: m for address, mailbox in self.mailboxes.items()}
        statements = check_mailboxes(self.ledger, self.clock, connect, {})
        finish(self.ledger, list(self.mailboxes), [], case_files=self.office.reseal_files())
        return statements

    def change(self, **fields: Any) -> None:
        """Change the office: another firm, no second identity, …"""
        import dataclasses

        self.office = dataclasses.replace(self.office, **fields)

    def everything(self) -> dict[tuple[str, str], str]:
        """Every item of every mailbox by its key, with its folder."""
        return {(a, i): folder for a, server in self.servers.items() for i, folder in server.everything().items()}

    def opened(self, subject: Subject = SUBJECT, kind: CaseKind = CaseKind.ERASURE) -> str:
        """A case, opened and verified."""
        from mailsorter.cases.intake import open_case
        from mailsorter.cases.verify import attest

        number = open_case(self.office, kind, subject).number
        attest(self.office, number, "known by voice")
        return number

    def planned(self, subject: Subject = SUBJECT, kind: CaseKind = CaseKind.ERASURE, **how: Any) -> str:
        """A case with a list; what a person must look at is decided to be erased."""
        from mailsorter.cases.decide import decide
        from mailsorter.cases.find import find
        from mailsorter.cases.plan import make_plan
        from mailsorter.model.case import Verdict

        number = self.opened(subject, kind)
        find(self.office, number)
        plan = make_plan(self.office, number, by="anna", **how)
        if plan.undecided:
            handles = [item.finding.handle for item in plan.undecided]
            decide(self.office, number, handles, Verdict.ERASE, by="anna", reason="theirs")
            make_plan(self.office, number, by="anna", **how)
        return number

    def approved(self, subject: Subject = SUBJECT, kind: CaseKind = CaseKind.ERASURE, **how: Any) -> str:
        """A case with an approved list."""
        from tests.cases.signing import approve_seen

        number = self.planned(subject, kind, **how)
        approve_seen(self.office, number, "bert")
        return number

    def close(self) -> None:
        self.ledger.close()


def mail(server: MemoryServer, where: Any = None, **fields: Any) -> tuple[str, str]:
    """A message between the firm's own people unless the fields say otherwise; gives its key."""
    from mailsorter.model.folder import WellKnown

    values = {"from_": ANNA, "to": (BERT,), "subject": "overleg", "text": "tot straks"} | fields
    if isinstance(values.get("text"), str):
        values.setdefault("preview", values["text"][:255])
    return server.address, server.deliver(where if where is not None else WellKnown.INBOX, **values)


def replaced(value: msgspec.Struct, **fields: Any) -> Any:
    """A struct with other fields."""
    return msgspec.structs.replace(value, **fields)
