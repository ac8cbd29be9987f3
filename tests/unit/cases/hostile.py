"""Documents that somebody made to hold up whoever reads them. Invented here; small to write, large to read."""

# ruff: noqa: E501  one document a line, as a table

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from email.message import EmailMessage

MARK = "piet@klant.example"
"""Stands behind what is hostile, where a document allows it."""


def zipped(**parts: bytes) -> bytes:
    """An archive; `__` in a name stands for a slash, the last `_` for a dot."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            stem, _, ending = name.replace("__", "/").rpartition("_")
            archive.writestr(f"{stem}.{ending}", content)
    return made.getvalue()


def office(**parts: bytes) -> bytes:
    made = io.BytesIO(zipped(**parts))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return made.getvalue()


def nested_zip(levels: int) -> bytes:
    inner = zipped(a_txt=MARK.encode())
    for _ in range(levels):
        inner = zipped(next_zip=inner)
    return inner


def overlapping_zip() -> bytes:
    """Many names for the same bytes, as of D. Fifield, "A better zip bomb" (2019)."""
    content = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = content.compress(bytes(20 << 20)) + content.flush()
    made = io.BytesIO()
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(packed), 20 << 20, 5, 0) + b"a.txt"
    made.write(head + packed)
    start = made.tell()
    for _ in range(2000):
        made.write(
            struct.pack(
                "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(packed), 20 << 20, 5, 0, 0, 0, 0, 0, 0
            ) + b"a.txt"
        )  # fmt: skip
    made.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2000, 2000, made.tell() - start, start, 0))
    return made.getvalue()


def laughs(levels: int = 12) -> bytes:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(levels))
    return f'<!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><a b="&l{levels};"><p>&l{levels};</p></a>'.encode()


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, without a table of where they are: readers rebuild it."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, start=1))
    return b"%PDF-1.7\n" + body + b"trailer << /Root 1 0 R /Size %d >>\n%%%%EOF" % (len(objects) + 1)


def zeros_packed(size: int) -> bytes:
    """`zlib.compress(bytes(size))`, from one packed megabyte again and again; `size` is a whole number of them."""
    packer = zlib.compressobj(9)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # knows nothing of what came before
    end = zlib.compressobj(9, wbits=-15).flush()
    return head + block * ((size >> 20) - 1) + end + struct.pack(">I", (size % 65521) << 16 | 1)


def pdf_stream(content: bytes, extra: bytes = b"") -> bytes:
    return packed_stream(zlib.compress(content, 9), extra)


def packed_stream(packed: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), extra, packed)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << >> /MediaBox [0 0 9 9] >>"


def tnef(*attributes: tuple[int, int, int, bytes, int | None]) -> bytes:
    """Level, id, type, content, and a length that may lie."""
    made = [struct.pack("<IH", 0x223E9F78, 1)]
    for level, name, kind, content, length in attributes:
        said = len(content) if length is None else length
        made += [struct.pack("<BHHI", level, name, kind, said), content, struct.pack("<H", sum(content) & 0xFFFF)]
    return b"".join(made)


def tnef_in_tnef(levels: int) -> bytes:
    inner = tnef((1, 0x800C, 2, MARK.encode() + b"\0", None))
    for _ in range(levels):
        wrapped = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" + inner
        wrapped += bytes(-len(wrapped) % 4)
        props = struct.pack("<IHHII", 1, 0x000D, 0x3701, 1, len(wrapped)) + wrapped
        inner = tnef((2, 0x9002, 6, bytes(14), None), (2, 0x9005, 6, props, None))
    return inner


DOCUMENTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "html 3 MB of opening brackets": ("text/html", lambda: b"<" * 3_000_000 + b"p>" + MARK.encode()),
    "html 3 MB of style without end": ("text/html", lambda: b"<style" * 500_000 + b">" + MARK.encode()),
    "html 3 MB of open comments": ("text/html", lambda: b"<!--" * 750_000 + MARK.encode()),
    "html 200,000 deep": ("text/html", lambda: b"<div>" * 200_000 + MARK.encode()),
    "html 100,000 formatting elements": ("text/html", lambda: b"<b><p>" * 100_000 + MARK.encode()),
    "html tables in tables": ("text/html", lambda: b"<table><tr><td>" * 50_000 + MARK.encode()),
    "html of entities": ("text/html", lambda: b"&amp" * 700_000 + b";" + MARK.encode()),
    "html attributes without end": ("text/html", lambda: b"<a " + b"x='" * 900_000 + MARK.encode()),
    "docx 96 MB of XML in 94 KB": ("application/zip", lambda: office(word__document_xml=b"<a>" + b"<b/>" * 24_000_000 + b"</a>")),
    "docx one text of 96 MB": ("application/zip", lambda: office(word__document_xml=b"<a>" + b"a" * 96_000_000 + b"</a>")),
    "docx 1,000,000 attributes": ("application/zip", lambda: office(word__document_xml=b"<a " + b"".join(b'a%d="" ' % n for n in range(1_000_000)) + b"/>")),
    "docx 500,000 deep": ("application/zip", lambda: office(word__document_xml=b"<a>" * 500_000)),
    "docx billion laughs": ("application/zip", lambda: office(word__document_xml=laughs())),
    "docx quadratic entities": ("application/zip", lambda: office(word__document_xml=b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 100_000 + b'">]><a>' + b"&x;" * 10_000 + b"</a>")),
    "docx external entity": ("application/zip", lambda: office(word__document_xml=b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')),
    "xlsx shared strings": ("application/zip", lambda: office(xl__sharedStrings_xml=b"<sst>" + b"<si><t>aaaaaaaa</t></si>" * 3_000_000 + b"</sst>")),
    "odt repeated cells": ("application/zip", lambda: zipped(content_xml=b'<a xmlns:t="t"><t:c t:number-columns-repeated="999999999">x</t:c></a>', styles_xml=b"<a/>")),
    "zip of 1 GB": ("application/zip", lambda: zipped(**{f"a{n}_txt": bytes(50 << 20) for n in range(20)})),
    "zip of overlapping entries": ("application/zip", overlapping_zip),
    "zip in zip, 50 deep": ("application/zip", lambda: nested_zip(50)),
    "zip of 60,000 entries": ("application/zip", lambda: zipped(**{f"a{n}_txt": b"" for n in range(60_000)})),
    "rtf 1,000,000 groups": ("application/rtf", lambda: b"{\\rtf1" + b"{" * 1_000_000 + MARK.encode()),
    "rtf 3 MB of hidden groups": ("application/rtf", lambda: b"{\\rtf1" + b"{\\fonttbl{\\f" * 300_000 + MARK.encode()),
    "rtf 3 MB of escapes": ("application/rtf", lambda: b"{\\rtf1 " + b"\\'" * 1_500_000 + MARK.encode()),
    "rtf a length beyond its end": ("application/rtf", lambda: b"{\\rtf1 \\bin2147483647 " + MARK.encode()),
    "rtf unicode numbers": ("application/rtf", lambda: b"{\\rtf1 \\uc9999999999 \\u-9999999999 \\u55357 " + MARK.encode() + b"}"),
    "tnef lying lengths": ("application/ms-tnef", lambda: tnef((1, 0x8004, 1, b"x" * 40, 0x7FFFFFFF), (1, 0x9003, 6, b"\xff" * 400, 0))),
    "tnef 4 billion properties": ("application/ms-tnef", lambda: tnef((1, 0x9003, 6, b"\xff\xff\xff\xff" + b"\x1e\x10\x01\x00\xff\xff\xff\x7f" * 100, None))),
    "tnef 200,000 attributes": ("application/ms-tnef", lambda: tnef(*[(1, 0x8004, 1, b"x\0", None)] * 200_000)),
    "tnef in tnef, 30 deep": ("application/ms-tnef", lambda: tnef_in_tnef(30)),
    "pdf stream of 1 GB": ("application/pdf", lambda: pdf(_CATALOG, _PAGES, _PAGE, packed_stream(zeros_packed(1 << 30)))),
    "pdf pages in a circle": ("application/pdf", lambda: pdf(_CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9999999 >>")),
    "pdf parents in a circle": ("application/pdf", lambda: pdf(_CATALOG, b"<< /Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count 1 >>", b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>", pdf_stream(b"BT (x) Tj ET"))),
    "pdf arrays in arrays": ("application/pdf", lambda: pdf(_CATALOG, b"[" * 500_000)),
    "pdf operators without end": ("application/pdf", lambda: pdf(_CATALOG, _PAGES, _PAGE, pdf_stream(b"BT /F 9 Tf (a) Tj ET q 1 0 0 1 0 0 cm " * 1_000_000))),
    "calendar one line of 5 MB": ("text/calendar", lambda: b"BEGIN:VCALENDAR\r\nATTENDEE;CN=" + b"a" * 5_000_000 + b"\r\nX:" + MARK.encode()),
    "calendar 5,000,000 folds": ("text/calendar", lambda: b"BEGIN:VCALENDAR\r\nX:" + b"\r\n " * 5_000_000 + MARK.encode()),
    "text of 10 MB": ("text/plain", lambda: b"- " * 5_000_000 + MARK.encode()),
}  # fmt: skip
"""Type and maker of each."""


def attached(kind: str, content: bytes) -> bytes:
    """A message with the document, and the person's address in a second, harmless attachment behind it."""
    message = EmailMessage()
    message["From"], message["To"] = "jan@firm.example", "kees@firm.example"
    message.set_content("zie bijlage")
    major, minor = kind.split("/")
    message.add_attachment(content, maintype=major, subtype=minor, filename="bijlage")
    message.add_attachment("groet van Piet de Vries", filename="groet.txt")
    return message.as_bytes()


def parts_in_parts(levels: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(levels))


MESSAGES: dict[str, Callable[[], bytes]] = {
    "parts in parts, 50,000 deep": lambda: parts_in_parts(50_000),
    "200,000 parts": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "a boundary of 1 MB": lambda: b"Content-Type: multipart/mixed; boundary=" + b"b" * 1_000_000 + b"\n\n--b\n",
    "1 MB of header continuation": lambda: b"Subject: a\n" + b" a\n" * 300_000 + b"\nx",
    "1 MB of encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 80_000 + b"\n\nx",
    "1 MB of brackets": lambda: b"From: " + b"(" * 1_000_000 + b"\n\nx",
    "1 MB of parameters": lambda: b"Content-Type: text/plain; " + b'a*0*="x"; ' * 100_000 + b"\n\nx",
    "uuencode without end": lambda: b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n" + b"M" * 3_000_000,
}

CHARSETS = (
    *("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "rot13", "base64", "hex", "zlib", "bz2"),
    *("uu", "quopri", "mbcs", "oem", "nonsense", "", "utf-8\x00", "x" * 10_000, "utf-7", "iso-2022-jp", "hz", "utf-16"),
    *(
        "string_escape",
        "charmap",
        "ascii",
        "../../etc/passwd",
        "utf_8_sig",
        "cp65001",
        "unknown-8bit",
        "x-user-defined",
    ),
)


def in_charset(charset: str, where: str) -> bytes:
    """A message that names the charset in its content type, a file name, a header word or a report."""
    name = charset.encode("latin-1")
    return {
        "type": b'Content-Type: text/plain; charset="' + name + b'"\n\nGroet, Piet de Vries xn--a \\x',
        "html": b'Content-Type: text/html\n\n<meta charset="' + name + b'">Groet, Piet de Vries',
        "rfc2231": b"Content-Type: text/plain; charset*=" + name + b"''" + name + b"\n\nGroet, Piet de Vries",
        "name": b"Content-Type: text/plain\nContent-Disposition: attachment; filename*=" + name
        + b"''a%ff\\u12\n\nGroet, Piet de Vries",
        "word": b"Subject: =?" + name + b"?q?a=ff\\u12?=\nContent-Type: text/plain\n\nGroet, Piet de Vries",
    }[where]  # fmt: skip


CHARSET_PLACES = ("type", "html", "rfc2231", "name", "word")
