"""Calendars and contacts (RFC 5545, RFC 6350) as text: folded lines joined, escapes resolved."""

from __future__ import annotations

from collections.abc import Iterator


def calendar_text(text: str) -> str:
    """What is written, with every value whole on its line."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    return unfolded.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")


def people_of(text: str) -> Iterator[str]:
    """The lines of such a text that name an organiser or an attendee (RFC 5545, 3.8.4.1 and 3.8.4.3)."""
    return (line for line in text.splitlines() if line[:9].upper() in ("ORGANIZER", "ATTENDEE;", "ATTENDEE:"))
