"""Does a message name the person anywhere: in headers, texts, names and readable contents of what is attached?

It is taken apart in a worker of `sandbox` by the witness's own parsers, and compared here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from mailsorter.cases.witness.marks import BY_NAME, NOTHING, SURE, Marks
from mailsorter.sandbox import Ending, Piece, Sandbox, shared

_PARSER = "mailsorter.cases.witness.parsers.whole:read"
_PAGES = "mailsorter.cases.witness.parsers.pages:read_pages"
_BARE = 500_000  # bytes that are compared undecoded of a message that could not be taken apart
_STEP = 100_000
READ_AT_ONCE = 50
"""Texts that are read together, and held in memory."""
_CLASSES_READ_WHOLE = ("REPORT.", "IPM.SCHEDULE.", "IPM.APPOINTMENT")
_REPORTED = ("original-recipient", "final-recipient", "x-failed-recipients")


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


def read_html(texts: Sequence[str], marks: Marks, sandbox: Sandbox | None = None) -> list[Reading]:
    """Several HTML texts, together; each by itself where together they are too much. Raises as `read_message`."""
    found = [NOTHING] * len(texts)

    def take(piece: Piece) -> None:
        number = int(piece.kind)
        if found[number] != SURE:
            found[number] = marks.strength(piece.text) or found[number]

    if not texts:
        return []
    ending = (sandbox or shared()).read(_PAGES, json.dumps(list(texts)).encode(), take)
    if ending is Ending.WHOLE:
        return [Reading(one) for one in found]
    if len(texts) > 1:
        return [reading for text in texts for reading in read_html([text], marks, sandbox)]
    return [Reading(found[0] or marks.strength(texts[0]), met_limit=True)]


def is_carrier(name: str, content_type: str, *, is_item: bool) -> bool:
    """Is what is attached a message or an archive, which belong to the message at every depth that reads texts?"""
    kind, ending = content_type.lower(), name.lower().rpartition(".")[2]
    return is_item or kind == "message/rfc822" or "zip" in kind or ending in ("eml", "msg", "zip")


def name_shows(name: str, marks: Marks) -> bool:
    """Does a file's name show the person, with its ending or without?"""
    return marks.in_text(name) or marks.in_text(name.rpartition(".")[0])


def is_read_whole(message_class: str) -> bool:
    """Is it a report, a receipt or an invitation, which name people in parts that are neither envelope nor text?"""
    return message_class.upper().startswith(_CLASSES_READ_WHOLE)


def header_shows(name: str, value: str, marks: Marks) -> bool:
    """Does a header say that the person resent the message or got it so, or that a report is about the person?"""
    lowered = name.strip().lower()
    return (lowered.startswith("resent-") or lowered in _REPORTED) and marks.in_text(value)
