"""What a message holds besides its envelope: its text and what is attached; and a digest of both. Pure.

The text is compared and dropped: nothing of it is kept but the digest.
"""

from __future__ import annotations

import hashlib

import msgspec


class Attached(msgspec.Struct, frozen=True, order=True):
    """One attachment as the server lists it: its name, and its size in bytes by the server's own count."""

    name: str
    size: int


class Contents(msgspec.Struct, frozen=True):
    """The body as plain text, and every attachment, inline ones too, in the server's order."""

    text: str
    attachments: tuple[Attached, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the attachments."""
        return tuple(one.name for one in self.attachments)


def contents_digest(contents: Contents) -> bytes:
    """16 bytes that change when a word of the text, or an attachment's name or size, changes.

    How the server breaks lines and in which order it lists attachments does not count: neither is an edit.
    """
    parts = [" ".join(contents.text.split())]
    for one in sorted(contents.attachments):
        parts += [one.name, str(one.size)]
    framed = b"".join(len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(8, "big") + raw for part in parts)
    return hashlib.sha256(framed).digest()[:16]
