"""Which domains `clients suggest` offers, as a table of messages and counts."""

from __future__ import annotations

from pathlib import Path

from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message, Participant
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.review import review
from mailsorter.sorting.suggest import DomainTally

from .firm import ACME, Firm

UNMATCHED = Match(Outcome.UNMATCHED)


def message(*addresses: str, **fields: object) -> Message:
    """A message from the first to the others."""
    first, *others = (Participant(address) for address in addresses)
    return Message(id="m", folder_id="f", from_=first, to=tuple(others), **fields)  # type: ignore[arg-type]


def counts(tally: DomainTally, at_least: int = 1) -> list[tuple[str, int, int, int]]:
    """Domain, messages, people, of which through lists."""
    return [(c.domain, c.messages, len(c.people), c.from_lists) for c in tally.most(at_least)]


def test_domains_are_counted_once_a_message() -> None:
    """As they can be registered; our own people, known clients and public providers are no candidates."""
    tally = DomainTally(MatchBook([ACME], ["onzefirma.example"]))
    tally.add(message("a@mail.new.co.uk", "b@new.co.uk", "anna@onzefirma.example", "x@acme.example"), UNMATCHED)
    tally.add(message("A@MAIL.new.co.uk", "piet@gmail.com"), UNMATCHED)
    tally.add(message("news@shop.example", list_id="<shop.example>"), UNMATCHED)
    tally.add(message("c@third.example"), Match(Outcome.INTERNAL))
    tally.add(message("/O=FIRM/CN=X"), UNMATCHED)
    assert counts(tally) == [("new.co.uk", 2, 2, 0), ("shop.example", 1, 1, 1)]
    assert (tally.unmatched, tally.at_public_providers) == (4, 1)
    assert counts(tally, at_least=2) == [("new.co.uk", 2, 2, 0)]


def test_it_reads_live_and_leaves_nothing(tmp_path: Path) -> None:
    """Over a mailbox: unmatched mail only, and no domain of it in the ledger."""
    firm = Firm(tmp_path)
    firm.deliver("jan@acme.example")
    for number in range(3):
        firm.deliver(f"p{number}@secretco.example")
    tally = DomainTally(firm.filing.book)
    for item in review(
        firm.ledger, firm.clock, firm.mailbox.address, firm.filing, lambda: firm.mailbox, headers_only=True
    ):
        tally.add(item.message, item.match)
    assert counts(tally) == [("secretco.example", 3, 3, 0)]
    assert not any(b"secretco" in file.read_bytes() for file in tmp_path.iterdir())
