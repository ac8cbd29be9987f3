"""What a case may claim: proven, not proven, or try again, with every reason and the command that leads on.

Pure: from recorded facts alone. Proof, certificate, `case show`, `case list`, `status` and letters show this and
decide nothing of their own.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from mailsorter.model.account import Account, Bucket
from mailsorter.model.coverage import Coverage, GapKind


class Outcome(enum.StrEnum):
    """How a proof ended; the certificate's `outcome`."""

    PROVEN = "passed"
    NOT_PROVEN = "not-proven"
    TRY_AGAIN = "try-again"


class Why(enum.StrEnum):
    """Why a case is not proven: stable codes."""

    SEEN = "seen-by-witness"  # names the person, was not on the list, and nobody has decided
    ERASED_BUT_THERE = "erased-but-there"
    WAITING = "waiting"
    FILES = "files-name-the-person"
    NOT_PROVED_YET = "not-proved-yet"  # or by a version that recorded no coverage
    UNANSWERED = "unanswered"
    UNREAD = "unread"
    CHANGED = "changed"
    FAILED = "failed"
    NOT_LOOKED_AT = "not-looked-at"
    HELD = "held"
    OVERDUE = "past-its-day"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason, with how many items, places or files it counts."""

    why: Why
    count: int


class ProofFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look of the witness brought, beside coverage."""

    seen: int = 0  # hits that were not on the list, and of which nobody decided
    erased_but_there: int = 0
    files: int = 0


class VerdictOnCase(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome and its reasons, the weightiest first."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

    @property
    def is_proven(self) -> bool:
        """May anybody say that it is proven?"""
        return self.outcome is Outcome.PROVEN

    @property
    def may_answer(self) -> bool:
        """May the person be answered? When proven, or when every reason is a remainder that the letter can name."""
        return all(reason.why in NAMEABLE for reason in self.reasons)


NAMEABLE = frozenset({Why.UNREAD, Why.CHANGED, Why.FAILED, Why.NOT_LOOKED_AT, Why.HELD, Why.OVERDUE})
"""Reasons that a partial answer can name."""

_BY_BUCKET: Mapping[Bucket, Why] = MappingProxyType(
    {
        Bucket.WAITING: Why.WAITING,
        Bucket.CHANGED: Why.CHANGED,
        Bucket.FAILED: Why.FAILED,
        Bucket.NOT_LOOKED_AT: Why.NOT_LOOKED_AT,
        Bucket.HELD: Why.HELD,
    }
)


def judge_proof(facts: ProofFacts | None, coverage: Coverage, account: Account) -> VerdictOnCase:
    """The verdict. `facts` None: the witness never looked, or an older version kept no record of coverage."""
    reasons = tuple(sorted(_reasons(facts, coverage, account), key=lambda one: list(Why).index(one.why)))
    if not reasons:
        return VerdictOnCase(outcome=Outcome.PROVEN)
    waits = all(reason.why is Why.UNANSWERED for reason in reasons)
    return VerdictOnCase(outcome=Outcome.TRY_AGAIN if waits else Outcome.NOT_PROVEN, reasons=reasons)


def _reasons(facts: ProofFacts | None, coverage: Coverage, account: Account) -> Iterator[Reason]:
    if facts is None:
        yield Reason(why=Why.NOT_PROVED_YET, count=1)
    else:
        yield from _counted(Why.SEEN, facts.seen)
        yield from _counted(Why.ERASED_BUT_THERE, facts.erased_but_there)
        yield from _counted(Why.FILES, facts.files)
    yield from _counted(Why.UNANSWERED, len(coverage.places(GapKind.UNANSWERED)))
    yield from _counted(Why.UNREAD, len(coverage.places(GapKind.UNREAD)))
    seen = facts.seen + facts.erased_but_there if facts is not None else 0
    for bucket, count in account.open.items():
        yield from _counted(_BY_BUCKET[bucket], count - seen if bucket is Bucket.WAITING else count)
    yield from _counted(Why.OVERDUE, account.overdue)


def _counted(why: Why, count: int) -> Iterator[Reason]:
    if count > 0:
        yield Reason(why=why, count=count)


def standing(recorded: str | None, account: Account | None, *, has_coverage: bool) -> Outcome | None:
    """The outcome as a list shows it, from the ledger alone: None while nothing was proved.

    `recorded` is what the last proof wrote, `account` what the ledger counts today. What was proven stays proven only
    while the account has nothing open or overdue, and only when its coverage was recorded.
    """
    if recorded is None:
        return None
    if recorded == Outcome.TRY_AGAIN:
        return Outcome.TRY_AGAIN
    is_clean = account is not None and not account.open and not account.overdue
    return Outcome.PROVEN if recorded == Outcome.PROVEN and has_coverage and is_clean else Outcome.NOT_PROVEN


_WORDS: Mapping[Why, tuple[str, str]] = MappingProxyType(
    {
        Why.SEEN: ("message names the person and is not decided", "messages name the person and are not decided"),
        Why.ERASED_BUT_THERE: ("erased message is there again", "erased messages are there again"),
        Why.WAITING: ("message waits to be erased or decided", "messages wait to be erased or decided"),
        Why.FILES: ("file of mailsorter's own names the person", "files of mailsorter's own name the person"),
        Why.NOT_PROVED_YET: ("proof with recorded coverage is missing", "proofs with recorded coverage are missing"),
        Why.UNANSWERED: ("place did not answer", "places did not answer"),
        Why.UNREAD: ("place in scope was not read", "places in scope were not read"),
        Why.CHANGED: ("approved message has changed and was left out", "approved messages have changed and were left "
                      "out"),
        Why.FAILED: ("approved message could not be deleted", "approved messages could not be deleted"),
        Why.NOT_LOOKED_AT: ("message must be looked for by a person", "messages must be looked for by a person"),
        Why.HELD: ("approved message is protected by a hold", "approved messages are protected by a hold"),
        Why.OVERDUE: ("message is past the day on which Exchange should have removed it",
                      "messages are past the day on which Exchange should have removed them"),
    }
)  # fmt: skip


def words(reason: Reason) -> str:
    """The reason as a phrase with its count."""
    one, many = _WORDS[reason.why]
    return f"{reason.count} {one if reason.count == 1 else many}"


_NEXT: Mapping[Why, tuple[str, ...]] = MappingProxyType(
    {
        Why.SEEN: (
            "mailsorter case review {n} --undecided",
            "mailsorter case decide {n} ITEM… --not-theirs --reason TEXT (of one sender: --from ADDRESS)",
            "theirs: mailsorter case find {n}",
        ),
        Why.ERASED_BUT_THERE: ("mailsorter case find {n}",),
        Why.WAITING: ("mailsorter case find {n}",),
        Why.FILES: ("remove the files that are named, then: mailsorter case prove {n}",),
        Why.NOT_PROVED_YET: ("mailsorter case prove {n} --again",),
        Why.UNANSWERED: (
            "later: mailsorter case prove {n} --again",
            "or leave it out: mailsorter case scope {n} --without MAILBOX --reason TEXT",
        ),
        Why.UNREAD: (
            "give access, then: mailsorter case find {n}",
            "or leave it out: mailsorter case scope {n} --without MAILBOX --reason TEXT",
        ),
        Why.CHANGED: ("mailsorter case find {n}",),
        Why.FAILED: ("mailsorter case continue {n}", "then: mailsorter case prove {n} --again"),
        Why.NOT_LOOKED_AT: ("mailsorter case find {n}",),
        Why.HELD: (
            "when the hold is lifted: mailsorter case continue {n}",
            "then: mailsorter case prove {n} --again",
        ),
        Why.OVERDUE: ("mailsorter case continue {n}", "then: mailsorter case prove {n} --again"),
    }
)


def next_commands(verdict: VerdictOnCase, number: str) -> tuple[str, ...]:
    """What to run next, in order; for a proven case the letter. Never empty."""
    found = [line.format(n=number) for reason in verdict.reasons for line in _NEXT[reason.why]]
    if not verdict.reasons:
        found.append(f"mailsorter case letter {number}")
    elif verdict.may_answer:
        found.append(f"or tell the person what remains: mailsorter case letter {number}")
    return tuple(dict.fromkeys(found))
