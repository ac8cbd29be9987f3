"""What is remembered about threads, so that an answer follows the mail it answers.

The ledger keeps only keyed digests of conversations and message ids; a flow looks a page up beforehand, hands matching
an object that answers from memory, and lays this run's own decisions over it.
"""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message


class Trust(enum.IntEnum):
    """May other mail rely on this message for its thread? The numbers are the ledger's."""

    NO = 0  # its author failed authentication: anybody may have put it into the thread
    YES = 1
    OPEN = 2  # nobody vouches for its author, or for what it answers


class Link(enum.Enum):
    """What is known of the message that another one answers, its direct parent."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"  # never seen here, or nobody vouches for it
    FORGED = "forged"  # its author failed authentication


_OPEN = frozenset({Reason.UNKNOWN_AUTHOR, Reason.UNKNOWN_PARENT, Reason.TOO_COSTLY})


def is_open(match: Match) -> bool:
    """Was it left because nobody vouches for its author or its thread, or because it was never judged?"""
    return match.reason in _OPEN


class ThreadMemory(Protocol):
    """To which clients the mail of a thread was filed before. Called once a message; answers from memory."""

    def clients(self, message: Message) -> tuple[str, ...]:
        """Clients of the mail that shares the message's conversation or that its References name; () when none."""
        ...

    def link(self, message: Message) -> Link:
        """What is known of the message's direct parent, the last of its `references`.

        Without references its conversation answers: it is not `TRUSTED` where mail that nobody vouches for is in it.
        """
        ...


class Corrections(Protocol):
    """What people said by moving mail. Called once a message; answers from memory."""

    def of_thread(self, message: Message) -> Correction | None:
        """What people decided about this message's thread, or None."""
        ...


class Correspondents(Protocol):
    """Whom the firm knows. Called where a thread or code decides; answers from memory."""

    def wrote_to_author(self, message: Message) -> bool:
        """Has the firm written to the message's author before?"""
        ...

    def wrote_for(self, message: Message, client_id: str) -> bool:
        """Has the firm written to the message's author before, in mail that was filed to this client?"""
        ...


class Correction(msgspec.Struct, frozen=True):
    """What people decided about one thread.

    `clients`: where they filed it; two of them contradict each other and cancel to review.
    `rejected`: clients out of whose folder they took it.
    `is_this_message`: a person put this very message where it lies, so it is never moved.
    `is_inherited`: `clients` come from other mail of the thread alone, not from a copy of this message.
    """

    clients: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    is_this_message: bool = False
    is_inherited: bool = False


class NoMemory:
    """Nothing is remembered."""

    def clients(self, message: Message) -> tuple[str, ...]:
        return ()

    def link(self, message: Message) -> Link:
        return Link.UNKNOWN if message.references else Link.TRUSTED


class RunMemory:
    """This run's own decisions, laid over what was remembered before it."""

    def __init__(self, before: ThreadMemory | None = None) -> None:
        self._before = before or NoMemory()
        self._by_conversation: dict[str, tuple[str, ...]] = {}
        self._by_message_id: dict[str, tuple[str, ...]] = {}
        self._trust: dict[str, Trust] = {}  # of mail that nobody vouches for, by msg-id
        self._doubtful: set[str] = set()  # conversations with mail that nobody vouches for

    def remember(self, message: Message, match: Match) -> None:
        """Keep a decision; anything but `filed-to` (or `wait`, which will be) to one client is not remembered.

        Nor is mail whose author failed authentication: anybody may have put it into the thread.
        """
        if message.author_check is AuthorCheck.FAILED:
            self._doubt(message, Trust.NO)
            return
        if match.outcome not in (Outcome.FILED_TO, Outcome.WAIT) or len(match.clients) != 1:
            if is_open(match):
                self._doubt(message, Trust.OPEN)
            return
        if message.conversation_id:
            _add(self._by_conversation, message.conversation_id, match.clients[0])
        if message.internet_message_id:
            _add(self._by_message_id, message.internet_message_id, match.clients[0])

    def clients(self, message: Message) -> tuple[str, ...]:
        found = self._before.clients(message) + self._by_conversation.get(message.conversation_id, ())
        for reference in message.references:
            found += self._by_message_id.get(reference, ())
        return found if len(found) < 2 else tuple(dict.fromkeys(found))

    def link(self, message: Message) -> Link:
        found = self._before.link(message)
        if not message.references:
            return Link.UNKNOWN if message.conversation_id in self._doubtful else found
        parent = message.references[-1]
        trust = self._trust.get(parent)
        if found is Link.FORGED or trust is Trust.NO:
            return Link.FORGED
        if parent in self._by_message_id:
            return Link.TRUSTED
        return found if trust is None else Link.UNKNOWN

    def _doubt(self, message: Message, trust: Trust) -> None:
        if message.internet_message_id and self._trust.get(message.internet_message_id) is not Trust.NO:
            self._trust[message.internet_message_id] = trust
        if message.conversation_id:
            self._doubtful.add(message.conversation_id)


def _add(known: dict[str, tuple[str, ...]], key: str, client_id: str) -> None:
    clients = known.get(key, ())
    if client_id not in clients:
        known[key] = (*clients, client_id)
