"""The synthetic firm: its people, its clients with their contacts, and what an administrator would know of them."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import NamedTuple

import msgspec

from mailsorter.emulator.seed import words
from mailsorter.emulator.store import Address, Store

FIRM_NAME = "Van Dalen & Partners"
FIRM_DOMAIN = "vandalen-advies.example"

#: Private mailboxes at a provider that belongs to nobody's firm.
PROVIDER_DOMAIN = "postvak.example"

_STAFF = ("Anna de Wit", "Bert van Dalen", "Carla Mulder", "Dirk Jansma")


class Client(msgspec.Struct, frozen=True):
    """A client as the synthetic client book has it."""

    id: str
    name: str
    domains: tuple[str, ...]
    addresses: tuple[str, ...]
    codes: tuple[str, ...]
    language: str


class Contact(NamedTuple):
    """One person at a client."""

    person: Address
    private: Address
    client: Client


class World(NamedTuple):
    """Everyone who takes part."""

    staff: tuple[Address, ...]
    """The consultants; the first has most of the mail."""
    shared: Address
    clients: tuple[Client, ...]
    contacts: tuple[tuple[Contact, ...], ...]
    """By client, in the same order."""


def slug(text: str) -> str:
    """A name as it stands in a domain."""
    plain = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def make_world(chance: random.Random, client_count: int) -> World:
    """Invent the firm; the same random numbers give the same firm."""
    staff = tuple(Address(name, f"{slug(name).replace('-', '.')}@{FIRM_DOMAIN}") for name in _STAFF)
    names = [f"{trade} {name}" for trade in words.TRADES for name in words.NAMES]
    chance.shuffle(names)
    clients, contacts = [], []
    for number in range(client_count):
        round_, place = divmod(number, len(names))
        client, people = _client(chance, names[place] + (f" {round_ + 1}" if round_ else ""), number)
        clients.append(client)
        contacts.append(people)
    return World(staff, Address("Info", f"info@{FIRM_DOMAIN}"), tuple(clients), tuple(contacts))


def _client(chance: random.Random, name: str, number: int) -> tuple[Client, tuple[Contact, ...]]:
    base = slug(name)
    domains = [f"{base}.example"]
    if chance.random() < 0.4:
        domains.append(f"{base}-groep.example")
    if chance.random() < 0.15:
        domains.append(f"{base.replace('-', '')}.example")
    code = f"{base.rpartition('-')[2][:3].upper()}-{1000 + number}"
    people = [_name(chance) for _ in range(chance.randint(2, 5))]
    purchasing = (f"{base}.inkoop@{PROVIDER_DOMAIN}",) if chance.random() < 0.2 else ()
    client = Client(
        id=base,
        name=name + chance.choice((" B.V.", " B.V.", " N.V.", "", " V.O.F.")),
        domains=tuple(domains),
        addresses=purchasing,
        codes=(code,),
        language="en" if chance.random() < 0.3 else "nl",
    )
    contacts = []
    for person in people:
        host = chance.choice(domains)
        if chance.random() < 0.1:
            host = f"mail.{host}"  # a subdomain belongs to its domain
        local = slug(person).replace("-", ".")
        private = f"{local}.{chance.randint(10, 99)}@{PROVIDER_DOMAIN}"
        contacts.append(Contact(Address(person, f"{local}@{host}"), Address(person, private), client))
    if purchasing:
        contacts.append(Contact(Address(f"Inkoop {name}", purchasing[0]), Address("", purchasing[0]), client))
    return client, tuple(contacts)


def _name(chance: random.Random) -> str:
    return f"{chance.choice(words.FIRST_NAMES)} {chance.choice(words.LAST_NAMES)}"


def keep_world(store: Store, world: World) -> None:
    """Remember the clients in the state file, out of Graph's sight."""
    for client in world.clients:
        data = msgspec.json.encode(client).decode("utf-8")
        store.db.run("INSERT OR REPLACE INTO truth_client VALUES (?, ?)", (client.id, data))


class Truth(NamedTuple):
    """What a seeded message is really about."""

    message: int
    client: str
    """The client's id; empty when it belongs to none, or to several (then `note` names them)."""
    kind: str
    note: str


_read_client = msgspec.json.Decoder(Client)


def synthetic_clients(store: Store) -> list[Client]:
    """The clients of the synthetic firm, by id; empty for a state seeded from files."""
    rows = store.db.rows("SELECT data FROM truth_client ORDER BY id")
    return [_read_client.decode(row[0]) for row in rows]


def truth_by_message(store: Store) -> dict[int, Truth]:
    """What each synthetic message is about, by the message's number."""
    rows = store.db.rows("SELECT message, client, kind, note FROM truth")
    return {row[0]: Truth(*row) for row in rows}


def truth_by_immutable_id(store: Store) -> dict[str, Truth]:
    """The same by the id that a client of Graph sees with immutable ids."""
    ids = {mailbox.id: mailbox.ids for mailbox in store.mailboxes.all()}
    rows = store.db.rows(
        "SELECT truth.message, client, kind, note, mailbox FROM truth JOIN message ON message.id = truth.message"
    )
    return {ids[row[4]].immutable_id(row[0]): Truth(*row[:4]) for row in rows}
