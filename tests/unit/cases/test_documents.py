"""Attached documents: read by the finder and, with code of its own, by the witness; what nobody can read is told."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable

import pytest
import typst
from pypdf import PdfReader, PdfWriter

from mailsorter.cases.parsers.anything import is_document, read_document
from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.parsers.attachment import document_texts
from mailsorter.model.case import Subject
from mailsorter.model.person import Person
from tests.unit.cases.hostile import tnef, tnef_in_tnef, zipped

PERSON = Person(Subject(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",)))
MARKS = Marks(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",))
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def packed(**parts: str | bytes) -> bytes:
    """An archive; `__` in a name stands for a slash, `_xml` for the ending."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_rels", ".rels"), content)
    return made.getvalue()


def word(body: str) -> bytes:
    return packed(word__document_xml=f"<w:document {W}><w:body>{body}</w:body></w:document>")


def pdf(markup: str) -> bytes:
    compiled = typst.compile(markup.encode())
    assert isinstance(compiled, bytes)
    return compiled


def locked(content: bytes, password: str) -> bytes:
    writer, made = PdfWriter(PdfReader(io.BytesIO(content))), io.BytesIO()
    writer.encrypt(password, owner_password="eigenaar", algorithm="AES-256")
    writer.write(made)
    return made.getvalue()


READABLE: dict[str, Callable[[], bytes]] = {
    "Word, a name in three runs": lambda: word(
        "<w:p><w:r><w:t>Aan Pi</w:t></w:r><w:r><w:t>et de</w:t></w:r><w:r><w:t> Vries</w:t></w:r></w:p>"
    ),
    "Word, two lines": lambda: word("<w:p><w:r><w:t>Piet</w:t><w:br/><w:t>de Vries</w:t></w:r></w:p>"),
    "Word, a link": lambda: packed(
        word__document_xml=f"<w:document {W}/>",
        word___rels__document_xml_rels='<R><L Target="mailto:piet@klant.example"/></R>',
    ),
    "Excel, a shared string": lambda: packed(
        xl__sharedStrings_xml="<sst><si><t>a</t></si><si><t>piet@klant.example</t></si></sst>"
    ),
    "Excel, a number": lambda: packed(
        xl__worksheets__s_xml="<w><row><c><v>1</v></c><c><v>31612345678</v></c></row></w>"
    ),
    "PowerPoint": lambda: packed(
        ppt__slides__slide1_xml='<p xmlns:a="a"><a:p><a:r><a:t>Piet de Vries</a:t></a:r></a:p></p>'
    ),
    "OpenDocument": lambda: packed(
        content_xml='<o xmlns:text="t"><text:p>Piet <text:span>de Vries</text:span></text:p></o>'
    ),
    "RTF": lambda: rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}Dag\par Piet \b de\b0  Vries}",
    "RTF, a name in hexadecimal and with a part in bold": lambda: (
        rb"{\rtf1\ansi\ansicpg1252 \'50iet {\b de} V\u114?ies}"
    ),
    "ZIP": lambda: zipped(a_txt=b"Piet de Vries"),
    "ZIP, the name of a file": lambda: zipped(**{"CV Piet de Vries_txt": b""}),
    "ZIP in a ZIP": lambda: zipped(b_zip=zipped(a_html=b"<p>Pi<b>et</b> de Vries</p>")),
    "a document in the document": lambda: packed(word__embeddings__x_docx=word("<w:p><w:t>Piet de Vries</w:t></w:p>")),
    "TNEF, the body": lambda: tnef((1, 0x9006, 8, b"\0\0\1\0", None), (1, 0x800C, 2, b"Piet de Vries\0", None)),
    "TNEF, a file": lambda: tnef((2, 0x9002, 6, bytes(14), None), (2, 0x800F, 6, zipped(a_txt=b"Piet de Vries"), None)),
    "TNEF in TNEF": lambda: tnef_in_tnef(1),
    "PDF": lambda: pdf("Geachte heer Piet de Vries,"),
    "PDF, a link": lambda: pdf('#link("mailto:piet@klant.example")[mail mij]'),
    "PDF that only its owner may change": lambda: locked(pdf("Piet de Vries"), ""),
}


@pytest.mark.parametrize("kind", READABLE)
def test_both_roads_read_it(kind: str) -> None:
    content = READABLE[kind]()
    assert is_document(content)
    said = list(read_document(content))
    assert "unread" not in {kind for kind, _ in said}
    assert any(PERSON.is_mentioned(text) for _, text in said), said
    assert any(MARKS.in_text(text) for text in document_texts(content))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: b"%PDF-1.7 \x00 Piet", id="damaged PDF"),
        pytest.param(lambda: locked(pdf("Piet de Vries"), "geheim"), id="encrypted PDF"),
        pytest.param(lambda: pdf("#rect(width: 1cm)"), id="PDF without text, as a scan is"),
        pytest.param(lambda: word("<w:p>")[:-40], id="archive cut off"),
        pytest.param(lambda: packed(word__document_xml="<w:document"), id="broken XML"),
        pytest.param(lambda: packed(**{f"x{n}_xml": "<a/>" for n in range(6000)}), id="too many parts"),
        pytest.param(lambda: packed(a_xml=b"<a>" + b" " * 120_000_000), id="bomb"),
        pytest.param(lambda: packed(word__embeddings__x_docx=b"PK"), id="a document in the document"),
    ],
)
def test_what_cannot_be_read_whole_is_told(content: Callable[[], bytes]) -> None:
    """Without raising, and without a word made up."""
    made = content()
    said = list(read_document(made))
    assert "unread" in {kind for kind, _ in said}
    assert not any(PERSON.is_mentioned(text) for _, text in said)
    assert not any(MARKS.in_text(text) for text in document_texts(made))


def test_entities_are_neither_expanded_nor_fetched(tmp_path: object) -> None:
    """A document cannot read our files into its text, nor grow in memory."""
    laughs = '<!DOCTYPE a [<!ENTITY l "Piet de Vries"><!ENTITY f SYSTEM "file:///etc/passwd">]><a><p>&l;&f;</p></a>'
    text = "".join(text for _, text in read_document(packed(word__document_xml=laughs)))
    assert "root:" not in text
    assert "Piet" not in text


def test_reading_a_pdf_silences_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """The witness's reader once switched off all logging of its process."""
    list(document_texts(pdf("Piet de Vries")))
    logging.getLogger("urllib3").warning("heard")
    logging.getLogger("pdfminer.pdfinterp").warning("Piet de Vries")
    assert caplog.messages == ["heard"]
