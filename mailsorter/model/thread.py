"""What is remembered about threads, so that an answer follows the mail it answers.

The ledger keeps only keyed digests of conversations and message ids; a flow looks a page up beforehand, hands matching
an object that answers from memory, and lays this run's own decisions over it.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message


class ThreadMemory(Protocol):
    """To which clients the mail of a thread was filed before. Called once a message; answers from memory."""

    def clients(self, message: Message) -> tuple[str, ...]:
        """Clients of the mail that shares the message's conversation or that its References name; () when none."""
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


class Correction(msgspec.Struct, frozen=True):
    """What people decided about one thread.

    `clients`: where they filed it; two of them contradict each other and cancel to review.
    `rejected`: clients out of whose folder they took it.
    `is_this_message`: a person put this very message where it lies, so it is never moved.
    """

    clients: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    is_this_message: bool = False


class NoMemory:
    """Nothing is remembered."""

    def clients(self, message: Message) -> tuple[str, ...]:
        return ()


class RunMemory:
    """This run's own decisions, laid over what was remembered before it."""

    def __init__(self, before: ThreadMemory | None = None) -> None:
        self._before = before or NoMemory()
        self._by_conversation: dict[str, tuple[str, ...]] = {}
        self._by_message_id: dict[str, tuple[str, ...]] = {}

    def remember(self, message: Message, match: Match) -> None:
        """Keep a decision; anything but `filed-to` (or `wait`, which will be) to one client is not remembered.

        Nor is mail whose author failed authentication: anybody may have put it into the thread.
        """
        if match.outcome not in (Outcome.FILED_TO, Outcome.WAIT) or len(match.clients) != 1:
            return
        if message.author_check is AuthorCheck.FAILED:
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


def _add(known: dict[str, tuple[str, ...]], key: str, client_id: str) -> None:
    clients = known.get(key, ())
    if client_id not in clients:
        known[key] = (*clients, client_id)
