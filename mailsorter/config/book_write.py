"""Writing a client book, and naming it in the config."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailsorter import files
from mailsorter.config.book_schema import ClientEntry
from mailsorter.config.show import toml_value
from mailsorter.config.toml_lines import find_lines

IMPORTED_HEAD = """\
# Written by `mailsorter clients import`, and written anew by the next import: a change made here is lost.
# To keep a client as you want it, move its entry into a book of your own; imports then leave it alone.
"""

_ONE_LINE = re.compile(r"""([ \t]*clients[ \t]*=[ \t]*)(?:\[[^#\]]*\]|"[^"#]*"|'[^'#]*')([ \t]*(?:#.*)?\r?)""")


def imported_book(entries: Iterable[ClientEntry]) -> str:
    """A book of imported clients as TOML; keys at their default are left out."""
    return "\n".join([IMPORTED_HEAD, *(_entry(entry) for entry in entries)])


def write_whole(path: Path, content: str) -> None:
    """Write a file so that at every moment the old or the new one is there, complete; its mode and owner stay."""
    files.replace(path, content.encode())


def with_book(config_text: str, books: Iterable[str], book: str) -> str | None:
    """The config's text with one more client book in `clients`; None where it is not written on one line."""
    lines = config_text.split("\n")
    known = list(books)
    if not re.search(r"^[ \t]*clients[ \t]*=", config_text, re.MULTILINE):
        first = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
        return "\n".join([*lines[:first], f"clients = {toml_value([*known, book])}", "", *lines[first:]])
    number = find_lines(config_text, [("clients",)])["clients",] - 1
    found = _ONE_LINE.fullmatch(lines[number])
    if found is None:
        return None
    lines[number] = f"{found[1]}{toml_value([*known, book])}{found[2]}"
    return "\n".join(lines)


def _entry(entry: ClientEntry) -> str:
    lines = ["[[client]]"]
    for name, info in type(entry).model_fields.items():
        value = getattr(entry, name)
        if value == info.default or value is None:
            continue
        lines.append(f"{name} = {toml_value(_plain(value))}")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_address(item) if hasattr(item, "address") else item for item in value]
    return value if isinstance(value, str) or hasattr(value, "isoformat") else str(value)


def _address(item: Any) -> Any:
    if item.valid_from is None and item.valid_until is None:
        return item.address
    return item.model_dump(exclude_none=True)
