"""What a letter says of what could not be looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.cases.letterhead import LANGUAGES, Tally, blocks_of, gap_of, kept_together, render_text, show_gaps
from mailsorter.errors import UserError
from mailsorter.model.coverage import BEYOND_DEPTH, BY_SCOPE, Gap, GapKind


@pytest.mark.parametrize(
    ("tallies", "nl", "en"),
    [
        ({"encrypted": (1, 2)}, ["versleutelde berichten (2)"], ["encrypted messages (2)"]),
        ({"unreadable": (1, 1), "item-not-readable": (1, 0)}, ["berichten die ons mailsysteem niet kon tonen (1)"],
         ["messages that our mail system could not show (1)"]),
        ({"folder-vanished": (1, 0)}, ["een deel van een mailbox dat niet geopend kon worden"],
         ["a part of a mailbox that could not be opened"]),
        ({"NotPermitted": (1, 0), "gone": (1, 3)}, ["2 delen van mailboxen die niet geopend konden worden (3)"],
         ["2 parts of mailboxes that could not be opened (3)"]),
        ({"archive-NotPermitted": (1, 0), "archive-MailboxGone": (1, 0)},
         ["2 archiefmailboxen die niet geopend konden worden"], ["2 archive mailboxes that could not be opened"]),
        ({"not-opened": (1, 0)}, ["1 mailbox die niet geopend kon worden, met alles wat erin staat"],
         ["1 mailbox that could not be opened, with everything in it"]),
        ({"not-opened": (2, 0)}, ["2 mailboxen die niet geopend konden worden, met alles wat erin staat"],
         ["2 mailboxes that could not be opened, with everything in them"]),
        ({"left-out": (2, 0)}, ["2 mailboxen of mappen die wij na afweging buiten het onderzoek hebben gelaten"],
         ["2 mailboxes or folders that we left out of the search after consideration"]),
    ],
    ids=["counted", "met twice", "unknown number", "several of a kind", "archives", "a mailbox", "mailboxes", "left"],
)  # fmt: skip
def test_a_line_a_kind_with_the_number_where_it_is_known(
    tallies: dict[str, tuple[int, int]], nl: list[str], en: list[str]
) -> None:
    counted = {reason: Tally(*tally) for reason, tally in tallies.items()}
    assert (show_gaps(counted, "nl"), show_gaps(counted, "en")) == (nl, en)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", sorted(BEYOND_DEPTH | BY_SCOPE | {"listing-short"}))
def test_what_could_be_opened_is_never_told_as_a_part_that_could_not(reason: str, language: str) -> None:
    """Every reason that lies beyond the depth or follows from the scope has words of its own."""
    (told,) = show_gaps({reason: Tally(1, 1)}, language)
    assert told not in show_gaps({"NotPermitted": Tally(1, 1)}, language)


@pytest.mark.parametrize(
    ("gap", "is_whole", "words"),
    [
        (Gap(mailbox="a", folder="search", reason="Refused", kind=GapKind.UNREAD), False, "search-failed"),
        (Gap(mailbox="a", folder="search", reason="limits", kind=GapKind.BEYOND_DEPTH), False, "limits"),
        (Gap(mailbox="a", reason="NotPermitted", kind=GapKind.UNREAD), True, "not-opened"),
        (Gap(mailbox="a", reason="NotPermitted", kind=GapKind.LEFT_OUT), True, "left-out"),
        (Gap(mailbox="a", reason="excluded", kind=GapKind.LEFT_OUT), True, "excluded"),
        (Gap(mailbox="a", reason="not-searched", kind=GapKind.UNREAD), True, "not-searched"),
        (Gap(mailbox="a", folder="Inbox", reason="http-403", kind=GapKind.UNREAD), False, "http-403"),
    ],
)
def test_a_gap_is_told_for_what_it_means_today(gap: Gap, is_whole: bool, words: str) -> None:
    """Not for the code under which it was recorded: what was refused and then left out is left out."""
    assert gap_of(gap, is_whole_mailbox=is_whole) == words


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("tot en met 3 maart 2026, omdat", "tot en met 3\u00a0maart\u00a02026, omdat"),
        ("until 3 March 2026.", "until 3\u00a0March\u00a02026."),
        ("(artikel 35 UAVG)", "(artikel\u00a035 UAVG)"),
        ("in May we met 7 people", "in May\u00a0we met 7 people"),
        ("", ""),
        ("  twee  blanken ", "  twee  blanken "),
    ],
)
def test_no_line_of_the_pdf_ends_inside_a_date_or_an_article(text: str, kept: str) -> None:
    assert kept_together(text) == kept
    assert kept_together(text).replace("\u00a0", " ") == text


def test_the_subject_of_the_pdf_begins_with_a_capital() -> None:
    """Without the word that the mail's first line has before it."""
    blocks = blocks_of("Betreft: uw verzoek, zaak 1: vraag\n\nGeachte Piet,\n\n- een\n")
    assert blocks[0] == {"kind": "subject", "text": "Uw verzoek, zaak 1: vraag"}
    assert [one["kind"] for one in blocks] == ["subject", "text", "item"]
