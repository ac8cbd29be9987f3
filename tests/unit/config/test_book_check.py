"""What `clients check` finds, as a table: the entry, and the codes of what is worth a look."""

from __future__ import annotations

from datetime import date

import pytest

from mailsorter.config.book import ClientBook
from mailsorter.config.book_check import check_book
from mailsorter.config.places import FolderTemplate
from mailsorter.model.client import Client, ClientAddress


def client(id: str, **more: object) -> Client:
    """A client that is recognised by something, unless said otherwise."""
    return Client(**{"id": id, "name": f"Name {id}", "codes": (f"CODE-{id}",), **more})  # type: ignore[arg-type]


def at(address: str, start: int | None = None, end: int | None = None) -> tuple[ClientAddress, ...]:
    """One address, valid from the first day of one year to the last of another."""
    return (ClientAddress(address, start and date(start, 1, 1), end and date(end, 12, 31)),)


A, B = "a", "b"
TABLE: list[tuple[str, list[Client], list[tuple[str, tuple[str, ...]]]]] = [
    ("nothing wrong", [client(A, domains=("acme.nl",)), client(B, domains=("bakker.nl",))], []),
    ("no evidence", [client(A, codes=())], [("no-evidence", (A,))]),
    ("our own domain", [client(A, domains=("team.onzefirma.example",))], [("own-domain", (A,))]),
    ("public provider", [client(A, domains=("gmail.com",))], [("public-provider", (A,))]),
    ("configured provider", [client(A, domains=("regionet.example",))], [("public-provider", (A,))]),
    ("public suffix", [client(A, domains=("co.uk",))], [("public-suffix", (A,))]),
    ("shared domain", [client(A, domains=("x.nl",)), client(B, domains=("X.NL",))], [("shared-domain", (A, B))]),
    ("nested domain", [client(A, domains=("x.nl",)), client(B, domains=("y.x.nl",))], [("nested-domain", (B, A))]),
    ("one client's own nested domain", [client(A, domains=("x.nl", "y.x.nl"))], []),
    ("our own address", [client(A, addresses=at("p@onzefirma.example"))], [("own-address", (A,))]),
    ("plus-address", [client(A, addresses=at("p+x@mail.example"))], [("plus-address", (A,))]),
    ("address twice", [client(A, addresses=at("p@x.nl") + at("P@x.nl"))], [("address-twice", (A,))]),
    ("address twice, other days", [client(A, addresses=at("p@x.nl", None, 2020) + at("p@x.nl", 2022))], []),
    (
        "shared address",
        [client(A, addresses=at("p@x.nl")), client(B, addresses=at("p@x.nl"))],
        [("shared-address", (A, B))],
    ),
    ("changed employer", [client(A, addresses=at("p@x.nl", None, 2020)), client(B, addresses=at("p@x.nl", 2021))], []),
    ("shared code", [client(A, codes=("P-100",)), client(B, codes=("p-100",))], [("shared-code", (A, B))]),
    (
        "short code",
        [client(A, codes=("AB",)), client(B, codes=("2024",))],
        [("short-code", (A,)), ("short-code", (B,))],
    ),
    ("slash in the name", [client(A, name="A/B")], [("folder-slash", (A,))]),
    ("invisible letters", [client(A, name="A\u200bB")], [("folder-invisible", (A,))]),
    ("one folder inside another", [client(A, folder="X"), client(B, folder="x/Y")], [("nested-folder", (B, A))]),
    ("Outlook's own folder", [client(A, folder="Postvak IN")], [("outlook-folder", (A,))]),
    ("folders alike", [client(A, name="Acme B.V."), client(B, name="Acme BV")], [("similar-folder", (A, B))]),
]


@pytest.mark.parametrize(("clients", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_worth_a_look(clients: list[Client], expected: list[tuple[str, tuple[str, ...]]]) -> None:
    """Each by a stable code, with the clients it concerns."""
    book = ClientBook(tuple(clients), FolderTemplate("Clients/{name}"))
    found = list(check_book(book, ["onzefirma.example"], ["regionet.example"]))
    assert [(finding.code, finding.clients) for finding in found] == expected
