"""Plans: ordered steps with reasons and a digest, computed without changing anything."""

from __future__ import annotations

import hashlib

import msgspec

from mailsorter.model.step import Step

_ENCODER = msgspec.json.Encoder(order="deterministic")


class PlanDigest:
    """SHA-256 over a plan's steps in order, mailbox by mailbox, fed as they are made: a plan may be a million long."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"mailsorter plan 1\n")

    def add(self, mailbox: str, step: Step) -> None:
        """One more step."""
        line = [mailbox, type(step).__name__, step]
        self._hash.update(_ENCODER.encode(line) + b"\n")

    def hex(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()
