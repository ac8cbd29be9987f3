"""Reading which messages and invitations a message carries: its MIME text, taken apart in a worker of `sandbox`.

Asked for few messages, one request each, after a listing of attachments (in batches) said that there may be one. What
cannot be read to its end counts as if nothing were there: half of it might name one client, and the rest another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailsorter.errors import MailsorterError, Stopped
from mailsorter.mailbox.authentication import headers_of, verdict_of
from mailsorter.mailbox.base import AttachedItem, Mailbox
from mailsorter.model.address import canonical
from mailsorter.model.author_check import AuthorCheck
from mailsorter.patterns import Cap
from mailsorter.sandbox import Ending, Piece
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import Carried

MOST_BYTES = 25_000_000  # of all attachments of one message: more is not fetched only to see who is named in it
_PARSER = "mailsorter.sorting.parsers.carried:read_carried"
_TYPES = frozenset({"message/rfc822", "text/calendar"})
_ENDS = (".eml", ".ics")


def is_carrier(attached: Sequence[AttachedItem]) -> bool:
    """May one of these attachments be a message or an invitation?"""
    return any(
        one.is_item or one.content_type.lower() in _TYPES or one.name.lower().rstrip().endswith(_ENDS)
        for one in attached
    )


def is_small(attached: Sequence[AttachedItem]) -> bool:
    """Is the message small enough to be fetched?"""
    return sum(one.size for one in attached) <= MOST_BYTES


def read_carried(mailbox: Mailbox, message_id: str, filing: Filing) -> tuple[Carried, ...]:
    """What the message carries; () where it cannot be read. Raises `Stopped`."""
    pieces: list[Piece] = []
    try:
        raw = mailbox.mime(message_id)
        ending = filing.sandbox().read(_PARSER, raw, pieces.append)
    except Stopped:
        raise
    except MailsorterError:
        return ()
    return carried_of(pieces, filing.trusted_gateways) if ending is Ending.WHOLE else ()


def carried_of(pieces: Sequence[Piece], trusted_gateways: Sequence[str] = ()) -> tuple[Carried, ...]:
    """What a worker's pieces say; `parsers.carried` has their kinds."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if piece.kind in ("message", "invitation"):
            groups.append([piece])
        elif groups:
            groups[-1].append(piece)
    return tuple(_carried(group, trusted_gateways) for group in groups)


def _carried(group: Sequence[Piece], trusted_gateways: Sequence[str]) -> Carried:
    texts: dict[str, list[str]] = {}
    for piece in group[1:]:
        texts.setdefault(piece.kind, []).append(piece.text)
    verdict = verdict_of(headers_of("\n".join(texts.get("header", ()))), trusted_gateways)
    return Carried(
        is_invitation=group[0].kind == "invitation",
        level=int(group[0].text) if group[0].text.isdecimal() else 0,
        authors=_canonical(texts.get("author", ())),
        recipients=_canonical(texts.get("recipient", ())),
        subject=" ".join(texts.get("subject", ())),
        sent=tuple(_moment(text) for text in texts.get("date", ())),
        has_author_failed=verdict is AuthorCheck.FAILED,
    )


def _canonical(raw: Sequence[str]) -> tuple[str, ...]:
    found = (canonical(one) for one in raw if len(one) <= Cap.PARTICIPANT)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
