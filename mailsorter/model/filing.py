"""When filing happens, and what to do with mail of several clients: the config's word, as frozen values."""

from __future__ import annotations

import enum
import hashlib
from datetime import UTC, time, tzinfo

import msgspec


class When(enum.StrEnum):
    """The moment at which a message may be filed."""

    ARRIVAL = "arrival"
    READ = "read"
    AFTER = "after"  # some days after it came


class Timing(msgspec.Struct, frozen=True):
    """When, and for `after` the whole days counted from when the message came."""

    when: When = When.ARRIVAL
    days: int = 0


class QuietHours(msgspec.Struct, frozen=True):
    """A part of the day in which nothing moves; may run over midnight. Start included, end not."""

    start: time
    end: time


class FilingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When mail may be filed. Hours are of the clock in `zone`."""

    received: Timing = Timing()
    sent: Timing = Timing()  # Sent Items go by their own rule
    flagged_waits: bool = True
    quiet: tuple[QuietHours, ...] = ()
    zone: tzinfo = UTC

    @property
    def digest(self) -> bytes:
        """Differs when the policy does; 16 bytes."""
        return hashlib.sha256(repr(self).encode()).digest()[:16]


class Several(enum.StrEnum):
    """What happens to a message whose strongest evidence names several clients."""

    REVIEW = "review"
    FIRST_NAMED = "first-named"
    COPY_FOR_EACH = "copy-for-each"
