"""When a message concerns the person: what it has of them, and where. One table, shown in `docs/erasure.md`.

The finder decides by this table. The witness has code of its own, and one test table holds both to it.

A message that the person wrote or received is *theirs*. A message that has their address or number anywhere else
*mentions* them. A name may be anybody's: a message that has nothing but the name is *possible*, and a person decides.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from mailsorter.model.case import Seen


class Identifier(enum.StrEnum):
    """By what a person is known, strongest first."""

    ADDRESS = "address"  # an internet address, with any plus-tag, in any case, its domain in either IDN spelling
    DIRECTORY_NAME = "x500"  # an address of Exchange's own directory, also encapsulated (MS-OXCMAIL: IMCEAEX)
    PHONE = "phone"
    NAME = "name"


class Where(enum.StrEnum):
    """The places of a message in which a person can be met."""

    PARTICIPANT = "participant"  # the address of from, sender, reply-to, to, cc or bcc
    DISPLAY_NAME = "display-name"  # of any of these
    RESENT = "resent"  # Resent-From, -Sender, -To, -Cc, -Bcc (RFC 5322, 3.6.6)
    CALENDAR = "calendar"  # organiser and attendees (RFC 5545, 3.8.4)
    REPORT = "report"  # Original- and Final-Recipient of reports and receipts (RFC 3464, RFC 8098)
    SUBJECT = "subject"
    BODY = "body"
    ATTACHMENT_NAME = "attachment-name"  # also of a file in an archive
    ATTACHMENT = "attachment"  # its text
    NESTED = "nested-message"  # anywhere in an attached message, its headers too
    ITEM = "item"  # the fields of a contact, a note or a task


class Concern(enum.StrEnum):
    """What the person is to a message, strongest first."""

    THEIRS = "theirs"
    MENTIONED = "mentioned"
    POSSIBLE = "possible"


def _concern(identifier: Identifier, where: Where) -> Concern:
    if identifier is Identifier.NAME:
        return Concern.POSSIBLE
    is_address = identifier in (Identifier.ADDRESS, Identifier.DIRECTORY_NAME)
    return Concern.THEIRS if is_address and where is Where.PARTICIPANT else Concern.MENTIONED


CONCERNS: Mapping[tuple[Identifier, Where], Concern] = MappingProxyType(
    {(identifier, where): _concern(identifier, where) for identifier in Identifier for where in Where}
)
"""The definition: every identifier in every place."""

_PARTICIPANTS = frozenset({Seen.FROM, Seen.SENDER, Seen.REPLY_TO, Seen.TO, Seen.CC, Seen.BCC})
_WHERE: Mapping[Seen, Where] = MappingProxyType(
    {
        **dict.fromkeys(_PARTICIPANTS, Where.PARTICIPANT),
        Seen.DISPLAY_NAME: Where.DISPLAY_NAME,
        Seen.RESENT: Where.RESENT,
        Seen.CALENDAR: Where.CALENDAR,
        Seen.HEADER: Where.REPORT,
        Seen.SUBJECT: Where.SUBJECT,
        Seen.PREVIEW: Where.BODY,
        Seen.BODY: Where.BODY,
        Seen.FORWARDED: Where.BODY,
        Seen.ATTACHMENT_NAME: Where.ATTACHMENT_NAME,
        Seen.ATTACHMENT: Where.ATTACHMENT,
        Seen.ATTACHED_MESSAGE: Where.NESTED,
    }
)


def concern(identifier: Identifier, seen: Seen) -> Concern:
    """What it means that this was seen there."""
    return CONCERNS[identifier, _WHERE[seen]]


class Sightings(dict[Seen, Concern]):
    """Where in one message the person was seen, in the order in which it was noticed, each with what it means."""

    def note(self, seen: Seen, meaning: Concern) -> None:
        """Add one; the stronger meaning of a place wins."""
        known = self.get(seen)
        if known is None or _STRENGTH[meaning] < _STRENGTH[known]:
            self[seen] = meaning

    def note_all(self, others: Mapping[Seen, Concern]) -> None:
        """Add those of another road."""
        for seen, meaning in others.items():
            self.note(seen, meaning)

    @property
    def by_name(self) -> tuple[Seen, ...]:
        """The places that show nothing surer than a name."""
        return tuple(seen for seen, meaning in self.items() if meaning is Concern.POSSIBLE)


_STRENGTH = {meaning: number for number, meaning in enumerate(Concern)}
