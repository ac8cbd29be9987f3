"""A client book as CSV, one client a row, as a spreadsheet writes it.

Columns are the keys of a client. Several domains, addresses, codes or team members in one cell are parted by blanks or
semicolons (codes by semicolons only, since they may hold blanks). An address's validity stands behind it:
`piet@oud.example from 2024-01-01 until 2025-12-31`. The delimiter may be a comma, a semicolon or a tab.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from mailsorter.config.book_schema import ClientEntry
from mailsorter.config.document import Unreadable, read_text
from mailsorter.config.problem import Problem, Where

_COLUMNS = tuple(ClientEntry.model_fields)
_LISTS = ("domains", "codes", "team")
_VALIDITY = re.compile(r"\b(from|until)\s+(\d{4}-\d\d-\d\d)\b")


@dataclass
class CsvDocument:
    """One CSV client book: its rows in the shape of a TOML book, and the line on which each begins."""

    path: Path
    shown: str
    data: dict[str, Any]
    row_lines: list[int]
    problems: list[Problem] = field(default_factory=list)

    def lines(self, places: Iterable[Where]) -> dict[Where, int]:
        """The line of each place."""
        return {place: self._line(place) for place in places}

    def _line(self, place: Where) -> int:
        row = place[1] if len(place) > 1 else None
        return self.row_lines[row] if isinstance(row, int) and row < len(self.row_lines) else 1


_NAMED = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_csv(path: Path, shown: str) -> CsvDocument:
    """Read a CSV client book.

    Raises:
        Unreadable: as `read_text`, or it has no line with column names.
    """
    text = read_text(path)
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[dict[str, Any]] = []
    document = CsvDocument(path, shown, {"client": rows}, [])
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if "id" not in columns or "name" not in columns:
            raise Unreadable(
                1, f"found no columns id and name, expected a first line with some of: {', '.join(_COLUMNS)}"
            )
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                document.row_lines.append(begins)
                rows.append(_client(dict(zip(columns, cells, strict=False))))
                if len(cells) > len(columns):
                    document.problems.append(
                        Problem(
                            ("client", len(rows) - 1),
                            f"found {len(cells)} cells, expected {len(columns)} "
                            f"(a cell with a {_NAMED[delimiter]} stands in quotes)",
                        )
                    )
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            max(reader.line_num, 1), f"found broken CSV ({error}), expected cells as a spreadsheet writes them"
        ) from None
    return document


def delimiter_of(text: str) -> str:
    """What parts the cells of this CSV, by its first line: a comma, a semicolon or a tab."""
    head = text.partition("\n")[0]
    return max(_NAMED, key=head.count)


def _client(cells: dict[str, str]) -> dict[str, Any]:
    client: dict[str, Any] = {}
    for column, cell in cells.items():
        text = cell.strip()
        if not text and column not in ("id", "name"):
            continue
        if column == "addresses":
            client[column] = [_address(part) for part in split_addresses(text)]
        elif column in _LISTS:
            client[column] = [
                part for part in re.split(r";" if column == "codes" else r"[;,\s]+", text) if part.strip()
            ]
        else:
            client[column] = text
    return client


def split_addresses(cell: str) -> list[str]:
    """The addresses of one cell, each with its validity behind it."""
    joined = _VALIDITY.sub(r"\1=\2", cell)
    parts = [part for part in re.split(r"[;,\s]+", joined) if part]
    grouped: list[str] = []
    for part in parts:
        if grouped and re.match(r"(from|until)=", part):
            grouped[-1] += f" {part}"
        else:
            grouped.append(part)
    return grouped


def _address(part: str) -> Any:
    address, *validity = part.split(" ")
    if not validity:
        return address
    entry: dict[str, Any] = {"address": address}
    for item in validity:
        word, _, day = item.partition("=")
        try:
            entry[f"valid_{word}"] = date.fromisoformat(day)
        except ValueError:
            entry[f"valid_{word}"] = day  # told as a problem with its line, by the schema
    return entry
