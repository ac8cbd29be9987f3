"""One folder listed completely while its mail moves, though it may hold items that a listing of messages leaves out.

An Exchange folder counts items of every kind. Graph lists only messages (graph-facts, section 3): in Deleted Items and
in Recoverable Items appointments, contacts and tasks are counted and not listed. So a folder that counts more than it
listed is not simply short. Its ids are listed again, and the server is asked for the count of the listing itself. Only
what these two leave unexplained is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailsorter.errors import NotFound, PermanentError
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.message import Message

_ROUNDS = 3  # of ids; each costs a request for 1,000 items
_AT_ONCE = 100  # messages that only a later round brought, fetched together


class FolderListing:
    """Gives every message of a folder once. `listed`: how many it gave so far.

    After `again`: `held` is the folder's own count, `others` how many of those are items of other kinds, and with
    `is_short` at least `missing` messages were not listed (0: nobody knows how many).
    """

    def __init__(self, mailbox: Mailbox, folder_id: str) -> None:
        self._mailbox = mailbox
        self._folder_id = folder_id
        self._given: set[int] = set()  # ids by their 64-bit hash: a million of them must not take a quarter of a GB
        self.listed = 0
        self.held = 0
        self.others = 0
        self.missing = 0
        self.is_short = False

    def messages(self) -> Iterator[list[Message]]:
        """Pages of everything in the folder, hidden items too. Raises as `Mailbox.messages`."""
        for page in self._mailbox.messages(self._folder_id, Detail.TRACES, hidden=True):
            new = [message for message in page if self._is_new(message.id)]
            self.listed += len(new)
            yield new

    def again(self) -> Iterator[list[Message]]:
        """Pages of what the first listing did not give, found by listing ids until the folder is explained.

        A message that leaves a page moves another one to a page that was read before. So a round is believed only if
        it has everything of the round before: then nothing left in between, and that round missed nothing that stayed.
        Raises as `Mailbox.list_ids`, `count_items` and `fetch`.
        """
        before = set(self._given)
        for _ in range(_ROUNDS):
            pages = self._mailbox.list_ids(self._folder_id, hidden=True)
            ids = {stub.id for page in pages for stub in page}
            yield from self._fetched([one for one in ids if self._is_new(one)])
            now = {hash(one) for one in ids}
            counts = self._mailbox.count_items(self._folder_id, hidden=True)
            is_steady = before <= now
            self.held = len(now) if counts.held is None else counts.held
            self.missing = max(0, self.held - len(now))
            if is_steady and counts.held is not None and (not self.missing or counts.listed == len(now)):
                self.others, self.missing, self.is_short = self.missing, 0, False
                return
            self.is_short = True
            before = now

    def _is_new(self, message_id: str) -> bool:
        key = hash(message_id)
        if key in self._given:
            return False
        self._given.add(key)
        return True

    def _fetched(self, ids: Sequence[str]) -> Iterator[list[Message]]:
        """Those messages; a stand-in for one that the server cannot render, none for one that left meanwhile."""
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            answers = self._mailbox.fetch(some, Detail.TRACES)
            found = []
            for message_id, answer in zip(some, answers, strict=True):
                if isinstance(answer, Message):
                    found.append(answer)
                elif isinstance(answer, NotFound):
                    continue
                elif isinstance(answer, PermanentError):
                    found.append(Message(id=message_id, folder_id=self._folder_id, is_unreadable=True))
                else:
                    raise answer
            self.listed += len(found)
            yield found
