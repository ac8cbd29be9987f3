"""A case's decisions on single findings, as its sealed file keeps them."""

from __future__ import annotations

from mailsorter.cases.casefile import CaseFile
from mailsorter.model.case import Decision

PART = "decisions"


def decisions_of(file: CaseFile) -> dict[tuple[str, str], Decision]:
    """All decisions, by the message's key."""
    return {(d.mailbox, d.id): d for d in file.read(PART, list[Decision]) or []}
