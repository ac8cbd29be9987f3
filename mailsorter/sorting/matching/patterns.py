"""Regular expressions as tables: one alternative a line, so that a reader can add theirs."""

from __future__ import annotations

import re


def one_of(table: str) -> str:
    """An alternation of the table's lines, each a regular expression of its own; blank lines do not count."""
    return "(?:" + "|".join(line.strip() for line in table.splitlines() if line.strip()) + ")"


def compiled(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern without regard to case."""
    return re.compile(pattern, re.IGNORECASE | flags)
