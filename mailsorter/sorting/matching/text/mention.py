"""What a text names, before anyone asked the client book."""

from __future__ import annotations

from datetime import date

import msgspec

from mailsorter.model.evidence import EvidenceKind


class Mention(msgspec.Struct, frozen=True, gc=False):
    """People (canonical addresses) and subjects found in one place of a text, and what kind of place it is.

    `days`: when that place says that it was written, () where it does not; two where day and month can be taken for
    one another, None where it gives a date that nobody here can read. `recipients` are those of the
    addresses to whom it only went: of a notice to many they do not count.
    """

    kind: EvidenceKind
    addresses: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    days: tuple[date | None, ...] = ()
    recipients: frozenset[str] = frozenset()
