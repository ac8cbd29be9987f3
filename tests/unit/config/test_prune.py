"""Taking wrong values out costs as much as there are of them, however long the lists are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailsorter.config.prune import Pruned


class Rows(list[Any]):
    """A list that counts how often it is walked through."""

    walks = 0

    def __iter__(self) -> Iterator[Any]:
        self.walks += 1
        return super().__iter__()


def test_a_value_is_found_in_a_list_without_walking_through_it() -> None:
    """Thousands of tables with a value missing in each took quadratic time."""
    pruned = Pruned({"mailbox": Rows({"address": f"a{n}"} if n % 2 else {} for n in range(100))})
    rows = pruned.data["mailbox"]
    rows.walks = 0
    pruned.take_out(("mailbox", n, "connector") for n in range(2, 100, 2))
    assert rows.walks == 0
    assert [row for n, row in enumerate(rows) if n] == [{"address": f"a{n}"} for n in range(1, 100, 2)]


def test_a_place_that_is_not_there_takes_out_what_is_around_it() -> None:
    """A missing key its table, a number beyond the list the list, a name in a list the list."""
    for place in (("a", 0, "b"), ("a", 5), ("a", "b"), ("a", 0, "c", "d")):
        pruned = Pruned({"a": [{"c": 1}], "e": 1})
        pruned.take_out([place])
        assert pruned.data["e"] == 1
        assert pruned.data.get("a", []) == [] or pruned.data["a"] == [{}]
