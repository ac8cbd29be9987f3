"""What an attachment says, whatever it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

from mailsorter.cases.witness.parsers.bounds import Left, TooMuch, Unreadable
from mailsorter.cases.witness.parsers.letters import readings
from mailsorter.cases.witness.parsers.packed import entries, sheet_texts
from mailsorter.cases.witness.parsers.page import page_texts
from mailsorter.cases.witness.parsers.winmail import strings_in, winmail_parts

Said = Iterator[tuple[str, str]]
_NESTED = 5
_PAGES = 2_000
_RTF = 20_000_000


def document_texts(content: bytes) -> Iterator[str]:
    """The texts alone, for one document by itself."""
    yield from (text for kind, text in attachment_texts(content, "", None, Left()) if kind == "text")


def attachment_texts(
    content: bytes, kind: str, charset: str | None, left: Left, nested: int = 0, name: str = ""
) -> Said:
    """Texts, and `unread` for what is not read. Raises nothing but `MemoryError`."""
    try:
        if nested > _NESTED:
            raise TooMuch
        yield from _said(content, kind, charset, left, nested, name.lower())
    except (TooMuch, RecursionError):
        yield "unread", "limits"
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  damaged documents raise what they like
        yield "unread", "not-readable"


def _said(content: bytes, kind: str, charset: str | None, left: Left, nested: int, name: str) -> Said:
    if content[:4] == b"PK\x03\x04":
        yield from _zip(content, left, nested)
    elif content[:5] == b"{\\rtf":
        yield "text", _rtf(content)
    elif b"%PDF-" in content[:1100]:
        yield from _pdf(content)
    elif content[:4] == b"\x78\x9f\x3e\x22":
        yield from _winmail(content, left, nested)
    elif name.endswith(".eml"):
        from mailsorter.cases.witness.parsers.whole import message_texts

        left.next()
        yield from message_texts(content, left, nested + 1)
    elif kind.startswith("text/") or b"\0" not in content[:1000]:
        is_page = kind in ("text/html", "application/xhtml+xml") or name.endswith((".htm", ".html"))
        for text in readings(content, charset):
            if is_page or (kind != "text/plain" and "<html" in text[:2000].lower()):
                yield from (("text", one) for one in page_texts(text))
            if not is_page:
                yield "text", text
            if text.startswith("BEGIN:V"):
                yield "text", _unfolded(text)
    elif content:
        yield "unread", "not-readable"


def _unfolded(text: str) -> str:
    """RFC 5545 3.1: a line's end with a blank behind it is nothing."""
    return "".join(text.replace("\r", "").split("\n ")).replace("\n\t", "").replace("\\,", ",").replace("\\n", "\n")


def _zip(content: bytes, left: Left, nested: int) -> Said:
    for name, blocks in entries(content, left):
        yield "text", name
        yield "text", name.rpartition(".")[0]  # it may be an address with an ending behind it
        try:
            if name.lower().endswith((".xml", ".rels")):
                yield from (("text", text) for text in sheet_texts(blocks))
            elif not name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf")):
                inner = b"".join(blocks)
                yield from attachment_texts(inner, "", None, left, nested + 1, name)
        except Unreadable:
            yield "unread", "not-readable"


def _rtf(content: bytes) -> str:
    from striprtf.striprtf import rtf_to_text

    if len(content) > _RTF:
        raise TooMuch
    text: str = rtf_to_text(content.decode("latin-1"), encoding="cp1252", errors="replace")
    return text


def _pdf(content: bytes) -> Said:
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LTTextContainer
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfparser import PDFParser

    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it names what it finds; others go on to speak
    document = PDFDocument(PDFParser(io.BytesIO(content)))
    for info in document.info:
        for value in info.values():
            if isinstance(value, bytes):
                yield "text", value.decode("utf-16" if value[:2] == b"\xfe\xff" else "cp1252", "replace")
    yield from (("text", text) for text in _beside(document))
    for number, page in enumerate(extract_pages(io.BytesIO(content))):
        if number >= _PAGES:
            raise TooMuch
        yield "text", "".join(box.get_text() for box in page if isinstance(box, LTTextContainer))


def _beside(document: object) -> Iterator[str]:
    """Notes, links and fields."""
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdftypes import resolve1

    for page in PDFPage.create_pages(document):  # type: ignore[arg-type]
        for reference in resolve1(page.annots) or ():
            note = resolve1(reference)
            action = resolve1(note.get("A")) or {}
            for value in (action.get("URI"), note.get("Contents"), note.get("V")):
                value = resolve1(value)
                if isinstance(value, bytes):
                    yield value.decode("utf-16" if value[:2] == b"\xfe\xff" else "cp1252", "replace")


def _winmail(content: bytes, left: Left, nested: int) -> Said:
    for is_file, inside in winmail_parts(content):
        left.next()
        if is_file:
            yield from attachment_texts(inside, "", None, left, nested + 1)
        else:
            yield from (("text", text) for text in strings_in(inside))
            start = inside.find(b"\x78\x9f\x3e\x22")
            if start >= 0:
                yield from attachment_texts(inside[start:], "", None, left, nested + 1)
