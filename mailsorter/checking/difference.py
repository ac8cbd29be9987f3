"""What can differ between ledger and mailbox, and what each difference means. Pure: one table.

Two things are never assumed: that mail which is nowhere to be seen was erased, and that a person meant something by
throwing mail away.
"""

from __future__ import annotations

import enum

import msgspec

from mailsorter.model.standing import MessageState


class Kind(enum.StrEnum):
    """A difference. `is_open` ones need a person's eyes; the others are bookkeeping and are mended."""

    FILED_BY_HAND = "filed-by-hand"  # a person put it into a client's folder
    TAKEN_OUT_BY_HAND = "taken-out-by-hand"  # a person took it out of a client's folder
    MOVED_BY_HAND = "moved-by-hand"  # a person moved it, which says nothing about whose it is
    DELETED_BY_HAND = "deleted-by-hand"  # in Deleted Items, or on its way out of the mailbox
    NEVER_SEEN = "never-seen"  # older than the last look at its folder, and the ledger does not know it
    CAME_BACK = "came-back"  # the ledger had it as gone
    LATE_MOVE = "late-move"  # our own move, done by the server after its answer was lost
    CLAIMED_BUT_ABSENT = "claimed-but-absent"  # the ledger has it, and it is in no folder that can be listed
    SEEN_TWICE = "seen-twice"  # the same message lies more than once in one client's folder
    RESTRICTED_MOVED = "restricted-moved"  # kept on a legal ground only, and not where it was put
    RISEN = "erased-mail-is-back"  # a restored backup brought back what was erased
    FOLDER_MOVED = "client-folder-moved"  # renamed or moved in Outlook: followed
    FOLDER_GONE = "client-folder-gone"

    @property
    def is_open(self) -> bool:
        """Does it need a person's eyes?"""
        return self in (Kind.SEEN_TWICE, Kind.RESTRICTED_MOVED, Kind.RISEN, Kind.FOLDER_GONE)


class Where(enum.Enum):
    """What kind of folder a message was found in."""

    CLIENT = "client"  # a client's folder or below it
    DELETED = "deleted"  # Deleted Items or below
    RECOVERABLE = "recoverable"
    OTHER = "other"


class Mending(msgspec.Struct, frozen=True):
    """How the ledger is put right: the state to write, and whether people's doing is learnt from it."""

    kind: Kind
    state: MessageState | None  # None: only the folder
    client: int | None = None
    rejected: int | None = None


_PUT_THERE = (MessageState.FILED, MessageState.BY_HAND, MessageState.LABELLED)


def judge_moved(state: MessageState, client: int | None, where: Where, owner: int | None) -> Mending:
    """A message that the ledger has in another folder than the one it was found in.

    `client` is whose the ledger says it is, `owner` whose folder it was found in.
    """
    if state is MessageState.RESTRICTED:
        return Mending(Kind.RESTRICTED_MOVED, None)
    if state is MessageState.GONE:
        return _came_back(where, owner)
    if where is Where.RECOVERABLE:
        return Mending(Kind.DELETED_BY_HAND, MessageState.GONE)
    if where is Where.DELETED:
        return Mending(Kind.DELETED_BY_HAND, MessageState.BY_HAND if state in _PUT_THERE else None)
    if where is Where.CLIENT:
        if state in _PUT_THERE and owner == client:
            return Mending(Kind.MOVED_BY_HAND, None)
        return Mending(Kind.FILED_BY_HAND, MessageState.BY_HAND, owner, client if state in _PUT_THERE else None)
    if state in _PUT_THERE and client is not None:
        return Mending(Kind.TAKEN_OUT_BY_HAND, MessageState.BY_HAND, None, client)
    return Mending(Kind.MOVED_BY_HAND, MessageState.BY_HAND if state is MessageState.WAITING else None)


def _came_back(where: Where, owner: int | None) -> Mending:
    if where is Where.CLIENT:
        return Mending(Kind.CAME_BACK, MessageState.BY_HAND, owner)
    if where is Where.OTHER:
        return Mending(Kind.CAME_BACK, MessageState.UNMATCHED)
    return Mending(Kind.CAME_BACK, MessageState.BY_HAND)


def judge_absent(state: MessageState) -> Kind:
    """A message that no folder of the mailbox holds any more."""
    if state in (MessageState.RESTRICTED, MessageState.UNCLEAR) or state in _PUT_THERE:
        return Kind.CLAIMED_BUT_ABSENT
    return Kind.DELETED_BY_HAND
