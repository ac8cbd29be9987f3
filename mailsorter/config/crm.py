"""A CRM's export, one company or one person a row, read as entries of a client book.

Columns are found by their names, whatever their order; a map says which names count. Rows of one company come
together. What cannot be read (a telephone number in an e-mail column) is left out and told with its line; nothing is
guessed: a person's address counts as that address, never as the domain behind it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from mailsorter.config.book_csv import delimiter_of, split_addresses
from mailsorter.config.book_schema import ClientEntry
from mailsorter.config.crm_map import CrmMap
from mailsorter.config.document import Unreadable
from mailsorter.config.problem import show_value
from mailsorter.config.values import parse_address, parse_domain
from mailsorter.model.public_mail import PUBLIC_MAIL_DOMAINS

# sites that many companies give as their own
_HOSTS_OF_MANY = frozenset(
    [
        "facebook.com",
        "linkedin.com",
        "instagram.com",
        "twitter.com",
        "x.com",
        "youtube.com",
        "google.com",
        "wordpress.com",
        "wixsite.com",
        "jimdo.com",
        "weebly.com",
        "blogspot.com",
        "github.io",
        "linktr.ee",
    ]
)
_LONGEST_ID = 60


@dataclass
class CrmExport:
    """What an export says."""

    entries: list[ClientEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # PATH:LINE: found …, expected …
    rows: int = 0
    rows_without_company: int = 0
    has_ids: bool = True  # without ids a renamed company looks like another one


def read_export(path: Path, crm_map: CrmMap, own_domains: Collection[str]) -> CrmExport:
    """Read an export; addresses and domains of the firm's own are left out silently.

    Raises:
        Unreadable: no such file, no CSV, or none of its columns holds a company's name.
    """
    text = _decode(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    try:
        columns = _Columns(next(rows, []), crm_map)
        reader = _Reader(str(path), columns, crm_map, frozenset(own_domains))
        begins = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                reader.take(begins, cells)
            begins = rows.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            max(rows.line_num, 1), f"found broken CSV ({error}), expected cells as a CRM exports"
        ) from None
    return reader.finish()


def _decode(path: Path) -> str:
    """CRMs and spreadsheets write UTF-8, UTF-16 with a mark, or Windows' western letters."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(1, f"found no readable file ({error.strerror}), expected a CRM's export as CSV") from error
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(1, "found an Excel workbook, expected CSV (in Excel: save as “CSV UTF-8”)")
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(1, "found text in an unknown encoding, expected UTF-8")


class _Columns:
    """Which columns of this export hold what."""

    def __init__(self, header: list[str], crm_map: CrmMap) -> None:
        names = [" ".join(name.casefold().split()) for name in header]
        self._found: dict[str, list[int]] = {}
        for key in ("id", "name", "website", "domains", "addresses", "codes", "language", "status"):
            wanted = [" ".join(name.casefold().split()) for name in getattr(crm_map, key)]
            self._found[key] = [names.index(name) for name in wanted if name in names]
        if not self._found["name"]:
            raise Unreadable(
                1,
                f"found no column with a company's name, expected one of: {', '.join(crm_map.name)} "
                "(or a map of your own)",
            )

    @property
    def has_ids(self) -> bool:
        return bool(self._found["id"])

    def first(self, key: str, cells: list[str]) -> str:
        """The first of the key's columns that is not empty in this row."""
        return next((text for text in self.each(key, cells)), "")

    def each(self, key: str, cells: list[str]) -> Iterator[str]:
        """Every column of the key that is not empty in this row."""
        for index in self._found[key]:
            if index < len(cells) and (text := cells[index].strip()):
                yield text


class _Reader:
    def __init__(self, shown: str, columns: _Columns, crm_map: CrmMap, own_domains: frozenset[str]) -> None:
        self._shown = shown
        self._columns = columns
        self._map = crm_map
        self._own = own_domains
        self._suffixes = PublicSuffixList()
        self._clients: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, int] = {}
        self._companies: dict[str, str] = {}  # whose a client id is: two companies must never become one client
        self._export = CrmExport(has_ids=columns.has_ids)

    def take(self, line: int, cells: list[str]) -> None:
        columns, export = self._columns, self._export
        export.rows += 1
        name = columns.first("name", cells)
        if not name:
            export.rows_without_company += 1
            return
        own_id = columns.first("id", cells)
        client_id = as_id(own_id or name)
        if not client_id:
            self._tell(line, name, "a company's name or id with a letter or digit in it")
            return
        company = (own_id or name).casefold()
        if self._companies.setdefault(client_id, company) != company:
            self._tell(line, own_id or name, f"a company that is not also called {client_id}, as another one here is")
            return
        client = self._clients.setdefault(client_id, {"id": client_id, "name": name})
        self._lines.setdefault(client_id, line)
        for url in columns.each("website", cells):
            self._add(client, "domains", self._domain_of_site(url))
        for cell in columns.each("domains", cells):
            for part in re.split(r"[;,\s]+", cell):
                self._add(client, "domains", self._parsed(line, parse_domain, part))
        for cell in columns.each("addresses", cells):
            for part in split_addresses(cell):
                self._add(client, "addresses", self._parsed(line, parse_address, part.removeprefix("mailto:")))
        for cell in columns.each("codes", cells):
            for part in cell.split(";"):
                self._add(client, "codes", part.strip() if len(part.strip()) > 1 else None)
        if (language := columns.first("language", cells)[:2].lower()) in ("nl", "en"):
            client["language"] = language
        if status := self._map.status_of(columns.first("status", cells)):
            client["status"] = status

    def finish(self) -> CrmExport:
        for client_id, client in self._clients.items():
            raw = {key: tuple(value) if isinstance(value, list) else value for key, value in client.items()}
            try:
                self._export.entries.append(ClientEntry.model_validate(raw))
            except ValidationError:
                self._tell(self._lines[client_id], client["name"], "a company that a client book can hold")
        return self._export

    def _parsed(self, line: int, parse: Any, text: str) -> str | None:
        if not text:
            return None
        try:
            found: str = parse(text)
        except PydanticCustomError as error:
            self._tell(line, text, (error.context or {}).get("expected", ""))
            return None
        domain = found.rpartition("@")[2]
        return None if any(domain == own or domain.endswith(f".{own}") for own in self._own) else found

    def _domain_of_site(self, url: str) -> str | None:
        """The registrable domain of a web site, or None where it is nobody's own."""
        try:
            host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
        except ValueError:
            return None
        domain = self._suffixes.privatesuffix(host) if host else None
        if not domain or domain in PUBLIC_MAIL_DOMAINS or domain in _HOSTS_OF_MANY or domain in self._own:
            return None
        return str(domain)

    def _add(self, client: dict[str, Any], key: str, value: str | None) -> None:
        values = client.setdefault(key, [])
        if value and value.casefold() not in (known.casefold() for known in values):
            values.append(value)

    def _tell(self, line: int, found: str, expected: str) -> None:
        self._export.problems.append(f"{self._shown}:{line}: found {show_value(found)}, expected {expected} (left out)")


def as_id(text: str) -> str:
    """A company's id or name as a client's id: letters and digits, the rest hyphens; always the same for one text."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[^\w.]+|_", "-", folded).strip("-.")[:_LONGEST_ID].rstrip("-.")
