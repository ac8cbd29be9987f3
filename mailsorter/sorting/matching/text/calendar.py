"""Organiser and attendees of an invitation, from iCalendar text (RFC 5545) or from the block that Outlook writes."""

from __future__ import annotations

import re

from mailsorter.model.address import canonical, find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.sorting.matching.patterns import compiled, one_of
from mailsorter.sorting.matching.text.lines import MAX_CHARS, without_link_twins
from mailsorter.sorting.matching.text.mention import Mention

_FOLD = re.compile(r"\r?\n[ \t]")
_ICS_PERSON = re.compile(r"^(?:ORGANIZER|ATTENDEE)\b[^\r\n]*?:mailto:([^\r\n]+)\r?$", re.IGNORECASE | re.MULTILINE)
_BLOCK_LINE = compiled(
    "^"
    + one_of(r"""
    organi[sz](?:ator|er)
    deelnemers?
    attendees?
    genodigden
    (?:vereiste?|required)(?: deelnemers| attendees)?
    (?:optionele|optioneel|optional)(?: deelnemers| attendees)?
    """)
    + r"\s*:\s*(.+)$"
)


def calendar_mentions(text: str, lines: list[str]) -> list[Mention]:
    """Everyone an invitation names as organiser or attendee."""
    found: list[str] = []
    head = text[:MAX_CHARS]
    if "BEGIN:VCALENDAR" in head:
        people = _ICS_PERSON.findall(_FOLD.sub("", head))
        found.extend(address for raw in people if (address := canonical(raw)))
    for line in lines:
        block = _BLOCK_LINE.match(line)
        if block:
            found.extend(find_addresses(without_link_twins(block.group(1))))
    return [Mention(EvidenceKind.CALENDAR, tuple(dict.fromkeys(found)))] if found else []
