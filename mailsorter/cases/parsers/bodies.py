"""The HTML texts of many messages in one document: one trip to a worker for a page of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailsorter.cases.parsers.html import html_text


def read_bodies(document: bytes) -> Iterator[tuple[str, str]]:
    """A JSON list of HTML texts; gives the number of each in the list, and what it says."""
    for number, text in enumerate(json.loads(document)):
        yield from ((str(number), said) for said in html_text(text))
