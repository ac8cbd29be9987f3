"""How a hostile input is written down: a name, and how it is made at any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PERSON_ADDRESS = "piet@klant.example"
PERSON_NAME = "Piet de Vries"
MARK = f"{PERSON_NAME} {PERSON_ADDRESS}"
"""What finder and witness look for. It stands before and behind what is hostile, where a form allows it."""


@dataclass(frozen=True)
class Hostile:
    """One input. `make` takes a size in characters and gives what the kind's readers take; the same each time.

    `has_size` is False where one size is all there is.
    """

    kind: str
    name: str
    make: Callable[[int], Any]
    has_size: bool = True

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


Text = Callable[[int], str]


def again(unit: str) -> Text:
    """The unit again and again, cut at the size."""
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def numbered(form: str) -> Text:
    """The form with a number that grows, again and again: every piece is another one."""

    def make(size: int) -> str:
        count = size // len(form.format(100_000)) + 1
        return "".join(form.format(100_000 + n) for n in range(count))[:size]

    return make


def inside(opening: str, closing: str) -> Text:
    """Openings, then as many closings: nested as deep as the size allows."""

    def make(size: int) -> str:
        depth = size // (len(opening) + len(closing))
        return opening * depth + closing * depth

    return make


def behind(first: str, rest: Text) -> Text:
    """Something short before what grows."""
    return lambda size: first + rest(max(0, size - len(first)))


def before(rest: Text, last: str) -> Text:
    """Something short behind what grows."""
    return lambda size: rest(max(0, size - len(last))) + last
