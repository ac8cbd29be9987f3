"""The text of attached documents: Word, Excel, PowerPoint, OpenDocument, RTF and PDF, known by their first bytes.

Attachments are anybody's: archives are unpacked only up to a size and a number of parts, XML is parsed without
entities and without the network, and a PDF is read by a process of its own with limits on time and memory. What cannot
be read (encrypted, damaged, too large, formats from before 2007, pictures) is told, so that it can be named.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import msgspec
from lxml import etree

_PDF = b"%PDF-"
_ZIP = b"PK\x03\x04"
_RTF = b"{\\rtf"
_MAX_PARTS = 5_000
_MAX_UNPACKED = 100_000_000  # bytes of XML in one document
_MAX_TEXT = 50_000_000
_PDF_TIMEOUT_S = 60
# Elements after which a word ends; runs of letters inside a paragraph belong together however they are formatted.
_ENDS = frozenset({"p", "h", "br", "tab", "si", "is", "v", "c", "row", "tr", "tc", "table-cell", "line-break", "title"})
_TELLING_ATTRIBUTES = frozenset({"Target", "href", "val", "author", "creator"})
_EMBEDDED = re.compile(r"(?:^|/)embeddings/|^Object \d+/content\.xml$|oleObject", re.IGNORECASE)
_RTF_SKIPPED = re.compile(
    r"\{\\\*?\\?(?:fonttbl|colortbl|stylesheet|pict|themedata|datastore)\b[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
)
_RTF_TOKEN = re.compile(
    r"\\'([0-9a-f]{2})|\\u(-?\d{1,5}) ?\??|\\(par|line|tab|cell|row)\b ?|\\[a-z]+-?\d* ?|\\([{}\\])|[{}\r\n]"
)


class Document(msgspec.Struct, frozen=True):
    """What could be read of a document; `is_whole` False: something in it could not."""

    text: str
    is_whole: bool


def is_document(content: bytes) -> bool:
    """Do the first bytes say that this may be a document of a kind that can be read here?"""
    return content.startswith((_ZIP, _RTF)) or _PDF in content[:1024]


def read_document(content: bytes) -> Document:
    """The document's text, with where its links lead; an unreadable one is empty and not whole. Raises nothing."""
    if content.startswith(_ZIP):
        return _archive(content)
    if content.startswith(_RTF):
        return _rich_text(content)
    return _pdf(content)


def _archive(content: bytes) -> Document:
    """Office Open XML (ECMA-376) and OpenDocument (ISO 26300) are archives of XML."""
    said: list[str] = []
    left, whole = _MAX_UNPACKED, True
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if len(parts) > _MAX_PARTS or not names & {"[Content_Types].xml", "content.xml"}:
                return Document("", False)
            for part in parts:
                if _EMBEDDED.search(part.filename):
                    whole = False
                elif part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as file:
                        raw = file.read(left + 1)  # what the archive says of sizes is not believed
                    left -= len(raw)
                    if left < 0:
                        return Document("\n".join(said), False)
                    text = _xml_text(raw)
                    whole = whole and text is not None
                    said.append(text or "")
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
        whole = False  # RuntimeError: a part is encrypted; NotImplementedError: packed in an unknown way
    return Document("\n".join(said), whole)


def _xml_text(raw: bytes) -> str | None:
    """The text of one part, words kept whole; None when it is no XML that may be parsed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    said: list[str] = []
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            said.append(element.tail or "")
            continue
        if event == "start":
            said.append(element.text or "")
            continue
        found = [v for k, v in element.attrib.items() if etree.QName(k).localname in _TELLING_ATTRIBUTES]
        if found or etree.QName(element).localname in _ENDS:
            said.append("\n")
        said += [f"{value}\n" for value in found if "@" in value or " " in value]
        said.append(element.tail or "")
    return "".join(said)


def _rich_text(content: bytes) -> Document:
    """Enough of RTF 1.9 to read what a person sees: text in Windows' Western alphabet and in \\u escapes."""
    text = _RTF_SKIPPED.sub("", content[:_MAX_TEXT].decode("cp1252", "replace"))
    return Document(_RTF_TOKEN.sub(_rtf_letter, text), len(content) <= _MAX_TEXT and "\\object" not in text)


def _rtf_letter(found: re.Match[str]) -> str:
    byte, unicode, layout, literal = found.groups()
    if byte:
        return bytes([int(byte, 16)]).decode("cp1252", "replace")
    if unicode:
        return chr(int(unicode) % 0x10000)
    return "\n" if layout else literal or ""


def _pdf(content: bytes) -> Document:
    script = str(Path(__file__).with_name("pdf_text.py"))
    try:
        done = subprocess.run(  # noqa: S603  our own script, and the document comes by standard input
            [sys.executable, "-I", script], input=content, capture_output=True, timeout=_PDF_TIMEOUT_S, check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return Document("", False)
    return Document(done.stdout[:_MAX_TEXT].decode("utf-8", "replace"), done.returncode == 0)
