"""What a letter says of what could not be looked into."""

from __future__ import annotations

import pytest

from mailsorter.cases.letterhead import show_gaps


@pytest.mark.parametrize(
    ("counts", "nl", "en"),
    [
        ({"encrypted": 2}, ["versleutelde berichten (2)"], ["encrypted messages (2)"]),
        ({"unreadable": 1, "item-not-readable": 0}, ["berichten die Exchange niet kon tonen (1)"],
         ["messages that Exchange could not show (1)"]),
        ({"folder-vanished": 0}, ["een deel van een mailbox dat niet geopend kon worden"],
         ["a part of a mailbox that could not be opened"]),
        ({"NotPermitted": 0, "gone": 3}, ["een deel van een mailbox dat niet geopend kon worden (3)"],
         ["a part of a mailbox that could not be opened (3)"]),
        ({"archive-NotPermitted": 0, "archive-MailboxGone": 0}, ["een archiefmailbox"], ["an archive mailbox"]),
    ],
    ids=["counted", "met twice", "unknown number", "several of a kind", "archives"],
)  # fmt: skip
def test_a_line_a_kind_with_the_number_where_it_is_known(counts: dict[str, int], nl: list[str], en: list[str]) -> None:
    assert (show_gaps(counts, "nl"), show_gaps(counts, "en")) == (nl, en)
