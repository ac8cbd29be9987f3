"""What an import would add, change and remove; hand-made entries stay out of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailsorter.config.book_schema import ClientEntry

Change = tuple[Any, Any]
"""Before, after."""


@dataclass(frozen=True, slots=True)
class BookDiff:
    """The difference between the last import and this one, and the book that it makes."""

    added: tuple[ClientEntry, ...]
    changed: Mapping[str, Mapping[str, Change]]  # client id: key: before, after
    removed: tuple[ClientEntry, ...]
    by_hand: tuple[ClientEntry, ...]  # in the export, but kept as a person wrote them in another book
    result: tuple[ClientEntry, ...]

    @property
    def is_empty(self) -> bool:
        """Would the import change nothing?"""
        return not (self.added or self.changed or self.removed)


def compare(before: Iterable[ClientEntry], after: Iterable[ClientEntry], by_hand: Collection[str]) -> BookDiff:
    """Compare by id. `by_hand`: the ids, in lower case, of clients that other books hold."""
    old = {entry.id: entry for entry in before}
    incoming = list(after)
    new = {entry.id: entry for entry in incoming if entry.id.casefold() not in by_hand}
    changes = {key: change for key, entry in new.items() if key in old and (change := _changes(old[key], entry))}
    return BookDiff(
        added=tuple(entry for key, entry in new.items() if key not in old),
        changed=changes,
        removed=tuple(entry for key, entry in old.items() if key not in new),
        by_hand=tuple(entry for entry in incoming if entry.id.casefold() in by_hand),
        result=tuple(sorted(new.values(), key=lambda entry: (entry.name.casefold(), entry.id))),
    )


def _changes(before: ClientEntry, after: ClientEntry) -> dict[str, Change]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {key: (old[key], new[key]) for key in new if _sorted(old[key]) != _sorted(new[key])}


def _sorted(value: Any) -> Any:
    """The order of addresses and domains means nothing."""
    return sorted(value, key=repr) if isinstance(value, list) else value
