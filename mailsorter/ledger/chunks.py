"""Long lists of digests in pieces that one statement takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

PARAMETERS = 900  # SQLite's oldest limit on bound values in one statement is 999


def chunks(digests: Iterable[bytes], size: int = PARAMETERS) -> Iterator[list[bytes]]:
    """The digests in order, at most `size` at a time; nothing for none."""
    rest = iter(digests)
    while some := list(islice(rest, size)):
        yield some
