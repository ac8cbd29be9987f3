"""Counts in sentences: one message, two messages."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """`1 message`, `2 messages`; `many` where the plural is not `one` with an s.

    `one` and `many` may hold a verb, too: `counted(n, "item is kept", "items are kept")`.
    """
    return f"{count} {plural(count, one, many)}"


def plural(count: int, one: str, many: str = "") -> str:
    """The word alone that fits the count."""
    return one if count == 1 else many or f"{one}s"
