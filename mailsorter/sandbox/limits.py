"""What a worker may use, and how a reading can end."""

from __future__ import annotations

import enum
from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one worker may use, and how many there are.

    `deploy/mailsorter.service` sets `MemoryMax` to more than `workers * memory_bytes + parent_bytes`; a test compares.
    """

    workers: int = 2
    cpu_s: int = 20  # of processor time for one document
    wall_s: float = 60.0  # for one document, without what the caller does with the text meanwhile
    memory_bytes: int = 512 * MEBIBYTE  # of address space, libraries included
    input_bytes: int = 160 * MEBIBYTE  # Exchange Online takes messages up to 150 MB
    output_bytes: int = 64 * MEBIBYTE  # of text, as UTF-8
    open_files: int = 64
    documents_per_worker: int = 500  # then it is replaced: what a library loses over time is lost with it
    parent_bytes: int = 384 * MEBIBYTE  # what the program itself is given beside its workers


LIMITS = Limits()
"""The limits in force."""


class Ending(enum.StrEnum):
    """How reading one document ended. Everything but `WHOLE` means that some of its text is missing."""

    WHOLE = "whole"
    FAILED = "failed"  # the parser raised an exception: damaged, or of a kind that it does not read
    CPU = "cpu"
    WALL = "wall"
    MEMORY = "memory"
    INPUT = "input"
    OUTPUT = "output"
    CRASHED = "crashed"  # the worker ended by itself, for example by SIGSEGV, or sent what no worker sends

    @property
    def is_limit(self) -> bool:
        """Did the document take more than it may? One that ends its worker counts as such."""
        return self not in (Ending.WHOLE, Ending.FAILED)
