"""Judging a request before anything is done with it, as Exchange does: by `requests.txt`, and by the server's version.

A request that breaks the schema is faulted as a whole, whatever else it asks for. What the table leaves open (`any`) is
not looked into: calendar items, contacts, tasks, and the rarer paging views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.soap import M, T, elements, name_of
from mailsorter.emulator.ews.versions import ServerVersion

_BUILT_IN: dict[str, re.Pattern[str]] = {
    "string": re.compile(r"[\s\S]*"),
    "boolean": re.compile(r"\s*(true|false|1|0)\s*"),
    "int": re.compile(r"\s*[+-]?[0-9]+\s*"),
    "double": re.compile(r"\s*([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|INF|-INF|NaN)\s*"),
    "base64": re.compile(r"[A-Za-z0-9+/=\s]*"),
    "dateTime": re.compile(r"\s*-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
                           r"(Z|[+-][0-9]{2}:[0-9]{2})?\s*"),
}  # fmt: skip
_OPEN = "any"
_FOLDER_NAME = "DistinguishedFolderIdName"
_VERSION_NAME = "ExchangeVersion"
_TOKEN = re.compile(r"[()|?*+]|[^\s()|?*+]+")


@dataclass(slots=True)
class _Type:
    """One type of the table."""

    attributes: dict[str, str] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    text: str = ""
    children: dict[str, str] = field(default_factory=dict)
    order: re.Pattern[str] = re.compile("")


@dataclass(frozen=True, slots=True)
class Table:
    """The table as read: types by name, the values of each enumeration, and what is judged at all."""

    types: Mapping[str, _Type]
    values: Mapping[str, frozenset[str]]
    patterns: Mapping[str, re.Pattern[str]]
    requests: Mapping[str, str]


@cache
def table() -> Table:
    """The table in `requests.txt`, read once."""
    return read_table(files(__package__).joinpath("requests.txt").read_text(encoding="utf-8"))


def read_table(text: str) -> Table:
    """A table from its text. The file's head says how it is written."""
    types: dict[str, _Type] = {}
    values: dict[str, frozenset[str]] = {}
    patterns = dict(_BUILT_IN)
    requests: dict[str, str] = {}
    groups: dict[str, str] = {}
    for line in _lines(text):
        kind, _, rest = line.partition(" ")
        if kind == "request":
            name, _, of = rest.partition("=")
            requests[_full(name)] = of
            continue
        name, _, rest = rest.partition(" ")
        if kind == "group":
            groups[name] = _with_groups(rest, groups)
        elif kind == "type":
            types[name] = _type(_with_groups(rest, groups))
        elif kind == "values":
            values[name] = frozenset(rest.split())
        elif kind == "pattern":
            patterns[name] = re.compile(rest)
    return Table(types, values, patterns, requests)


def _lines(text: str) -> Iterator[str]:
    """Whole entries: a line that begins with a space goes on with the one before."""
    entry = ""
    for line in text.splitlines():
        if line.startswith(" "):
            entry = f"{entry} {line.strip()}"
            continue
        if entry:
            yield entry
        entry = "" if line.startswith("#") else line.strip()
    if entry:
        yield entry


def _with_groups(text: str, groups: Mapping[str, str]) -> str:
    for name in sorted(groups, key=len, reverse=True):
        text = text.replace(name, groups[name])
    return text


def _type(text: str) -> _Type:
    made, order = _Type(), []
    for part in _TOKEN.findall(text):
        if part.startswith("@"):
            name, _, of = part[1:].partition("=")
            made.attributes[name] = of.rstrip("!")
            if of.endswith("!"):
                made.required.add(name)
        elif part.startswith("#"):
            made.text = part[1:]
        elif part in ("(", ")", "|", "?", "*", "+"):
            order.append("(?:" if part == "(" else part)
        else:
            name, _, of = part.partition("=")
            made.children[_full(name)] = of
            order.append(f"(?:{re.escape(_full(name))} )")
    made.order = re.compile("".join(order))
    return made


def _full(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{M if prefix == 'm' else T}}}{local}"


def judge(element: Any, version: ServerVersion, known: Table | None = None) -> None:
    """Judge an operation, or one of the header's elements that the table has; anything else passes.

    Raises:
        ExchangeError: ErrorSchemaValidation, with the place and what is wrong there.
    """
    judged = known or table()
    of = judged.requests.get(str(element.tag))
    if of is not None:
        _Judge(judged, version).element(element, of)


class _Judge:
    def __init__(self, known: Table, version: ServerVersion) -> None:
        self._known = known
        self._values: dict[str, frozenset[str]] = {_FOLDER_NAME: version.folders, _VERSION_NAME: version.asked_as}

    def element(self, element: Any, of: str) -> None:
        if of == _OPEN:
            return
        kind = self._known.types.get(of)
        if kind is None:
            if len(element):
                raise _invalid(element, f"The element '{name_of(element)}' cannot contain child elements.")
            self._value(element, of, element.text or "", f"The '{name_of(element)}' element is invalid")
            return
        self._attributes(element, kind)
        children = list(elements(element))
        if kind.text:
            self._value(element, kind.text, element.text or "", f"The '{name_of(element)}' element is invalid")
        self._children(element, kind, children)

    def _attributes(self, element: Any, kind: _Type) -> None:
        given = {str(name): value for name, value in element.attrib.items() if not str(name).startswith("{")}
        for name, value in given.items():
            if name not in kind.attributes:
                raise _invalid(element, f"The '{name}' attribute is not declared.")
            self._value(element, kind.attributes[name], value, f"The '{name}' attribute is invalid")
        for name in sorted(kind.required - given.keys()):
            raise _invalid(element, f"The required attribute '{name}' is missing.")

    def _children(self, element: Any, kind: _Type, children: list[Any]) -> None:
        come = "".join(f"{child.tag} " for child in children)
        if kind.order.fullmatch(come) is None:
            named = ", ".join(name_of(child) for child in children) or "nothing"
            raise _invalid(element, f"The element '{name_of(element)}' has invalid content: {named}.")
        for child in children:
            self.element(child, kind.children[str(child.tag)])

    def _value(self, element: Any, of: str, value: str, what: str) -> None:
        allowed = self._values.get(of) or self._known.values.get(of)
        is_good: Callable[[str], object] = (
            self._known.patterns[of].fullmatch if allowed is None else allowed.__contains__
        )
        if not is_good(value):
            raise _invalid(
                element, f"{what} - The value '{value[:100]}' is invalid according to its datatype '{of}Type'."
            )


def _invalid(element: Any, text: str) -> ExchangeError:
    return ExchangeError(
        "ErrorSchemaValidation", f"The request failed schema validation: {text} (line {element.sourceline})"
    )
