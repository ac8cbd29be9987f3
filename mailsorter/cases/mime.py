"""Looking through a whole message, its attached messages and readable attachments, for one person.

The message is taken apart in a worker of `sandbox`, by `parsers`; here its texts are compared, piece by piece. Nothing
read here is kept.
"""

from __future__ import annotations

import msgspec

from mailsorter.model.case import Seen
from mailsorter.model.concern import Sightings, concern
from mailsorter.model.finding import note_text
from mailsorter.model.person import Person
from mailsorter.patterns import compiled
from mailsorter.sandbox import Ending, Piece, Sandbox, shared

_PARSER = "mailsorter.cases.parsers.message:read_message"
_LIMITS, _NAMES_UNKNOWN = "limits", "names-unknown"  # why a part was not read, as `parsers.budget` has it
_BLOCK_LABEL = compiled(
    "mime.block-label", r"^[\s>*|]*(?:from|van|von|de|to|aan|an|cc|sender|reply-to|antwoord aan)\s*\*?:"
)
_PLACES = {
    "report": Seen.HEADER,
    "resent": Seen.RESENT,
    "calendar": Seen.CALENDAR,
    "attachment": Seen.ATTACHMENT,
    "attached": Seen.ATTACHED_MESSAGE,
}
_ENDINGS = frozenset(
    {
        *(
            "pdf",
            "doc",
            "docx",
            "docm",
            "dot",
            "dotx",
            "xls",
            "xlsx",
            "xlsm",
            "ppt",
            "pptx",
            "odt",
            "ods",
            "odp",
            "rtf",
        ),
        *("txt", "csv", "md", "log", "htm", "html", "xml", "json", "eml", "msg", "ics", "vcf", "zip", "7z", "rar"),
        *("jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "heic", "mp3", "mp4", "wav", "mov"),
    }
)  # of files; none of them is a domain's
_AS_IT_STANDS = 1 << 20  # bytes that are compared of a message that could not be taken apart
_PIECE = 100_000
_MOST_NAMES, _LONGEST_NAME = 1_000, 1_000  # of files in one message that a finding keeps


class Look(msgspec.Struct, frozen=True):
    """Where the person was seen in a message, and how many of its parts could not be read.

    `met_limit`: reading it met a limit, so that parts are missing of which nobody knows how many there are.
    """

    seen: Sightings
    unread_parts: int = 0
    met_limit: bool = False


def look_through(raw: bytes, person: Person, *, envelope_too: bool = False, sandbox: Sandbox | None = None) -> Look:
    """Everything of a message but its own envelope, which the caller has compared already.

    `envelope_too` for a message of which the server gave no envelope: its own header is looked at, too. Raises:
        TemporaryError: the program was asked to stop, or no worker could be started.
    """
    seen = Sightings()
    unread: list[str] = []

    def take(piece: Piece) -> None:
        if piece.kind == "unread":
            unread.append(piece.text)
        elif piece.kind == "body":
            seen.note_all(look_at_text(piece.text, person))
        elif piece.kind == "name":
            look_at_file_name(seen, piece.text, person)
        elif piece.kind in _PLACES:
            note_text(seen, _PLACES[piece.kind], piece.text, person)
        elif envelope_too:
            note_text(seen, Seen.HEADER, piece.text, person)

    ending = (sandbox or shared()).read(_PARSER, raw, take)
    if ending is not Ending.WHOLE:
        unread.append(_LIMITS if ending.is_limit else "")
        seen.note_all(_as_it_stands(raw, person))
    return Look(seen, len(unread), _LIMITS in unread)


def names_inside(raw: bytes, *, sandbox: Sandbox | None = None) -> tuple[str, ...] | None:
    """The names of all files in a message, those in archives and attached messages too; None when some may be missing.

    Raises:
        TemporaryError: as `look_through`.
    """
    names: dict[str, None] = {}
    unread: list[str] = []

    def take(piece: Piece) -> None:
        if piece.kind == "unread":
            unread.append(piece.text)
        elif piece.kind == "name" and len(names) < _MOST_NAMES:
            names[piece.text[:_LONGEST_NAME]] = None

    ending = (sandbox or shared()).read(_PARSER, raw, take)
    is_whole = ending is Ending.WHOLE and len(names) < _MOST_NAMES and not {_LIMITS, _NAMES_UNKNOWN} & set(unread)
    return tuple(names) if is_whole else None


def look_at_text(text: str, person: Person) -> Sightings:
    """Where a body's plain text names the person: in a forwarded header block, or anywhere else."""
    found = Sightings()
    identifier = person.identified(text)
    if identifier is not None:
        in_block = any(_BLOCK_LABEL.begins(line) and person.is_mentioned(line) for line in text.splitlines())
        seen = Seen.FORWARDED if in_block else Seen.BODY
        found.note(seen, concern(identifier, seen))
    return found


def look_at_file_name(seen: Sightings, name: str, person: Person) -> None:
    """Add what a file's name shows. `renee@klant.example.pdf` is named after an address, which `.pdf` is no part of."""
    note_text(seen, Seen.ATTACHMENT_NAME, name, person)
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in _ENDINGS:
        note_text(seen, Seen.ATTACHMENT_NAME, stem, person)


def _as_it_stands(raw: bytes, person: Person) -> Sightings:
    """Of a message that could not be taken apart, what its beginning says without decoding anything."""
    head = raw[:_AS_IT_STANDS].partition(b"\r\n\r\n")[2] or raw[:_AS_IT_STANDS].partition(b"\n\n")[2]
    found = Sightings()
    for start in range(0, len(head), _PIECE - 1_000):
        note_text(found, Seen.BODY, head[start : start + _PIECE].decode("utf-8", "replace"), person)
    return found
