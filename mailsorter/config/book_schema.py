"""One client in a client book, and its conversion into the plain value that matching works with."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mailsorter.config.places import ClientFolder
from mailsorter.config.problem import show_value, wrong
from mailsorter.config.table import Many, Table, key
from mailsorter.config.values import Address, Domain
from mailsorter.model.client import Client, ClientAddress, ClientStatus


def _client_id(value: Any) -> str:
    expected = "an id of letters, digits and . _ - such as acme"
    if not isinstance(value, str):
        raise wrong(show_value(value), expected + ", in quotes")
    if not value or not all(c.isalnum() or c in "._-" for c in value):
        raise wrong(show_value(value), expected)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(show_value(value), "a name in quotes")
    if not any(c.isprintable() and not c.isspace() for c in value):
        raise wrong(show_value(value), "a name that is not empty")
    return value


def _code(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(show_value(value), "a project code in quotes")
    if len(value.strip()) < 2:
        raise wrong(show_value(value), "a project code of at least two characters")
    return value.strip()


class AddressEntry(Table):
    """One address of a client, with the days between which it is theirs."""

    address: Address = key(about="The address.", example="piet@oudewerkgever.example")
    valid_from: date | None = key(
        None, about="First day on which mail with it is this client's.", example=date(2024, 1, 1)
    )
    valid_until: date | None = key(None, about="Last such day.", example=date(2025, 12, 31))


def _spell_out(value: Any) -> Any:
    """A plain text stands for an address without validity."""
    return {"address": value} if not isinstance(value, dict) else value


class ClientEntry(Table):
    """Someone the firm works for."""

    id: Annotated[str, BeforeValidator(_client_id)] = key(
        about="Short and lasting: the ledger knows the client by it.",
        example="acme",
        json_schema_extra={"type": "string"},
    )
    name: Annotated[str, BeforeValidator(_name)] = key(
        about="The client's name; its folder is called so.", example="Acme B.V.", json_schema_extra={"type": "string"}
    )
    folder: ClientFolder | None = key(
        None, about="Another folder than archive.folder says; may use {name} and {id}.", example="Clients/Acme"
    )
    domains: Many[Domain] = key((), about="Mail domains, subdomains included.", example=["acme.example"])
    addresses: Many[Annotated[AddressEntry, BeforeValidator(_spell_out, json_schema_input_type=str | AddressEntry)]] = (
        key(
            (),
            about="Addresses elsewhere: text, or a table with validity.",
            example=[
                "acme.inkoop@mail.example",
                {"address": "piet@oudewerkgever.example", "valid_until": date(2025, 12, 31)},
            ],
        )
    )
    codes: Many[Annotated[str, BeforeValidator(_code), Field(json_schema_extra={"minLength": 2})]] = key(
        (), about="Project codes, as they stand in subjects and file names.", example=["ACM-24"]
    )
    team: Many[Address] = key((), about="The firm's own people on it.", example=["anna@onzefirma.example"])
    language: Literal["nl", "en"] = key("nl", about="The client's language.", example="nl")
    contract_ended_on: date | None = key(
        None, about="When the contract ended: legal duties to keep count from it.", example=date(2025, 6, 30)
    )
    status: Literal["prospect", "active", "dormant", "left"] = key(
        "active", about="Where the relation stands; mail of a client that left waits for a person.", example="active"
    )

    def to_client(self) -> Client:
        """The value that matching and filing work with."""
        return Client(
            id=self.id,
            name=self.name,
            folder=self.folder.text if self.folder else "",
            domains=self.domains,
            addresses=tuple(ClientAddress(a.address, a.valid_from, a.valid_until) for a in self.addresses),
            codes=self.codes,
            team=self.team,
            language=self.language,
            contract_ended_on=self.contract_ended_on,
            status=ClientStatus(self.status),
        )


class BookFile(Table):
    """A client book as TOML."""

    client: Many[ClientEntry] = key((), about="", example=[])
