"""Every code explains itself, in the program and in the docs alike."""

import os
from pathlib import Path

import pytest

from mailsorter.model import explanations
from mailsorter.model.basis import ASSUMED
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.labels import DEFAULT_LABEL_RULES, Label, home_of_label
from mailsorter.model.match import Match, Outcome, Reason

PAGE = Path(__file__).parents[3] / "docs" / "evidence.md"


def test_every_code_has_a_paragraph() -> None:
    every = [kind.code for kind in EvidenceKind] + [str(word) for table in (Outcome, Reason, Label) for word in table]
    assert [code for code in every if not explanations.explain(code)] == []


def test_every_row_of_the_page_is_marked_known_or_assumed() -> None:
    """And what is assumed is assumed of a code that there is."""
    rows = explanations.page().split("\n### ")[1:]
    ends = [row.split("\n\n")[1].rstrip() for row in rows]
    assert [
        row for row, end in zip(rows, ends, strict=True) if not (end.endswith(" Known.") or " Assumed: " in end)
    ] == []
    assert set(ASSUMED) <= set(explanations.codes())


def test_a_word_that_is_several_things_gets_all_its_paragraphs() -> None:
    assert (explanations.explain(" Rule ") or "").count("\n\n") == 1


def test_an_unknown_code_is_none() -> None:
    assert explanations.explain("vibes") is None


def test_the_docs_page_is_what_the_program_says() -> None:
    """With MAILSORTER_UPDATE=1 the page is written anew."""
    if os.environ.get("MAILSORTER_UPDATE"):
        PAGE.write_text(explanations.page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == explanations.page()


def test_the_ledgers_numbers_never_change_their_meaning() -> None:
    assert {kind.code: kind.value for kind in EvidenceKind} == {
        "correction": 10, "rule": 20, "address": 30, "code": 40, "attachment": 41, "domain": 50, "thread": 60,
        "forwarded": 70, "calendar": 71, "attached-message": 72, "bounce": 80, "form": 81, "on-behalf": 82,
        "prediction": 90,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("match", "home"),
    [
        (Match(Outcome.UNMATCHED, labels=("newsletter", "applicant")), "Applicants"),
        (Match(Outcome.INTERNAL, labels=("applicant",)), "Applicants"),
        (Match(Outcome.FILED_TO, ("acme",), labels=("applicant",)), None),
        (Match(Outcome.AMBIGUOUS, ("acme", "bolt"), labels=("applicant",)), None),
        (Match(Outcome.UNMATCHED, labels=("newsletter",)), None),
    ],
)
def test_a_label_gives_a_home_only_where_no_evidence_decides(match: Match, home: str | None) -> None:
    assert home_of_label(match, {"applicant": "Applicants"}) == home


def test_default_rules_only_label_and_have_ids_of_their_own() -> None:
    assert {rule.action for rule in DEFAULT_LABEL_RULES} == {"label"}
    assert len({rule.id for rule in DEFAULT_LABEL_RULES}) == len(DEFAULT_LABEL_RULES)
