"""What a letter says of what could not be looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.cases.letterhead import render_text, show_gaps
from mailsorter.errors import UserError


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
        ({"not-opened": 1}, ["1 mailbox die niet geopend kon worden, met alles wat erin staat"],
         ["1 mailbox that could not be opened, with everything in it"]),
        ({"not-opened": 2}, ["2 mailboxen die niet geopend konden worden, met alles wat erin staat"],
         ["2 mailboxes that could not be opened, with everything in them"]),
    ],
    ids=["counted", "met twice", "unknown number", "several of a kind", "archives", "a mailbox", "mailboxes"],
)  # fmt: skip
def test_a_line_a_kind_with_the_number_where_it_is_known(counts: dict[str, int], nl: list[str], en: list[str]) -> None:
    assert (show_gaps(counts, "nl"), show_gaps(counts, "en")) == (nl, en)


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}", "{% if %}", "{{ told + 1 }}", "{{ case | day }}", "{{ 1 // 0 }}", "{{ case['x'].y }}",
        "{% include 'nl/_none.txt.j2' %}", "{{ case.__class__.__mro__ }}", "Geachte Andr\xe9", "", " \n",
    ],
)  # fmt: skip
def test_a_template_of_the_firm_s_that_cannot_be_used_names_itself(tmp_path: Path, template: str) -> None:
    """A word that is not there, an expression that fails, Latin-1, nothing at all: never a traceback or no letter."""
    (tmp_path / "nl").mkdir()
    (tmp_path / "nl" / "done.txt.j2").write_bytes(template.encode("latin-1"))
    with pytest.raises(UserError, match=r"nl/done\.txt\.j2 cannot be used"):
        render_text("done", "nl", {"case": "2026-0001", "told": []}, tmp_path)
