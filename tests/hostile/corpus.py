"""All hostile inputs, by kind."""

from __future__ import annotations

from itertools import groupby

from tests.hostile.headers import HEADERS
from tests.hostile.made import Hostile
from tests.hostile.mime import ARCHIVES, CALENDARS, CHARSETS, DOCUMENTS, MIME
from tests.hostile.others import CONFIG, CSV, LINKS, SIGNATURES
from tests.hostile.texts import BODIES, SUBJECTS

ALL: tuple[Hostile, ...] = (
    *SUBJECTS, *BODIES, *HEADERS, *MIME, *ARCHIVES, *DOCUMENTS, *CHARSETS, *CALENDARS, *LINKS, *SIGNATURES, *CONFIG,
    *CSV,
)  # fmt: skip
KINDS: dict[str, tuple[Hostile, ...]] = {kind: tuple(rows) for kind, rows in groupby(ALL, lambda row: row.kind)}
IN_PROCESS = ("subjects", "bodies", "headers")
"""Kinds that are matched in the program's own process, so that only linear patterns and caps stand against them."""
IN_WORKERS = ("MIME", "archives", "documents", "charsets", "calendars")
"""Kinds that are read in the sandbox's workers."""
