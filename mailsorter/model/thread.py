"""What is remembered about threads, so that an answer follows the mail it answers.

The ledger keeps only keyed digests of conversations and message ids; a flow looks a page up beforehand, hands matching
an object that answers from memory, and lays this run's own decisions over it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
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


class LeftStanding(enum.Enum):
    """How far other mail may rely on mail that was left, before one looks at what it answers itself."""

    OPEN = "open"  # nobody vouches for its author, or for its thread
    KNOWN = "known"  # its author is known: as far as on its parent
    OWN = "own"  # its author is one of the firm's own people: also where its parent was never seen


class Link(enum.Enum):
    """What is known of the message that another one answers, its direct parent."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"  # never seen here, or nobody vouches for it
    FORGED = "forged"  # its author failed authentication


_LONGEST_CHAIN = 20  # messages that were left, each answering the next: beyond it nothing is known
_OPEN = frozenset({Reason.UNKNOWN_AUTHOR, Reason.UNKNOWN_PARENT, Reason.TOO_COSTLY})


def is_open(match: Match) -> bool:
    """Was it left because nobody vouches for its author or its thread, or because it was never judged?"""
    return match.reason in _OPEN


JudgeOfLeft = Callable[[Message, Match], LeftStanding]


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


class _Left(msgspec.Struct, frozen=True, gc=False):
    """Mail that was left, and whose author is known: it may be relied on where its own parent may."""

    is_own: bool  # its author is the firm's: a parent that was never seen does no harm
    before: Link  # what was remembered of its parent before this run
    parent: str  # msg-id; "" where it has none
    conversation: str


class RunMemory:
    """This run's own decisions, laid over what was remembered before it."""

    def __init__(self, before: ThreadMemory | None = None, standing_of_left: JudgeOfLeft | None = None) -> None:
        """`standing_of_left` judges mail that is left, as the ledger will; without it such mail is not remembered."""
        self._before = before or NoMemory()
        self._standing_of_left = standing_of_left
        self._by_conversation: dict[str, tuple[str, ...]] = {}
        self._by_message_id: dict[str, tuple[str, ...]] = {}
        self._left: dict[str, _Left] = {}  # by msg-id
        self._trust: dict[str, Trust] = {}  # of mail that nobody vouches for, by msg-id
        self._doubtful: dict[str, set[str]] = {}  # msg-ids of mail that nobody vouches for, by conversation

    def remember(self, message: Message, match: Match) -> None:
        """Keep a decision. Of mail that is not filed to one client only how far its thread may rely on it.

        Nor does mail whose author failed authentication speak for a client: anybody may have put it into the thread.
        """
        if message.author_check is AuthorCheck.FAILED:
            self._doubt(message, Trust.NO)
            return
        if match.outcome not in (Outcome.FILED_TO, Outcome.WAIT) or len(match.clients) != 1:
            self._remember_left(message, match)
            return
        if self._trust or self._left:
            self._forget_left(message)
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
        parent = message.references[-1] if message.references else ""
        return self._link(self._before.link(message), parent, message.conversation_id, _LONGEST_CHAIN)

    def _link(self, before: Link, parent: str, conversation: str, steps: int) -> Link:
        if not parent:
            return Link.UNKNOWN if self._doubtful.get(conversation) else before
        trust = self._trust.get(parent)
        if before is Link.FORGED or trust is Trust.NO:
            return Link.FORGED
        if parent in self._by_message_id:
            return Link.TRUSTED
        if trust is not None:
            return Link.UNKNOWN
        left = self._left.get(parent)
        if left is None:
            return before
        if not steps:
            return Link.UNKNOWN
        above = self._link(left.before, left.parent, left.conversation, steps - 1)
        is_relied_on = above is Link.TRUSTED or (left.is_own and above is Link.UNKNOWN)
        return Link.TRUSTED if is_relied_on else Link.UNKNOWN

    def _remember_left(self, message: Message, match: Match) -> None:
        if self._standing_of_left is None:
            if is_open(match):
                self._doubt(message, Trust.OPEN)
            return
        standing = self._standing_of_left(message, match)
        if standing is LeftStanding.OPEN:
            self._doubt(message, Trust.OPEN)
        elif message.internet_message_id and self._trust.get(message.internet_message_id) is not Trust.NO:
            self._forget_left(message)
            self._left[message.internet_message_id] = _Left(
                standing is LeftStanding.OWN,
                self._before.link(message),
                message.references[-1] if message.references else "",
                message.conversation_id,
            )

    def _doubt(self, message: Message, trust: Trust) -> None:
        self._left.pop(message.internet_message_id, None)
        if message.internet_message_id and self._trust.get(message.internet_message_id) is not Trust.NO:
            self._trust[message.internet_message_id] = trust
        if message.conversation_id:
            self._doubtful.setdefault(message.conversation_id, set()).add(message.internet_message_id)

    def _forget_left(self, message: Message) -> None:
        """It was left in an earlier pass, when less was known of its thread."""
        message_id = message.internet_message_id
        self._left.pop(message_id, None)
        if self._trust.get(message_id) is Trust.OPEN:
            del self._trust[message_id]
            self._doubtful.get(message.conversation_id, set()).discard(message_id)


def _add(known: dict[str, tuple[str, ...]], key: str, client_id: str) -> None:
    clients = known.get(key, ())
    if client_id not in clients:
        known[key] = (*clients, client_id)
