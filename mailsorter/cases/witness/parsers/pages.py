"""The HTML texts of several messages at once, for the witness."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailsorter.cases.witness.parsers.page import page_texts


def read_pages(document: bytes) -> Iterator[tuple[str, str]]:
    """A JSON list of HTML texts; each piece with the number of its text in the list."""
    for number, html in enumerate(json.loads(document)):
        for text in page_texts(html):
            yield str(number), text
