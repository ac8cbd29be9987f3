"""What the client book says about one participant."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date

import msgspec

from mailsorter.model.evidence import Evidence
from mailsorter.model.match import Match


class Standing(enum.Enum):
    """Whose an address is, apart from evidence."""

    OWN = "own"
    OUTSIDE = "outside"
    UNUSABLE = "unusable"  # X.500, an empty group, no address at all


class Dated(msgspec.Struct, frozen=True, gc=False):
    """Evidence that holds on some days only; None: without end."""

    valid_from: date | None
    valid_until: date | None
    evidence: Evidence

    def holds_on(self, day: date) -> bool:
        """Is the day within, both ends included?"""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


IS_OWN, IS_OUTSIDE = 1, 2
IS_SPECIAL = 4  # it says other things on other days, or meets a rule


class Known(msgspec.Struct, frozen=True, gc=False):
    """One raw participant, looked up. `rules` are those whose address condition each of its addresses meets."""

    standing: Standing
    evidence: tuple[Evidence, ...] = ()
    dated: tuple[Dated, ...] = ()
    rules: tuple[Mapping[int, int], ...] = ()
    alone: Match | None = None  # the outcome of a message whose one fact is this one's one fact
    marks: int = 0  # the rest in one number, so that a message's people cost one addition each; see below

    def __post_init__(self) -> None:
        marks = {Standing.OWN: IS_OWN, Standing.OUTSIDE: IS_OUTSIDE, Standing.UNUSABLE: 0}[self.standing]
        if self.dated or self.rules:
            marks |= IS_SPECIAL
        msgspec.structs.force_setattr(self, "marks", marks)


OWN = Known(Standing.OWN)
OUTSIDE = Known(Standing.OUTSIDE)
UNUSABLE = Known(Standing.UNUSABLE)
