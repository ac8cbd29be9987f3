"""A problem of the config or a client book, and the words in which it is told."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError

Where = tuple[str | int, ...]
"""A place in a document: keys and, for repeated tables and arrays, indexes from 0."""

_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place: what was found there and what was expected."""

    where: Where
    text: str
    elsewhere: tuple[str, Where] | None = None  # file and place that stand for ELSEWHERE in the text


ELSEWHERE = "\0"
"""In a problem's text: the `PATH:LINE` of the other place, which is looked up once for all problems."""


def wrong(found: str, expected: str) -> PydanticCustomError:
    """The error that a validator of ours raises."""
    return PydanticCustomError("wrong", "{found}\t{expected}", {"found": found, "expected": expected})


def show_value(value: object) -> str:
    """A value as it may stand in one line of an error: TOML's own spelling, control characters escaped, cut short."""
    match value:
        case bool() | int() | float() | str():
            shown = json.dumps(value, ensure_ascii=False)
        case datetime() | date() | time():
            shown = value.isoformat()
        case timedelta():
            return f"{value.total_seconds():.0f} seconds"
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"a {type(value).__name__}"
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"


def show_where(where: Where) -> str:
    """A place for people: `client[3].domains[0]`, counted from 1 as people count."""
    shown = ""
    for part in where:
        shown += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown


def from_pydantic(error: ErrorDetails, keys_at: Mapping[Where, Iterable[str]]) -> Problem:
    """One problem of pydantic's in our words. `keys_at`: the keys that each table knows, by place without indexes."""
    where: Where = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    at = show_where(where)
    if kind == "extra_forbidden":
        return Problem(where, _unknown_key(where, keys_at))
    if kind == "missing":
        table = show_where(where[:-1])
        return Problem(where, f"found no {where[-1]}{f' in {table}' if table else ''}, expected one")
    if kind == "wrong":
        return Problem(where, f"found {context['found']}{f' in {at}' if at else ''}, expected {context['expected']}")
    if kind == "too_short":
        return Problem(where, f"found an empty list in {at}, expected at least one")
    return Problem(where, f"found {show_value(error['input'])} in {at}, expected {_expected(kind, context, error)}")


def _unknown_key(where: Where, keys_at: Mapping[Where, Iterable[str]]) -> str:
    key = str(where[-1])
    table = tuple(part for part in where[:-1] if isinstance(part, str))
    known = sorted(keys_at.get(table, ()))
    at = f" in {show_where(where[:-1])}" if where[:-1] else ""
    nearest = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.5)
    if nearest:
        return f"found the unknown key {show_value(key)}{at}, expected {nearest[0]} (the nearest known key)"
    return f"found the unknown key {show_value(key)}{at}, expected one of: {', '.join(known)}"


_EXPECTED: dict[str, str] = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "date_type": "a date such as 2026-12-31, without quotes",
    "date_from_datetime_inexact": "a date such as 2026-12-31, without a time",
    "time_type": "a time such as 02:30:00, without quotes",
    "tuple_type": "a list in brackets",
    "list_type": "a list in brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "string_too_short": "text that is not empty",
}


def _expected(kind: str, context: Mapping[str, Any], error: ErrorDetails) -> str:
    match kind:
        case "literal_error" | "enum":
            return f"one of {context['expected']}".replace("'", '"')
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "greater_than":
            return f"more than {context['gt']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "string_pattern_mismatch":
            return f"text of the form {context['pattern']}"
        case _:
            return _EXPECTED.get(kind, error["msg"])
