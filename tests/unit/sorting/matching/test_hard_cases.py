"""Hand-made Dutch and English hard cases: never a wrong client, and exactly the expected verdict."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from mailsorter.model.match import Match, Outcome
from mailsorter.sorting.matching import MatchBook

from .hard_cases.load import TRAPS, Case, load_book, load_cases

CASES = load_cases()
PAGE = Path(__file__).parents[4] / "docs" / "hard-cases.md"


@pytest.fixture(scope="module")
def hard_book() -> MatchBook:
    return load_book()


def verdict(found: Match) -> str:
    return found.clients[0] if found.outcome is Outcome.FILED_TO else str(found.outcome)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.theme}-{case.number}: {case.why}")
def test_the_verdict_is_the_expected_one(case: Case, hard_book: MatchBook) -> None:
    found = case.decide(hard_book)
    assert verdict(found) == case.expected, case.why
    if "labels" in case.row:
        assert list(found.labels) == case.row["labels"]


def test_no_case_goes_to_a_wrong_client(hard_book: MatchBook) -> None:
    filed = [(case, case.decide(hard_book)) for case in CASES]
    wrong = [
        (case.theme, case.number)
        for case, found in filed
        if found.outcome is Outcome.FILED_TO and found.clients != (case.right,)
    ]
    assert wrong == []


def test_there_are_at_least_three_hundred_each_with_its_reason() -> None:
    assert len(CASES) >= 300
    assert all(case.why for case in CASES)
    repeated = [case for case, count in Counter((c.theme, c.message, repr(c.row)) for c in CASES).items() if count > 1]
    assert repeated == []


def test_traps_are_in_three_languages_and_each_disagreement_is_argued() -> None:
    traps = [case for case in CASES if case.theme in TRAPS]
    by_language = Counter(case.row["lang"] for case in traps)
    assert len(traps) >= 250
    assert set(by_language) == {"nl", "en", "de"}
    assert min(by_language.values()) >= 80
    for case in traps:
        assert ("argued" in case.row) == (case.expected != (case.right or case.expected)), case.why


def test_the_table_for_people_is_what_the_cases_say(hard_book: MatchBook) -> None:
    """With MAILSORTER_UPDATE=1 docs/hard-cases.md is written anew."""
    if os.environ.get("MAILSORTER_UPDATE"):
        PAGE.write_text(page(hard_book), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(hard_book)


def page(book: MatchBook) -> str:
    rows = [
        "# Hard cases\n",
        "Made by hand, all people and firms invented; the messages stand in `tests/unit/sorting/matching/hard_cases/`.",
        "*Right* is whose mail it truly is (– where nobody's or undecidable); *verdict* is what mailsorter does.\n",
        "| case | why it is hard | right | verdict | decided by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        found = case.decide(book)
        decided_by = ", ".join(dict.fromkeys(e.kind.code for e in found.decisive)) or str(found.reason)
        why = case.why.replace("|", "\\|")
        rows.append(f"| {case.theme} {case.number} | {why} | {case.right or '–'} | {verdict(found)} | {decided_by} |")
    rows.append("\n## Where a careful secretary would do otherwise\n")
    argued = {case.row["argued"]: case for case in CASES if "argued" in case.row}
    rows += [f"- *{case.why.partition(': ')[2]}* ({case.theme} {case.number}). {why}" for why, case in argued.items()]
    return "\n".join(rows) + "\n"
