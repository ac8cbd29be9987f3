"""Telephone numbers in a text: what a long row of digits costs."""

from __future__ import annotations

import pytest

from mailsorter.model import phone
from mailsorter.model.phone import Phones


class CountedGroups(list[str]):
    """Counts how many groups are taken out of it."""

    taken = 0

    def __getitem__(self, which):  # type: ignore[no-untyped-def]
        got = super().__getitem__(which)
        self.taken += len(got) if isinstance(which, slice) else 1
        return got


def test_a_row_of_groups_is_read_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day, written again and again, is one run of groups. Each is looked at with as many as a number can have."""
    made: list[CountedGroups] = []
    groups = phone._groups

    def counted(run: str) -> list[str]:
        made.append(CountedGroups(groups(run)))
        return made[-1]

    monkeypatch.setattr(phone, "_groups", counted)
    phones = Phones(["06-98765432"])

    for times in (500, 4_000):
        assert not phones.are_in("2024-01-" * times + "1")
    few, many = made
    assert many.taken < 9 * few.taken
    assert phones.are_in("2024-01-" * 500 + "06-98765432")
