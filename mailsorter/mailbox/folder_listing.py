"""One folder listed completely while its mail moves, though it may hold items that a listing of messages leaves out.

`Mailbox.messages` gives every message that lies in the folder all the time. What it cannot give is what came meanwhile,
and over Graph what has no date of receipt. So where a folder counts more than it listed, its ids are listed again.

An Exchange folder counts items of every kind, and Graph lists only messages (graph-facts, section 3): in Deleted Items
and in Recoverable Items appointments, contacts and tasks are counted and not listed. Therefore the server is asked for
the count of the listing itself, too. Only what these two leave unexplained is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mailsorter.errors import NotFound, PermanentError
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.message import Message

_ROUNDS = 3  # of ids; each costs a request for 1,000 items
_AT_ONCE = 100  # messages that only a later round brought, fetched together


class FolderListing:
    """Gives every message of a folder once, with so much of it as `detail` says. `listed`: how many it gave so far.

    `given`: keys of those that an earlier listing gave, which was broken off; they are not given again.
    After `again`: `held` is the folder's own count, `others` how many of those are items of other kinds, and with
    `is_short` at least `missing` messages were not listed (0: nobody knows how many).
    """

    def __init__(
        self, mailbox: Mailbox, folder_id: str, detail: Detail = Detail.TRACES, *, hidden: bool = True,
        given: Iterable[int] = (),
    ) -> None:  # fmt: skip
        self._mailbox = mailbox
        self._folder_id = folder_id
        self._detail = detail
        self._hidden = hidden
        self.given = set(given)  # ids by `id_key`: a million of them must not take a quarter of a GB
        self.listed = len(self.given)
        self.held = 0
        self.others = 0
        self.missing = 0
        self.is_short = False

    def messages(self, since: datetime | None = None) -> Iterator[list[Message]]:
        """Pages of everything in the folder, or of what was received since then. Raises as `Mailbox.messages`."""
        for page in self._mailbox.messages(self._folder_id, self._detail, hidden=self._hidden, since=since):
            new = [message for message in page if self._is_new(message.id)]
            self.listed += len(new)
            yield new

    def again(self) -> Iterator[list[Message]]:
        """Pages of what the first listing did not give, found by listing ids until the folder is explained.

        This round follows the server's links: a message that leaves a page moves another one to a page that was read
        before. So it is believed only if it has everything of the round before: then nothing left in between, and that
        round missed nothing that stayed. Raises as `Mailbox.list_ids`, `count_items` and `fetch`.
        """
        before = set(self.given)
        for _ in range(_ROUNDS):
            now: set[int] = set()
            for page in self._mailbox.list_ids(self._folder_id, hidden=self._hidden):
                now.update(id_key(stub.id) for stub in page)
                yield from self._found([stub.id for stub in page if self._is_new(stub.id)])
            counts = self._mailbox.count_items(self._folder_id, hidden=self._hidden)
            is_steady = before <= now
            self.held = len(now) if counts.held is None else counts.held
            self.missing = max(0, self.held - len(now))
            if is_steady and counts.held is not None and (not self.missing or counts.listed == len(now)):
                self.others, self.missing, self.is_short = self.missing, 0, False
                return
            self.is_short = True
            before = now

    def _is_new(self, message_id: str) -> bool:
        key = id_key(message_id)
        if key in self.given:
            return False
        self.given.add(key)
        return True

    def _found(self, ids: Sequence[str]) -> Iterator[list[Message]]:
        for page in fetched(self._mailbox, self._folder_id, ids, self._detail):
            self.listed += len(page)
            yield page


def id_key(message_id: str) -> int:
    """64 bits that stand for an id, the same in every process."""
    return int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), "big")


def fetched(
    mailbox: Mailbox, folder_id: str, ids: Sequence[str], detail: Detail = Detail.TRACES
) -> Iterator[list[Message]]:
    """The messages of a folder that only a listing of ids brought, some at a time.

    A stand-in for one that the server cannot render, none for one that left meanwhile. Raises what may be better later.
    """
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        if detail is Detail.IDS:
            yield [Message(id=one, folder_id=folder_id) for one in some]
            continue
        found = []
        for message_id, answer in zip(some, mailbox.fetch(some, detail), strict=True):
            if isinstance(answer, Message):
                found.append(answer)
            elif isinstance(answer, NotFound):
                continue
            elif isinstance(answer, PermanentError):
                found.append(Message(id=message_id, folder_id=folder_id, is_unreadable=True))
            else:
                raise answer
        yield found
