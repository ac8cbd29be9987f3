"""Many messages at once, so that a thread is recognised in whatever order its mail was delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message
from mailsorter.model.thread import RunMemory

_UNDECIDED = (Outcome.UNMATCHED, Outcome.INTERNAL)


def match_all(messages: Sequence[Message], memory: RunMemory, match: Callable[[Message], Match]) -> list[Match]:
    """
    Match every message, then those left undecided again for as long as that decides more, in the order given.

    `match` decides one message by what `memory` holds; each decision is remembered there. Two passes are the rule,
    more only for a chain of answers that arrived back to front.
    """
    matches = [_matched(message, memory, match) for message in messages]
    undecided = [i for i, found in enumerate(matches) if found.outcome in _UNDECIDED]
    while undecided:
        still = []
        for position in undecided:
            matches[position] = _matched(messages[position], memory, match)
            if matches[position].outcome in _UNDECIDED:
                still.append(position)
        if len(still) == len(undecided):
            break
        undecided = still
    return matches


def _matched(message: Message, memory: RunMemory, match: Callable[[Message], Match]) -> Match:
    found = match(message)
    memory.remember(message, found)
    return found
