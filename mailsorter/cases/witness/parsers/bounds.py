"""How much the witness unpacks of one message."""

from __future__ import annotations

from dataclasses import dataclass


class TooMuch(Exception):
    """More than one message may hold."""


class Unreadable(Exception):
    """Encrypted, damaged, or a page without text."""


@dataclass(slots=True)
class Left:
    """What may still be unpacked: bytes, and entries of archives and messages."""

    size: int = 150_000_000
    entries: int = 5_000

    def take(self, size: int, out_of: int) -> None:
        """Count one block of an entry whose packed size is told. Raises `TooMuch`."""
        self.size -= size
        if self.size < 0 or out_of < 0:
            raise TooMuch

    def next(self) -> None:
        """Count one entry. Raises `TooMuch`."""
        self.entries -= 1
        if self.entries < 0:
            raise TooMuch
