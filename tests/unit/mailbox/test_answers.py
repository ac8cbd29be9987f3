"""The direct parent is the last msg-id, whatever order the headers have."""

from __future__ import annotations

import pytest

from mailsorter.mailbox.answers import parent_last


@pytest.mark.parametrize(
    ("named", "parent_at_the_end"),
    [
        ([], ()),
        (["<a>"], ("<a>",)),
        (["<a>", "<b>", "<b>"], ("<a>", "<b>")),  # In-Reply-To repeats the last of References
        (["<a>", "<b>", "<c>", "<b>"], ("<a>", "<c>", "<b>")),  # and an older one
        (["<a>", "<b>", "<x>"], ("<a>", "<b>", "<x>")),  # and one that References leave out
    ],
)
def test_the_parent_is_last(named: list[str], parent_at_the_end: tuple[str, ...]) -> None:
    assert parent_last(named) == parent_at_the_end
