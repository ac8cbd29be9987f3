"""Domains in ASCII: the short way gives what the library gives, for every letter and for what is no domain."""

from __future__ import annotations

import unicodedata

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.model.domain_name import in_ascii

LETTERS = [chr(code) for code in range(0x80, 0x3000) if unicodedata.category(chr(code))[0] in "LMNP"]
PIECES = (
    *("b\u00fc", "example", "a_b", "xn--bcher-kva", "xn--zz", "-a", "a-", "ab--c", "\ufb00", "\u3002", "\u00df", ""),
    *("\u00f1" * 40, "a" * 64, "\u65e5\u672c", "\u05e2\u05d1", "1", "\u05d01", ".", "\u2167", "\u200d", "x\u0301"),
)


def by_the_library(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain


def test_every_letter() -> None:
    domains = [form.format(letter) for letter in LETTERS for form in ("a{}.example", "{0}{0}1.nl")]
    differing = [d for d in domains if not d.isascii() and in_ascii(d.lower()) != by_the_library(d.lower())]
    assert differing == []


@given(st.lists(st.sampled_from(PIECES), max_size=5).map(".".join) | st.text(st.sampled_from(LETTERS), max_size=12))
def test_what_may_be_none(domain: str) -> None:
    assert domain.isascii() or in_ascii(domain) == by_the_library(domain)


@pytest.mark.parametrize(
    ("domain", "ascii_"),
    [("b\u00fccher.example", "xn--bcher-kva.example"), ("stra\u00dfe.example", "xn--strae-oqa.example")],
)
def test_examples(domain: str, ascii_: str) -> None:
    assert in_ascii(domain) == ascii_
