"""Which items of Recoverable Items belong to the approved list: pure.

Only what was approved there, or what appeared there since we began with the same search key and date as a message
that we deleted permanently. Anything else in Recoverable Items is somebody else's deletion and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from mailsorter.model.message import Message

Trace = tuple[bytes, int | None]
"""Search key, and the second in which it was received."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An approved item that is to go from Recoverable Items. `is_approved_there`: it lay there when it was approved."""

    token: bytes
    id: str
    search_key: bytes
    received_s: int | None
    is_approved_there: bool


class Target(msgspec.Struct, frozen=True):
    """One item to delete for good, and the approved item on whose account."""

    token: bytes
    id: str
    folder_id: str


def targets(wanted: Iterable[Wanted], there: Sequence[Message], was_there: Callable[[str], bool]) -> list[Target]:
    """What to delete for good out of `there`, the contents of Recoverable Items now.

    `was_there` tells of an id whether it lay there before our first permanent delete. A copy that a hold made of our
    message
    (Versions, DiscoveryHolds) is new and has the same search key and date, so it counts; what lay there before counts
    only where it was approved itself.
    """
    by_id = {message.id: message for message in there}
    found: dict[str, Target] = {}
    by_trace: dict[Trace, Wanted] = {}
    for item in wanted:
        if item.id in by_id:
            found[item.id] = Target(item.token, item.id, by_id[item.id].folder_id)
        if not item.is_approved_there and item.search_key:
            by_trace.setdefault((item.search_key, item.received_s), item)
    for message in there:
        item_by_trace = by_trace.get(trace_of(message))
        if item_by_trace is not None and message.id not in found and not was_there(message.id):
            found[message.id] = Target(item_by_trace.token, message.id, message.folder_id)
    return list(found.values())


def by_folder(chosen: Iterable[Target]) -> Mapping[str, list[Target]]:
    """The targets of each folder, since one request goes to one folder."""
    grouped: dict[str, list[Target]] = {}
    for target in chosen:
        grouped.setdefault(target.folder_id, []).append(target)
    return grouped


def trace_of(message: Message) -> Trace:
    """What a message shares with every copy of itself."""
    return message.search_key, int(message.received_at.timestamp()) if message.received_at else None
