"""What a witness tells of one mailbox."""

from __future__ import annotations

from typing import Protocol

import msgspec

from mailsorter.cases.witness.marks import Marks

HEADERS, INDEXED, BODIES, EVERYTHING = "headers", "indexed", "bodies", "everything"
"""How deep every message is read: as the case was searched."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One item that names the person, or whose id was asked about. Never printed: `places` says where it was seen."""

    id: str
    folder: str
    is_recoverable: bool
    places: tuple[str, ...]
    search_key: bytes = b""
    message_id: str = ""
    received: str = ""  # as the server wrote it


class FolderLook(msgspec.Struct, frozen=True, kw_only=True):
    """One folder: how many items were listed, how many of them name the person, and the server's own count.

    `held` is -1 where the server gave no count. `others`: how many of those held are items of other kinds, which the
    server does not list here (0 where it did not say so).
    """

    folder: str
    is_recoverable: bool
    items: int
    naming: int
    held: int = -1
    others: int = 0


class MailboxLook(msgspec.Struct, kw_only=True):
    """One mailbox, looked through completely but for what `not_seen` names (folder, reason).

    `limited`: messages of which reading met a limit. That they are there was seen; what they say was not all read.
    """

    mailbox: str
    folders: list[FolderLook] = []
    hits: list[Hit] = []
    not_seen: list[tuple[str, str]] = []
    limited: int = 0
    requests: int = 0


class Witness(Protocol):
    """Looks through mailboxes. Raises nothing for what it cannot see: that is part of what it tells."""

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = INDEXED) -> MailboxLook:
        """Every item that names the person, read to this depth, and every item whose id is watched."""
        ...
