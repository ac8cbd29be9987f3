"""A small firm for flow tests: mailboxes in memory, a ledger, a client book, and runs over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailsorter.clock import VirtualClock
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.model.plan import PlanDigest
from mailsorter.perform import StepResult
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import MailboxGround
from mailsorter.sorting.mailbox_run import MailboxRun
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.planning import WindowPlan
from mailsorter.sorting.report import MailboxReport, RunReport
from mailsorter.sorting.run import Job, SortOptions, plan, sort

OWN = "onzefirma.example"
ACME = Client(id="acme", name="Acme B.V.", domains=("acme.example",), codes=("ACM-24",))
BAKKER = Client(
    id="bakker", name="Bakkerij Müller / Söhne", domains=("bakker.example",),
    addresses=(ClientAddress("bakker@mail.example"),),
)  # fmt: skip


class Onlooker:
    """Sees a run go; keeps the plan's steps and digest."""

    def __init__(self) -> None:
        self.steps: list = []
        self.digest = PlanDigest()
        self.results: list[StepResult] = []
        self.report: RunReport | None = None

    def surveyed(self, mailbox: str, ground: MailboxGround) -> None:
        pass

    def planned(self, mailbox: str, plan: WindowPlan, report: MailboxReport, *, is_backlog: bool) -> None:
        for step in plan.steps:
            self.steps.append(step)
            self.digest.add(mailbox, step)

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        self.results += results


class Firm:
    """One firm with one or more mailboxes."""

    def __init__(
        self, path: Path, clients: Sequence[Client] = (ACME, BAKKER), mailboxes: int = 1, *, url: str = ""
    ) -> None:
        self.clock = VirtualClock(datetime(2026, 11, 23, 9, tzinfo=UTC))
        self.ledger = Ledger.open(url or f"sqlite:///{path}/ledger.db", MASTER, clock=self.clock)
        self.mailboxes = [
            MemoryMailbox(f"{name}@{OWN}", clock=self.clock) for name in ("anna", "bram", "cor")[:mailboxes]
        ]
        self.set_book(clients)

    @property
    def mailbox(self) -> MemoryMailbox:
        return self.mailboxes[0]

    def set_book(self, clients: Sequence[Client], **changes: object) -> None:
        values: dict = {
            "book": MatchBook(clients, [OWN]),
            "folder_of": {c.id: ("Clients", c.name) for c in clients},
            "archive": ("Clients",),
            "rules_digest": repr(clients).encode(),
        }
        self.filing = Filing(**(values | changes))

    def deliver(self, sender: str, subject: str = "Hallo", *, to: str = f"anna@{OWN}", where=WellKnown.INBOX, **fields):
        values = {"from_": Participant(sender), "to": (Participant(to),), "subject": subject, **fields}
        self.clock.sleep(60)
        return self.mailbox.server.deliver(where, **values)

    def jobs(self) -> list[Job]:
        return [Job(m.address, self.filing, lambda m=m: m) for m in self.mailboxes]

    def sort(self, limit: int | None = None, onlooker: Onlooker | None = None, **brakes: object) -> RunReport:
        self.clock.sleep(timedelta(minutes=5).total_seconds())
        return sort(
            self.ledger,
            self.clock,
            self.jobs(),
            SortOptions(onlooker or Onlooker(), limit, brakes=BrakePolicy(**brakes)),
        )

    def plan(self, limit: int | None = None, **brakes: object) -> Onlooker:
        onlooker = Onlooker()
        options = SortOptions(onlooker, limit, brakes=BrakePolicy(**brakes))
        onlooker.report = plan(self.ledger, self.clock, self.jobs(), options)
        return onlooker

    def where(self, message_id: str) -> str:
        server = self.mailbox.server
        return " / ".join(server.tree().path(server.item(message_id).message.folder_id))

    def folders(self) -> dict[str, set[str]]:
        server = self.mailbox.server
        return {" / ".join(server.tree().path(f.id)): server.ids(f.id) for f in server.tree()}


MASTER = bytes(range(32))

__all__ = ["ACME", "BAKKER", "OWN", "Firm", "MailboxRun", "Onlooker"]
