"""Telephone numbers in a text, however they are written.

A number's parts come from `phonenumbers` (Google's metadata of every country). Its own matcher is not used on mail: it
works with `re`, which a stranger's text can keep busy for hours. Here digits are read once, in groups.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import phonenumbers

from mailsorter.patterns import compatible, compiled, digits_of

COUNTRY = "NL"
"""The country of a number that is written without one."""

_SHORTEST = 7  # digits; fewer are emergency numbers and extensions
_SURE = 9  # digits that are a number without any prefix
_RUN = compiled("phone.run", r"\d[\d\s().\-/\\·•_\x{2010}-\x{2015}\x{2212}]{5,}\d")
_ABROAD = ("", "00", "011")  # what is dialled before a country's code


class Phones:
    """The person's numbers, prepared for comparison."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._written = frozenset(form for number in numbers for form in _forms(number))
        self._longest = max(map(len, self._written), default=0)

    def __bool__(self) -> bool:
        return bool(self._written)

    def are_in(self, text: str) -> bool:
        """Does the text hold one of them? Takes time linear in the text."""
        if not self._written:
            return False
        plain = compatible(text)
        return any(self._is_one_of(_groups(run)) for run in _RUN.findall(plain))

    def _is_one_of(self, groups: list[str]) -> bool:
        """Is a number made of some of these groups of digits, one behind the other?"""
        for start in range(len(groups)):
            digits = ""
            for group in groups[start : start + self._longest]:  # each has a digit at least
                digits += group
                if len(digits) > self._longest:
                    break
                if digits in self._written:
                    return True
        return False


def _groups(run: str) -> list[str]:
    plain = run if run.isascii() else "".join(str(unicodedata.decimal(c, " ")) for c in run)
    return "".join(c if c.isdecimal() else " " for c in plain).split()


def _forms(number: str) -> Iterator[str]:
    """The digits of a number as they may be written: with and without the country, its 0 kept or dropped."""
    digits = digits_of(number)
    try:
        parsed = phonenumbers.parse(number, COUNTRY)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        if len(digits) >= _SHORTEST:
            yield digits
        return
    significant = phonenumbers.national_significant_number(parsed)
    if len(significant) < _SHORTEST:
        return
    trunk = _trunk(parsed)
    if len(significant) >= _SURE or not trunk:
        yield significant
    yield trunk + significant
    is_told = number.strip().startswith(("+", "00", "(+", "(00"))
    countries = [parsed.country_code] if is_told else list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    for country in countries:
        for zero in {"", trunk, "0"}:
            yield from (f"{abroad}{country}{zero}{significant}" for abroad in _ABROAD)


def _trunk(parsed: phonenumbers.PhoneNumber) -> str:
    """What is dialled before a number inside its country: 0 in most of Europe, nothing in Denmark."""
    region = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return (metadata.national_prefix or "") if metadata is not None else ""
