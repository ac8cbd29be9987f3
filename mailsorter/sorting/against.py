"""What a change of the client book or the rules means for all mail there is: a difference read live, nothing moved.

Every message of a mailbox is matched twice, by the book as it was and as it is, each as if sorted afresh: with the
threads that this very book makes, and with people's corrections, which hold under both. The mailbox is read twice, so
that a thread is known whatever order its mail comes in; headers only, nothing is kept. How far mail may be relied on
that this mailbox does not have, the ledger says; to whom the firm writes, Sent Items say as well, which come first: a
ledger of release 0.1.0 does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.filing import Several
from mailsorter.model.folder import Folder, FolderPath, WellKnown
from mailsorter.model.match import Match
from mailsorter.model.message import Message
from mailsorter.model.thread import LeftStanding, Link, RunMemory
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.decide import Decision, Known
from mailsorter.sorting.matching import MatchBook, match_all, match_message, standing_of_left
from mailsorter.sorting.recall import Recall, author_of
from mailsorter.sorting.watched import EVERY, watched_folders
from mailsorter.sorting.written_to import people_written_to, people_written_to_for_clients


@dataclass(frozen=True, slots=True)
class Difference:
    """One message that the change decides otherwise."""

    mailbox: str
    folder: FolderPath  # where it lies now
    message_id: str
    before: Match
    after: Match


class _LedgerLinks:
    """What the ledger knows of the messages that mail answers; whose its threads are each book says for itself."""

    recall: Recall

    def clients(self, message: Message) -> tuple[str, ...]:
        return ()

    def link(self, message: Message) -> Link:
        return self.recall.link(message)


@dataclass(slots=True)
class _Known:
    """Whom the firm knows: by the ledger, and by what it has written that was read so far. A `Correspondents`."""

    recall: Recall
    written_to: set[str]
    written_for: set[tuple[str, str]]

    def wrote_to_author(self, message: Message) -> bool:
        return author_of(message) in self.written_to or self.recall.wrote_to_author(message)

    def wrote_for(self, message: Message, client_id: str) -> bool:
        found = (author_of(message), client_id) in self.written_for
        return found or self.recall.wrote_for(message, client_id)


@dataclass(slots=True)
class Side:
    """One of the two books, with the threads that it makes and the people to whom the firm writes."""

    book: MatchBook
    several: Several = Several.REVIEW
    _links: _LedgerLinks = field(default_factory=_LedgerLinks)
    _memory: RunMemory = field(init=False)
    _known: _Known = field(init=False)
    _written_to: set[str] = field(default_factory=set)
    _written_for: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._memory = RunMemory(self._links, self._standing_of_left)

    def match(self, page: Sequence[Message], recall: Recall, sent_folder_id: str | None = None) -> list[Match]:
        """Decide one page."""
        self._links.recall = recall
        self._known = _Known(recall, self._written_to, self._written_for)
        self._written_to |= people_written_to(page, self.book, sent_folder_id)

        def one(message: Message) -> Match:
            return match_message(
                message, self.book, self._memory, corrections=recall, several=self.several, correspondents=self._known
            )

        matches = match_all(page, self._memory, one)
        decided = (Decision(m, Known.MATCH, match) for m, match in zip(page, matches, strict=True))
        self._written_for |= people_written_to_for_clients(decided, self.book, sent_folder_id)
        return matches

    def _standing_of_left(self, message: Message, match: Match) -> LeftStanding:
        return standing_of_left(message, match, self.book, self._known)


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
    sent = tree.well_known(WellKnown.SENT)
    sent_id = sent.id if sent is not None else None
    folders = sorted(watched_folders(tree, (EVERY,), (), (), ()).folders, key=lambda folder: folder.id != sent_id)
    for _, page, recall in _pages(ledger, number, mailbox, folders, numbers):
        before.match(page, recall, sent_id)
        after.match(page, recall, sent_id)
    for folder, page, recall in _pages(ledger, number, mailbox, folders, numbers):
        path = tree.path(folder.id)
        pairs = zip(page, before.match(page, recall, sent_id), after.match(page, recall, sent_id), strict=True)
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
