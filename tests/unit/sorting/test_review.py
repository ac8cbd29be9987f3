"""What review suggests for mail that only a person can place: where people filed the sender's mail before."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.ledger.by_hand import digests_of, record_by_hand
from mailsorter.model.folder import WellKnown
from mailsorter.model.match import Forecast, Match, Outcome, Suggestion
from mailsorter.model.message import Message
from mailsorter.sorting.review import ReviewItem, review
from mailsorter.sorting.senders import with_suggestions

from .firm import BAKKER, Firm


class Unsure:
    """A predictor that is sure of nothing and proposes two clients."""

    reads_bodies = False

    def forecast(self, message: Message, text: str) -> Forecast:
        return Forecast(None, (Suggestion("bakker", 0.6), Suggestion("acme", 0.3)))


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def by_hand(firm: Firm, sender: str, client: str | None, rejected: str | None = None, **fields: str) -> None:
    """A person files an earlier message of this sender with a client, or takes it out of a client's folder."""
    message = firm.mailbox.server.item(firm.deliver(sender, where=WellKnown.ARCHIVE, **fields)).message
    with firm.ledger.unit() as unit:
        mailbox = unit.places.mailbox(firm.mailbox.address)
        one, other = (None if c is None else unit.places.client(c) for c in (client, rejected))
        folder = unit.places.folder(mailbox, message.folder_id, ("Archive",))
        record_by_hand(unit, mailbox, digests_of(unit, mailbox, message), client=one, rejected=other, folder=folder)


def waiting(firm: Firm) -> list[ReviewItem]:
    return list(review(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, lambda: firm.mailbox))


def suggested(firm: Firm) -> list[tuple[str, float]]:
    (item,) = waiting(firm)
    return [(s.client_id, s.score) for s in item.match.suggestions]


X = "x@elders.example"


@pytest.mark.parametrize(
    ("corrections", "expected"),
    [
        ([], []),
        ([(X, "acme")], [("acme", 1.0)]),
        ([("X@Elders.example", "acme")], [("acme", 1.0)]),
        ([(X, "acme"), (X, "acme"), (X, "bakker")], [("acme", 0.6667), ("bakker", 0.3333)]),
        ([(X, "acme"), (X, None)], [("acme", 0.5)]),  # once taken out of every client's folder
        ([(X, "acme"), (X, "weg")], [("acme", 0.5)]),  # a client that the book no longer has
        ([("y@elders.example", "acme")], []),  # another sender of the same domain
    ],
)
def test_a_sender_s_corrections_are_suggestions(
    firm: Firm, corrections: list[tuple[str, str | None]], expected: list[tuple[str, float]]
) -> None:
    for sender, client in corrections:
        by_hand(firm, sender, client, None if client else "bakker")
    firm.deliver(X, "nieuw")
    assert suggested(firm) == expected


def test_nothing_is_filed_by_a_suggestion(firm: Firm) -> None:
    by_hand(firm, X, "acme")
    message = firm.deliver(X, "nieuw")
    firm.sort()
    assert firm.where(message) == "Inbox"
    assert waiting(firm)[0].match.outcome is Outcome.UNMATCHED


def test_ambiguous_mail_has_them_too(firm: Firm) -> None:
    by_hand(firm, "jan@acme.example", "bakker")
    firm.deliver("jan@acme.example", to="els@bakker.example")
    (item,) = waiting(firm)
    assert item.match.clients == ("acme", "bakker")
    assert item.match.suggestions == (Suggestion("bakker", 1.0),)


def test_people_go_before_predictions_and_each_client_is_named_once(firm: Firm) -> None:
    firm.set_book(list(firm.filing.book.clients.values()), predictor=Unsure())
    by_hand(firm, X, "acme")
    firm.deliver(X, "nieuw")
    assert suggested(firm) == [("acme", 1.0), ("bakker", 0.6)]


def test_what_a_person_took_this_thread_out_of_is_not_suggested(firm: Firm) -> None:
    by_hand(firm, X, BAKKER.id)
    by_hand(firm, X, None, BAKKER.id, conversation_id="draad")
    firm.deliver(X, "nieuw", conversation_id="draad")
    assert suggested(firm) == []


def test_three_at_most() -> None:
    many = tuple(Suggestion(client, 0.2) for client in "abcde")
    assert with_suggestions(Match(Outcome.UNMATCHED), many, ["a"]).suggestions == many[1:4]
