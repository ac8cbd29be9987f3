"""`plan --against`: which mail a change of the book decides otherwise, read live, nothing moved."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mailsorter.model.client import Client
from mailsorter.sorting.against import Side, differences
from mailsorter.sorting.matching import MatchBook

from .firm import ACME, BAKKER, OWN, Firm

NEWCO = Client(id="newco", name="Newco", domains=("newco.example",))


def changed(firm: Firm, before: list[Client], after: list[Client]) -> Counter[tuple[str, str, str]]:
    """Folder's last name, outcome before, outcome now: how many."""
    found = differences(
        firm.ledger,
        firm.mailbox.address,
        lambda: firm.mailbox,
        Side(MatchBook(before, [OWN])),
        Side(MatchBook(after, [OWN])),
    )
    return Counter(
        (d.folder[-1], " ".join([d.before.outcome, *d.before.clients]), " ".join([d.after.outcome, *d.after.clients]))
        for d in found
    )


def test_the_same_book_changes_nothing(tmp_path: Path) -> None:
    """Whatever the mail."""
    firm = Firm(tmp_path)
    firm.deliver("jan@acme.example")
    firm.deliver("x@newco.example")
    assert not changed(firm, [ACME, BAKKER], [ACME, BAKKER])


def test_filed_and_waiting_mail_is_compared_alike(tmp_path: Path) -> None:
    """Also mail that lies in a client's folder already; its threads follow, in whatever order they came."""
    firm = Firm(tmp_path)
    firm.deliver(f"bram@{OWN}", conversation_id="t1")  # an answer among colleagues, before the mail it answers
    firm.deliver("x@newco.example", conversation_id="t1")
    firm.deliver("jan@acme.example", where=("Clients", "Acme B.V."))
    found = changed(firm, [ACME], [NEWCO])
    assert found == {
        ("Inbox", "internal", "filed-to newco"): 1,
        ("Inbox", "unmatched", "filed-to newco"): 1,
        ("Acme B.V.", "filed-to acme", "unmatched"): 1,
    }


def test_nothing_is_moved_or_recorded(tmp_path: Path) -> None:
    """Neither mail nor messages of the ledger."""
    firm = Firm(tmp_path)
    firm.deliver("x@newco.example")
    folders = [folder.name for folder in firm.mailbox.tree()]
    assert changed(firm, [], [NEWCO])
    assert [folder.name for folder in firm.mailbox.tree()] == folders
    with firm.ledger.reading() as unit:
        assert not unit.messages.counts(1)
