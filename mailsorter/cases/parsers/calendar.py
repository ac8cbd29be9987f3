"""Calendars and contacts (RFC 5545, RFC 6350) as text: folded lines joined, escapes resolved."""

from __future__ import annotations


def calendar_text(text: str) -> str:
    """What is written, with every value whole on its line."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    return unfolded.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
