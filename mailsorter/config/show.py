"""The config as it takes effect, as data and as TOML. Secrets show only where they lie."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mailsorter.config.schema import Config

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def effective(config: Config) -> dict[str, Any]:
    """Every key with its value, defaults too; keys that are not set are left out."""
    return config.model_dump(mode="json", by_alias=True, exclude_none=True)


def to_toml(data: Mapping[str, Any]) -> str:
    """The data as TOML: plain keys first, then tables."""
    return "\n".join(_table(data, ())).strip("\n") + "\n"


def toml_value(value: Any) -> str:
    """One value on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case date():
            return value.isoformat()
        case str():
            # JSON's escapes are TOML's, except DEL, which TOML wants escaped
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            return "{ " + ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
        case _:
            return "[" + ", ".join(toml_value(item) for item in value) + "]"


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    for key, value in data.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {toml_value(value)}"
    for key, value in data.items():
        name = ".".join(_key(part) for part in (*path, key))
        if _is_table(value):
            yield from ("", f"[{name}]")
            yield from _table(value, (*path, key))
        elif _is_tables(value):
            for row in value:
                yield from ("", f"[[{name}]]")
                yield from _table(row, (*path, key))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_value(key)
