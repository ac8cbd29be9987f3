"""The account of a case: every finding of every search in exactly one bucket, so that all outputs add up.

Screens, JSON, certificate and letters count from here and from nothing else.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

import msgspec

from mailsorter.model.case import ItemState, Verdict


class Bucket(enum.StrEnum):
    """Where a finding stands. Its words are keys of the JSON."""

    ERASED = "erased"  # gone, by us or by somebody else
    KEPT = "kept"  # on a ground, until a day
    HELD = "held"  # Exchange refuses, because of a hold
    RETAINED = "retained"  # in Exchange's own recovery until a day
    NOT_THEIRS = "not-theirs"  # a person decided that it does not concern the subject
    CHANGED = "changed"  # not what was approved any more: left out
    FAILED = "failed"  # Exchange refused to delete it
    NOT_LOOKED_AT = "not-looked-at"  # nobody could tell which message it is now: a person must look
    WAITING = "waiting"  # for a decision, an approval, or for being erased


OPEN = (Bucket.HELD, Bucket.CHANGED, Bucket.FAILED, Bucket.NOT_LOOKED_AT, Bucket.WAITING)
"""Buckets that nothing ends by itself: while one holds something, nothing is proven and the case is not closed."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded of one finding.

    `state` is how far an approved item came (None: no list with it was performed); `verdict` what the list of now or
    a reviewer says of it. `is_again`: it is there now and waits for a new list, whatever was done before.
    """

    state: ItemState | None = None
    verdict: Verdict | None = None
    is_again: bool = False
    ground: str = ""
    article: str = ""
    until: date | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """So many findings that stand alike."""

    bucket: Bucket
    ground: str = ""
    article: str = ""
    until: date | None = None
    count: int


_BUCKETS: Mapping[ItemState, Bucket] = MappingProxyType(
    {
        ItemState.PENDING: Bucket.WAITING,
        ItemState.PURGED: Bucket.WAITING,
        ItemState.ERASED: Bucket.ERASED,
        ItemState.GONE: Bucket.ERASED,
        ItemState.RETAINED: Bucket.RETAINED,
        ItemState.HELD: Bucket.HELD,
        ItemState.KEPT: Bucket.KEPT,
        ItemState.LEFT: Bucket.NOT_THEIRS,
        ItemState.CHANGED: Bucket.CHANGED,
        ItemState.FAILED: Bucket.FAILED,
        ItemState.LOOK: Bucket.NOT_LOOKED_AT,
    }
)


def bucket_of(fact: Fact) -> Bucket:
    """The one bucket of a finding."""
    if fact.verdict is Verdict.NOT_THEIRS:
        return Bucket.NOT_THEIRS
    if fact.is_again and not (fact.state is ItemState.KEPT and fact.verdict in (None, Verdict.KEEP)):
        return Bucket.WAITING
    return _BUCKETS[fact.state] if fact.state is not None else Bucket.WAITING


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The buckets of one case on one day."""

    lines: tuple[Line, ...]
    gone_before: int = 0  # of the erased: deleted by somebody else before us
    overdue: int = 0  # of the retained: their day has passed, and nobody has seen them gone

    @property
    def counts(self) -> dict[Bucket, int]:
        """How many findings each bucket holds; every bucket is named."""
        counted: Counter[Bucket] = Counter()
        for line in self.lines:
            counted[line.bucket] += line.count
        return {bucket: counted[bucket] for bucket in Bucket}

    @property
    def total(self) -> int:
        """How many findings there are in all."""
        return sum(line.count for line in self.lines)

    @property
    def open(self) -> dict[Bucket, int]:
        """The open buckets that hold something."""
        counts = self.counts
        return {bucket: counts[bucket] for bucket in OPEN if counts[bucket]}

    def of(self, bucket: Bucket) -> tuple[Line, ...]:
        """The bucket's lines, by ground and day."""
        return tuple(line for line in self.lines if line.bucket is bucket)


def account(facts: Iterable[Fact], today: date) -> Account:
    """The account of these findings as it is on that day."""
    counted: Counter[tuple[Bucket, str, str, date | None]] = Counter()
    gone = overdue = 0
    for fact in facts:
        bucket = bucket_of(fact)
        dated = bucket in (Bucket.KEPT, Bucket.RETAINED)
        gone += bucket is Bucket.ERASED and fact.state is ItemState.GONE
        overdue += bucket is Bucket.RETAINED and fact.until is not None and fact.until < today
        ground, article = (fact.ground, fact.article) if bucket is Bucket.KEPT else ("", "")
        counted[bucket, ground, article, fact.until if dated else None] += 1
    order = sorted(counted.items(), key=lambda one: (list(Bucket).index(one[0][0]), *map(str, one[0][1:])))
    lines = tuple(
        Line(bucket=bucket, ground=ground, article=article, until=until, count=count)
        for (bucket, ground, article, until), count in order
    )
    return Account(lines=lines, gone_before=gone, overdue=overdue)
