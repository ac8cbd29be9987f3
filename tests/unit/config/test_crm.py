"""A CRM's export becomes entries, and an import changes only what imports wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailsorter.config import crm_import
from mailsorter.config.crm import as_id, read_export
from mailsorter.config.crm_import import prepare
from mailsorter.config.crm_map import BUILT_IN, crm_map
from mailsorter.config.document import Unreadable
from mailsorter.config.load import load
from mailsorter.errors import ConfigError, UserError

Write = Callable[..., Path]
GENERIC = BUILT_IN["generic"]

PERSONS = """\
Company,Company ID,Website,First name,Last name,Email,Company status
Acme B.V.,C-17,https://www.shop.acme.nl/over-ons,Jan,Jansen,Jan.Jansen@Acme.NL,Customer
Acme B.V.,C-17,,Piet,O'Neil,"piet@mail.example; p.oneil@acme.nl",Customer
Bakkerij Zoë,C-18,facebook.com/zoe,Zoë,Bakker,zoe@gmail.example,Lost
,,,Alleen,Persoon,alleen@mail.example,
Acme B.V.,C-17,,Kees,Klaassen,06-12345678,Customer
Acme B.V.,C-17,,Anna,Onze,anna@onzefirma.example,Customer
"""


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export."""

    def _write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "export.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return _write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_rows_of_one_company_come_together(export: Callable[..., Path], encoding: str) -> None:
    """Whatever the encoding; what is no address is told with its line, our own people are nobody's client."""
    found = read_export(export(PERSONS, encoding), BUILT_IN["membrain"], ["onzefirma.example"])
    acme, zoe = found.entries
    assert (acme.id, acme.name, acme.domains, acme.status) == ("c-17", "Acme B.V.", ("acme.nl",), "active")
    assert [a.address for a in acme.addresses] == ["Jan.Jansen@acme.nl", "piet@mail.example", "p.oneil@acme.nl"]
    assert (zoe.name, zoe.domains, zoe.status) == ("Bakkerij Zoë", (), "left")
    assert (found.rows, found.rows_without_company) == (6, 1)
    assert [problem.partition(":")[2] for problem in found.problems] == [
        '6: found "06-12345678", expected a mail address such as name@acme.example (left out)'
    ]


def test_columns_are_found_by_dutch_names_too(export: Callable[..., Path]) -> None:
    """In any order, with semicolons."""
    found = read_export(export("E-mailadres;Bedrijfsnaam;Klantnummer\na@b.example;Acme;12\n"), GENERIC, [])
    assert [(e.id, e.name, e.addresses[0].address) for e in found.entries] == [("12", "Acme", "a@b.example")]


def test_two_companies_never_become_one(export: Callable[..., Path]) -> None:
    """Names that give the same id: the second is left out and told."""
    found = read_export(export("company\nA&B\nA-B\na&b\n"), GENERIC, [])
    assert [e.name for e in found.entries] == ["A&B"]
    assert len(found.problems) == 1
    assert not found.has_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Acme B.V.", "acme-b.v"), ("  Zoë & Co ", "zoë-co"), ("王小明", "王小明"), ("!!!", ""), ("x" * 80, "x" * 60)],
)
def test_an_id_is_made_of_letters_and_digits(text: str, expected: str) -> None:
    """Of every script; always the same for one text."""
    assert as_id(text) == expected


def test_an_export_without_names_is_refused(export: Callable[..., Path]) -> None:
    """With the names that would do, and a workbook with how to save it."""
    with pytest.raises(Unreadable, match="company name"):
        read_export(export("a,b\n1,2\n"), GENERIC, [])
    path = export("")
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(Unreadable, match="CSV UTF-8"):
        read_export(path, GENERIC, [])


def test_a_map_of_ones_own(tmp_path: Path, export: Callable[..., Path]) -> None:
    """Says which columns hold what; its own mistakes are told with their line."""
    path = tmp_path / "map.toml"
    path.write_text('name = "Firma"\naddresses = ["Post"]\n')
    found = read_export(export("Firma,Post\nAcme,a@b.example\n"), crm_map(str(path)), [])
    assert found.entries[0].addresses[0].address == "a@b.example"
    path.write_text('name = "Firma"\nadresses = ["Post"]\n')
    with pytest.raises(ConfigError, match=r"map\.toml:2: found the unknown key"):
        crm_map(str(path))
    with pytest.raises(UserError, match="--map membrain"):
        crm_map("nonesuch")


HAND = '# mine\n[[client]]\nid = "hand"\nname = "Hand B.V."\ndomains = ["hand.example"]\n'


def test_an_import_is_compared_written_and_named_in_the_config(
    write: Write, export: Callable[..., Path], tmp_path: Path
) -> None:
    """Hand-made entries stay word for word; the second import of the same export changes nothing."""
    config = write(book=HAND)
    first = export("id,company,email\nhand,Hand elsewhere,x@y.example\na,Acme,a@b.example\nb,Bakker,b@b.example\n")
    loaded = load(config)
    prepared = prepare(loaded, first, GENERIC, tmp_path / "crm.toml")
    assert [e.id for e in prepared.diff.added] == ["a", "b"]
    assert [e.id for e in prepared.diff.by_hand] == ["hand"]
    assert crm_import.write(prepared)
    again = load(config)
    assert [c.id for c in again.book] == ["hand", "a", "b"]
    assert (tmp_path / "clients.toml").read_text() == HAND
    assert prepare(again, first, GENERIC, tmp_path / "crm.toml").diff.is_empty


def test_changes_and_removals_are_told(write: Write, export: Callable[..., Path], tmp_path: Path) -> None:
    """By client and key."""
    config = write()
    loaded = load(config)
    crm_import.write(
        prepare(loaded, export("id,company,email\na,A,a@b.example\nb,B,\n"), GENERIC, tmp_path / "crm.toml")
    )
    diff = prepare(load(config), export("id,company,email\na,A,c@b.example\n"), GENERIC, tmp_path / "crm.toml").diff
    assert [e.id for e in diff.removed] == ["b"]
    assert list(diff.changed["a"]) == ["addresses"]


def test_a_book_written_by_hand_is_never_replaced(write: Write, export: Callable[..., Path], tmp_path: Path) -> None:
    """An import into it is refused."""
    loaded = load(write(book=HAND))
    with pytest.raises(UserError, match="written by hand"):
        prepare(loaded, export("company\nx\n"), GENERIC, tmp_path / "clients.toml")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", 'clients = ["clients.toml", "crm.toml"]\n\n[firm]'),
        ('clients = ["clients.toml"]  # ours\n', 'clients = ["clients.toml", "crm.toml"]  # ours\n[firm]'),
        ('clients = "./clients.toml"\n', 'clients = ["./clients.toml", "crm.toml"]\n[firm]'),
        ('clients = [\n  "clients.toml",\n]\n', None),
    ],
)
def test_the_config_names_the_new_book(
    write: Write, export: Callable[..., Path], tmp_path: Path, line: str, expected: str | None
) -> None:
    """Where its line can be extended; otherwise the config stays as it is, and the answer says so."""
    from .conftest import GOOD

    config = write("# head\n" + line + GOOD)
    loaded = load(config)
    was_named = crm_import.write(prepare(loaded, export("company\nx\n"), GENERIC, tmp_path / "crm.toml"))
    assert was_named is (expected is not None)
    assert (expected or line) in config.read_text()
    assert len(load(config).book) == (1 if expected else 0)
