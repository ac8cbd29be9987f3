"""Graph's JSON in the model's words, with every property that may be null, missing or odd."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsorter.mailbox.graph import query, translate, wire
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message, Participant


def read(**body: object) -> Message:
    return translate.message(wire.one_message.decode(json.dumps({"id": "m", **body}).encode()), "F")


def properties(**values: str) -> list[dict[str, str]]:
    return [{"id": name.replace("_", " "), "value": value} for name, value in values.items()]


def person(address: str | None, name: str | None = "") -> dict[str, object]:
    return {"emailAddress": {"address": address, "name": name}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"folder_id": "F", "message_class": "IPM.Note", "is_read": True}),
        ({"parentFolderId": None, "subject": None, "from": None, "toRecipients": None}, {"folder_id": "F"}),
        ({"parentFolderId": "G"}, {"folder_id": "G"}),
        ({"isRead": "true"}, {"is_read": True}),
        ({"isRead": False, "isDraft": True}, {"is_read": False, "is_draft": True}),
        ({"flag": {"flagStatus": "flagged"}}, {"is_flagged": True}),
        ({"flag": {"flagStatus": "complete"}}, {"is_flagged": False}),
        ({"flag": None}, {"is_flagged": False}),
        ({"receivedDateTime": "2026-03-04T05:06:07Z"}, {"received_at": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)}),
        ({"receivedDateTime": "2026-03-04T05:06:07+02:00"}, {"received_at": datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC)}),
        ({"receivedDateTime": "0001-01-01T00:00:00Z"}, {"received_at": None}),
        ({"from": person("Bram@Klant.EXAMPLE", "Bram")}, {"from_": Participant("Bram@Klant.EXAMPLE", "Bram")}),
        ({"from": {"emailAddress": None}}, {"from_": None}),
        ({"from": person(None, None)}, {"from_": None}),
        ({"from": person(None, "Only a name")}, {"from_": Participant("", "Only a name")}),
        (
            {"toRecipients": [person("c..hall@voorbeeld.example"), {}, person("", "")]},
            {"to": (Participant("c..hall@voorbeeld.example"),)},
        ),
        ({"categories": ["a", "b"]}, {"categories": ("a", "b")}),
        (
            {"from": person("/O=EXCHANGELABS/CN=RECIPIENTS/CN=1", "Anna"), "sender": person("/O=X/CN=2", "Bert")}
            | {
                "singleValueExtendedProperties": properties(
                    String_0x5D02="anna@firm.example", String_0x5d01="bert@firm.example"
                )
            },
            {"from_": Participant("anna@firm.example", "Anna"), "sender": Participant("bert@firm.example", "Bert")},
        ),
        (
            {"from": person("anna@firm.example"), "singleValueExtendedProperties": properties(String_0x5D02="x@y")},
            {"from_": Participant("anna@firm.example")},
        ),
        (
            {
                "singleValueExtendedProperties": properties(
                    String_0x1039="<a@x> junk\r\n\t<b@x>", String_0x1042="<b@x> <c@x>", String_0x1A="ignored"
                )
            },
            {"references": ("<a@x>", "<b@x>", "<c@x>")},
        ),
        (
            {"singleValueExtendedProperties": properties(String_0x001a="REPORT.IPM.Note.NDR", Binary_0x300B="AQID")},
            {"message_class": "REPORT.IPM.Note.NDR", "search_key": b"\x01\x02\x03"},
        ),
        (
            {"internetMessageHeaders": [{"name": "LIST-ID", "value": "News <news.x>"}, {"name": None, "value": None}]},
            {"list_id": "News <news.x>"},
        ),
    ],
)
def test_message(body: dict[str, object], expected: dict[str, object]) -> None:
    """Each field from its property; what is null, missing or empty holds the model's default."""
    found = read(**body)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "is_partial"),
    [
        ({"isRead": True}, True),
        ({"parentFolderId": "F"}, True),
        ({"parentFolderId": "F", "toRecipients": []}, False),
        ({"@removed": {"reason": "deleted"}}, False),
    ],
)
def test_partial(body: dict[str, object], is_partial: bool) -> None:
    """A change that brings only some properties is told from a whole message and from a removal."""
    assert wire.one_message.decode(json.dumps({"id": "m", **body}).encode()).is_partial is is_partial


def test_folder() -> None:
    """Counts, hidden and search folders; an unnamed root."""
    source = wire.one_folder.decode(
        b'{"id":"F","displayName":"A/B","parentFolderId":"R","childFolderCount":2,"totalItemCount":3,"isHidden":true,'
        b'"@odata.type":"#microsoft.graph.mailSearchFolder"}'
    )
    found = translate.folder(source, WellKnown.INBOX)
    assert (found.id, found.name, found.parent_id, found.well_known) == ("F", "A/B", "R", WellKnown.INBOX)
    assert (found.child_count, found.item_count, found.is_hidden, found.is_search) == (2, 3, True, True)
    assert translate.folder(wire.one_folder.decode(b'{"id":"F"}')).name == ""


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("anna@firm.example", "/users/anna@firm.example"),
        ("o'neil+x@firm.example", "/users/o%27neil%2Bx@firm.example"),
        ("$anna@firm.example", "/users('%24anna@firm.example')"),
        ("MBX:1@2", "/users/MBX%3A1@2"),
        ("a/b?c#d@firm.example", "/users/a%2Fb%3Fc%23d@firm.example"),
    ],
)
def test_no_address_leaves_its_segment(address: str, path: str) -> None:
    """Whatever letters an address has, it stays one segment of the path."""
    assert query.users(address) == path


@pytest.mark.parametrize(
    ("terms", "clauses"),
    [
        (["verbouwing"], ['"\\"verbouwing\\""']),
        (["bram@klant.example"], ['"\\"bram@klant.example\\""', '"participants:bram@klant.example"']),
        (['say "hi" \\ now', "", "  "], ['"\\"say hi now\\""']),
        (["x", "x"], ['"\\"x\\""']),
    ],
)
def test_search_clauses(terms: list[str], clauses: list[str]) -> None:
    """One clause for a word or phrase, one more for an address; no quote or backslash breaks out."""
    assert query.search_clauses(terms) == clauses


def test_options_of_a_link_are_exchanged_and_the_rest_kept() -> None:
    """Only the page size changes; opaque tokens stay as they are."""
    link = "https://graph.example/v1.0/x?%24select=id&%24top=1000&%24skiptoken=a%2Bb%3D"
    changed = query.with_options(link, {"$top": "10", "$expand": None})
    assert changed == "https://graph.example/v1.0/x?$select=id&$skiptoken=a%2Bb=&$top=10"
    assert query.chosen(changed)["$skiptoken"] == "a+b="


TRACES = os.environ.get("MAILSORTER_TESTDATA")


@pytest.mark.testdata
@pytest.mark.skipif(not TRACES, reason="MAILSORTER_TESTDATA is not set")
def test_recorded_answers_are_read() -> None:
    """Every recorded answer that holds messages or folders is read without an error."""
    folder = Path(str(TRACES)) / "traces"
    read_some = 0
    for file in [*(folder / "msgraph-gnome" / "mail").iterdir(), *(folder / "ms-docs-graph").glob("*response.txt")]:
        for found in re.finditer(r"(?:^|\n)(?:< )?(\{.*?\})\s*(?:\n|$)", file.read_text(errors="replace"), re.DOTALL):
            try:
                body = json.loads(found.group(1))
            except ValueError:
                continue
            items = body.get("value") if isinstance(body.get("value"), list) else [body]
            for item in items:
                if isinstance(item, dict) and "id" in item and ("subject" in item or "parentFolderId" in item):
                    encoded = json.dumps(item).encode()
                    if "displayName" in item:
                        translate.folder(wire.one_folder.decode(encoded))
                    else:
                        translate.message(wire.one_message.decode(encoded))
                    read_some += 1
    assert read_some > 10
