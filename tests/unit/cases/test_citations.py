"""How letters cite the law."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.cases.citations import show_law

TAXES = "of the Dutch General State Taxes Act, AWR"
CODE = "of the Dutch Civil Code, BW"


@pytest.mark.parametrize(
    ("written", "nl", "en"),
    [
        ("AVG art. 17(3)(b), AWR art. 52(4)", "artikel 17, derde lid, onder b, AVG en artikel 52, vierde lid, AWR",
         f"Article 17(3)(b) GDPR and Article 52(4) {TAXES}"),
        ("GDPR art. 5(2), 17(3)(e)", "artikel 5, tweede lid, en artikel 17, derde lid, onder e, AVG",
         "Articles 5(2) and 17(3)(e) GDPR"),
        ("GDPR art. 17(3)(b); BW 2:10, 3:15i; AWR art. 52(4)",
         "artikel 17, derde lid, onder b, AVG; artikelen 2:10 en 3:15i BW; artikel 52, vierde lid, AWR",
         f"Article 17(3)(b) GDPR; Articles 2:10 and 3:15i {CODE}; Article 52(4) {TAXES}"),
        ("artikel 52 lid 4 AWR", "artikel 52, vierde lid, AWR", f"Article 52(4) {TAXES}"),
        ("artikel 17, derde lid, onder b, AVG en artikel 2:10 BW",
         "artikel 17, derde lid, onder b, AVG en artikel 2:10 BW", f"Article 17(3)(b) GDPR and Article 2:10 {CODE}"),
        ("artikel 17 lid 3 sub b AVG", "artikel 17, derde lid, onder b, AVG", "Article 17(3)(b) GDPR"),
        ("GDPR art. 17(1)", "artikel 17, eerste lid, AVG", "Article 17(1) GDPR"),
        ("Wwft art. 33", "artikel 33 Wwft", "Article 33 Wwft"),
        ("art. 5 en 6 AVG", "artikelen 5 en 6 AVG", "Articles 5 and 6 GDPR"),
        ("AWR art. 52(16)", "artikel 52, 16e lid, AWR", f"Article 52(16) {TAXES}"),
    ],
)  # fmt: skip
def test_a_citation_is_spelled_as_the_language_has_it(written: str, nl: str, en: str) -> None:
    """However the config spells it."""
    assert (show_law(written, "nl"), show_law(written, "en")) == (nl, en)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("AVG art. 17(3)(b), AWR art. 52(4)", "artikel 52, vierde lid, AWR"),
        ("GDPR art. 17(3)(e)", ""),
        ("UAVG art. 35", "artikel 35 UAVG"),
        ("een afspraak met de bank", "een afspraak met de bank"),
    ],
)
def test_other_laws_are_cited_alone_where_the_regulation_gives_no_right(written: str, left: str) -> None:
    """For a client, which can be a company."""
    assert show_law(written, "nl", without_gdpr=True) == left


@pytest.mark.parametrize("written", ["een afspraak met de bank", "AVG", "artikel 17", "zie dossier 12, AVG", ""])
def test_what_is_no_citation_stays_as_it_was_written(written: str) -> None:
    assert show_law(written, "nl") == written


def test_the_regulation_has_its_own_name_in_each_language_whatever_is_written_around_it() -> None:
    assert show_law("volgens de AVG en UAVG, zie dossier", "en") == "volgens de GDPR en UAVG, zie dossier"
    assert show_law("under GDPR rules only", "nl") == "under AVG rules only"


@given(st.text(alphabet="AVGBWart. 0123456789()abi,;:en", max_size=40))
def test_no_number_is_lost(written: str) -> None:
    """Whatever the config has, the English citation has its numbers, in their order."""
    assert re.findall(r"\d+", show_law(written, "en")) == re.findall(r"\d+", written)
