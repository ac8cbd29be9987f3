"""Walking over the schema's own structure: which tables lie in which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from mailsorter.config.problem import Where


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that a key of this type holds, directly or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from tables_in(inner)


def known_keys(model: type[BaseModel], at: Where = ()) -> dict[Where, tuple[str, ...]]:
    """The keys that each table knows, by the table's place without indexes."""
    known: dict[Where, tuple[str, ...]] = {at: tuple(info.alias or name for name, info in model.model_fields.items())}
    for name, info in model.model_fields.items():
        for table in tables_in(info.annotation):
            known |= known_keys(table, (*at, info.alias or name))
    return known
