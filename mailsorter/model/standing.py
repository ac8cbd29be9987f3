"""What is known of a message between two looks at it."""

from __future__ import annotations

import enum


class MessageState(enum.IntEnum):
    """What was last known of a message. The numbers stand in ledgers: one once used is never used for another."""

    FILED = 1  # lies in its client's folder because a run put it there
    UNMATCHED = 2
    AMBIGUOUS = 3
    INTERNAL = 4
    EXCLUDED = 5
    WAITING = 6
    BY_HAND = 7  # a person put it where it is: never moved
    GONE = 8  # not in the mailbox any more
    FAILED = 9
    UNDONE = 10  # put back by undo: left alone until book or rules change
    LABELLED = 11  # labelled mail without a client, where the config says
    RESTRICTED = 12  # kept on a legal ground only, in the restricted folder (GDPR article 18)
    UNCLEAR = 13  # a move's answer was lost and several messages may be the one that moved: a person looks
    MISSING = 14  # was put somewhere; ids change on a move, and under the one it had it is nowhere: moved, or gone
    TOO_COSTLY = 15  # not matched, or not to its end: left alone until book, rules or program change


PLACED = (
    MessageState.FILED,
    MessageState.BY_HAND,
    MessageState.UNDONE,
    MessageState.LABELLED,
    MessageState.RESTRICTED,
    MessageState.MISSING,
)
"""What a run, an undo or a person put where it lies, or lay: by these a message is known again under another id."""
