"""Checks JSON against Microsoft's metadata (CSDL): names, primitive types, enumerations, collections."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

_EDM = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
_PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "Edm.String": str,
    "Edm.Boolean": bool,
    "Edm.Int32": int,
    "Edm.Int64": int,
    "Edm.DateTimeOffset": str,
    "Edm.Binary": str,
    "Edm.Guid": str,
}

#: What real answers carry and the metadata lacks: measured, or documented since.
KNOWN_SURPLUS = {
    ("mailFolder", "sizeInBytes"),
    ("mailboxFolder", "wellKnownName"),
    ("mailboxFolder", "parentMailboxUrl"),
}


class Csdl:
    """Microsoft's types by name, without the `microsoft.graph.` in front."""

    def __init__(self, path: Path) -> None:
        self._types: dict[str, Any] = {}
        self._enums: dict[str, set[str]] = {}
        for schema in etree.parse(str(path)).iterfind(".//e:Schema", _EDM):
            for kind in ("EntityType", "ComplexType"):
                for found in schema.iterfind(f"e:{kind}", _EDM):
                    self._types[f"{schema.get('Namespace')}.{found.get('Name')}"] = found
            for found in schema.iterfind("e:EnumType", _EDM):
                members = {member.get("Name") for member in found.iterfind("e:Member", _EDM)}
                self._enums[f"{schema.get('Namespace')}.{found.get('Name')}"] = members

    def _properties(self, name: str) -> dict[str, str]:
        found = self._types[name]
        own = {
            item.get("Name"): item.get("Type")
            for kind in ("Property", "NavigationProperty")
            for item in found.iterfind(f"e:{kind}", _EDM)
        }
        base = found.get("BaseType")
        return {**(self._properties(_whole(base)) if base else {}), **own}

    def problems(self, value: Any, type_name: str, path: str = "") -> list[str]:
        """What is wrong with a value; empty when nothing is."""
        name = _whole(type_name)
        if value is None:
            return []
        if collection := re.fullmatch(r"Collection\((.*)\)", name):
            if not isinstance(value, list):
                return [f"{path}: no list"]
            return [text for item in value for text in self.problems(item, collection[1], f"{path}[]")]
        if name in _PRIMITIVES:
            return [] if isinstance(value, _PRIMITIVES[name]) else [f"{path}: {type(value).__name__} for {name}"]
        if name in self._enums:
            return [] if value in self._enums[name] else [f"{path}: {value!r} is not in {name}"]
        if name not in self._types:
            return []
        if isinstance(value, dict) and str(value.get("@odata.type", "")).startswith("#microsoft.graph."):
            name = value["@odata.type"][1:]
        return self._object_problems(value, name, path or name.rpartition(".")[2])

    def _object_problems(self, value: Any, name: str, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: no object"]
        known = self._properties(name)
        found = []
        for key, inner in value.items():
            if "@" in key or (name.rpartition(".")[2], key) in KNOWN_SURPLUS:
                continue
            if key not in known:
                found.append(f"{path}.{key} is unknown in {name}")
            else:
                found += self.problems(inner, known[key], f"{path}.{key}")
        return found


def _whole(name: str) -> str:
    return re.sub(r"(^|\()graph\.", r"\1microsoft.graph.", name)
