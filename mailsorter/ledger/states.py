"""The small numbers that the ledger's rows carry, and what they mean. A number once used is never used for another."""

from __future__ import annotations

import enum


class MessageState(enum.IntEnum):
    """What the ledger last knew of a message."""

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


class StepKind(enum.IntEnum):
    """What a step changes."""

    ENSURE_FOLDER = 1
    MOVE = 2
    CATEGORIZE = 3
    ERASE_PERMANENTLY = 4
    ERASE_HARD = 5
    COPY = 6


class StepState(enum.IntEnum):
    """How far a step is. OPEN is an intent; everything else is an outcome."""

    OPEN = 0
    DONE = 1
    FAILED = 2  # the server said no: the message is where it was
    OVERTAKEN = 3  # someone else changed the message first: left alone
    GONE = 4  # the message is not in the mailbox any more
    UNDONE = 5  # was done, and taken back since
    HELD = 6  # a hold on Exchange's side protects it
