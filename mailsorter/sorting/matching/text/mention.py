"""What a text names, before anyone asked the client book."""

from __future__ import annotations

import msgspec

from mailsorter.model.evidence import EvidenceKind


class Mention(msgspec.Struct, frozen=True, gc=False):
    """People (canonical addresses) and subjects found in one place of a text, and what kind of place it is."""

    kind: EvidenceKind
    addresses: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
