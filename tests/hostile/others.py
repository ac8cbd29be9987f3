"""What reaches the program beside mail: links from a server, signatures, config values and CSV."""

# ruff: noqa: E501  one input a line, as a table

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.made import Hostile, Text, again, before, behind, inside, numbered
from tests.links.table import HOSTILE as HOSTILE_LINKS
from tests.unit.cases.test_hostile_signatures import HOSTILE as HOSTILE_SIGNATURES
from tests.unit.cases.test_hostile_signatures import STRICTER

HOME = "http://127.0.0.1:8080"


def _link(link: str) -> Callable[[int], str]:
    return lambda _size: link.format(own="127.0.0.1:8080", port=8080, trap=9)


_GROWING_LINKS: dict[str, Text] = {
    "dot segments": behind(f"{HOME}/v1.0/", again("../")),
    "escapes of escapes": behind(f"{HOME}/v1.0/%", again("25")),
    "at signs": behind(f"{HOME}", again("@127.0.0.1:8080")),
    "colons": behind(f"{HOME}", again(":80")),
    "labels": behind("http://", again("a.")),
    "labels of \u00fc": behind("http://", again("\u00fc.")),
    "brackets": behind("http://", again("[::1]")),
    "fragments": behind(f"{HOME}/v1.0/x", again("#")),
    "schemes": again("http:"),
    "a port": behind("http://127.0.0.1:", again("8080")),
}

LINKS = [Hostile("links", name, _link(link), has_size=False) for name, link in HOSTILE_LINKS.items()] + [
    Hostile("links", f"{name}, without end", make) for name, make in _GROWING_LINKS.items()
]

_ARMORED: dict[str, Text] = {
    "letters without end": behind("-----BEGIN SSH SIGNATURE-----\n", again("U1NIU0lH")),
    "lines without end": behind("-----BEGIN SSH SIGNATURE-----\n", again("U1NIU0lH\n")),
    "beginnings": again("-----BEGIN SSH SIGNATURE-----\n"),
    "dashes": again("-"),
    "blanks": again(" \n"),
    "equals signs": behind("-----BEGIN SSH SIGNATURE-----\n", before(again("="), "\n-----END SSH SIGNATURE-----")),
    "lone surrogates": behind("-----BEGIN SSH SIGNATURE-----\n", again("\ud800\n")),
}
SIGNATURES = [
    Hostile("signatures", name, lambda _size, m=make: m()[0], has_size=False)
    for name, make in (HOSTILE_SIGNATURES | STRICTER).items()
] + [Hostile("signatures", f"{name}, armored", make) for name, make in _ARMORED.items()]

BASE = '[firm]\ndomains = ["firm.example"]\n[[mailbox]]\naddress = "anna@firm.example"\n'
GRAPH = '[graph]\ntenant = "t"\nclient_id = "c"\nclient_secret = "file:secret"\n'


def _rule(key: str, make: Text) -> Text:
    return lambda size: f'{BASE}[[rule]]\nid = "r"\nfile_to = "acme"\n{key} = ["{make(size)}"]\n'


_CONFIGS: dict[str, Text] = {
    "nothing": lambda _size: "",
    "brackets": again("["),
    "brackets in brackets": behind("a = ", inside("[", "]")),
    "tables in tables": behind("a = ", inside("{a=", "}")),
    "dotted keys": lambda size: f"{BASE}{'.'.join(['a'] * (size // 2 + 1))} = 1\n",
    "a key again and again": behind(BASE, again("a = 1\n")),
    "tables again and again": again("[firm]\n"),
    "mailboxes without addresses": behind(BASE, again("[[mailbox]]\n")),
    "mailboxes by the thousand": behind(BASE, numbered('[[mailbox]]\naddress = "a{}@firm.example"\n')),
    "unknown keys": behind(BASE, numbered("a{} = 1\n")),
    "a text that never closes": behind(BASE + 'a = "', again("a")),
    "a text of many lines": behind(BASE + 'a = """', again("a\n")),
    "a number": behind(BASE + "[filing]\nmass = ", again("9")),
    "a number of underscores": behind(BASE + "a = 1", again("_1")),
    "a float": behind(BASE + "a = 1.", again("0")),
    "a date": behind(BASE + "a = 2024-01-01T", again("00:")),
    "comments": again("#\n"),
    "controls": behind(BASE, again("\x00")),
    "CR": behind(BASE, again("\r")),
    "escapes": behind(BASE + 'a = "', before(again("\\uD800"), '"')),
    "a domain": lambda size: f'[firm]\ndomains = ["{"a." * (size // 2)}example"]\n',
    "a domain of ligatures": lambda size: f'[firm]\ndomains = ["{chr(0xFDFA) * size}.example"]\n',
    "domains by the thousand": lambda size: "[firm]\ndomains = ["
    + ",".join(f'"a{n}.example"' for n in range(size // 15 + 1)) + "]\n",
    "an address of at signs": lambda size: f'{BASE}[[mailbox]]\naddress = "{"@" * size}"\n',
    "a folder of slashes": lambda size: f'{BASE}[archive]\nfolder = "{"/" * size}{{name}}"\n',
    "a folder of fields": lambda size: f'{BASE}[archive]\nfolder = "{"{name}" * (size // 6 + 1)}"\n',
    "a folder of attributes": lambda size: f'{BASE}[archive]\nfolder = "{{name{".__class__" * (size // 10 + 1)}}}"\n',
    "a folder of widths": lambda _size: f'{BASE}[archive]\nfolder = "{{name:>999999999}}"\n',
    "a time": lambda size: f'{BASE}[filing]\nwhen = "after {"9" * size} days"\n',
    "a time of blanks": lambda size: f'{BASE}[filing]\nwhen = "after{" " * size}3 days"\n',
    "a ledger": lambda size: f'{BASE}[ledger]\nurl = "sqlite:///{"a/" * (size // 2)}"\n',
    "a ledger of passwords": lambda size: f'{BASE}[ledger]\nurl = "postgresql://a:{"@:" * (size // 2)}b/c"\n',
    "a server": lambda size: f'{BASE}{GRAPH}url = "https://{"a." * (size // 2)}example"\n',
    "a server of user names": lambda size: f'{BASE}{GRAPH}url = "https://{"a@" * (size // 2)}b.example"\n',
    "a secret": lambda size: f'{BASE}[graph]\ntenant = "t"\nclient_id = "c"\nclient_secret = "env:{"A" * size}"\n',
    "a secret of files": lambda size: f'{BASE}[graph]\ntenant = "t"\nclient_id = "c"\nclient_secret = "file:{"../" * (size // 3)}a"\n',
    "a book of folders": lambda size: f'clients = ["{"../" * (size // 3 + 1)}a.toml"]\n{BASE}',
    "books by the thousand": lambda size: "clients = [" + '"a.toml",' * (size // 9 + 1) + f"]\n{BASE}",
    "a rule of marks": _rule("subject", again("\u0301")),
    "a rule of ligatures": _rule("subject", again("\ufdfa")),
    "a rule of patterns": _rule("subject", again("(a+)+$")),
    "a rule of letters": _rule("subject", again("a")),
    "a rule of domains": _rule("domains", again("a.")),
    "a rule of local parts": _rule("local_parts", again("a+")),
    "rules by the thousand": behind(BASE, numbered('[[rule]]\nid = "r{}"\nfile_to = "acme"\nsubject = ["x"]\n')),
}  # fmt: skip
CONFIG = [Hostile("config values", name, make) for name, make in _CONFIGS.items()]

_HEADER = "id,name,domains,addresses,codes\n"
_CSV: dict[str, Text] = {
    "nothing": lambda _size: "",
    "noughts": again("\0"),
    "noughts in cells": behind(_HEADER, again("a,\0,b\n")),
    "a quote that never closes": behind(_HEADER + '"', again("a,\n")),
    "quotes": behind(_HEADER, again('"')),
    "quotes inside cells": behind(_HEADER, again('a"b,')),
    "pairs of quotes": behind(_HEADER + '"', again('""')),
    "one line": behind(_HEADER, again("a")),
    "one line of cells": behind(_HEADER, again("a,")),
    "one line of names": behind("id,name", again(",name")),
    "lines": behind(_HEADER, again("\n")),
    "lines of CR alone": behind(_HEADER, again("a,b\r")),
    "lines of separators": behind(_HEADER, again("a,b\u2028")),
    "all kinds of delimiters": behind("id;name,id\tname\n", again("a;b,c\td\n")),
    "clients by the thousand": behind(_HEADER, numbered("k{0},Klant {0},k{0}.example,,\n")),
    "clients of one id": behind(_HEADER, again("a,b,a.example,,\n")),
    "domains in one cell": behind(_HEADER + "a,b,", again("a.example ")),
    "addresses in one cell": behind(_HEADER + "a,b,,", again("a@x.example;")),
    "validity without end": behind(_HEADER + "a,b,,a@x.example ", again("from 2024-01-01 ")),
    "dates that are none": behind(_HEADER + "a,b,,a@x.example ", again("from 9999-99-99 ")),
    "codes in one cell": behind(_HEADER + "a,b,,,", again("C;")),
    "a name of marks": behind(_HEADER + "a,b", again("\u0301")),
    "a name of ligatures": behind(_HEADER + "a,", again("\ufdfa")),
    "an id of blanks": behind(_HEADER, before(again(" "), ",b")),
    "an id of dashes": behind(_HEADER, before(again("-"), ",b")),
    "formulas": behind(_HEADER, again("=HYPERLINK(A1),+1,-1,@a\n")),
    "byte order marks": again("\ufeff"),
    "a website": behind("name,website\na,http://", again("a.")),
    "a website of brackets": behind("name,website\na,http://", again("[")),
    "a website of slashes": behind("name,website\na,", again("//")),
}  # fmt: skip
CSV = [Hostile("CSV", name, make) for name, make in _CSV.items()]
