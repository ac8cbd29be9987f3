"""Whole messages: parts, boundaries, encodings, attached messages, reports, archives and invitations."""

# ruff: noqa: E501  one input a line, as a table

from __future__ import annotations

import base64
from collections.abc import Callable

from tests.hostile.made import MARK, Hostile
from tests.unit.cases import hostile as documents

Raw = Callable[[int], bytes]
_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
_SEEN = MARK.encode()
_HEAD = b"From: Jan <jan@firm.example>\r\nTo: kees@firm.example\r\nMIME-Version: 1.0\r\n"


def _again(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def _with(header: bytes, unit: bytes, end: bytes = b"") -> Raw:
    """A message with one header that grows, and the person in its text."""
    return lambda size: _HEAD + header + _again(unit, size) + end + b"\r\n" + _TEXT + _SEEN


def _mixed(*parts: bytes, boundary: bytes = b"b") -> bytes:
    """The parts, and behind them one that names the person."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in (*parts, _TEXT + _SEEN))
    return _HEAD + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body + b"--b--\r\n"


def _part(head: bytes, unit: bytes) -> Raw:
    return lambda size: _mixed(head + b"\r\n\r\n" + _again(unit, size))


def _attached_deep(size: int) -> bytes:
    """Messages in messages, some hundred bytes each."""
    raw = _HEAD + _TEXT + _SEEN
    for _ in range(min(150, size // 200)):
        raw = _HEAD + b"Content-Type: message/rfc822\r\n\r\n" + raw
    return raw


def _deep(size: int) -> bytes:
    """Parts in parts, which never close."""
    depth = size // 60
    parts = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return _HEAD + b"".join(parts) + _TEXT + _SEEN


def _wide(kind: bytes) -> Raw:
    return lambda size: _mixed(*[b"Content-Type: " + kind + b"\r\n\r\nx"] * (size // 60))


_MAKERS: dict[str, Raw] = {
    "parts in parts": _deep,
    "parts beside parts": _wide(b"text/plain"),
    "messages beside messages": _wide(b"message/rfc822"),
    "messages in messages": _attached_deep,
    "reports beside reports": _wide(b"message/delivery-status"),
    "a boundary that never comes": lambda size: _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + _again(b"-b\r\n", size) + _SEEN,
    "a boundary that closes again and again": lambda size: _mixed(_again(b"--b--\r\n", size)),
    "a boundary inside a boundary": lambda size: _mixed(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _again(b"--b\r\n\r\nx\r\n", size)
    ),
    "no boundary at all": lambda size: _HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + _again(b"--\r\n", size) + _SEEN,
    "a boundary of blanks": lambda size: _HEAD + b'Content-Type: multipart/mixed; boundary="' + b" " * size + b'"\r\n\r\n'
    + _SEEN,
    "a boundary in pieces": _with(b"Content-Type: multipart/mixed", b"; boundary*0=b", b"\r\n"),
    "parameters in pieces": _with(b"Content-Disposition: attachment", b"; filename*0*=utf-8''a%41", b"\r\n"),
    "parameters numbered high": _with(b"Content-Disposition: attachment", b"; filename*999999999*=a", b"\r\n"),
    "parameters of quotes": _with(b'Content-Type: text/plain; name="', b'\\"', b'"\r\n'),
    "parameters without values": _with(b"Content-Disposition: attachment", b"; a", b"\r\n"),
    "percent signs in a name": _with(b"Content-Disposition: attachment; filename*=utf-8''", b"%", b"\r\n"),
    "comments in comments": _with(b"Subject: ", b"(", b"\r\n"),
    "an address of comments": _with(b"Cc: ", b"(a", b"\r\n"),
    "an address of groups": _with(b"Cc: ", b"a:", b";\r\n"),
    "addresses by the thousand": _with(b"Cc: ", b"a@x.example, ", b"\r\n"),
    "encoded words": _with(b"Subject: ", b"=?utf-8?b?QQ==?= ", b"\r\n"),
    "encoded words without end": _with(b"Subject: ", b"=?utf-8?b?", b"\r\n"),
    "encoded words of question marks": _with(b"Subject: ", b"=?????=", b"\r\n"),
    "encoded words of odd base64": _with(b"Subject: ", b"=?utf-8?b?QQ=?=\r\n ", b"\r\n"),
    "a header of folds": _with(b"Subject: a", b"\r\n ", b"a\r\n"),
    "a header of bare CR": _with(b"Subject: a", b"\rX: b", b"\r\n"),
    "a header of noughts": _with(b"Subject: ", b"\0", b"\r\n"),
    "a header of bytes": _with(b"Subject: ", b"\xff\xfe", b"\r\n"),
    "headers by the thousand": _with(b"", b"Subject: a\r\n"),
    "headers without a colon": _with(b"", b"Subject\r\n"),
    "headers without a name": _with(b"", b": a\r\n"),
    "mbox lines": _with(b"", b"From a@x.example\r\n"),
    "base64 of no base64": _part(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", b"!*?"),
    "base64 with a letter too many": _part(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", b"QQQQ=Q"),
    "base64 in base64": lambda size: _mixed(
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(base64.encodebytes(_again(b"a", size // 2)))
    ),
    "quoted-printable of equals signs": _part(b"Content-Transfer-Encoding: quoted-printable", b"="),
    "quoted-printable of soft breaks": _part(b"Content-Transfer-Encoding: quoted-printable", b"=\r\n"),
    "quoted-printable of blanks": _part(b"Content-Transfer-Encoding: quoted-printable", b" "),
    "uuencode without end": _part(b"Content-Transfer-Encoding: x-uuencode", b"begin 644 a\r\nM"),
    "uuencode of long lines": _part(b"Content-Transfer-Encoding: uuencode\r\n\r\nbegin 644 a", b"~"),
    "an encoding nobody knows": _part(b"Content-Transfer-Encoding: x-nonsense", b"a"),
    "an encoding of 1,000 letters": _part(b"Content-Transfer-Encoding: " + b"a" * 1_000, b"a"),
    "a report of blocks": _part(b"Content-Type: message/delivery-status", b"Final-Recipient: rfc822; a@x.example\r\n\r\n"),
    "a report of one block": _part(b"Content-Type: message/delivery-status", b"Final-Recipient: rfc822; a@x.example\r\n"),
    "a message cut in pieces": _part(b"Content-Type: message/partial; id=a; number=1; total=999999", b"a"),
    "a message elsewhere": _part(b"Content-Type: message/external-body; access-type=URL; URL=http://127.0.0.1:9/", b"a"),
    "an enriched text": _part(b"Content-Type: text/enriched", b"<bold><<"),
    "a type of slashes": _part(b"Content-Type: a/b/c/;;;=\"", b"a"),
    "a body of one line": _part(b"Content-Type: text/plain", b"a "),
    "a body of CR alone": _part(b"Content-Type: text/plain", b"\r"),
    "a body of noughts": _part(b"Content-Type: text/plain", b"\0"),
    "a flowed text": _part(b"Content-Type: text/plain; format=flowed; delsp=yes", b"> > > a \r\n"),
    "signed, without a signature": lambda size: _mixed(b"Content-Type: multipart/signed\r\n\r\n" + _again(b"a", size)),
    "a type given many times": _with(b"", b"Content-Type: text/html\r\n"),
}  # fmt: skip

_CALENDAR = b"Content-Type: text/calendar; method=REQUEST; charset=utf-8"
_BEGIN = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
_CALENDARS: dict[str, Raw] = {
    "a line without end": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"DESCRIPTION:", b"a"),
    "folds": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"DESCRIPTION:a", b"\r\n "),
    "folds of tabs inside a letter": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"SUMMARY:", b"\xc3\r\n\t\xa9"),
    "attendees": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"ATTENDEE;CN=a:mailto:a@x.example\r\n"),
    "an attendee of parameters": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"ATTENDEE", b';CN="a:b"'),
    "an attendee of quotes": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"ATTENDEE;CN=", b'"'),
    "events in events": _part(_CALENDAR + b"\r\n\r\n", _BEGIN),
    "events that end": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"END:VEVENT\r\n"),
    "repeats without end": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"RRULE:FREQ=SECONDLY;COUNT=999999999\r\n"),
    "a repeat of every second": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"RRULE:FREQ=SECONDLY;BYSECOND=", b"1,"),
    "exceptions": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"EXDATE:", b"20240101T000000Z,"),
    "time zones": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"BEGIN:VTIMEZONE\r\nTZID:A\r\n"),
    "alarms": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"BEGIN:VALARM\r\nTRIGGER:-PT0S\r\nREPEAT:999999\r\n"),
    "an attachment inside": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"ATTACH;ENCODING=BASE64:", b"QUFB"),
    "escapes": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"DESCRIPTION:", b"\\n\\,\\"),
    "carets": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN + b"ATTENDEE;CN=", b"^n^'"),
    "a card": _part(b"Content-Type: text/vcard\r\n\r\nBEGIN:VCARD", b"\r\nEMAIL:a@x.example"),
    "a card in a card": _part(b"Content-Type: text/vcard\r\n\r\n", b"BEGIN:VCARD\r\nAGENT:"),
    "a card of quoted-printable": _part(b"Content-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nN;ENCODING=QUOTED-PRINTABLE:", b"="),
    "lines of LF alone": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"X-A:b\n"),
    "lines of CR alone": _part(_CALENDAR + b"\r\n\r\n" + _BEGIN, b"X-A:b\r"),
}  # fmt: skip


def _zip_names(name: str) -> Raw:
    def make(size: int) -> bytes:
        count = max(1, size // 200)
        return documents.attached("application/zip", documents.zipped(**{f"{name}{n}_txt": b"" for n in range(count)}))

    return make


def _zip_of(unit: bytes, name: str = "a_txt") -> Raw:
    """An archive with one entry that is a hundred times as large as the size."""
    return lambda size: documents.attached("application/zip", documents.zipped(**{name: _again(unit, size * 100)}))


def _damaged(change: Callable[[bytes], bytes]) -> Raw:
    return lambda size: documents.attached("application/zip", change(documents.zipped(a_txt=_again(b"a b ", size))))


def _bytes(kind: str, head: bytes, unit: bytes) -> Raw:
    return lambda size: documents.attached(kind, head + _again(unit, size))


def _office(part: str, head: bytes, unit: bytes) -> Raw:
    return lambda size: documents.attached("application/zip", documents.office(**{part: head + _again(unit, size)}))


def _levels(size: int) -> int:
    return max(2, min(400, size // 200))


_ARCHIVES: dict[str, Raw] = {
    "entries that climb": _zip_names("______etc__passwd"),
    "entries with a drive": _zip_names("C:__a"),
    "entries of one name, in capitals": _zip_names("A"),
    "entries with direction marks": _zip_names("\u202e"),
    "an entry of noughts": _zip_of(b"\0"),
    "an entry of blanks": _zip_of(b" "),
    "an entry of markup": _zip_of(b"<b>", "a_html"),
    "an archive as an entry": lambda size: documents.attached("application/zip", documents.nested_zip(_levels(size))),
    "a damaged directory": _damaged(lambda raw: raw[:-30] + b"\xff" * 30),
    "a damaged entry": _damaged(lambda raw: raw[:60] + b"\xff" * 20 + raw[80:]),
    "cut off": _damaged(lambda raw: raw[: len(raw) // 2]),
    "twice in one file": _damaged(lambda raw: raw + raw),
    "an unknown method": _damaged(lambda raw: raw.replace(b"\x08\0\0\0", b"\x63\0\0\0")),
    "a password": _damaged(lambda raw: raw[:6] + b"\1" + raw[7:]),
    "sizes that lie": _damaged(lambda raw: raw[:18] + b"\xff\xff\xff\x7f\xff\xff\xff\x7f" + raw[26:]),
    "local headers alone": _bytes("application/zip", b"", b"PK\3\4"),
    "directories alone": _bytes("application/zip", b"PK\3\4", b"PK\1\2"),
    "ends alone": _bytes("application/zip", b"PK\3\4", b"PK\5\6"),
    "gzip": _bytes("application/gzip", b"\x1f\x8b\x08", b"\0"),
    "7z": _bytes("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c", b"\xff"),
    "rar": _bytes("application/vnd.rar", b"Rar!\x1a\x07", b"\0"),
}

_DOCUMENTS: dict[str, Raw] = {
    "docx of paragraphs": _office("word__document_xml", b"<a>", b"<p/>"),
    "docx that never closes": _office("word__document_xml", b"<a>", b"<p>"),
    "docx of comments": _office("word__document_xml", b"<a>", b"<!-- -->"),
    "docx of an open comment": _office("word__document_xml", b"<a><!--", b"-"),
    "docx of raw text": _office("word__document_xml", b"<a><![CDATA[", b"]]"),
    "docx of instructions": _office("word__document_xml", b"", b"<?a b?>"),
    "docx of name spaces": _office("word__document_xml", b"<a ", b'xmlns:a="b" '),
    "docx of entities": _office("word__document_xml", b"<a>", b"&#x41;"),
    "docx in UTF-16": _office("word__document_xml", b"\xff\xfe<\0a\0>\0", b"a\0"),
    "docx in a charset nobody knows": _office("word__document_xml", b'<?xml version="1.0" encoding="x-nonsense"?><a>', b"a"),
    "docx of links": _office("word___rels__document_xml_rels", b"<a>", b'<r Target="mailto:a@x.example"/>'),
    "xlsx of cells": _office("xl__sheet_xml", b"<sheetData>", b'<c r="A1"><v>1</v></c>'),
    "ods of repeats": _office("content_xml", b"<a>", b'<table:table-cell table:number-columns-repeated="16384"/>'),
    "html of open tags": _bytes("text/html", b"", b"<a "),
    "html of open styles": _bytes("text/html", b"", b"<style>"),
    "html of scripts": _bytes("text/html", b"", b"<script><!--"),
    "html of lists in lists": _bytes("text/html", b"", b"<ul><li>"),
    "html of forms in tables": _bytes("text/html", b"", b"<table><form><td>"),
    "html of misnested tags": _bytes("text/html", b"", b"<b><i></b>"),
    "html of selects": _bytes("text/html", b"", b"<select><option>"),
    "html of pictures in data": _bytes("text/html", b"", b'<img src="data:image/svg+xml,<svg>">'),
    "html of mathematics": _bytes("text/html", b"", b"<math><mi><svg><desc>"),
    "html of numbers": _bytes("text/html", b"", b"&#1114112;&#xD800;"),
    "html of templates": _bytes("text/html", b"", b"<template>"),
    "html of framesets": _bytes("text/html", b"", b"<frameset><frame>"),
    "rtf of groups": _bytes("application/rtf", b"{\\rtf1", b"{"),
    "rtf of ends": _bytes("application/rtf", b"{\\rtf1", b"}"),
    "rtf of pictures": _bytes("application/rtf", b"{\\rtf1{\\pict ", b"ff"),
    "rtf of objects": _bytes("application/rtf", b"{\\rtf1", b"{\\object\\objdata 0105"),
    "rtf of skipped letters": _bytes("application/rtf", b"{\\rtf1\\uc100 ", b"\\u-3913?"),
    "rtf of code pages": _bytes("application/rtf", b"{\\rtf1", b"\\ansicpg99999\\'ff"),
    "rtf of fonts": _bytes("application/rtf", b"{\\rtf1{\\fonttbl", b"{\\f0\\fcharset255 a;}"),
    "pdf of objects": _bytes("application/pdf", b"%PDF-1.7\n", b"1 0 obj<<>>endobj\n"),
    "pdf of references": _bytes("application/pdf", b"%PDF-1.7\n1 0 obj[", b"1 0 R "),
    "pdf of dictionaries": _bytes("application/pdf", b"%PDF-1.7\n1 0 obj", b"<</A"),
    "pdf of texts": _bytes("application/pdf", b"%PDF-1.7\n1 0 obj", b"("),
    "pdf of tables": _bytes("application/pdf", b"%PDF-1.7\n", b"xref\n0 99999999\n"),
    "pdf of trailers": _bytes("application/pdf", b"%PDF-1.7\n", b"trailer<</Prev 9>>startxref 9\n"),
    "tnef of noughts": _bytes("application/ms-tnef", b"\x78\x9f\x3e\x22", b"\0"),
    "tnef of ones": _bytes("application/ms-tnef", b"\x78\x9f\x3e\x22\1\0", b"\xff"),
    "winword of before 2007": _bytes("application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xff\xff\xfe"),
    "a message as a file": _bytes("application/vnd.ms-outlook", b"\xd0\xcf\x11\xe0", b"\0"),
    "xml of a document type": _bytes("text/xml", b"<!DOCTYPE a [", b'<!ENTITY b "c">'),
    "json of brackets": _bytes("application/json", b"", b"["),
    "svg of uses": _bytes("image/svg+xml", b"<svg>", b'<use href="#a"/>'),
}  # fmt: skip


def _fixed(kind: str, makers: dict[str, tuple[str, Callable[[], bytes]]]) -> list[Hostile]:
    """Documents of one size from the finder's own table."""
    return [
        Hostile(kind, f"{name} (large)", lambda _size, t=type_, m=make: documents.attached(t, m()), has_size=False)
        for name, (type_, make) in makers.items()
    ]


def _rows(kind: str, makers: dict[str, Raw]) -> list[Hostile]:
    return [Hostile(kind, name, make) for name, make in makers.items()]


def _kind_of(name: str) -> str:
    return "archives" if name.startswith("zip") else "calendars" if name.startswith("calendar") else "documents"


_LARGE = {
    kind: {name: row for name, row in documents.DOCUMENTS.items() if _kind_of(name) == kind}
    for kind in ("archives", "documents", "calendars")
}
MIME = _rows("MIME", _MAKERS) + [
    Hostile("MIME", f"{name} (large)", lambda _size, m=make: m(), has_size=False)
    for name, make in documents.MESSAGES.items()
]
ARCHIVES = _rows("archives", _ARCHIVES) + _fixed("archives", _LARGE["archives"])
DOCUMENTS = _rows("documents", _DOCUMENTS) + _fixed("documents", _LARGE["documents"])
CALENDARS = _rows("calendars", _CALENDARS) + _fixed("calendars", _LARGE["calendars"])
CHARSETS = [
    Hostile(
        "charsets", f"{charset[:40]!r} as {where}",
        lambda _size, c=charset, w=where: documents.in_charset(c, w), has_size=False,
    )
    for charset in documents.CHARSETS
    for where in documents.CHARSET_PLACES
]  # fmt: skip
