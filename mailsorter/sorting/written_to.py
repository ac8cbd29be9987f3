"""To whom the firm writes, read off the mail that its own people send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsorter.model.address import addresses_in
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.match import Outcome
from mailsorter.model.message import Message
from mailsorter.sorting.decide import Decision
from mailsorter.sorting.matching import MatchBook


def people_written_to(messages: Iterable[Message], book: MatchBook, sent_folder_id: str | None) -> set[str]:
    """Outside recipients of what the firm's own people wrote, as canonical addresses.

    Their own mail is what lies in Sent Items, or what somebody signed in at the firm's Exchange submitted: an address
    of the firm in From alone can be forged.
    """
    found: set[str] = set()
    for message in messages:
        if _is_own(message, book, sent_folder_id):
            found.update(_outside_recipients(message, book))
    return found


def people_written_to_for_clients(
    decisions: Iterable[Decision], book: MatchBook, sent_folder_id: str | None
) -> set[tuple[str, str]]:
    """The same people with the client to whom that mail is filed: pairs of canonical address and client id."""
    found: set[tuple[str, str]] = set()
    for decision in decisions:
        match = decision.match
        if match is None or len(match.clients) != 1 or match.outcome not in (Outcome.FILED_TO, Outcome.WAIT):
            continue
        if _is_own(decision.message, book, sent_folder_id):
            found.update((address, match.clients[0]) for address in _outside_recipients(decision.message, book))
    return found


def _is_own(message: Message, book: MatchBook, sent_folder_id: str | None) -> bool:
    is_own = message.author_check is AuthorCheck.INTERNAL or (sent_folder_id and message.folder_id == sent_folder_id)
    if not is_own or message.author_check is AuthorCheck.FAILED or message.is_draft or message.from_ is None:
        return False
    return any(book.own(address) for address in addresses_in(message.from_.address))


def _outside_recipients(message: Message, book: MatchBook) -> Iterator[str]:
    for participant in (*message.to, *message.cc, *message.bcc):
        yield from (a for a in addresses_in(participant.address) if not book.own(a))
