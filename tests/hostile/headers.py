"""Envelopes as Graph delivers them: one field grows, or there are very many of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.hostile.made import Hostile, Text, again, before, behind, inside, numbered

Envelope = dict[str, Any]
"""Graph's JSON of a message, and under `names` those of its attachments."""


def _person(address: str, name: str = "") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}}


def _property(number: str, make: Text) -> Callable[[int], Envelope]:
    return lambda size: {"singleValueExtendedProperties": [{"id": number, "value": make(size)}]}


def _address(make: Text, field: str = "from") -> Callable[[int], Envelope]:
    return lambda size: {field: _person(make(size))}


def _name(make: Text) -> Callable[[int], Envelope]:
    return lambda size: {"from": _person("a@x.example", make(size)), "toRecipients": [_person("", make(size))]}


def _many(form: str, field: str = "toRecipients", name: str = "") -> Callable[[int], Envelope]:
    """As many people as the size has room for, each of some length."""

    def make(size: int) -> Envelope:
        count = size // (len(form.format(100_000)) + len(name)) + 1
        return {field: [_person(form.format(100_000 + n), name) for n in range(count)]}

    return make


def _text(field: str, make: Text) -> Callable[[int], Envelope]:
    return lambda size: {field: make(size)}


def _header(name: str, make: Text) -> Callable[[int], Envelope]:
    return lambda size: {"internetMessageHeaders": [{"name": name, "value": make(size)}]}


def _headers(name: str, value: str) -> Callable[[int], Envelope]:
    return lambda size: {
        "internetMessageHeaders": [{"name": name, "value": value}] * (size // (len(name) + len(value)) + 1)
    }


def _names(make: Text, count: int = 1) -> Callable[[int], Envelope]:
    return lambda size: {"hasAttachments": True, "names": [make(size // count)] * count}


def _each(field: str, form: str) -> Callable[[int], Envelope]:
    return lambda size: {field: [form.format(n) for n in range(size // len(form) + 1)]}


_MAKERS: dict[str, Callable[[int], Envelope]] = {
    # one address that grows
    "a local part": _address(before(again("a"), "@x.example")),
    "a domain": _address(behind("a@", again("b"))),
    "a domain of labels": _address(behind("a@", again("b."))),
    "a domain of dots": _address(behind("a@", again("."))),
    "a domain of \u00fc": _address(behind("a@", again("\u00fc"))),
    "a domain of labels of \u00fc": _address(behind("a@", again("\u00fc."))),
    "a domain of ideographic full stops": _address(behind("a@", again("\u3002"))),
    "a domain of punycode": _address(behind("a@", again("xn--a."))),
    "a domain of marks": _address(behind("a@b", again("\u0301\u0323"))),
    "a domain of ligatures": _address(behind("a@", again("\ufdfa"))),
    "a domain of zero widths": _address(behind("a@", again("\u200b\u200d"))),
    "a domain of right to left": _address(behind("a@", again("\u05d0\u0660."))),
    "an address of at signs": _address(again("@")),
    "an address of full-width at signs": _address(again("a\uff20")),
    "an address of comments": _address(inside("(", ")")),
    "an address behind comments": _address(before(inside("(a", ")"), "b@x.example")),
    "an address of open comments": _address(again("(a@b")),
    "an address of open angles": _address(again("<a@b")),
    "an address of angles": _address(again("<a@b.example>")),
    "an address of quotes": _address(again('"a@b"@')),
    "an address of escapes": _address(behind('"', before(again("\\a"), '"@x.example'))),
    "an address of groups": _address(again("a:b@x.example;")),
    "a group of one domain": _address(behind("Team:", again("a@x.example,"))),
    "a group of groups": _address(inside("a:", ";")),
    "an address of schemes": _address(again("mailto:")),
    "an address of plus signs": _address(behind("a", before(again("+b"), "@x.example"))),
    "an address of dots": _address(before(again("."), "@x.example")),
    "an address of blanks": _address(before(again(" "), "a@x.example")),
    "an address of controls": _address(behind("a@", again("\x00\x1b\x85"))),
    "an address of surrogates": _address(behind("a@", again("\ud800"))),
    "an X.500 name": _address(behind("/O=FIRM/OU=X", again("/CN=A"))),
    "an X.500 name of equals signs": _address(behind("/O=", again("="))),
    "an encapsulated address": _address(behind("IMCEAEX-", again("+20_O+3D"))),
    "a sender": _address(before(again("a."), "@x.example"), "sender"),
    "an address of an array": _address(behind("a@[", again("127.0.0.1"))),
    # names
    "a display name": _name(again("Piet ")),
    "a display name of addresses": _name(again("a@x.example ")),
    "a display name of dashes": _name(again("-")),
    "a display name of marks": _name(again("\u0301")),
    "a display name of encoded words": _name(again("=?utf-8?b?QQ==?= ")),
    "a display name of direction": _name(again("\u202ea\u202c")),
    "a display name on behalf of": _name(again("namens a@x.example via ")),
    "a display name of surrogates": _name(again("\udc80")),
    "a display name of ligatures": _name(again("\ufdfa")),
    "a display name of quotes": _name(again("\"'")),
    # very many
    "very many recipients": _many("a{}@x.example"),
    "very many recipients of other domains": _many("a@x{}.example"),
    "very many recipients of one address": _many("a@x.example"),
    "very many recipients in copy": _many("a{}@x.example", "ccRecipients", "Piet"),
    "very many blind copies": _many("a{}@x.example", "bccRecipients"),
    "very many who are answered": _many("a{}@x.example", "replyTo"),
    "very many names without addresses": _many("", name="Piet de Vries"),
    "very many X.500 names": _many("/O=FIRM/CN=A{}"),
    "very many of the client's people": _many("a{}@acme.example"),
    "very many internationalised domains": _many("a@b\u00fc{}.example"),
    "very many categories": _each("categories", "Categorie {}"),
    "very many headers": _headers("X-A", "b"),
    "very many list headers": _headers("List-Id", "<a.example>"),
    "very many attachments": _names(again("ACM-24.pdf"), 1_000),
    # threads
    "references": _property("String 0x1039", numbered("<a{}@x.example> ")),
    "one reference": _property("String 0x1039", behind("<", before(again("a"), ">"))),
    "references that never close": _property("String 0x1039", again("<a")),
    "references in references": _property("String 0x1039", inside("<", ">")),
    "references without blanks": _property("String 0x1039", numbered("<a{}@x>")),
    "an answer to many": _property("String 0x1042", numbered("<a{}@x.example>")),
    "references as a header": _header("References", numbered("<a{}@x.example>\r\n ")),
    "a message id": _text("internetMessageId", behind("<", again("a"))),
    "a message id of surrogates": _text("internetMessageId", again("\ud800")),
    "a conversation": _text("conversationId", again("AAQ")),
    # the rest
    "a list": _header("List-Id", again("<a.example> ")),
    "a list of ligatures": _header("List-Id", again("\ufdfa")),
    "a class": _property("String 0x001A", behind("IPM.Note", again(".A"))),
    "a class of reports": _property("String 0x001A", again("REPORT.IPM.Note.NDR")),
    "a sender's SMTP address": _property("String 0x5D01", before(again("a"), "@x.example")),
    "a preview": _text("bodyPreview", again("Met vriendelijke groet Piet ")),
    "a preview of dashes": _text("bodyPreview", again("-")),
    "a preview of blocks": _text("bodyPreview", again("Van: a@x.example Aan: b@x.example ")),
    "a search key": _property("Binary 0x300B", again("AAAA")),
    "a search key of no base64": _property("Binary 0x300B", again("A=")),
    "an attachment's name": _names(again("a.")),
    "an attachment's name of codes": _names(again("ACM-24-")),
    "an attachment's name of folders": _names(again("../")),
    "an attachment's name of direction": _names(before(again("\u202e"), "fdp.exe")),
}  # fmt: skip

HEADERS = [Hostile("headers", name, make) for name, make in _MAKERS.items()]
