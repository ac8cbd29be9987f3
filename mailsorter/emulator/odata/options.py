"""Query options of a request, read once: `$select`, `$top`, `$filter`, … in any case, with or without the dollar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailsorter.emulator.errors import ExchangeError

_KNOWN = {
    "select",
    "top",
    "skip",
    "filter",
    "orderby",
    "expand",
    "search",
    "count",
    "skiptoken",
    "deltatoken",
    "format",
    "apply",
    "compute",
}
_EXPAND = re.compile(r"^\s*(\w+)\s*(?:\((.*)\))?\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Options:
    """What a client asked for; None where it did not ask."""

    select: tuple[str, ...] | None = None
    top: int | None = None
    skip: int = 0
    filter: str | None = None
    orderby: tuple[tuple[str, bool], ...] = ()
    """Properties with whether each is descending."""
    expand: Mapping[str, str] = field(default_factory=dict)
    """Navigation properties with the text between their parentheses."""
    search: str | None = None
    count: bool = False
    skiptoken: str | None = None
    deltatoken: str | None = None
    other: Mapping[str, str] = field(default_factory=dict)
    """Everything that is no OData option: `includeHiddenFolders`, `changeType`, …, by casefolded name."""


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ExchangeError(
            "BadRequest",
            f"Invalid value '{text}' for ${name}: it requires a non-negative integer value.",
        )
    return int(text)


def split_top_level(text: str, separator: str) -> list[str]:
    """Split at a separator outside quotes and parentheses."""
    parts, depth, quoted, current = [], 0, False, ""
    for character in text:
        if character == "'":
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        if character == separator and depth == 0 and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current)
    return parts


def _orderby(text: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for item in text.split(","):
        words = item.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise ExchangeError("BadRequest", f"Syntax error at position 0 in '{text}'.")
        found.append((words[0], len(words) == 2 and words[1].lower() == "desc"))
    return tuple(found)


def _expand(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in split_top_level(text, ","):
        match = _EXPAND.match(item)
        if match is None:
            raise ExchangeError("BadRequest", f"Term '{item}' is not valid in a $select or $expand expression.")
        found[match[1]] = match[2] or ""
    return found


def read_options(query: list[tuple[str, str]]) -> Options:
    """Options of a decoded query string.

    Raises:
        ExchangeError: BadRequest for a number that is none, a doubled option, or a malformed list.
    """
    values: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, value in query:
        key = name.lower().removeprefix("$")
        if key in _KNOWN and (name.startswith("$") or key not in ("format", "apply", "compute", "count")):
            if key in values:
                raise ExchangeError(
                    "BadRequest",
                    f"Query option '${key}' was specified more than once.",
                )
            values[key] = value
        else:
            other[name.lower()] = value
    select = tuple(name.strip() for name in values["select"].split(",") if name.strip()) if "select" in values else None
    return Options(
        select=select or None,
        top=_number("top", values["top"]) if "top" in values else None,
        skip=_number("skip", values.get("skip", "0")),
        filter=values.get("filter") or None,
        orderby=_orderby(values["orderby"]) if values.get("orderby") else (),
        expand=_expand(values["expand"]) if values.get("expand") else {},
        search=values.get("search"),
        count=values.get("count", "").lower() == "true",
        skiptoken=values.get("skiptoken"),
        deltatoken=values.get("deltatoken"),
        other=other,
    )
