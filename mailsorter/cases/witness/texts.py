"""Does a message name the person anywhere: in headers, texts, names and readable contents of what is attached?

It is taken apart in a worker of `sandbox` by the witness's own parsers, and compared here.
"""

from __future__ import annotations

import msgspec

from mailsorter.cases.witness.marks import BY_NAME, NOTHING, SURE, Marks
from mailsorter.sandbox import Ending, Piece, Sandbox, shared

_PARSER = "mailsorter.cases.witness.parsers.whole:read"
_BARE = 500_000  # bytes that are compared undecoded of a message that could not be taken apart
_STEP = 100_000


class Reading(msgspec.Struct, frozen=True):
    """Was the person seen, and did reading meet a limit, so that nobody knows what else the message says?

    `strength`: the surest way in which they were seen, as `marks` has it.
    """

    strength: str
    met_limit: bool = False

    @property
    def names(self) -> bool:
        """Was the person seen at all?"""
        return bool(self.strength)


def read_message(raw: bytes, marks: Marks, sandbox: Sandbox | None = None) -> Reading:
    """Raises `TemporaryError` when the program was asked to stop, or no worker could be started."""
    found, met_limit = NOTHING, False

    def take(piece: Piece) -> None:
        nonlocal found, met_limit
        if piece.kind == "unread":
            met_limit = met_limit or piece.text == "limits"
        elif found != SURE:
            found = marks.strength(piece.text) or found

    ending = (sandbox or shared()).read(_PARSER, raw, take)
    if ending is not Ending.WHOLE and not found:
        starts = range(0, min(len(raw), _BARE), _STEP)
        shown = {marks.strength(raw[start : start + _STEP + 500].decode("utf-8", "replace")) for start in starts}
        found = next((one for one in (SURE, BY_NAME) if one in shown), NOTHING)
    return Reading(found, met_limit or ending.is_limit)
