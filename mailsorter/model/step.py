"""Steps: single changes to the world, as values. A planner makes them, `perform` does them, nobody else.

A step carries everything needed to do it, to find out after a crash whether it was done, and to record it.
"""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from mailsorter.model.folder import FolderPath
from mailsorter.model.standing import MessageState


class StepKind(enum.IntEnum):
    """What a step changes. The numbers stand in ledgers: a number once used is never used for another."""

    ENSURE_FOLDER = 1
    MOVE = 2
    CATEGORIZE = 3
    ERASE_PERMANENTLY = 4
    ERASE_HARD = 5
    COPY = 6


class EnsureFolder(msgspec.Struct, frozen=True, kw_only=True):
    """Make sure that a folder exists at the path below the visible root; makes parents too. Done twice: once."""

    path: FolderPath
    client_id: str | None = None  # set: it becomes that client's folder


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger digests of a message, so that it is known again: none of it is kept readable."""

    id: str
    conversation_id: str = ""
    internet_message_id: str = ""
    received_at: datetime | None = None
    search_key: bytes = b""  # MAPI's: an erasure finds by it what its id no longer names


class MoveMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Move (or, with `copy`, copy) one message into the folder at `target`, known as `target_id` where it exists."""

    message: Identity
    source_id: str
    target: FolderPath
    target_id: str | None = None  # None: the path's EnsureFolder comes earlier in the same plan
    client_id: str | None = None
    evidence: tuple[str, ...] = ()  # codes, the deciding one first
    evidence_number: int = 0  # the deciding kind's number in the ledger
    becomes: MessageState = MessageState.FILED
    copy: bool = False
    categories: tuple[str, ...] | None = None  # set: the message is stamped with exactly these after the move
    categories_before: tuple[str, ...] | None = None
    takes_back: int = 0  # the ledger's number of the step that this one undoes
    speaks: bool = True  # for its thread: False where the author failed authentication


class EraseMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Erase one message: out of the visible folders, or, with `hard`, out of the folder in Recoverable Items."""

    message: Identity
    folder_id: str
    hard: bool = False


Step = EnsureFolder | MoveMessage | EraseMessage
