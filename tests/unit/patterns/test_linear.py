"""What a pattern means, and what it must never do: raise for a text, or show a name."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.patterns import (
    AFTER_WORD,
    BEFORE_WORD,
    AnyOf,
    Cap,
    LettersAlone,
    WordFinder,
    before_token,
    before_word,
    compatible,
    digits_of,
    encodable,
    escaped,
    normalized,
    of_data,
    only_words,
    without_accents,
)
from mailsorter.patterns.linear import TABLE, compiled

ALL = "".join(chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(r"\w", r"\w"), (r"\d", r"\d"), (r"\s", r"\s"), (r"[^\w]", r"\W"), (r"[^\s.]", r"[^\s.]")]
)
def test_classes_mean_what_re_means(ours: str, theirs: str) -> None:
    """Of every character that this Python's Unicode knows; RE2's may be newer or older."""
    known = "".join(c for c in ALL if unicodedata.category(c) != "Cn")
    differing = set(of_data("t", ours).findall(known)) ^ set(re.findall(theirs, known))
    assert len(differing) < 10_000
    assert all(unicodedata.category(c)[0] in "LNM" and ord(c) > 0x800 for c in differing) or not differing


@pytest.mark.parametrize("source", [r"\bword", r"word\b", r"\B", r"\W", r"[^\W_]", r"\S", r"\D", r"x\Z"])
def test_what_would_mean_something_else_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="means ASCII in RE2"):
        of_data("t", source)


@pytest.mark.parametrize("source", [r"(?=x)", r"(?<!x)y", r"(x)\1", "x{1,5000}", "((x{1,900}){1,900}){9}", "(", "[a"])
def test_what_is_not_linear_or_too_large_is_refused_without_its_text(
    source: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"^The pattern jan-jansen-t cannot be compiled\.$") as refused:
        of_data("jan-jansen-t", "Jan Jansen" + source)
    assert refused.value.__cause__ is None
    assert capfd.readouterr() == ("", "")


def test_a_name_is_taken_once() -> None:
    taken = next(iter(TABLE))
    with pytest.raises(ValueError, match="Two patterns"):
        compiled(taken, "x")


@pytest.mark.parametrize("text", ["jan\ud800 x", "\udfff", "x\ud83d"])
def test_a_lone_surrogate_is_a_character_like_any_other(text: str) -> None:
    pattern = of_data("t", r"([^\s]+)\s?(x?)")
    assert pattern.found_in(text)
    assert pattern.begins(text)
    hit = pattern.search(text)
    assert hit is not None
    assert "?" in hit[0] or "x" in hit[0]
    assert len(pattern.sub("-", text)) <= len(text)
    assert AnyOf(pattern).which(text) == (pattern,)


@given(st.text(), st.text(alphabet="ab.+?'é\ud800 ", min_size=1))
def test_an_escaped_text_finds_itself_and_nothing_else(before: str, text: str) -> None:
    pattern = of_data("t", escaped(text))
    assert pattern.found_in(before + text)
    hit = pattern.search(before + text)
    assert hit is not None
    assert hit[0] == text.encode("utf-8", "replace").decode()


@given(st.text(alphabet="ab -_é1.\n"))
def test_word_edges_are_those_of_re(text: str) -> None:
    ours = of_data("t", f"{BEFORE_WORD}a{AFTER_WORD}")
    assert ours.found_in(text) is bool(re.search(r"\ba\b", text))


@given(st.text(alphabet="aé中b.,  \U0001f600"))
def test_hits_are_where_re_finds_them(text: str) -> None:
    ours, theirs = of_data("t", r"[ab中]+(\.?)"), re.compile(r"[ab中]+(\.?)")
    found = [(hit[0], hit.groups(), hit.start(), hit.end(), hit.start(1)) for hit in ours.finditer(text)]
    assert found == [(m[0], m.groups(), m.start(), m.end(), m.start(1)) for m in theirs.finditer(text)]
    assert ours.findall(text) == theirs.findall(text)
    assert ours.sub(r"\1-", text) == theirs.sub(lambda _: r"\1-", text)


@given(st.text(alphabet="abé1_-'’ .²", max_size=30))
def test_words_are_those_of_re(text: str) -> None:
    assert list(WordFinder("'’").words(text)) == re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text)


MARKS = st.text(alphabet="a\u0301\u0323\u0345\u0308\u0344\u0f73\u0f71\ufe0f\u0903e\ufdfaé\u1100\u1161", max_size=200)


@given(MARKS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normalising_gives_what_unicode_gives(text: str, form: str) -> None:
    assert normalized(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_a_long_run_of_marks_is_in_order_before_python_sorts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python inserts each mark in its place: what it is given must need no inserting. Counted, not timed."""
    given_to_python: list[str] = []
    real = unicodedata.normalize

    def watched(form: Literal["NFD"], text: str) -> str:
        given_to_python.append(text)
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", watched)
    assert len(normalized("NFD", "e" + "\u0301\u0323" * 5_000)) == 10_001
    inversions = 0
    for text in given_to_python:
        classes = [unicodedata.combining(c) for c in text]
        inversions += sum(one > following > 0 for one, following in itertools.pairwise(classes))
    assert inversions == 0


@given(st.text(), st.integers(0, 40))
def test_a_cut_never_splits_a_word_or_token(text: str, cap: int) -> None:
    for cut, is_edge in ((before_word, lambda c: not (c.isalnum() or c == "_")), (before_token, str.isspace)):
        head = cut(text, cap)
        assert text.startswith(head)
        assert len(head) <= max(cap, 0)
        if head != text and head:
            assert is_edge(head[-1]) or is_edge(text[len(head)])


@given(MARKS | st.text())
def test_accents_go_and_nothing_else(text: str) -> None:
    apart = unicodedata.normalize("NFKD", text.replace("\ufdfa", " ").replace("\ufdfb", " "))
    assert without_accents(text) == "".join(c for c in apart if not unicodedata.combining(c))


@given(MARKS | st.text() | st.text(alphabet="øéßÅ\u0301a"))
def test_letters_alone_is_accents_then_letters(text: str) -> None:
    letters = str.maketrans({"ø": "oe", "ß": "ss", "x": "y"})
    assert LettersAlone(letters).of(text) == without_accents(text).translate(letters)


@given(MARKS | st.text())
def test_compatible_is_nfkc_but_for_two_phrases(text: str) -> None:
    assert compatible(text) == unicodedata.normalize("NFKC", text.replace("\ufdfa", " ").replace("\ufdfb", " "))
    assert compatible("a\ufdfab\ufdfbc") == "a b c"


@given(st.text())
def test_only_words_keeps_letters_digits_and_joiners(text: str) -> None:
    assert only_words(text, "'") == "".join(c if c.isalnum() or c == "'" else " " for c in text)


@given(st.text(alphabet="aé\ud800\udfff\U0001f600"))
def test_what_no_encoding_has_becomes_a_question_mark(text: str) -> None:
    assert encodable(text) == "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)


def test_digits_are_those_of_re() -> None:
    assert digits_of(ALL) == re.sub(r"\D", "", ALL)


def test_caps_are_whole_numbers() -> None:
    assert all(isinstance(value, int) for name, value in vars(Cap).items() if name.isupper())
