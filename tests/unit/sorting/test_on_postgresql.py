"""The whole flow on PostgreSQL: many mailboxes at once, plan, sort, check, undo, crash and resume."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.checking.check import check_mailboxes
from mailsorter.errors import LedgerLocked
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.sorting.undo import undo_run
from tests.postgres import MASTER, PostgresServer, postgres
from tests.unit.sorting.firm import Firm

__all__ = ["postgres"]


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def firm(postgres: PostgresServer, tmp_path: Path) -> Iterator[Firm]:
    firm = Firm(tmp_path, mailboxes=3, url=postgres.fresh())
    for number, mailbox in enumerate(firm.mailboxes):
        for i in range(30):
            sender = Participant(("jan@acme.example", "bakker@mail.example", "wie@elders.example")[i % 3])
            mailbox.server.deliver(WellKnown.INBOX, from_=sender, subject=f"{number} {i}")
    yield firm
    firm.ledger.close()


def held(firm: Firm) -> list[dict[str, set[str]]]:
    return [
        {f.id: ids for f in mailbox.server.tree() if (ids := mailbox.server.ids(f.id))} for mailbox in firm.mailboxes
    ]


def test_many_mailboxes_are_planned_sorted_checked_and_undone(firm: Firm) -> None:
    before = held(firm)
    planned = firm.plan()
    assert held(firm) == before
    report = firm.sort()
    assert [m.error for m in report.mailboxes] == [None] * 3
    assert report.total("filed") == 60 == sum(hasattr(s, "message") for s in planned.steps)
    connect = {m.address: lambda m=m: m for m in firm.mailboxes}
    statements = check_mailboxes(firm.ledger, firm.clock, connect, firm.filing.folder_of)
    assert all(s.agrees and not s.differences for s in statements)
    undone = undo_run(firm.ledger, firm.clock, report.run, connect, ["acme", "bakker"])
    assert undone.total("filed") == 60
    assert held(firm) == before
    with firm.ledger.reading() as unit:
        assert unit.audit.verify() is None


def test_a_crash_in_every_mailbox_is_settled_by_the_next_process(firm: Firm, postgres: PostgresServer) -> None:
    for mailbox in firm.mailboxes:
        mailbox.fail_next("move", Crash(), after_items=7)
    with pytest.raises(Crash):
        firm.sort()
    url = firm.ledger.engine.url.render_as_string(hide_password=False)
    firm.ledger.close()
    firm.ledger = Ledger.open(url, MASTER, clock=firm.clock)
    # the next process has mailboxes of its own: one that the first crash stopped early still had its fault before it
    firm.mailboxes = [MemoryMailbox(server=mailbox.server, clock=firm.clock) for mailbox in firm.mailboxes]
    report = firm.sort()
    assert [m.error for m in report.mailboxes] == [None] * 3
    assert all(len(m.server.folder(WellKnown.INBOX).id and m.server.ids(WellKnown.INBOX)) == 10 for m in firm.mailboxes)
    assert all(len(m.server.everything()) == 30 for m in firm.mailboxes)


def test_two_processes_on_one_database_leave_each_others_mailboxes_alone(firm: Firm) -> None:
    url = firm.ledger.engine.url.render_as_string(hide_password=False)
    with Ledger.open(url, MASTER, clock=firm.clock) as other:
        with other.unit() as unit:
            number = unit.places.mailbox(firm.mailboxes[1].address)
        with other.locks.hold(number):
            report = firm.sort()
    assert [type(m.error) for m in report.mailboxes] == [type(None), LedgerLocked, type(None)]
    assert len(firm.mailboxes[1].server.ids(WellKnown.INBOX)) == 30
