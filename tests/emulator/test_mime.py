"""Odd mail, each with its expected parse; all of it invented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.mime.write import header_list, headers_of, mime_of
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.store import Address, Store

ODD: list[tuple[str, bytes, dict[str, Any]]] = [
    ("nothing at all", b"", {"subject": "", "from_": None, "body": ""}),
    ("no headers", b"\r\njust text", {"body": "just text", "received": None}),
    ("two dots", b"From: c..hall@voorbeeld.example\n\n", {"from_": Address("", "c..hall@voorbeeld.example")}),
    ("display name with comma", b'From: "Hall, C." <c@x.example>\n\n', {"from_": Address("Hall, C.", "c@x.example")}),
    ("8-bit header", "Subject: Größe\n\n".encode(), {"subject": "Größe"}),
    ("8-bit latin-1 header", "Subject: Größe\n\n".encode("latin-1"), {"subject": "Größe"}),
    ("encoded words", b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?= =?utf-8?b?IPCfmIA=?=\n\n", {"subject": "Größe 😀"}),
    ("broken encoded word", b"Subject: =?nosuch?q?x?=\n\n", {"subject": "=?nosuch?q?x?="}),
    ("folded subject", b"Subject: one\n two\n\n", {"subject": "one two"}),
    ("X.500 sender", b"From: /O=ORG/OU=X/CN=PIET\n\n", {"from_": Address("", "/O=ORG/OU=X/CN=PIET")}),
    ("group syntax", b"To: undisclosed-recipients:;\n\n", {"to": []}),
    ("date of no day", b"Date: yesterday\n\n", {"sent": None}),
    ("date without zone", b"Date: Mon, 02 Mar 2026 10:00:00\n\n", {"sent": 1_772_445_600}),
    ("top Received wins", b"Received: by x; Mon, 02 Mar 2026 10:00:05 +0000\n"
     b"Received: by y; Mon, 02 Mar 2026 09:00:00 +0000\n"
     b"Date: Mon, 02 Mar 2026 08:00:00 +0000\n\n", {"received": 1_772_445_605, "sent": 1_772_438_400}),
    ("unknown charset", b"Content-Type: text/plain; charset=nosuch\n\n\xe9", {"body": "é"}),
    ("html wins", b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\np\n--b\n"
     b"Content-Type: text/html\n\n<b>h</b>\n--b--\n", {"body_type": "html", "body": "<b>h</b>"}),
    ("bounce", b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n--b--\n",
     {"message_class": "REPORT.IPM.Note.NDR"}),
    ("read receipt",
     b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nx\n--b--\n",
     {"message_class": "REPORT.IPM.Note.IPNRN"}),
    ("signed", b"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n",
     {"message_class": "IPM.Note.SMIME.MultipartSigned"}),
    ("invitation", b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n",
     {"message_class": "IPM.Schedule.Meeting.Request"}),
    ("importance", b"X-Priority: 1 (Highest)\n\n", {"importance": "high"}),
    ("a nul", b"Subject: a\x00b\n\nc\x00d", {"subject": "ab", "body": "cd"}),
    ("parentheses without end", b"From: " + b"(" * 5000 + b"\n\n", {"from_": None}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_odd_mail_is_read_as_it_should_be(data: bytes, expected: dict[str, Any]) -> None:
    new = read_mime(data)
    assert {name: getattr(new, name) for name in expected} == expected


def test_parts_nested_too_deep_do_not_end_the_world() -> None:
    data = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(400))
    assert read_mime(data).body_type == "text"
    data = b"Subject: a\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000)
    )
    assert read_mime(data).subject == "a"
    data = b"Content-Type: message/rfc822\n\n" * 300
    assert read_mime(data).subject == ""


_LINE = st.sampled_from(["From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Received", "References"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_LINE, st.binary(max_size=60))), st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(headers: list[tuple[str, bytes]], body: bytes) -> None:
    data = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + body
    read_mime(data)
    header_list(data)


def test_header_blocks_are_those_of_the_mime_though_the_mime_is_not_made_for_them() -> None:
    """Of every kind of synthetic mail. Only the spaces at the folds of long lines differ."""
    store = Store(":memory:")
    seed_synthetic(store, 400, random_seed=5)
    messages = [m for box in store.mailboxes.all() for f in store.folders.all(box) for m in store.messages.in_folder(f)]
    assert {message.message_class for message in messages} >= {"IPM.Note", "IPM.Schedule.Meeting.Request"}
    for message in messages:
        shown, read = headers_of(store.messages, message), header_list(mime_of(store.messages, message))
        assert [one["name"] for one in shown] == [one["name"] for one in read]
        assert ["".join(one["value"].split()) for one in shown] == ["".join(one["value"].split()) for one in read]
    store.close()
