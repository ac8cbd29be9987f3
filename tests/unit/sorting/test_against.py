"""`plan --against`: which mail a change of the book decides otherwise, read live, nothing moved."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mailsorter.errors import BrakePulled
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.client import Client
from mailsorter.model.folder import WellKnown
from mailsorter.model.matching import EDITION, MatchingPolicy
from mailsorter.model.message import Participant
from mailsorter.sorting.against import Side, differences
from mailsorter.sorting.glance import edition_in_force, edition_setting
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


def test_after_an_upgrade_what_it_decides_otherwise_is_shown_and_the_brake_holds(tmp_path: Path) -> None:
    """A ledger of release 0.1.0 names no edition: until the next sort, `before` weighs facts as that release did."""
    firm = Firm(tmp_path)
    firm.set_book([ACME, BAKKER], rules_digest=b"as release 0.1.0 made it")
    firm.sort()
    with firm.ledger.unit() as unit:
        unit.settings.set(edition_setting(1), b"1")
        assert edition_in_force(unit, 1, EDITION) == 1
    many = tuple(f"p@elders{n}.example" for n in range(11))
    firm.deliver("info@bond.example", to="jan@acme.example", cc=tuple(map(Participant, many)))
    with firm.ledger.reading() as unit:
        then = MatchBook([ACME, BAKKER], [OWN], policy=MatchingPolicy(edition=edition_in_force(unit, 1, EDITION)))
    now = MatchBook([ACME, BAKKER], [OWN])
    found = differences(firm.ledger, firm.mailbox.address, lambda: firm.mailbox, Side(then), Side(now))
    assert [(str(d.before.outcome), str(d.after.reason)) for d in found] == [("filed-to", "mass-mail")]
    firm.set_book([ACME, BAKKER], rules_digest=b"as this release makes it")
    waiting = [firm.deliver("jan@acme.example") for _ in range(30)]
    stopped = firm.sort(minimum=5, factor=1.0).mailboxes[0].error
    assert isinstance(stopped, BrakePulled)
    assert stopped.brake == "rules-changed"
    assert {firm.where(message) for message in waiting} == {"Inbox"}
    firm.sort(minimum=5, factor=1.0, go_on=True)
    assert {firm.where(message) for message in waiting} == {"Clients / Acme B.V."}
    with firm.ledger.reading() as unit:
        assert edition_in_force(unit, 1, EDITION) == EDITION


def test_a_ledger_that_decided_nothing_yet_is_of_this_edition(tmp_path: Path) -> None:
    """Nothing was decided otherwise before."""
    firm = Firm(tmp_path)
    with firm.ledger.reading() as unit:
        assert edition_in_force(unit, 1, EDITION) == EDITION


def upgraded(firm: Firm, mailbox: int = 0) -> list[tuple[str, str, str]]:
    """What this edition decides otherwise than release 0.1.0: subject, outcome before, reason now."""
    then = MatchBook([ACME, BAKKER], [OWN], policy=MatchingPolicy(edition=1))
    box = firm.mailboxes[mailbox]
    found = differences(firm.ledger, box.address, lambda: box, Side(then), Side(MatchBook([ACME, BAKKER], [OWN])))
    return [(box.server.item(d.message_id).message.subject, str(d.before.outcome), str(d.after.reason)) for d in found]


def thread(firm: Firm, check: AuthorCheck = AuthorCheck.PASSED) -> None:
    firm.deliver(
        "derde@elders.example", "antwoord", references=("<r@acme.example>", "<n@onzefirma.example>"), author_check=check
    )
    firm.deliver(
        f"bram@{OWN}", "notitie", references=("<x@gezien.example>",), internet_message_id="<n@onzefirma.example>"
    )
    firm.deliver("jan@acme.example", "vraag", internet_message_id="<r@acme.example>")


def test_mail_that_both_leave_is_relied_on_as_sorting_will(tmp_path: Path) -> None:
    """A colleague's note stays, and its answer follows the thread: under both."""
    firm = Firm(tmp_path)
    thread(firm)
    assert upgraded(firm) == []


def test_people_to_whom_the_firm_has_written_are_known_from_sent_items(tmp_path: Path) -> None:
    """A ledger of release 0.1.0 holds none of them, and the first sort will learn them."""
    firm = Firm(tmp_path)
    thread(firm, AuthorCheck.NONE)
    assert upgraded(firm) == [("antwoord", "filed-to", "unknown-author")]
    firm.deliver(f"anna@{OWN}", "weg", to="derde@elders.example", where=WellKnown.SENT)
    assert upgraded(firm) == []


def test_what_the_ledger_knows_to_be_forged_elsewhere_is_not_relied_on(tmp_path: Path) -> None:
    """The answered message lies in another mailbox only."""
    firm = Firm(tmp_path, mailboxes=2)
    firm.deliver("jan@acme.example", "vraag", internet_message_id="<r@acme.example>")
    firm.mailboxes[1].server.deliver(
        WellKnown.INBOX,
        from_=Participant("jan@acme.example"),
        internet_message_id="<f@acme.example>",
        author_check=AuthorCheck.FAILED,
    )
    firm.sort()
    firm.deliver(
        "derde@elders.example",
        "antwoord",
        references=("<r@acme.example>", "<f@acme.example>"),
        author_check=AuthorCheck.PASSED,
    )
    assert upgraded(firm) == [("antwoord", "filed-to", "unknown-parent")]
