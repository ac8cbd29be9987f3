"""Organiser and attendees of an invitation, from iCalendar text (RFC 5545) or from the block that Outlook writes."""

from __future__ import annotations

from mailsorter.model.address import canonical, find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.patterns import Cap, before_token, compiled, one_of
from mailsorter.sorting.matching.text.lines import without_link_twins
from mailsorter.sorting.matching.text.mention import Mention

_FOLD = compiled("calendar.fold", r"\r?\n[ \t]")
_ICS_PERSON = compiled("calendar.person", r"(?m)^(ORGANIZER|ATTENDEE)(?:[^\w\r\n][^\r\n]*?)?:mailto:([^\r\n]+)\r?$")
# RFC 7986, 6.2: the address, where the value is something else (iCloud writes a token there).
_PARAMETER = r'(?:;[^;:="\r\n]+=(?:"[^"\r\n]*"|[^";:\r\n]*))*?'
_ICS_EMAIL = compiled("calendar.email", rf'(?m)^(ORGANIZER|ATTENDEE){_PARAMETER};EMAIL="?([^";:\r\n]*)')
_BLOCK_LINE = compiled(
    "calendar.block-line",
    "^"
    + one_of(r"""
    organi[sz](?:ator|er)
    deelnemers?
    attendees?
    genodigden
    (?:vereiste?|required)(?: deelnemers| attendees)?
    (?:optionele|optioneel|optional)(?: deelnemers| attendees)?
    """)
    + r"\s*:\s*(.+)$",
)


def calendar_mentions(text: str, lines: list[str]) -> list[Mention]:
    """Everyone an invitation names as organiser or attendee."""
    found: list[str] = []
    guests: list[str] = []
    head = before_token(text, Cap.BODY)
    if "BEGIN:VCALENDAR" in head:
        unfolded = _FOLD.sub("", head)
        for person in (*_ICS_PERSON.finditer(unfolded), *_ICS_EMAIL.finditer(unfolded)):
            if address := canonical(person[2] or ""):
                (found if (person[1] or "").upper() == "ORGANIZER" else guests).append(address)
    for line in lines:
        block = _BLOCK_LINE.match(line) if ":" in line else None
        if block:
            is_organiser = line[:6].lower() == "organi"
            (found if is_organiser else guests).extend(find_addresses(without_link_twins(block[1])))
    everybody = tuple(dict.fromkeys((*found, *guests)))
    if not everybody:
        return []
    return [Mention(EvidenceKind.CALENDAR, everybody, recipients=frozenset(guests) - frozenset(found))]
