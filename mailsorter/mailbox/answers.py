"""Which message a message answers."""

from __future__ import annotations

from collections.abc import Sequence


def parent_last(named: Sequence[str]) -> tuple[str, ...]:
    """The msg-ids of References and then In-Reply-To, each once, the direct parent last.

    The parent is what In-Reply-To names, else the last of References (RFC 5322, 3.6.4). In-Reply-To may repeat an
    older one of References, so its place there is given up.
    """
    if len(named) < 2:
        return tuple(named)
    parent = named[-1]
    found = dict.fromkeys(named)
    del found[parent]
    return (*found, parent)
