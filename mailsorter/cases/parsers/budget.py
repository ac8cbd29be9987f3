"""How much of one message is unpacked, and why a part of it is not read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LIMITS = "limits"  # reading it met a limit
CLOSED = "not-readable"  # encrypted, damaged, a picture, or of a kind that is not read here
NAMES_UNKNOWN = "names-unknown"  # the same of what may hold files of its own, whose names nobody knows then

_RATIO = 250  # deflate makes 1,000 bytes of one at most; a sheet of equal rows reaches 50
_ARCHIVES = 4  # an archive in a document in an archive
_MESSAGES = 20
_RATIO_FROM = 8 << 20  # bytes unpacked from one entry


class BeyondLimits(Exception):
    """Reading on would take more than one message may."""


class Closed(Exception):
    """This cannot be read here."""


@dataclass(slots=True)
class Budget:
    """What is left for one message, all its attachments together. Every method raises `BeyondLimits`."""

    unpacked: int = 150 << 20  # bytes that come out of archives
    entries: int = 5_000  # of archives and of messages
    archives: int = 0  # how many archives and documents we are inside of
    messages: int = 0  # how many attached messages

    def entry(self) -> None:
        """Count one entry of an archive, or one part of a message."""
        self.entries -= 1
        if self.entries < 0:
            raise BeyondLimits

    def unpack(self, size: int, total: int = 0, packed: int = 0) -> None:
        """Count so many bytes more of an entry that gave `total` so far, out of `packed` bytes."""
        self.unpacked -= size
        if self.unpacked < 0 or (total > _RATIO_FROM and total > packed * _RATIO):
            raise BeyondLimits

    @contextmanager
    def inside_archive(self) -> Iterator[None]:
        """While something is read that is packed in something."""
        if self.archives >= _ARCHIVES:
            raise BeyondLimits
        self.archives += 1
        try:
            yield
        finally:
            self.archives -= 1

    @contextmanager
    def inside_message(self) -> Iterator[None]:
        """While a message is read that is attached to another one as a file."""
        if self.messages >= _MESSAGES:
            raise BeyondLimits
        self.messages += 1
        try:
            yield
        finally:
            self.messages -= 1
