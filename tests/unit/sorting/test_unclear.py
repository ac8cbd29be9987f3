"""A move's answer was lost, ids change, and two messages may be the one that moved: a person is told, by every road."""

from __future__ import annotations

from pathlib import Path

from mailsorter.errors import Unreachable
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.match import Reason
from mailsorter.model.standing import MessageState
from mailsorter.sorting.review import review
from tests.unit.sorting.firm import OWN, Firm


def unclear(tmp_path: Path) -> Firm:
    """A firm on its own server, where one of two messages of one msg-id was filed and the answer lost."""
    firm = Firm(tmp_path)
    firm.mailboxes = [MemoryMailbox(f"anna@{OWN}", clock=firm.clock, ids_survive_moves=False)]
    message = firm.deliver("jan@acme.example", "Offerte")
    firm.mailbox.server.user_copies(message, WellKnown.ARCHIVE)
    firm.mailbox.fail_next("move", Unreachable("cut"), after_items=None)
    return firm


def test_the_run_leaves_it_for_a_person_and_its_numbers_add_up(tmp_path: Path) -> None:
    firm = unclear(tmp_path)
    (report,) = firm.sort().mailboxes
    assert (report.filed, dict(report.left), report.error) == (0, {"unclear": 1}, None)
    assert report.adds_up
    assert firm.sort().total("pulled") == 0, "it is not tried again"


def test_review_shows_every_message_it_may_be_as_they_lie_now(tmp_path: Path) -> None:
    firm = unclear(tmp_path)
    firm.sort()
    items = list(review(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, lambda: firm.mailbox))
    assert sorted(item.folder for item in items) == [("Archive",), ("Clients", "Acme B.V.")]
    assert {(item.match.reason, item.match.clients) for item in items} == {(Reason.LOST_ANSWER, ("acme",))}


def test_the_ledger_counts_it_for_review(tmp_path: Path) -> None:
    firm = unclear(tmp_path)
    firm.sort()
    with firm.ledger.reading() as unit:
        assert unit.messages.counts()[MessageState.UNCLEAR] == 1
