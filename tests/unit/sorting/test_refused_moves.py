"""A move that Exchange refused: tried again by each run, and shown until it is settled."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete

from mailsorter.errors import Refused
from mailsorter.ledger.schema import waiting
from mailsorter.model.match import Outcome, Reason
from mailsorter.model.standing import MessageState
from mailsorter.sorting.review import ReviewItem, review

from .firm import Firm

NO = Refused("Exchange refuses to move it.", code="ErrorMoveCopyFailed")


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def shown(firm: Firm) -> list[ReviewItem]:
    return list(review(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, lambda: firm.mailbox))


def states(firm: Firm) -> dict[MessageState, int]:
    with firm.ledger.unit() as unit:
        return dict(unit.messages.counts(unit.places.mailbox(firm.mailbox.address)))


def test_a_refused_move_is_tried_again_by_each_run_until_it_is_settled(firm: Firm) -> None:
    """Nothing came and nothing changed in between: the runs look at it all the same."""
    message = firm.deliver("jan@acme.example")
    other = firm.deliver("piet@acme.example")
    firm.mailbox.fail_item(message, NO)
    assert firm.sort().mailboxes[0].failed == 1
    assert firm.where(other) == "Clients / Acme B.V."
    assert states(firm)[MessageState.FAILED] == 1
    (item,) = shown(firm)
    assert (item.message.id, item.match.outcome, item.match.clients, item.match.reason) == (
        message,
        Outcome.AMBIGUOUS,
        ("acme",),
        Reason.MOVE_REFUSED,
    )
    assert firm.sort().mailboxes[0].failed == 1  # again, and again refused
    assert len(shown(firm)) == 1
    firm.mailbox.fail_item(message, None)
    assert firm.sort().mailboxes[0].filed == 1
    assert firm.where(message) == "Clients / Acme B.V."
    assert shown(firm) == []
    assert MessageState.FAILED not in states(firm)
    assert firm.sort().mailboxes[0].filed == 0


def test_a_person_who_moves_it_settles_it(firm: Firm) -> None:
    """It is no longer where mail is filed from: nothing waits for it any more."""
    message = firm.deliver("jan@acme.example")
    firm.mailbox.fail_item(message, NO)
    firm.sort()
    firm.mailbox.fail_item(message, None)
    firm.mailbox.server.user_moves(message, ("Prive",))
    assert firm.sort().mailboxes[0].filed == 0
    assert firm.where(message) == "Prive"
    assert shown(firm) == []


def test_what_an_older_version_left_refused_is_tried_again(firm: Firm) -> None:
    """Its ledger says no more than that the move failed: everything is looked at once more, once."""
    message = firm.deliver("jan@acme.example")
    firm.mailbox.fail_item(message, NO)
    firm.sort()
    firm.mailbox.fail_item(message, None)
    with firm.ledger.unit() as unit:  # as 0.1.0 left it
        number = unit.places.mailbox(firm.mailbox.address)
        unit.messages._connection.execute(delete(waiting))
        unit.settings.remove(f"refusals-tried-again-{number}")
    assert firm.sort().mailboxes[0].filed == 1
    assert firm.where(message) == "Clients / Acme B.V."
