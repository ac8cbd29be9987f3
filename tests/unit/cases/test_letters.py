"""Every letter in both languages with nothing, one and many of everything: read the golden files when one changes."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.letterhead import LANGUAGES, Tally, render_text, show_depth, show_gaps, show_told
from mailsorter.cases.written import ANSWERS
from mailsorter.errors import UserError
from mailsorter.model.coverage import Depth
from mailsorter.model.ground import BUSINESS_RECORDS

GOLDEN = Path(__file__).with_name("letters")
COUNTS = {"none": 0, "one": 1, "many": 3}
DEPTHS_READ = {0: Depth.EVERYTHING, 1: Depth.HEADERS, 2: Depth.INDEXED, 3: Depth.BODIES}
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
    found = 4 * count + 7 * rest
    reason = "uw verzoek betreft veel berichten" if language == "nl" else "your request concerns many messages"
    return {
        "case": "2026-0001", "reference": "[MS-2026-0001-k7qd]", "received_on": date(2026, 11, 20),
        "written_on": date(2026, 11, 23), "answer_on": date(2026, 12, 21), "salutation": "Piet de Vries",
        "firm": "Onze Firma B.V.", "contact": "privacy@firm.example", "reason": reason,
        "code": "ABCD-EFGH" * bool(count),
        "code_until": date(2026, 12, 4), "answers": True,  # by kind: see `letter`
        "backup_days": count or None, "correspondence_until": date(2031, 11, 19), "objects": count > 0,
        "told": ["accountant@elders.example"] * (count > 1),
        "is_client": False,
        "told_kinds": show_told(["clients", "others"][: count if count < 3 else 2], language),
        "counts": {"found": found, "erased": 2 * count, "gone": count, "not_theirs": count, "correspondence": count},
        "searched": {
            "all": count != 1, "mailboxes": max(1, count),
            "depth": show_depth(DEPTHS_READ[count], language, has_gaps=bool(count)),
        },
        "kept": kept, "kept_by_law": bool(kept), "kept_by_duty": bool(kept), "kept_by_claim": count > 1 and bool(kept),
        "kept_by_need": bool(kept),
        "retained": {"count": count, "until": date(2026, 12, 23)} if count else None,
        "held": rest, "changed": rest, "failed": rest, "to_look_for": rest, "other": 3 * rest, "unread": rest,
        "not_seen": show_gaps(
            {r: Tally(count, count) for r in ("encrypted", "text-by-index-only", "left-out", "")} if count else {},
            language,
        ),
    }  # fmt: skip


def letter(kind: str, language: str, count: int, *, is_client: bool = False) -> str:
    data = words(language, count, is_done=kind == "done") | {"answers": kind in list(ANSWERS), "is_client": is_client}
    if kind == "extension":
        data["answer_on"] = date(2027, 2, 22)  # three months end on a Saturday
    if is_client:  # which made no request, and objects to nothing
        reason = "het gaat om veel berichten" if language == "nl" else "there are many messages"
        data |= {"objects": False, "reason": reason}
    return render_text(kind, language, data, None)


@pytest.mark.parametrize("counted", COUNTS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_as_people_read_it(kind: str, language: str, counted: str) -> None:
    """MAILSORTER_UPDATE_GOLDEN=1 writes the files anew."""
    assert_golden(f"{language}-{kind}-{counted}.txt", letter(kind, language, COUNTS[counted]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_leaves_is_told_of_the_promise(kind: str, language: str) -> None:
    """A company is no data subject: no article of the GDPR, but the remedies of those who are natural persons."""
    text = letter(kind, language, 3, is_client=True)
    assert_golden(f"{language}-client-{kind}.txt", text)
    before, _, remedies = text.partition("natuurlijke persoon" if language == "nl" else "natural person")
    assert not re.search("AVG|GDPR|verzoek|request", before), before
    assert bool(remedies) == (kind != "identify")
    assert ("UAVG" in remedies) == (kind in list(ANSWERS))
    assert ("AWR" in text) == (kind == "partly")


@pytest.mark.parametrize("language", LANGUAGES)
def test_recipients_are_told_of_no_erasure_where_nothing_was_erased(language: str) -> None:
    data = words(language, 3, is_done=False)
    nothing = data | {"counts": data["counts"] | {"erased": 0, "gone": 0}, "retained": None}
    article = {"nl": "artikel 19 AVG", "en": "Article 19 GDPR"}[language]
    assert article in render_text("partly", language, data, None)
    text = render_text("partly", language, nothing, None)
    assert "accountant@elders.example" in text
    assert article not in text


def assert_golden(name: str, text: str) -> None:
    """Compare with the file of that name; MAILSORTER_UPDATE_GOLDEN=1 writes it anew, to be read in review."""
    path = GOLDEN / name
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
    cited = {
        "en": ("17(3)(b)", "17(3)(e)", "17(1)(a)", "5(2)"),
        "nl": ("17, derde lid, onder b, AVG", "17, derde lid, onder e, AVG", "17, eerste lid, onder a, AVG",
               "5, tweede lid, en artikel 17"),
    }[language]  # fmt: skip
    for needed in (*cited, "2033", "Autoriteit Persoonsgegevens", "UAVG", " 21 "):
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


@pytest.mark.parametrize("count", COUNTS.values())
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_mixes_languages_or_calls_the_day_of_receipt_that_of_the_request(
    kind: str, language: str, count: int
) -> None:
    """The regulation is AVG in Dutch and GDPR in English, articles are spelled as the language has them; nobody knows
    of which day the request is."""
    text = letter(kind, language, count)
    wrong = {"nl": r"\bGDPR\b|\bArticle\b|\(\d\)\(", "en": r"\bAVG\b|artikel|\blid\b"}[language]
    assert not re.search(wrong, text), text
    received = {"nl": "ontvangen op 20 november 2026", "en": "received on 20 November 2026"}[language]
    assert received in text.splitlines()[0]
    assert not re.search(r"(?:verzoek|request|gegevenswissing|erasure) (?:van|of) \d", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_term_of_backups_is_told_only_where_the_firm_said_one(language: str) -> None:
    data = words(language, 3, is_done=True)
    told = {days: render_text("done", language, data | {"backup_days": days}, None) for days in (None, 1, 30)}
    number = {"nl": r"uiterlijk (\d+) (dag|dagen) na de wissing", "en": r"at the latest (\d+) (day|days) after"}[
        language
    ]
    assert not re.search(number, told[None])
    assert re.search({"nl": "reservekopie", "en": "backup"}[language], told[None])
    assert [re.search(number, told[n])[2] for n in (1, 30)] == (  # type: ignore[index]
        ["dag", "dagen"] if language == "nl" else ["day", "days"]
    )
    nothing = words(language, 0, is_done=True)
    assert not re.search("reservekopie|backup", render_text("done", language, nothing, None))


def test_a_template_of_the_firm_s_cannot_tell_a_term_that_nobody_said(tmp_path: Path) -> None:
    (tmp_path / "nl").mkdir()
    (tmp_path / "nl" / "done.txt.j2").write_text('binnen {{ backup_days|count("dag", "dagen") }}')
    assert render_text("done", "nl", {"backup_days": 30}, tmp_path) == "binnen 30 dagen\n"
    with pytest.raises(UserError, match="backup_horizon"):
        render_text("done", "nl", {"backup_days": None}, tmp_path)


def test_nothing_found_claims_nothing_done() -> None:
    for language in LANGUAGES:
        assert not re.search("Dat hebben wij|We have done so", letter("done", language, 0))
