"""Codes and phrases in short texts: word boundaries, case, and longest first."""

import pytest

from mailsorter.sorting.matching.phrases import PhraseIndex

CODES = ["ACM-24", "ACM-24/2", "[ZX]", "2024-01", "24017", "Brug 9", "ÉLAN", "P.24"]
FOUND = [
    ("ACM-24", ["ACM-24"], "the code alone"),
    ("re: acm-24", ["ACM-24"], "any case"),
    ("[ACM-24] offerte", ["ACM-24"], "in brackets"),
    ("(ACM-24)", ["ACM-24"], "in round brackets"),
    ("offerte/ACM-24/v2", ["ACM-24"], "between slashes"),
    ("ACM-24/2026", ["ACM-24"], "a slash and a year behind a code with letters"),
    ("ACM-24/2", ["ACM-24/2"], "the longer code, not the shorter one inside it"),
    ("ACM-24_offerte.pdf", ["ACM-24"], "an underscore, as in file names"),
    ("ACM-24-offerte.pdf", ["ACM-24"], "a dash, as in file names"),
    ("Voortgang ACM-24.", ["ACM-24"], "the end of a sentence"),
    ("ACM-245", [], "a longer number"),
    ("XACM-24", [], "inside a word"),
    ("ACM-24b", [], "a letter behind"),
    ("ACM‑24", ["ACM-24"], "a non-breaking hyphen"),
    ("ACM–24", ["ACM-24"], "an en dash"),
    ("ＡＣＭ-24", ["ACM-24"], "full-width letters"),
    ("[zx] vraag", ["[ZX]"], "brackets that belong to the code"),
    ("a[zx]b", ["[ZX]"], "a bracket is a boundary itself"),
    ("2024-01", ["2024-01"], "a code of digits alone"),
    ("2024-01-15", [], "part of a date"),
    ("12-2024-01", [], "part of a longer number"),
    ("factuur 24017", ["24017"], "digits"),
    ("€ 24017,50", [], "an amount"),
    ("124017", [], "inside a number"),
    ("brug 9 en ACM-24", ["Brug 9", "ACM-24"], "two codes, in order"),
    ("élan 2", ["ÉLAN"], "accents"),
    ("e\u0301lan 2", ["ÉLAN"], "accents, decomposed"),
    ("P.24", ["P.24"], "a dot inside"),
    ("P.24.", ["P.24"], "a dot behind"),
    ("", [], "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "case"), FOUND)
def test_codes_stand_alone(text: str, expected: list[str], case: str) -> None:
    assert list(PhraseIndex((code, code) for code in CODES).find(text)) == expected, case


def test_a_phrase_of_two_owners_names_both() -> None:
    assert list(PhraseIndex([("X-1", "a"), ("x-1", "b"), ("X-1", "a")]).find("x-1")) == ["a", "b"]


def test_blank_phrases_are_left_out_and_an_empty_index_finds_nothing() -> None:
    index = PhraseIndex([("", 1), ("  ", 2)])
    assert (len(index), list(index.find("anything"))) == (0, [])


@pytest.mark.parametrize("text", ["ACM-24 \ud800", "\udfff ACM-24"])
def test_a_lone_surrogate_stops_nothing(text):
    """The automaton reads UTF-8, which has none; it raised for a subject that anybody can send."""
    assert list(PhraseIndex((code, code) for code in CODES).find(text)) == ["ACM-24"]


def test_a_phrase_near_the_cut_of_a_long_text_does_not_count():
    """What was cut off may be the rest of a longer code, of a word or of a date."""
    index = PhraseIndex((code, code) for code in (*CODES, "ACM-24 deel 2"))
    assert list(index.find("ACM-24 " + "x " * 1_000)) == ["ACM-24"]
    for behind in ("5", "/2", " deel 2", "-01"):
        for fill in range(960, 1_001):
            found = list(index.find("." * (fill - 1) + " ACM-24" + behind + " x" * 50))
            assert set(found) <= {"ACM-24", "ACM-24/2", "ACM-24 deel 2"}
            whole = list(index.find(" ACM-24" + behind + " x"))
            assert found in ([], whole), (behind, fill)
