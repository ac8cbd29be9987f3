"""The client book: all clients, from every file that the config names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mailsorter.config.book_csv import CsvDocument, read_csv
from mailsorter.config.book_schema import BookFile, ClientEntry
from mailsorter.config.document import Document, read_toml
from mailsorter.config.places import DEFAULT_TEMPLATE, LONGEST_FOLDER_NAME, FolderTemplate
from mailsorter.config.problem import ELSEWHERE, Problem, from_pydantic, show_value
from mailsorter.config.tables import known_keys
from mailsorter.model.client import Client
from mailsorter.model.folder import FolderPath, show_path

BookDocument = Document | CsvDocument
Origin = tuple[BookDocument, int]
"""The file that a client was read from, and the entry's number in it, from 0."""

_KEYS = known_keys(BookFile)


def folder_path(client: Client, template: FolderTemplate) -> FolderPath:
    """Where the client's folder lies below the visible root; `template` holds where the client names no folder."""
    own = FolderTemplate(client.folder) if client.folder else template
    return own.path_for(id=client.id, name=client.name)


@dataclass(frozen=True)
class ClientBook:
    """All clients, in the order of the files."""

    clients: tuple[Client, ...] = ()
    template: FolderTemplate = DEFAULT_TEMPLATE
    paths: tuple[Path, ...] = ()  # of the files it was read from

    def __iter__(self) -> Iterator[Client]:
        return iter(self.clients)

    def __len__(self) -> int:
        return len(self.clients)

    @cached_property
    def by_id(self) -> dict[str, Client]:
        """Each client by its id."""
        return {client.id: client for client in self.clients}

    def get(self, client_id: str) -> Client | None:
        """The client of that id, or None."""
        return self.by_id.get(client_id)

    def folder_of(self, client_id: str) -> FolderPath:
        """Where this client's folder lies below the visible root. Raises KeyError for an unknown client."""
        return folder_path(self.by_id[client_id], self.template)


@dataclass
class BookReader:
    """Reads books one after the other and compares their clients across all of them."""

    template: FolderTemplate
    clients: list[Client] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)  # by client id
    ids: set[str] = field(default_factory=set)  # of every entry that has one, also of those with other problems
    _places: dict[str, tuple[BookDocument, int]] = field(default_factory=dict)
    _folders: dict[tuple[str, ...], str] = field(default_factory=dict)

    def read(self, path: Path, shown: str) -> BookDocument:
        """Read one file and note its problems in the document returned.

        Raises:
            Unreadable: it cannot be read at all.
        """
        document: BookDocument = read_csv(path, shown) if path.suffix.lower() == ".csv" else read_toml(path, shown)
        note = document.problems.append
        for name in document.data.keys() - {"client"}:
            note(Problem((name,), f"found the unknown key {show_value(name)}, expected [[client]]"))
        entries = document.data.get("client", [])
        if not isinstance(entries, list):
            note(Problem(("client",), "found a table client, expected [[client]] (in double brackets)"))
            return document
        for index, raw in enumerate(entries):
            self._take(document, index, raw)
        return document

    def _take(self, document: BookDocument, index: int, raw: Any) -> None:
        self._compare_id(document, index, raw)
        try:
            entry = ClientEntry.model_validate(raw)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                details["loc"] = ("client", index, *details["loc"])
                document.problems.append(from_pydantic(details, _KEYS))
            return
        client = entry.to_client()
        document.problems.extend(
            Problem(("client", index, *where), text) for where, text in self._compare(entry, client)
        )
        self.clients.append(client)
        self.origins.setdefault(client.id, (document, index))

    def _compare_id(self, document: BookDocument, index: int, raw: Any) -> None:
        client_id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(client_id, str):
            return
        known = client_id.casefold()
        self.ids.add(client_id)
        if known not in self._places:
            self._places[known] = (document, index)
            return
        other, at = self._places[known]
        document.problems.append(
            Problem(
                ("client", index, "id"),
                f"found the id {show_value(client_id)} a second time (first at {ELSEWHERE}), "
                "expected a different id for each client",
                elsewhere=(other.shown, ("client", at, "id")),
            )
        )

    def _compare(self, entry: ClientEntry, client: Client) -> Iterator[tuple[tuple[str | int, ...], str]]:
        where = "folder" if entry.folder else "name"
        path = folder_path(client, self.template)
        folder = tuple(name.casefold() for name in path)
        taken = self._folders.setdefault(folder, client.id)
        if taken.casefold() != client.id.casefold():
            yield (
                (where,),
                f"found the folder {show_value(show_path(path))} of client {show_value(taken)} too, "
                "expected a folder of its own for each client (key folder, or {id} in archive.folder)",
            )
        if any(not name or len(name) > LONGEST_FOLDER_NAME for name in path):
            yield (
                (where,),
                f"found a folder name of {max(map(len, path))} characters, expected 1 to {LONGEST_FOLDER_NAME}",
            )
        for index, address in enumerate(client.addresses):
            if address.valid_from and address.valid_until and address.valid_from > address.valid_until:
                yield (
                    ("addresses", index),
                    f"found valid_from {address.valid_from} after valid_until {address.valid_until}, "
                    "expected it on the same day or before",
                )
