"""Microsoft's own metadata as a judge: does an answer have only the properties that its type has, each of its type?

The CSDL is not part of this project: `MAILSORTER_TESTDATA` says where it lies. Without it nothing is checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_GRAPH = "microsoft.graph."

#: What answers carry although the metadata of v1.0 lacks it: recorded (sizeInBytes), in beta only (a mailFolder's
#: wellKnownName, the archive's id), or on Microsoft's own page of August 2026 (mailboxFolder's two).
_BEYOND = {
    "microsoft.graph.mailFolder": {"sizeInBytes", "wellKnownName"},
    "microsoft.graph.mailboxFolder": {"parentMailboxUrl", "wellKnownName"},
    "microsoft.graph.exchangeSettings": {"inPlaceArchiveMailboxId"},
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_PRIMITIVE: dict[str, type | tuple[type, ...]] = {
    "Edm.String": str,
    "Edm.Boolean": bool,
    "Edm.Int16": int,
    "Edm.Int32": int,
    "Edm.Int64": int,
    "Edm.Double": (int, float),
    "Edm.Guid": str,
    "Edm.DateTimeOffset": str,
    "Edm.Binary": str,
    "Edm.Stream": str,
}


class Metadata:
    """Types of Graph v1.0."""

    def __init__(self, csdl: Path) -> None:
        self._types: dict[str, ElementTree.Element] = {}
        self._enums: dict[str, set[str]] = {}
        self._roots: dict[str, str] = {}
        self._properties: dict[str, dict[str, tuple[str, bool]]] = {}
        for schema in ElementTree.parse(csdl).getroot().iter(_EDM + "Schema"):
            space = schema.get("Namespace", "")
            for element in schema:
                self._read(space, element)

    def _read(self, space: str, element: ElementTree.Element) -> None:
        name = f"{space}.{element.get('Name')}"
        match element.tag.removeprefix(_EDM):
            case "EntityType" | "ComplexType":
                self._types[name] = element
            case "EnumType":
                self._enums[name] = {member.get("Name", "") for member in element.iter(_EDM + "Member")}
            case "EntityContainer":
                for entry in element:
                    kind = entry.get("EntityType")
                    whole = f"Collection({kind})" if kind else entry.get("Type", "")
                    self._roots[entry.get("Name", "").lower()] = _full(whole)

    def properties(self, name: str) -> dict[str, tuple[str, bool]]:
        """Properties of a type and its bases: their types and whether they may be null."""
        if name not in self._properties:
            element = self._types[name]
            base = element.get("BaseType")
            found = dict(self.properties(_full(base))) if base else {}
            for tag in ("Property", "NavigationProperty"):
                for item in element.iter(_EDM + tag):
                    nullable = item.get("Nullable", "true") != "false"
                    found[item.get("Name", "")] = (_full(item.get("Type", "")), nullable)
            self._properties[name] = found
        return self._properties[name]

    def problems(self, answer: Any) -> list[str]:
        """What is wrong with a JSON answer; empty when nothing is, or when it says nothing of its type."""
        if not isinstance(answer, dict) or "@odata.context" not in answer:
            return []
        kind = self.type_of(str(answer["@odata.context"]))
        if kind is None:
            return [f"context leads nowhere: {answer['@odata.context']}"]
        if kind.startswith("Collection("):
            if not isinstance(answer.get("value"), list):
                return [f"{kind}: no list in value"]
            return list(self._check(answer["value"], kind, "value"))
        if kind.startswith("Edm.") or kind in self._enums:
            return list(self._check(answer.get("value"), kind, "value"))
        return list(self._check(answer, kind, kind.rpartition(".")[2]))

    def type_of(self, context: str) -> str | None:
        """The type that an `@odata.context` names; None when it names none."""
        fragment = context.partition("#")[2]
        if match := re.fullmatch(r"Collection\((.*)\)", fragment):
            return f"Collection({_named(match[1])})"
        kind: str | None = None
        for segment in _segments(fragment):
            kind = self._step(kind, segment)
            if kind is None:
                return None
        return kind

    def _step(self, kind: str | None, segment: str) -> str | None:
        if kind is None:
            return self._roots.get(segment.lower()) or (_named(segment) if _named(segment) in self._types else None)
        if match := re.fullmatch(r"Collection\((.*)\)", kind):
            return match[1]  # a key, or $entity
        if segment == "$entity":
            return kind
        known = {name.lower(): found[0] for name, found in self.properties(kind).items()}
        return known.get(segment.lower())

    def _check(self, value: Any, kind: str, path: str) -> Iterator[str]:
        if match := re.fullmatch(r"Collection\((.*)\)", kind):
            if not isinstance(value, list):
                yield f"{path}: not a list"
                return
            for item in value:
                yield from self._check(item, match[1], f"{path}[]")
        elif value is None:
            return
        elif kind in self._enums:
            if value not in self._enums[kind]:
                yield f"{path}: {value!r} is no {kind}"
        elif kind in _PRIMITIVE:
            yield from _check_primitive(value, kind, path)
        elif kind in self._types:
            yield from self._check_object(value, kind, path)

    def _check_object(self, value: Any, kind: str, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: {type(value).__name__} for {kind}"
            return
        kind = _full(str(value.get("@odata.type", kind)).removeprefix("#"))
        if kind not in self._types:
            yield f"{path}: unknown type {kind}"
            return
        known = self.properties(kind)
        for name, item in value.items():
            if "@" in name:
                continue
            if name not in known:
                if not any(name in _BEYOND.get(base, ()) for base in self._lineage(kind)):
                    yield f"{path}.{name}: unknown in {kind}"
                continue
            wanted, nullable = known[name]
            if item is None and not nullable:
                yield f"{path}.{name}: null"
            yield from self._check(item, wanted, f"{path}.{name}")

    def _lineage(self, kind: str) -> Iterator[str]:
        while kind:
            yield kind
            kind = _full(self._types[kind].get("BaseType") or "")


def _full(name: str) -> str:
    """`graph.message` with its whole namespace."""
    return re.sub(r"(^|\()graph\.", rf"\g<1>{_GRAPH}", name)


def _named(name: str) -> str:
    full = _full(name.strip("#"))
    return full if full.startswith((_GRAPH, "Edm.")) else _GRAPH + full


def _segments(fragment: str) -> Iterator[str]:
    """`users('x')/messages(subject)/$entity` as users, 'x', messages, $entity: keys stay, selections go."""
    for part in re.split(r"/(?![^()]*\))", fragment):
        name, _, inside = part.partition("(")
        yield name
        if inside.startswith("'"):
            yield inside


def _check_primitive(value: Any, kind: str, path: str) -> Iterator[str]:
    wanted = _PRIMITIVE[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "Edm.Boolean"):
        yield f"{path}: {type(value).__name__} for {kind}"
    elif kind == "Edm.DateTimeOffset" and not _MOMENT.fullmatch(value):
        yield f"{path}: {value!r} for {kind}"


def testdata() -> Path | None:
    """Where data lies that this project did not write; None when it is not there."""
    folder = os.environ.get("MAILSORTER_TESTDATA")
    return Path(folder) if folder else None


@lru_cache(maxsize=1)
def metadata() -> Metadata | None:
    """Microsoft's metadata, read once; None when it is not there."""
    folder = testdata()
    csdl = folder / "traces/graph-schema/v1.0-Prod.csdl" if folder else None
    return Metadata(csdl) if csdl and csdl.is_file() else None


def judge(answer: Any) -> None:
    """Fail when the metadata is there and the answer does not keep to it."""
    known = metadata()
    if known is not None:
        problems = known.problems(answer)
        assert not problems, problems
