"""What a case looked at: each mailbox and folder, how much of it, to which depth, and what it could not read and why.

A gap is one of four kinds, and the kind decides what the case may claim (`model.verdict`). A reason that this table
does not know counts as unread: a new kind of failure must never make a case look complete.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from mailsorter.model.case import NotSeen
from mailsorter.model.folder import FOLDER_CLASSES, FOLDER_CLASSES_UNANSWERED


class Depth(enum.StrEnum):
    """How deep every message in scope is read."""

    HEADERS = "headers"
    INDEXED = "indexed"  # of cases that were searched before there was a choice
    BODIES = "bodies"
    EVERYTHING = "everything"


DEPTHS: Mapping[Depth, str] = MappingProxyType(
    {
        Depth.HEADERS: "The envelope and the first 255 characters of every message. No text and no attachment.",
        Depth.BODIES: (
            "The envelope and the whole text of every message, the names of its attachments, attached messages and the "
            "names inside ZIP archives. The text of attachments only of messages that Exchange's search (at most 1,000 "
            "hits a term) or the kind of message suggest."
        ),
        Depth.EVERYTHING: (
            "The envelope, the whole text and every attachment of every message, as far as the attachments can be "
            "read: what could not be read is counted by its reason."
        ),
        Depth.INDEXED: (
            "The envelope and the first 255 characters of every message. The text and attachments only of messages "
            "that Exchange's search (at most 1,000 hits a term), the headers or the kind of message suggest. Online "
            "archives offer no search: there only the headers and the kind of message suggest it."
        ),
    }
)
"""What a depth means, in the words of the certificate."""


def shallowest(depths: Iterable[Depth], otherwise: Depth = Depth.INDEXED) -> Depth:
    """The depth that is true of all of them."""
    return min(depths, key=tuple(Depth).index, default=otherwise)


class GapKind(enum.StrEnum):
    """What a gap means for the proof."""

    BEYOND_DEPTH = "beyond-depth"  # lies beyond the depth at which the case reads: counted, never claimed
    LEFT_OUT = "left-out"  # the config or a person took it out of scope: always named
    UNREAD = "unread"  # in scope and depth, and not read: nothing is proven
    UNANSWERED = "unanswered"  # the same, and asking again later may help


BEYOND_DEPTH = frozenset(
    {"text-by-index-only", "text-not-read", "attachments-not-opened", "attachments-not-readable", "attachment-names",
     "encrypted",
     "search-cap", "search-useless", "search-broken-entries", "no-recoverable-items", "limits", "not-readable-limits",
     "other-items", FOLDER_CLASSES}
)  # fmt: skip
"""Reasons of what lies beyond the depth."""
EXCLUDED, LEFT_OUT, ADDRESS_UNKNOWN, NOT_SEARCHED = "excluded", "left-out", "address-unknown", "not-searched"
LISTING_SHORT = "listing-short"
OTHER_ITEMS = "other-items"  # appointments, contacts and tasks that a mail folder counts and Graph does not list
LIMITS = "limits"  # messages of which reading met a limit
SEARCH = "search"  # in the place of a folder: the server's own search
BY_SCOPE = frozenset({EXCLUDED, LEFT_OUT, ADDRESS_UNKNOWN, NOT_SEARCHED})
"""Reasons that follow from what is in scope today, not from a search."""

TRY_AGAIN = frozenset(
    {
        *("no-answer", "http-429", "http-500", "http-502", "http-503", "http-504", "broken-answer", "foreign-link"),
        *("ErrorServerBusy", "ErrorTimeoutExpired"),  # of EWS, as the next two
        *("ErrorInternalServerTransientError", "ErrorMailboxStoreUnavailable"),
        "Unreachable",  # of the search: the mailbox answered otherwise
        FOLDER_CLASSES_UNANSWERED,
        LISTING_SHORT,  # mail may have moved while the folder was listed
    }
)
"""Reasons that may be gone when Exchange is asked once more."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A place that a person took out of a case's scope: a mailbox, or with `folder` only that folder of it."""

    mailbox: str
    folder: str = ""
    reason: str
    by: str = ""

    def covers(self, mailbox: str, folder: str) -> bool:
        """Is this place, or the whole mailbox it is in, left out?"""
        same = self.mailbox.casefold() == mailbox.casefold()
        return same and (not self.folder or self.folder == folder or folder.startswith(f"{self.folder} / "))


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not read. `count` messages, or 0 where nobody knows."""

    mailbox: str
    folder: str = ""
    reason: str
    count: int = 0
    kind: GapKind

    @property
    def is_whole_mailbox(self) -> bool:
        """Does it say that nothing of the mailbox was read? Of its archive it says nothing: that is a mailbox too."""
        is_mailbox = not self.folder and not self.count and not self.is_archive
        return is_mailbox and self.kind is not GapKind.BEYOND_DEPTH

    @property
    def is_archive(self) -> bool:
        """Is it about the archive of the mailbox, which could not be asked?"""
        return self.reason.startswith("archive-")


class FolderCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One folder: `held` by the server's count (-1: it gave none), `listed` one by one, and why it was not read.

    `others` of those held are items of other kinds, which a listing of messages leaves out.
    """

    folder: str
    held: int = -1
    listed: int = 0
    others: int = 0
    refused: str = ""  # a stable code; "" when it was read


class MailboxCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox: its folders, to which depth they were read, and why it was not read as a whole ("": it was)."""

    mailbox: str
    depth: Depth = Depth.INDEXED
    folders: tuple[FolderCoverage, ...] = ()
    refused: str = ""

    @property
    def held(self) -> int:
        """How many messages the server counts, as far as it gave a count."""
        return sum(max(folder.held, 0) for folder in self.folders)

    @property
    def listed(self) -> int:
        """How many messages were listed."""
        return sum(folder.listed for folder in self.folders)


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a case looked at, and every gap."""

    depth: Depth = Depth.INDEXED
    mailboxes: tuple[MailboxCoverage, ...] = ()  # those in scope
    gaps: tuple[Gap, ...] = ()

    def of_kind(self, *kinds: GapKind) -> tuple[Gap, ...]:
        """The gaps of these kinds."""
        return tuple(gap for gap in self.gaps if gap.kind in kinds)

    @property
    def is_whole(self) -> bool:
        """Was every folder of every mailbox in scope read at the depth, and nothing left out?

        Only then may a sentence say "all folders of all mailboxes".
        """
        return not self.of_kind(GapKind.UNREAD, GapKind.UNANSWERED, GapKind.LEFT_OUT)

    @property
    def not_opened(self) -> frozenset[str]:
        """The mailboxes of which the search or the witness read nothing at all, for whatever reason."""
        refused = {one.mailbox for one in self.mailboxes if one.refused}
        return frozenset(refused | {gap.mailbox for gap in self.gaps if gap.is_whole_mailbox})

    @property
    def read(self) -> int:
        """How many of the mailboxes in scope were read, at least in part."""
        return sum(one.mailbox not in self.not_opened for one in self.mailboxes)

    @property
    def gaps_by_mailbox(self) -> tuple[Gap, ...]:
        """The gaps by place: one for each mailbox of which nothing was read, its archive included, and one for each
        other folder, whatever search and witness were refused in it. What lies beyond the depth follows as recorded.

        Every sentence and table about places counts these, so that all of them give one number.
        """
        not_opened = self.not_opened
        places: dict[tuple[str, str], Gap] = {}
        beyond: list[Gap] = []
        for gap in self.gaps:
            if gap.kind is GapKind.BEYOND_DEPTH:
                beyond.append(gap)
                continue
            is_whole = gap.mailbox in not_opened
            one = msgspec.structs.replace(gap, folder="", count=0) if is_whole else gap
            key = (gap.mailbox, "archive" if gap.is_archive and not is_whole else one.folder)
            known = places.get(key)
            places[key] = one if known is None else _weightier(known, one)
        return (*places.values(), *beyond)

    def places(self, *kinds: GapKind) -> tuple[Gap, ...]:
        """The places of these kinds, each once; see `gaps_by_mailbox`."""
        return tuple(gap for gap in self.gaps_by_mailbox if gap.kind in kinds)

    @property
    def unread(self) -> tuple[Gap, ...]:
        """The places in scope that were not read, whether or not asking again may help."""
        return self.places(GapKind.UNREAD, GapKind.UNANSWERED)

    @property
    def beyond_depth(self) -> int:
        """How many messages, attachments and items of other kinds lie beyond the depth."""
        return sum(gap.count for gap in self.of_kind(GapKind.BEYOND_DEPTH))


_WEIGHT = (GapKind.UNREAD, GapKind.UNANSWERED, GapKind.LEFT_OUT)


def _weightier(one: Gap, other: Gap) -> Gap:
    """Of two gaps of one place the one that hinders more; of equal ones what the scope says, the archive last."""
    first, second = sorted(
        (one, other), key=lambda gap: (_WEIGHT.index(gap.kind), gap.reason not in BY_SCOPE, gap.is_archive)
    )
    return msgspec.structs.replace(first, count=max(first.count, second.count))


def with_left_out(coverage: Coverage, left_out: Iterable[LeftOut]) -> Coverage:
    """The coverage of a proof, with what was left out of the scope since."""
    decided = tuple(left_out)
    gaps = tuple(
        msgspec.structs.replace(gap, kind=GapKind.LEFT_OUT)
        if gap.kind is not GapKind.BEYOND_DEPTH and _is_decided(gap, decided)
        else gap
        for gap in coverage.gaps
    )
    return msgspec.structs.replace(coverage, gaps=gaps)


def kind_of(reason: str) -> GapKind:
    """What a gap of this reason means; an unknown reason is unread."""
    if reason in BEYOND_DEPTH:
        return GapKind.BEYOND_DEPTH
    if reason in (EXCLUDED, LEFT_OUT):
        return GapKind.LEFT_OUT
    return GapKind.UNANSWERED if reason in TRY_AGAIN else GapKind.UNREAD


def gaps_of(not_seen: Iterable[NotSeen], left_out: Iterable[LeftOut] = ()) -> tuple[Gap, ...]:
    """The gaps, each once with its greatest count, and with the kind that it has now that `left_out` is decided.

    An archive that could not be asked is named by its owner: it is left out under the name `archive:OWNER`.
    """
    decided = tuple(left_out)
    found: dict[tuple[str, str, str], Gap] = {}
    for one in not_seen:
        key = (one.mailbox, one.folder, one.reason)
        known = found.get(key)
        count = max(one.count, known.count if known else 0)
        found[key] = Gap(
            mailbox=one.mailbox, folder=one.folder, reason=one.reason, count=count, kind=_kind(one, decided)
        )
    return tuple(found.values())


def _offers_no_search(one: NotSeen) -> bool:
    """Graph refuses to search an archive mailbox: no fault of this day, and said of the depth."""
    is_archive = one.mailbox.startswith(("MBX:", "archive:"))
    return is_archive and one.folder == SEARCH and one.reason in ("Refused", "http-400")


def _kind(one: NotSeen, left_out: tuple[LeftOut, ...]) -> GapKind:
    kind = GapKind.BEYOND_DEPTH if _offers_no_search(one) else kind_of(one.reason)
    if kind is GapKind.BEYOND_DEPTH:
        return kind
    return GapKind.LEFT_OUT if _is_decided(one, left_out) else kind


def _is_decided(one: NotSeen | Gap, left_out: tuple[LeftOut, ...]) -> bool:
    mailbox = f"archive:{one.mailbox}" if one.reason.startswith("archive-") else one.mailbox
    return any(place.covers(name, one.folder) for place in left_out for name in (mailbox, one.mailbox))
