"""Every letter in both languages with nothing, one and many of everything: read the golden files when one changes."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.letterhead import LANGUAGES, render_text, show_gaps, show_told
from mailsorter.model.ground import BUSINESS_RECORDS

GOLDEN = Path(__file__).with_name("letters")
COUNTS = {"none": 0, "one": 1, "many": 3}
KINDS = ("done", "partly", "extension", "identify", "refusal")


def words(language: str, count: int, *, is_done: bool) -> dict[str, Any]:
    """What a case gives its letter, with so many in each bucket that the kind of letter can have."""
    rest = 0 if is_done else count
    bases = [("legal-duty", "", "AVG art. 17(3)(b), AWR art. 52(4)"), ("legal-claim", "", "GDPR art. 17(3)(e)"),
             ("still-necessary", BUSINESS_RECORDS, "GDPR art. 17(1)(a)")]  # fmt: skip
    kept = [
        {"until": date(2033, 12, 31), "basis": basis, "article": article, "purpose": purpose, "count": rest}
        for basis, purpose, article in bases
        if rest
    ]
    found = 4 * count + 5 * rest
    reason = "uw verzoek betreft veel berichten" if language == "nl" else "your request concerns many messages"
    return {
        "case": "2026-0001", "reference": "[MS-2026-0001-k7qd]", "received_on": date(2026, 11, 20),
        "written_on": date(2026, 11, 23), "answer_on": date(2026, 12, 21), "salutation": "Piet de Vries",
        "firm": "Onze Firma B.V.", "contact": "privacy@firm.example", "reason": reason,
        "code": "ABCD-EFGH" * bool(count),
        "backup_days": max(1, count), "correspondence_until": date(2031, 11, 19), "objects": count > 0,
        "told": ["accountant@elders.example"] * (count > 1),
        "told_kinds": show_told(["clients", "others"][: count if count < 3 else 2], language),
        "counts": {"found": found, "erased": 2 * count, "gone": count, "not_theirs": count, "correspondence": count},
        "searched": {"all": count != 1, "mailboxes": max(1, count)},
        "kept": kept, "kept_by_law": bool(kept), "kept_by_need": bool(kept),
        "retained": {"count": count, "until": date(2026, 12, 23)} if count else None,
        "held": rest, "other": rest, "unread": rest,
        "not_seen": show_gaps({"encrypted": count, "text-by-index-only": count} if count else {}, language),
    }  # fmt: skip


def letter(kind: str, language: str, count: int) -> str:
    return render_text(kind, language, words(language, count, is_done=kind == "done"), None)


@pytest.mark.parametrize("counted", COUNTS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_as_people_read_it(kind: str, language: str, counted: str) -> None:
    """MAILSORTER_UPDATE_GOLDEN=1 writes the files anew."""
    text = letter(kind, language, COUNTS[counted])
    path = GOLDEN / f"{language}-{kind}-{counted}.txt"
    if os.environ.get("MAILSORTER_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("count", COUNTS.values())
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["done", "partly"])
def test_the_lines_add_up(kind: str, language: str, count: int) -> None:
    """Every finding is on exactly one line."""
    text = letter(kind, language, count)
    listed = re.search(r":\n\n((?:- .*\n)+)", text)
    lines = re.findall(r"(?m)^- (\d+) ", listed[1]) if listed else []
    assert sum(map(int, lines)) == words(language, count, is_done=kind == "done")["counts"]["found"]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_partial_answer_is_whole(language: str, count: int) -> None:
    """Ground, date, complaint and court; the remedies before the signature; a setting is never called a duty."""
    text = letter("partly", language, count)
    for needed in ("17(3)(b)", "17(3)(e)", "17(1)(a)", "2033", "Autoriteit Persoonsgegevens", "35 UAVG", " 21 "):
        assert needed in text, needed
    assert text.index("UAVG") < text.index("Onze Firma B.V.")
    assert "bewaarplicht" not in text
    held = next(line for line in text.splitlines() if "technische" in line or "technical" in line)
    assert re.search("geen wettelijke grond|no legal ground", held)
    assert ("GDPR" in text) == (language == "en")


def test_recipients_are_told_only_when_they_are_asked_for() -> None:
    """Their categories otherwise (art. 19)."""
    for language in LANGUAGES:
        data = words(language, 3, is_done=True)
        assert "accountant@elders.example" in render_text("done", language, data, None)
        assert "@elders.example" not in render_text("done", language, data | {"told": []}, None)


def test_nothing_found_claims_nothing_done() -> None:
    for language in LANGUAGES:
        assert not re.search("Dat hebben wij|We have done so", letter("done", language, 0))
