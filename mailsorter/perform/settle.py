"""What became of a step, judged from where its message lies: pure, one table.

Used after a lost answer and after a crash. Nothing is assumed: the message was looked up by its stable id.
"""

from __future__ import annotations

import msgspec

from mailsorter.ledger.states import StepState


class Verdict(msgspec.Struct, frozen=True):
    """How a step ended, and where its message is now ("" when nowhere)."""

    state: StepState
    folder_id: str
    id: str = ""  # its id, where that is another than the step's (a copy)


def settle_move(source: str, target: str, place: str | None) -> Verdict:
    """A move from `source` to `target`, its message found in folder `place` (None: not in this mailbox).

    | found in | verdict |
    | --- | --- |
    | the target | done |
    | the source | not tried: the cursor has not passed it, so it is planned again |
    | anywhere else | overtaken: someone moved it, it stays where they put it |
    | nowhere | gone: someone deleted it or it left this mailbox |
    """
    if place is None:
        return Verdict(StepState.GONE, "")
    if place == target:
        return Verdict(StepState.DONE, place)
    if place == source:
        return Verdict(StepState.NOT_TRIED, place)
    return Verdict(StepState.OVERTAKEN, place)


def settle_erasure(folder: str, place: str | None, *, hard: bool, recoverable: frozenset[str]) -> Verdict:
    """An erasure out of `folder`, its message found in `place`; `recoverable` are the folders of Recoverable Items.

    A permanent delete is done when the message lies in Recoverable Items; a hard one only when it lies nowhere.
    """
    if place is None:
        return Verdict(StepState.DONE, "")
    if place == folder:
        return Verdict(StepState.NOT_TRIED, place)
    if not hard and place in recoverable:
        return Verdict(StepState.DONE, place)
    return Verdict(StepState.OVERTAKEN, place)
