"""PDF by pypdf: pages, fields, metadata, links, notes and embedded files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from mailsorter.cases.parsers.budget import BeyondLimits, Closed

_PAGES = 2_000


def pdf_texts(content: bytes) -> Iterator[str]:
    """The text of every page, and what stands beside it. Raises `Closed` for a locked one, or one without text.

    Raises `BeyondLimits` beyond so many pages, and where pypdf itself finds that a stream unpacks to too much.
    """
    from pypdf.errors import LimitReachedError

    try:
        yield from _texts(content)
    except LimitReachedError:
        raise BeyondLimits from None


def _texts(content: bytes) -> Iterator[str]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Closed
    for value in (reader.metadata or {}).values():
        yield str(value)
    for field in (reader.get_fields() or {}).values():
        yield str(field.get("/V", ""))
    is_whole = True
    for number, page in enumerate(reader.pages):
        if number >= _PAGES:
            raise BeyondLimits
        text = page.extract_text()
        is_whole = is_whole and bool(text.strip())
        yield text
        yield from _notes(page)
    if not is_whole:
        raise Closed  # a page without any text, as a scan is


def pdf_files(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files that are embedded."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        reader.decrypt("")
    for file in reader.attachment_list:
        yield str(file.name), bytes(file.content)


def _notes(page: Any) -> Iterator[str]:
    """Where links lead, and what notes say: an address may stand there alone."""
    for reference in page.get("/Annots") or ():
        note = reference.get_object()
        action = note.get("/A")
        yield str(action.get_object().get("/URI", "")) if action is not None else ""
        yield str(note.get("/Contents", ""))
