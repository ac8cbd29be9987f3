"""The life cycle of a case: one table of every legal move. What is not in it is illegal and changes nothing.

    opened → verified → found → planned → approved → performing → performed → proven → answered → closed
                                                                         rejected → answered → closed
                                                                         suspended → where it was

Finding or planning again throws an approval away, because the list that was approved is no longer the list.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from mailsorter.errors import LifecycleError


class CaseState(enum.StrEnum):
    """Where a case stands."""

    OPENED = "opened"
    VERIFIED = "verified"
    FOUND = "found"
    PLANNED = "planned"
    APPROVED = "approved"
    PERFORMING = "performing"
    PERFORMED = "performed"
    PROVEN = "proven"
    ANSWERED = "answered"
    CLOSED = "closed"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class CaseAct(enum.StrEnum):
    """What is done to a case; each is one command of the command line, except FINISH, which ends `perform`."""

    VERIFY = "verify"
    FIND = "find"
    PLAN = "plan"
    APPROVE = "approve"
    PERFORM = "perform"
    FINISH = "finish"
    PROVE = "prove"
    ANSWER = "letter"
    CLOSE = "close"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"


_S, _A = CaseState, CaseAct

_NOT_YET_ERASED = (_S.OPENED, _S.VERIFIED, _S.FOUND, _S.PLANNED, _S.APPROVED)

MOVES: Mapping[tuple[CaseState, CaseAct], CaseState] = MappingProxyType(
    {
        (_S.OPENED, _A.VERIFY): _S.VERIFIED,
        (_S.VERIFIED, _A.FIND): _S.FOUND,
        (_S.FOUND, _A.FIND): _S.FOUND,
        (_S.FOUND, _A.PLAN): _S.PLANNED,
        (_S.PLANNED, _A.FIND): _S.FOUND,
        (_S.PLANNED, _A.PLAN): _S.PLANNED,
        (_S.PLANNED, _A.APPROVE): _S.APPROVED,
        (_S.APPROVED, _A.FIND): _S.FOUND,
        (_S.APPROVED, _A.PLAN): _S.PLANNED,
        (_S.APPROVED, _A.PERFORM): _S.PERFORMING,
        (_S.PERFORMING, _A.PERFORM): _S.PERFORMING,
        (_S.PERFORMING, _A.FINISH): _S.PERFORMED,
        (_S.PERFORMED, _A.FIND): _S.FOUND,
        (_S.PERFORMED, _A.PROVE): _S.PROVEN,  # when it passes; one that does not leads back to performed
        (_S.PERFORMED, _A.ANSWER): _S.ANSWERED,  # a partial answer that names what remains: see `model.verdict`
        (_S.PROVEN, _A.FIND): _S.FOUND,
        (_S.PROVEN, _A.PROVE): _S.PROVEN,
        (_S.PROVEN, _A.ANSWER): _S.ANSWERED,
        (_S.ANSWERED, _A.FIND): _S.FOUND,
        (_S.ANSWERED, _A.PROVE): _S.ANSWERED,
        (_S.ANSWERED, _A.ANSWER): _S.ANSWERED,
        (_S.ANSWERED, _A.CLOSE): _S.CLOSED,
        (_S.REJECTED, _A.ANSWER): _S.ANSWERED,
        **{(state, _A.REJECT): _S.REJECTED for state in _NOT_YET_ERASED},
        **{(state, _A.SUSPEND): _S.SUSPENDED for state in _NOT_YET_ERASED},
        (_S.SUSPENDED, _A.REJECT): _S.REJECTED,
        # RESUME leads back to the state before the suspension, which the case itself remembers: see `move`.
    }
)


def move(state: CaseState, act: CaseAct, *, before_suspension: CaseState | None = None) -> CaseState:
    """The state after the act.

    `before_suspension` is where a suspended case stood; only RESUME needs it.

    Raises:
        LifecycleError: the table has no such move. Nothing was changed.
    """
    if (state, act) == (CaseState.SUSPENDED, CaseAct.RESUME) and before_suspension in _NOT_YET_ERASED:
        return before_suspension
    try:
        return MOVES[state, act]
    except KeyError:
        possible = ", ".join(possible_acts(state)) or "nothing: it is finished"
        raise LifecycleError(
            f"A case that is {state} cannot take the step {act}.", advice=f"Possible now: {possible}."
        ) from None


def possible_acts(state: CaseState) -> tuple[CaseAct, ...]:
    """The acts that the table allows from here, in the order of the life cycle."""
    allowed = {act for (from_state, act) in MOVES if from_state == state}
    if state == CaseState.SUSPENDED:
        allowed.add(CaseAct.RESUME)
    return tuple(act for act in CaseAct if act in allowed)
