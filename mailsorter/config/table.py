"""What every table of the config shares: unknown keys are errors, values never change, and every key is explained."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mailsorter.config.values import one_or_many


class Table(BaseModel):
    """One table of the config."""

    # strict: "1" is no number and 1 is no text, so that a slip is told instead of guessed at
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, validate_default=True)


def key(default: Any = ..., *, about: str, example: Any, alias: str | None = None, **limits: Any) -> Any:
    """One key: its default (none: required), what it is for, and an example; `alias` where its name is Python's own."""
    return Field(default, description=about, examples=[example], alias=alias, **limits)


Item = TypeVar("Item")

Many = Annotated[tuple[Item, ...], Field(strict=False)]
"""A list in brackets."""


def _or_single(schema: dict[str, Any]) -> None:
    """In the JSON Schema: one element may stand for a list of one."""
    items = schema.pop("items")
    schema["anyOf"] = [{"type": schema.pop("type"), "items": items}, items]


OneOrMany = Annotated[tuple[Item, ...], Field(strict=False, json_schema_extra=_or_single), BeforeValidator(one_or_many)]
"""A list in brackets, or a single text that stands for a list of one."""
