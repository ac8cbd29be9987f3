"""The text of a PDF from standard input: run as a process of its own by `documents`, so that no PDF can hold us up.

Imports nothing of ours. Exit codes: 0 all of it, 3 not readable (encrypted, damaged), 4 read in part (a page without
any text, as a scan is; embedded files; more pages than the limit).
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

_PAGES = 2000
_CPU_S = 20
_MEMORY = 1 << 30


def main() -> int:
    """Print what can be read."""
    _limit()
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    whole = True
    try:
        reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
        if reader.is_encrypted and not reader.decrypt(""):
            return 3
        said = [str(value) for value in (reader.metadata or {}).values()]
        said += [str(field.get("/V", "")) for field in (reader.get_fields() or {}).values()]
        whole = len(reader.pages) <= _PAGES and not any(True for _ in reader.attachment_list)
        for page in reader.pages[:_PAGES]:
            text = page.extract_text()
            whole = whole and bool(text.strip())
            said += [text, *_links(page)]
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, MemoryError):
        return 3
    sys.stdout.buffer.write("\n".join(said).encode("utf-8", "replace"))
    return 0 if whole else 4


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return  # no such limits on this system: the caller's timeout remains
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _links(page: Any) -> Iterator[str]:
    """Where links lead, and what notes say: an address may stand there alone."""
    for reference in page.get("/Annots") or ():
        note = reference.get_object()
        action = note.get("/A")
        yield str(action.get_object().get("/URI", "")) if action is not None else ""
        yield str(note.get("/Contents", ""))


if __name__ == "__main__":
    sys.exit(main())
