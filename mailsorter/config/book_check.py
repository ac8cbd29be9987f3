"""What in a client book is right by itself but will not file as meant."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from publicsuffixlist import PublicSuffixList

from mailsorter.config.book import ClientBook
from mailsorter.model.address import base_of, canonical, canonical_domain, domain_of
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.folder import show_path
from mailsorter.model.public_mail import PUBLIC_MAIL_DOMAINS

_SHORT_CODE = 3
# folders that every mailbox has, in the languages of the firms that this is written for
_OUTLOOKS_OWN = frozenset(
    [
        "inbox",
        "sent items",
        "deleted items",
        "drafts",
        "outbox",
        "junk email",
        "archive",
        "conversation history",
        "notes",
        "calendar",
        "contacts",
        "tasks",
        "postvak in",
        "verzonden items",
        "verwijderde items",
        "concepten",
        "postvak uit",
        "ongewenste e-mail",
        "archief",
        "notities",
        "agenda",
        "contactpersonen",
        "taken",
    ]
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: a stable code, the clients it concerns, and what it means for filing."""

    code: str
    clients: tuple[str, ...]
    what: str
    where: tuple[str | int, ...] = ()  # within the first client's entry


def check_book(
    book: ClientBook, own_domains: Collection[str], public_domains: Collection[str] = ()
) -> Iterator[Finding]:
    """Everything worth a look, clients in the order of the book."""
    own = {found for raw in own_domains if (found := canonical_domain(raw))}
    public = PUBLIC_MAIL_DOMAINS | {found for raw in public_domains if (found := canonical_domain(raw))}
    suffixes = PublicSuffixList()
    for client in book:
        yield from _domains(client, own, public, suffixes)
        yield from _addresses(client, own)
        yield from _codes(client)
        yield from _folder(client, book)
        if not (client.domains or client.addresses or client.codes):
            yield Finding("no-evidence", (client.id,), "has no domain, address or code: none of its mail is recognised")
    yield from _shared_domains(book.clients)
    yield from _nested_domains(book.clients)
    yield from _shared_addresses(book.clients)
    yield from _shared_codes(book.clients)
    yield from _similar_folders(book)
    yield from _nested_folders(book)


def _domains(client: Client, own: set[str], public: Collection[str], suffixes: PublicSuffixList) -> Iterator[Finding]:
    for index, raw in enumerate(client.domains):
        domain, where = canonical_domain(raw) or raw, ("domains", index)
        if any(domain == one or domain.endswith(f".{one}") for one in own):
            yield Finding(
                "own-domain", (client.id,), f"{raw} is the firm's own domain: it is evidence for nobody", where
            )
        elif domain in public:
            what = f"{raw} is a public mail provider: it is evidence for nobody; list whole addresses instead"
            yield Finding("public-provider", (client.id,), what, where)
        elif suffixes.is_public(domain):
            yield Finding(
                "public-suffix", (client.id,), f"{raw} is nobody's own domain: it is evidence for nobody", where
            )


def _addresses(client: Client, own: set[str]) -> Iterator[Finding]:
    seen: dict[str, list[ClientAddress]] = defaultdict(list)
    for index, entry in enumerate(client.addresses):
        address, where = canonical(entry.address) or entry.address, ("addresses", index)
        if domain_of(address) in own:
            yield Finding("own-address", (client.id,), "has an address of the firm's own domain", where)
        if base_of(address):
            what = "has an address with a plus-tag: mail without the tag is not recognised by it"
            yield Finding("plus-address", (client.id,), what, where)
        if any(_overlap(entry, other) for other in seen[address]):
            yield Finding("address-twice", (client.id,), "has an address twice for the same days", where)
        seen[address].append(entry)


def _codes(client: Client) -> Iterator[Finding]:
    for index, code in enumerate(client.codes):
        if len(code) < _SHORT_CODE or (code.isdigit() and len(code) < 5):
            what = f"has the code “{code}”, which stands in many subjects by chance"
            yield Finding("short-code", (client.id,), what, ("codes", index))


def _folder(client: Client, book: ClientBook) -> Iterator[Finding]:
    path = book.folder_of(client.id)
    if len(path) == 1 and path[0].casefold() in _OUTLOOKS_OWN:
        yield Finding("outlook-folder", (client.id,), f"gets “{path[0]}”, which is one of Outlook's own folders")
    for name in path:
        if "/" in name or "\\" in name:
            what = f"gets the folder “{name}”; the slash stays in the name, but some programs show it as two folders"
            yield Finding("folder-slash", (client.id,), what)
        if any(unicodedata.category(c) in ("Cf", "Co", "Cn") for c in name):
            yield Finding("folder-invisible", (client.id,), "gets a folder name with invisible characters in it")


def _nested_folders(book: ClientBook) -> Iterator[Finding]:
    """A client's folder inside another's goes where that one goes, also when that client leaves."""
    owner = {tuple(name.casefold() for name in book.folder_of(client.id)): client.id for client in book}
    for path, client_id in owner.items():
        for length in range(1, len(path)):
            if (outer := owner.get(path[:length])) is not None:
                yield Finding("nested-folder", (client_id, outer), "has its folder inside the folder of the other")


def _shared_domains(clients: Sequence[Client]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    for client in clients:
        for domain in dict.fromkeys(canonical_domain(raw) or raw for raw in client.domains):
            owners[domain].append(client.id)
    for domain, ids in owners.items():
        if len(ids) > 1:
            what = f"share the domain {domain}: mail with it alone is ambiguous; addresses or codes tell them apart"
            yield Finding("shared-domain", tuple(ids), what)


def _nested_domains(clients: Sequence[Client]) -> Iterator[Finding]:
    owner = {canonical_domain(raw) or raw: client.id for client in clients for raw in client.domains}
    for domain, client_id in owner.items():
        parent = domain
        while "." in (parent := parent.partition(".")[2]):
            if owner.get(parent, client_id) != client_id:
                what = f"{domain} lies under {parent}, which is another client's: the longer one decides"
                yield Finding("nested-domain", (client_id, owner[parent]), what)


def _shared_addresses(clients: Sequence[Client]) -> Iterator[Finding]:
    owners: dict[str, list[tuple[str, ClientAddress]]] = defaultdict(list)
    for client in clients:
        for entry in client.addresses:
            owners[canonical(entry.address) or entry.address].append((client.id, entry))
    for entries in owners.values():
        ids = dict.fromkeys(
            one
            for index, (a, entry) in enumerate(entries)
            for b, other in entries[index + 1 :]
            if a != b and _overlap(entry, other)
            for one in (a, b)
        )
        if ids:
            what = "share an address for the same days: mail with it is ambiguous; "
            what += "valid_from and valid_until tell them apart"
            yield Finding("shared-address", tuple(ids), what)


def _shared_codes(clients: Sequence[Client]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    for client in clients:
        for code in dict.fromkeys(code.casefold() for code in client.codes):
            owners[code].append(client.id)
    for code, ids in owners.items():
        if len(ids) > 1:
            yield Finding("shared-code", tuple(ids), f"share the code “{code}”: mail with it is ambiguous")


def _similar_folders(book: ClientBook) -> Iterator[Finding]:
    """Names that people mix up in Outlook's tree: Acme B.V. and Acme BV."""
    alike: dict[str, list[str]] = defaultdict(list)
    for client in book:
        path = show_path(book.folder_of(client.id))
        alike["".join(c for c in path.casefold() if c.isalnum())].append(client.id)
    for ids in alike.values():
        if len(ids) > 1:
            yield Finding("similar-folder", tuple(ids), "get folders whose names differ by signs only")


def _overlap(one: ClientAddress, other: ClientAddress) -> bool:
    return max(one.valid_from or date.min, other.valid_from or date.min) <= min(
        one.valid_until or date.max, other.valid_until or date.max
    )
