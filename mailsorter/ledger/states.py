"""The small numbers that the ledger's rows carry, and what they mean. A number once used is never used for another."""

from __future__ import annotations

import enum


class StepState(enum.IntEnum):
    """How far a step is. OPEN is an intent; everything else is an outcome."""

    OPEN = 0
    DONE = 1
    FAILED = 2  # the server said no: the message is where it was
    OVERTAKEN = 3  # someone else changed the message first: left alone
    GONE = 4  # the message is not in the mailbox any more
    UNDONE = 5  # was done, and taken back since
    HELD = 6  # a hold on Exchange's side protects it
    NOT_TRIED = 7  # interrupted before it was tried: nothing was changed
    UNCLEAR = 8  # its answer was lost and several messages may be the one: a person looks, nothing is assumed
