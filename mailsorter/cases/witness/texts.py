"""What a message says anywhere: its headers, its text parts, and names and readable contents of what is attached."""

from __future__ import annotations

import email
from collections.abc import Iterator
from typing import Any

from mailsorter.cases.witness.documents import document_texts


def texts_of(raw: bytes) -> Iterator[str]:
    """Every readable text of a message: headers and text parts, attached messages included."""
    try:
        parts = list(email.message_from_bytes(raw).walk())
    except RecursionError:  # parts in parts, hundreds deep: nobody can take it apart, so it counts as it stands
        yield raw.decode("latin-1")
        return
    for part in parts:
        for value in part.values():
            yield str(value)
        if part.get_filename():
            yield str(part.get_filename())
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield from document_texts(content)
        if isinstance(content, bytes) and (part.get_content_maintype() == "text" or b"\0" not in content[:1000]):
            yield (
                content.decode(part.get_content_charset("utf-8") or "utf-8", "replace")
                if _known(part)
                else (content.decode("latin-1"))
            )


def _known(part: Any) -> bool:
    try:
        "".encode(part.get_content_charset("utf-8") or "utf-8")
    except LookupError:
        return False
    return True
