"""ZIP archives: office documents, which are archives of XML, and those in which people send several files."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from mailsorter.cases.parsers.budget import Budget, Closed
from mailsorter.cases.parsers.xml import xml_texts

_BLOCK = 1 << 16
_MAX_FILE = 64 << 20  # bytes of one file that is read as a whole
_EMBEDDED = re.compile(r"(?:^|/)embeddings/|^Object \d{1,9}$|oleObject", re.IGNORECASE)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)
"""RuntimeError: a part is encrypted; NotImplementedError: packed in an unknown way."""


def opened(content: bytes) -> zipfile.ZipFile:
    """The archive. Raises `Closed`."""
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN:
        raise Closed from None


def is_office(archive: zipfile.ZipFile) -> bool:
    """Is it Office Open XML (ECMA-376) or OpenDocument (ISO 26300)?"""
    return not {"[Content_Types].xml", "content.xml"}.isdisjoint(archive.namelist())


def is_embedded(name: str) -> bool:
    """Does an entry of an office document hold a document of its own?"""
    return bool(_EMBEDDED.search(name))


def entry_texts(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Iterator[str]:
    """The text of an XML entry. Raises `Closed`, `BeyondLimits`."""
    yield from xml_texts(_blocks(archive, entry, budget))


def entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> bytes:
    """A whole entry. Raises `Closed`, `BeyondLimits`."""
    return b"".join(_blocks(archive, entry, budget, _MAX_FILE))


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget, most: int = 1 << 40) -> Iterator[bytes]:
    """Block by block: what the archive says of sizes is not believed."""
    total = 0
    try:
        with archive.open(entry) as file:
            while block := file.read(_BLOCK):
                total += len(block)
                budget.unpack(len(block), total, entry.compress_size)
                if total > most:
                    budget.unpack(budget.unpacked + 1)
                yield block
    except _BROKEN:
        raise Closed from None
