"""How a letter cites the law: `artikel 17, derde lid, onder b, AVG` in Dutch, `Article 17(3)(b) GDPR` in English.

The config and this program write articles in either way (`AVG art. 17(3)(b), AWR art. 52(4)`, `artikel 52 lid 4 AWR`).
What cannot be read as citations is shown as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import NamedTuple

from mailsorter.patterns import Hit, compiled

_ORDINALS = (
    "eerste", "tweede", "derde", "vierde", "vijfde", "zesde", "zevende", "achtste", "negende", "tiende", "elfde",
    "twaalfde", "dertiende", "veertiende", "vijftiende",
)  # fmt: skip
_BETWEEN = compiled("citation.between", r"\s*(?:[,;]|en\s|and\s|j[o°]\.?\s|juncto\s)?\s*")
_ARTICLE = compiled("citation.article", r"(?:artikelen|artikel|articles|article|artt?\.?)\s*")
_PROVISION = compiled(
    "citation.provision",
    r"(\d+(?::\d+)?[a-z]{0,2})"
    rf"(?:\((\d+)\)|,?\s+lid\s+(\d+)|,?\s+({'|'.join(_ORDINALS)})\s+lid)?"
    r"(?:\(([a-z])\)|,?\s+(?:aanhef\s+en\s+)?(?:onder|sub)\s+([a-z]))?",
)
_LAW = compiled("citation.law", r"[A-Z][A-Za-z]{1,19}", ignore_case=False)
_LAWS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "nl": {"GDPR": "AVG"},
        "en": {
            "AVG": "GDPR",
            "AWR": "of the Dutch General State Taxes Act, AWR",
            "BW": "of the Dutch Civil Code, BW",
            "UAVG": "of the Dutch GDPR Implementation Act, UAVG",
        },
    }
)

_GDPR = frozenset({"AVG", "GDPR"})


class _Provision(NamedTuple):
    """One article with its paragraph and letter ("" where there is none)."""

    number: str
    paragraph: str
    letter: str


def show_law(article: str, language: str, *, without_gdpr: bool = False) -> str:
    """The citation as letters of that language write it.

    `without_gdpr`: only the other laws ("" where there are none), for a client, who may be a company and no data
    subject (GDPR art. 1(1), 4(1)). A text that cannot be read as citations is shown as it was written.
    """
    cited = _read(article)
    if cited is None:
        return _with_other_name(article, language)
    if without_gdpr:
        cited = [one for one in cited if one[0] not in _GDPR]
    show = _dutch if language == "nl" else _english
    groups = [
        show([provision for _, provision in some], _LAWS[language].get(law, law))
        for law, some in groupby(cited, key=lambda one: one[0])
    ]
    return (" en " if language == "nl" else " and ").join(groups) if len(groups) < 3 else "; ".join(groups)


def _read(text: str) -> list[tuple[str, _Provision]] | None:
    """Each provision with its law; None where something else is written, too."""
    cited: list[tuple[str, _Provision]] = []
    waiting: list[_Provision] = []
    law, left = "", text.strip()
    is_law_first = _LAW.begins(left) and not _ARTICLE.begins(left)
    while left:
        for pattern in (_BETWEEN, _ARTICLE):
            hit = pattern.match(left)
            left = left[len(hit[0]) :] if hit is not None else left
        hit = _PROVISION.match(left)
        if hit is not None and not left[len(hit[0]) :][:1].isalnum():
            waiting.append(_provision(hit))
        else:
            hit = _LAW.match(left)
            if hit is None or left[len(hit[0]) :][:1].isalnum():
                return None
            law = hit[0]
        left = left[len(hit[0]) :]
        if law and waiting:
            cited += [(law, one) for one in waiting]
            waiting.clear()
            law = law if is_law_first else ""
    return cited if cited and not waiting and (not law or is_law_first) else None


def _provision(hit: Hit) -> _Provision:
    number, paragraph, dutch, ordinal, letter, dutch_letter = (hit[i] or "" for i in range(1, 7))
    said = str(_ORDINALS.index(ordinal.lower()) + 1) if ordinal else paragraph or dutch
    return _Provision(number, said, letter or dutch_letter)


def _dutch(provisions: list[_Provision], law: str) -> str:
    if len(provisions) > 1 and not any(one.paragraph or one.letter for one in provisions):
        numbers = [one.number for one in provisions]
        return f"artikelen {', '.join(numbers[:-1])} en {numbers[-1]} {law}"
    pieces = []
    for one in provisions:
        paragraph = f", {_ordinal(one.paragraph)} lid" if one.paragraph else ""
        letter = f", onder {one.letter}" if one.letter else ""
        pieces.append(f"artikel {one.number}{paragraph}{letter}")
    told = pieces[0]
    for before, piece in pairwise(pieces):
        told += f", en {piece}" if "," in before else f" en {piece}"
    return f"{told}, {law}" if "," in pieces[-1] else f"{told} {law}"


def _ordinal(paragraph: str) -> str:
    index = int(paragraph) - 1
    return _ORDINALS[index] if 0 <= index < len(_ORDINALS) else f"{paragraph}e"


def _english(provisions: list[_Provision], law: str) -> str:
    cited = [
        one.number + (f"({one.paragraph})" if one.paragraph else "") + (f"({one.letter})" if one.letter else "")
        for one in provisions
    ]
    if len(cited) == 1:
        return f"Article {cited[0]} {law}"
    return f"Articles {', '.join(cited[:-1])} and {cited[-1]} {law}"


def _with_other_name(article: str, language: str) -> str:
    """The regulation is called AVG in Dutch and GDPR in English; the rest stays as it is."""
    if language == "nl":
        return article.replace("GDPR", "AVG")
    return article.replace("UAVG", "\0").replace("AVG", "GDPR").replace("\0", "UAVG")
