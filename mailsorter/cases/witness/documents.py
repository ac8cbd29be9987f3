"""Documents as the witness reads them: XML as text with its tags taken out, a PDF by a process of its own."""

from __future__ import annotations

import html
import io
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator

_SIZE = 60_000_000
_BREAK = re.compile(r"</(?:[a-z]+:)?(?:p|h|si|v|c|tr|table-cell|row)>|<(?:[a-z]+:)?(?:br|tab|line-break)\b[^>]*>")
_QUOTED = re.compile(r"\"([^\"<>]*@[^\"<>]*)\"")
_ESCAPE = re.compile(r"\\'([0-9a-fA-F]{2})")
_CONTROL = re.compile(r"\\[a-z]+-?\d* ?|[{}]")
_READ_PDF = """
import io, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30)); resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
except ImportError:
    pass
import pypdf
for page in pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read())).pages:
    notes = [repr(note.get_object()) for note in page.get("/Annots") or ()]
    sys.stdout.buffer.write("\\n".join([page.extract_text(), *notes, ""]).encode("utf-8", "replace"))
"""


def document_texts(content: bytes) -> Iterator[str]:
    """What an attached document says, as far as it can be read; nothing for what is none."""
    if content[:2] == b"PK":
        yield from _packed(content)
    elif content[:5] == b"{\\rtf":
        letters = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), content[:_SIZE].decode("cp1252", "replace"))
        yield _CONTROL.sub("", letters.replace("\\par", "\n"))
    elif b"%PDF" in content[:1100]:
        yield _from_pdf(content)


def _packed(content: bytes) -> Iterator[str]:
    left = _SIZE
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        for name in archive.namelist()[:5000]:
            if not name.endswith(("xml", "rels")) or left <= 0:
                continue
            with archive.open(name) as part:
                raw = part.read(left)
            left -= len(raw)
            marked = _BREAK.sub("\n", raw.decode("utf-8", "replace"))
            yield html.unescape(re.sub(r"<[^<>]*>", "", marked))
            yield html.unescape("\n".join(_QUOTED.findall(marked)))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        return  # encrypted or damaged: the finder names what nobody can read


def _from_pdf(content: bytes) -> str:
    try:
        reader = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-c", _READ_PDF], input=content, capture_output=True, timeout=60, check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return reader.stdout.decode("utf-8", "replace")
