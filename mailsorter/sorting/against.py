"""What a change of the client book or the rules means for all mail there is: a difference read live, nothing moved.

Every message of a mailbox is matched twice, by the book as it was and as it is, each as if sorted afresh: with the
threads that this very book makes, and with people's corrections, which hold under both. The mailbox is read twice, so
that a thread is known whatever order its mail comes in; headers only, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.filing import Several
from mailsorter.model.folder import Folder, FolderPath
from mailsorter.model.match import Match
from mailsorter.model.message import Message
from mailsorter.model.thread import RunMemory
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.matching import MatchBook, match_all, match_message
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.watched import EVERY, watched_folders


@dataclass(frozen=True, slots=True)
class Difference:
    """One message that the change decides otherwise."""

    mailbox: str
    folder: FolderPath  # where it lies now
    message_id: str
    before: Match
    after: Match


@dataclass(slots=True)
class Side:
    """One of the two books, with the threads that it makes."""

    book: MatchBook
    several: Several = Several.REVIEW
    memory: RunMemory = field(default_factory=RunMemory)

    def match(self, page: Sequence[Message], recall: Recall) -> list[Match]:
        """Decide one page."""

        def one(message: Message) -> Match:
            return match_message(
                message, self.book, self.memory, corrections=recall, several=self.several, correspondents=recall
            )

        return match_all(page, self.memory, one)


def differences(
    ledger: Ledger, address: str, connect: Callable[[], Mailbox], before: Side, after: Side
) -> Iterator[Difference]:
    """Every message whose outcome or clients differ, folder by folder; Deleted Items, Junk and Drafts are left out."""
    with ledger.unit() as unit:
        number = unit.places.mailbox(address)
    clients = {**before.book.clients, **after.book.clients}
    numbers = ClientNumbers(ledger.key, clients)
    mailbox = connect()
    tree = mailbox.tree()
    folders = watched_folders(tree, (EVERY,), (), (), ()).folders
    for _, page, recall in _pages(ledger, number, mailbox, folders, numbers):
        before.match(page, recall)
        after.match(page, recall)
    for folder, page, recall in _pages(ledger, number, mailbox, folders, numbers):
        path = tree.path(folder.id)
        pairs = zip(page, before.match(page, recall), after.match(page, recall), strict=True)
        for message, old, new in pairs:
            if (old.outcome, old.clients) != (new.outcome, new.clients):
                yield Difference(address, path, message.id, old, new)


def _pages(
    ledger: Ledger, number: int, mailbox: Mailbox, folders: Sequence[Folder], numbers: ClientNumbers
) -> Iterator[tuple[Folder, Sequence[Message], Recall]]:
    for folder in folders:
        for page in mailbox.messages(folder.id, Detail.ENVELOPE):
            with ledger.reading() as unit:
                recall = Recall(unit, number, page, numbers)
            yield folder, page, recall
