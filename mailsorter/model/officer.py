"""Who planned or approved: one person is one name, however it is typed."""

from __future__ import annotations

import unicodedata


def spelled(name: str) -> str:
    """The name for comparing: without case, with single blanks, accents composed (é is é, typed either way)."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())
