"""To whom the firm writes, read off the mail that its own people send."""

from __future__ import annotations

from collections.abc import Iterable

from mailsorter.model.address import addresses_in
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.message import Message
from mailsorter.sorting.matching import MatchBook


def people_written_to(messages: Iterable[Message], book: MatchBook, sent_folder_id: str | None) -> set[str]:
    """Outside recipients of what the firm's own people wrote, as canonical addresses.

    Their own mail is what lies in Sent Items, or what somebody signed in at the firm's Exchange submitted: an address
    of the firm in From alone can be forged.
    """
    found: set[str] = set()
    for message in messages:
        is_own = message.author_check is AuthorCheck.INTERNAL or (
            sent_folder_id and message.folder_id == sent_folder_id
        )
        if not is_own or message.author_check is AuthorCheck.FAILED or message.is_draft or message.from_ is None:
            continue
        if not any(book.own(address) for address in addresses_in(message.from_.address)):
            continue
        for participant in (*message.to, *message.cc, *message.bcc):
            found.update(a for a in addresses_in(participant.address) if not book.own(a))
    return found
