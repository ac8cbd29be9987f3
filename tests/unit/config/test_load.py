"""What a config and its books say, and how every problem of them is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mailsorter.config.load import config_path, load
from mailsorter.errors import ConfigError
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.filing import Timing, When

from .conftest import GOOD

Write = Callable[..., Path]
ProblemsOf = Callable[..., list[str]]

ACME = """\
[[client]]
id = "acme"
name = "Acme B.V."
domains = ["Acme.NL"]
addresses = ["acme.inkoop@mail.example", { address = "piet@oudewerkgever.example", valid_until = 2025-12-31 }]
codes = ["ACM-24"]
"""


def test_a_book_becomes_plain_clients(write: Write) -> None:
    """Domains are in lower case, addresses keep their validity, the folder is filled in."""
    loaded = load(write(book=ACME))
    assert list(loaded.book) == [
        Client(
            id="acme",
            name="Acme B.V.",
            domains=("acme.nl",),
            addresses=(
                ClientAddress("acme.inkoop@mail.example"),
                ClientAddress("piet@oudewerkgever.example", None, date(2025, 12, 31)),
            ),
            codes=("ACM-24",),
        )
    ]
    assert loaded.book.folder_of("acme") == ("Clients", "Acme B.V.")


def test_a_slash_in_a_name_stays_inside_one_folder(write: Write) -> None:
    """The template's own slash parts folders, the client's does not."""
    loaded = load(write(book='[[client]]\nid = "a"\nname = "  A/B\\tHolding "\n'))
    assert loaded.book.folder_of("a") == ("Clients", "A/B Holding")


def test_a_csv_book_says_the_same(write: Write) -> None:
    """Dutch spreadsheets write semicolons; validity stands behind an address."""
    book = (
        "id;name;domains;addresses;codes\r\n"
        'acme;Acme B.V.;acme.nl acme.example;"a@b.example\r\n'
        'piet@oud.example from 2024-01-01 until 2025-12-31";"A 1;B-2"\r\n'
    )
    loaded = load(write('clients = ["c.csv"]\n' + GOOD, book, "c.csv"))
    client = loaded.book.clients[0]
    assert client.domains == ("acme.nl", "acme.example")
    assert client.addresses == (
        ClientAddress("a@b.example"),
        ClientAddress("piet@oud.example", date(2024, 1, 1), date(2025, 12, 31)),
    )
    assert client.codes == ("A 1", "B-2")


def test_relative_paths_start_from_the_config(write: Write, tmp_path: Path) -> None:
    """Also for SQLite and secrets."""
    config = load(write(GOOD.replace("env:S", "file:secret") + '[ledger]\nurl = "sqlite:///state/l.sqlite"\n')).config
    assert config.ledger.url == f"sqlite:///{tmp_path}/state/l.sqlite"
    assert config.graph is not None
    assert config.graph.client_secret is not None
    assert config.graph.client_secret.path == tmp_path / "secret"


def test_a_mailbox_says_its_own_filing(write: Write) -> None:
    """What it leaves out, [filing] says."""
    text = GOOD.replace('e"\n[graph]', 'e"\nwhen = "after 3 days"\n[filing]\nseveral = "copy"\nwhen = "read"\n[graph]')
    config = load(write(text)).config
    filing = config.filing_of(config.mailbox[0])
    assert filing.when == Timing(When.AFTER, 3)
    assert filing.several == "copy"
    assert config.filing.when == Timing(When.READ)


def test_the_second_identity_shares_tenant_and_urls(write: Write) -> None:
    """Only who signs in differs."""
    config = load(write(GOOD + '[erasure.graph]\nclient_id = "e"\nclient_secret = "env:E"\n')).config
    second = config.erasing_graph()
    assert second is not None
    assert (second.tenant, second.client_id, str(second.client_secret)) == ("t", "e", "env:E")


TABLE = [
    ("unknown key", "[firm]\ndomain = ['x.nl']\n", "", '2: found the unknown key "domain" in firm, expected domains'),
    ("missing table", "clients = []\n", "", "1: found no firm, expected one"),
    ("domain without a dot", GOOD.replace("onzefirma.example", "x", 1), "", '2: found "x" in firm.domains[1]'),
    ("inline secret", GOOD.replace("env:S", "hunter2"), "", "8: found a value that is no reference (not shown)"),
    (
        "two credentials",
        GOOD + 'certificate = "file:C"\n',
        "",
        "5: found client_secret and certificate, expected exactly",
    ),
    ("no credential", GOOD.replace('client_secret = "env:S"', ""), "", "5: found no credential, expected exactly one"),
    ("mailbox twice", GOOD + '[[mailbox]]\naddress = "Anna@onzefirma.example"\n', "", "10: found the mailbox Anna@"),
    (
        "password in URL",
        GOOD + '[ledger]\nurl="postgresql://a:hunter2@h/d"\n',
        "",
        "10: found a URL with a password in it",
    ),
    ("plain http", GOOD + 'url = "http://graph.example"\n', "", '9: found "http://graph.example" in graph.url'),
    ("wrong type", GOOD + "[brakes]\nminimum = '5'\n", "", '10: found "5" in brakes.minimum, expected a whole number'),
    (
        "wrong word",
        GOOD + "[filing]\nseveral = 'all'\n",
        "",
        '10: found "all" in filing.several, expected one of "review"',
    ),
    ("one folder for all", GOOD + "[archive]\nfolder = 'Clients'\n", "", '10: found "Clients", one folder for all'),
    (
        "rule without client",
        GOOD + "[[rule]]\nclient='x'\nwhen.to='@a.example'\n",
        "",
        '10: found the client "x", which',
    ),
    ("rule for everything", GOOD + "[[rule]]\nexclude=true\nwhen={}\n", "", "9: found an empty when"),
    ("certificate no file", GOOD + 'certificate = "env:C"\n', "", '9: found the reference "env:C" in graph.cert'),
    ("broken TOML", GOOD + "[x\n", "", "9: found broken TOML"),
    (
        "too often",
        GOOD + "[daemon]\npoll = '1s'\n",
        "",
        "10: found 1 seconds in daemon.poll, expected at least 5 seconds",
    ),
    ("nothing watched", GOOD + "[filing]\nwatch = []\n", "", "10: found an empty list in filing.watch"),
    ("star and more", GOOD + "[filing]\nwatch = ['*', 'inbox']\n", "", '10: found "*" beside other folders'),
    (
        "one key, two approvers",
        GOOD + "[[approver]]\nname='a'\npublic_key='ssh-rsa A a'\n[[approver]]\nname='b'\npublic_key='ssh-rsa A b'\n",
        "",
        '14: found the key of "a" a second time',
    ),
    (
        "one approver twice",
        GOOD + "[[approver]]\nname='a b'\npublic_key='ssh-rsa A'\n[[approver]]\nname='A  b'\npublic_key='ssh-rsa B'\n",
        "",
        '12: found "a b" a second time',
    ),
    ("same app erases", GOOD + "[erasure.graph]\nclient_id='c'\nclient_secret='env:E'\n", "", "10: found the same app"),
]
BOOKS = [
    (
        "duplicate id",
        '[[client]]\nid="a"\nname="A"\n[[client]]\nid="A"\nname="B"\n',
        '5: found the id "A" a second time',
    ),
    (
        "duplicate folder",
        '[[client]]\nid="a"\nname="A"\n[[client]]\nid="b"\nname="a "\n',
        '6: found the folder "Clients / a"',
    ),
    ("no name", '\n[[client]]\nid="a"\n', "2: found no name in client[1]"),
    ("empty name", '[[client]]\nid="a"\nname=" "\n', '3: found " " in client[1].name'),
    (
        "dotless domain",
        '[[client]]\nid="a"\nname="A"\ndomains=[\n"b.nl",\n"b"]\n',
        '6: found "b" in client[1].domains[2]',
    ),
    ("no address", '[[client]]\nid="a"\nname="A"\naddresses=["b"]\n', '4: found "b" in client[1].addresses[1].address'),
    (
        "days reversed",
        '[[client]]\nid="a"\nname="A"\naddresses=[\n{address="a@b.nl",valid_from=2021-01-01,valid_until=2020-01-01}]\n',
        "5: found valid_from 2021-01-01 after",
    ),
    ("broken", '[[client]]\nid = "a\n', "2: found broken TOML"),
    ("unknown table", "[[clients]]\nid='a'\n", '1: found the unknown key "clients", expected [[client]]'),
    ("long folder", f'[[client]]\nid="a"\nname="{"x" * 256}"\n', "3: found a folder name of 256 characters"),
]


@pytest.mark.parametrize(("config", "book", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_wrong_config_is_told_with_its_line(problems_of: ProblemsOf, config: str, book: str, expected: str) -> None:
    """The file, the line, what was found and what was expected."""
    told = problems_of(config, book)
    assert any(line.startswith(f"mailsorter.toml:{expected}") for line in told), told
    assert all(re.fullmatch(r"\S+:\d+: found .+, expected .+", line) for line in told)
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(("book", "expected"), [row[1:] for row in BOOKS], ids=[row[0] for row in BOOKS])
def test_a_wrong_book_is_told_with_its_line(problems_of: ProblemsOf, book: str, expected: str) -> None:
    """One problem gives one line."""
    told = problems_of(book=book)
    assert len(told) == 1
    assert told[0].startswith(f"clients.toml:{expected}")


def test_all_problems_come_at_once(problems_of: ProblemsOf) -> None:
    """Structural ones and those across entries, of config and book, in the order of the files."""
    config = GOOD.replace(
        "[graph]", '[[mailbox]]\naddres = "x"\n[[mailbox]]\naddress = "ANNA@onzefirma.example"\n[graph]'
    )
    told = problems_of(
        config + "[[rule]]\nclient = 'gone'\nwhen.to = 'x'\n", '[[client]]\nid="a"\nname="A"\ndomains=["a"]\n' * 2
    )
    assert [line.split(", expected")[0] for line in told] == [
        "mailsorter.toml:5: found no address in mailbox[2]",
        'mailsorter.toml:6: found the unknown key "addres" in mailbox[2]',
        "mailsorter.toml:8: found the mailbox ANNA@onzefirma.example a second time",
        'mailsorter.toml:14: found the client "gone", which no client book knows',
        'mailsorter.toml:15: found "x" in rule[1].when.to[1]',
        'clients.toml:4: found "a" in client[1].domains[1]',
        told[6].split(", expected")[0],
        'clients.toml:8: found "a" in client[2].domains[1]',
    ]
    assert re.search(r'clients.toml:6: found the id "a" a second time \(first at .*clients.toml:2\)', told[6])


@pytest.mark.parametrize(("parts", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_a_csv_row_with_too_many_cells_names_what_parts_them(problems_of: ProblemsOf, parts: str, name: str) -> None:
    """As this file has it: a spreadsheet of a country with decimal commas writes semicolons."""
    rows = "\n".join(parts.join(cells) for cells in (("id", "name"), ("a", "A", "B"))) + "\n"
    (told,) = problems_of('clients = ["c.csv"]\n' + GOOD, rows, "c.csv")
    assert told == f"c.csv:2: found 3 cells, expected 2 (a cell with a {name} stands in quotes)"


def test_a_csv_row_is_told_with_the_line_it_begins_on(problems_of: ProblemsOf) -> None:
    """Cells over several lines do not shift the count."""
    told = problems_of('clients = ["c.csv"]\n' + GOOD, 'id,name,domains\na,"A\nB",a.nl\nb,B,b\n', "c.csv")
    assert [line.split(", expected")[0] for line in told] == ['c.csv:4: found "b" in client[2].domains[1]']


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\xff\xfef\x00", ":1: found text in UTF-16"),
        (b"[firm]\nname = 'caf\xe9'\n", ":2: found a byte that is not UTF-8"),
    ],
)
def test_a_wrong_encoding_is_told(tmp_path: Path, raw: bytes, expected: str) -> None:
    """With the line of the first wrong byte."""
    path = tmp_path / "m.toml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=re.escape(expected)):
        load(path)


def test_a_windows_file_is_read(write: Write, tmp_path: Path) -> None:
    """A byte order mark and CRLF are no errors, and do not shift lines."""
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + (GOOD + "[brakes]\nx = 1\n").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError, match=":10: found the unknown key"):
        load(path)


def test_a_missing_config_says_how_to_make_one(tmp_path: Path) -> None:
    """The next command is named."""
    with pytest.raises(ConfigError, match="mailsorter init"):
        load(tmp_path / "none.toml")


def test_the_config_is_found_by_option_then_variable_then_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order."""
    monkeypatch.delenv("MAILSORTER_CONFIG", raising=False)
    assert config_path() == Path("config/mailsorter.toml")
    monkeypatch.setenv("MAILSORTER_CONFIG", "/e.toml")
    assert config_path() == Path("/e.toml")
    assert config_path(Path("o.toml")) == Path("o.toml")


def test_one_wrong_line_among_many_clients_is_found(problems_of: ProblemsOf) -> None:
    """By its line, however many there are."""
    rows = [f'[[client]]\nid = "c{i}"\nname = "Client {i}"\ndomains = ["c{i}.example"]\n' for i in range(2000)]
    rows[1500] = rows[1500].replace("c1500.example", "c1500")
    assert [line.split(", ")[0] for line in problems_of(book="".join(rows))] == [
        'clients.toml:6004: found "c1500" in client[1501].domains[1]'
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{'.'.join(['a'] * 2_000)} = 1", "brackets or dotted keys nested too deeply"),
        (f"[{'.'.join(['a'] * 200_000)}]", "brackets or dotted keys nested too deeply"),
        (f"a = {'{a.b=' * 100}1{'}' * 100}", "brackets or dotted keys nested too deeply"),
        (f"a = {'9' * 5_000}", "a number of thousands of digits"),
        (f'clients = ["{"../" * 5_000}a.toml"]', "the client book a.toml, which does not exist"),
    ],
    ids=["dotted keys", "a dotted table", "tables in tables", "a number", "a path"],
)
def test_values_without_end_are_a_problem_with_its_line(tmp_path: Path, line: str, found: str) -> None:
    """Each raised what the parser, the copier of tables or the system raises; dotted keys take quadratic time, too."""
    path = tmp_path / "mailsorter.toml"
    path.write_text(f"{line}\n", "utf-8")
    with pytest.raises(ConfigError, match=rf":1: found {found}"):
        load(path)
