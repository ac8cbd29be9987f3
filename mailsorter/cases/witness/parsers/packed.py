"""ZIP archives for the witness, and office documents in them by expat."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from mailsorter.cases.witness.parsers.bounds import Left, TooMuch, Unreadable

_BLOCK = 50_000
_ONE = 60_000_000  # bytes of one file in an archive
_SUSPICIOUS = 300  # times its packed size, beyond ten million bytes
_DEEP = 800
_LINE = ("p", "h", "si", "is", "v", "c", "tr", "tc", "row", "br", "tab", "table-cell", "line-break", "title")
_FAULTS = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)


def entries(content: bytes, left: Left) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Name and content of every file; the content comes block by block. Raises `Unreadable`, `TooMuch`."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _FAULTS:
        raise Unreadable from None
    with archive:
        for one in archive.infolist():
            left.next()
            yield one.filename, _content(archive, one, left)


def _content(archive: zipfile.ZipFile, one: zipfile.ZipInfo, left: Left) -> Iterator[bytes]:
    size = 0
    try:
        with archive.open(one) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                fair = size < 10_000_000 or size < one.compress_size * _SUSPICIOUS
                left.take(len(block), _ONE - size if fair else -1)
                yield block
    except _FAULTS:
        raise Unreadable from None


def sheet_texts(blocks: Iterator[bytes]) -> Iterator[str]:
    """The text of one part of an office document. Raises `Unreadable` for what declares a document type."""
    said: list[str] = []
    depth = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEP:
            raise TooMuch
        said.extend(f"\n{value}\n" for value in attributes.values() if "@" in value or " " in value)

    def finish(name: str) -> None:
        nonlocal depth
        depth -= 1
        if name.rpartition(":")[2] in _LINE:
            said.append("\n")

    def refuse(*anything: object) -> None:
        raise Unreadable

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.CharacterDataHandler = said.append
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        for block in blocks:
            parser.Parse(block, False)
            if len(said) > 20_000:
                text = "".join(said)
                yield text
                said[:] = [text[-500:]]
        parser.Parse(b"", True)
    except expat.ExpatError:
        yield "".join(said)
        raise Unreadable from None
    yield "".join(said)
