"""Moments and spans as people read them; JSON gets the same."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: int | None) -> str | None:
    """Seconds since 1970 as `2026-11-23 14:30:05Z`; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def span(seconds: float) -> str:
    """A length of time in its two largest units: `3 d 4 h`, `12 min 5 s`."""
    left = int(seconds)
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
