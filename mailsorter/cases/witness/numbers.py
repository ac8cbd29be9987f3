"""How the witness looks for a telephone number: its digits with whatever people write between them.

It divides a number by the lengths of country codes (ITU-T E.164, list of assigned codes) and knows no more of a
country than whether numbers there begin with a 0. A number without a country is taken as Dutch, and any may be before
it.
"""

from __future__ import annotations

from mailsorter.patterns import digits_of, normalized

_ONE = ("1", "7")
_TWO = ("20", "27", "3", "4", "5", "6", "8", "9")  # beginnings of those of two digits, but for what `_THREE` takes out
_THREE = ("35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85", "87", "88", "89", "96", "97", "99")
_WITHOUT_ZERO = frozenset(
    {
        *("1", "30", "34", "39", "45", "47", "48", "298", "299", "351", "352", "354", "356", "357", "371", "372"),
        *("377", "378", "420"),
    }
)
_BETWEEN = r"[\s().\-/\\·•_\x{2010}-\x{2015}\x{2212}]*"
_FEWEST, _ENOUGH = 7, 9


def number_pattern(number: str) -> str:
    """A pattern over text in NFKC; "" for a number too short to tell anybody by."""
    written = normalized("NFKC", number).strip().lstrip("(")
    digits = digits_of(written)
    country = ""
    if written.startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        is_two = digits.startswith(_TWO) and not digits.startswith(_THREE)
        country = digits[: 1 if digits.startswith(_ONE) else 2 if is_two else 3]
        digits = digits[len(country) :]
    if country not in _WITHOUT_ZERO:
        digits = digits.removeprefix("0")
    if len(digits) < _FEWEST:
        return ""
    body = _BETWEEN.join(digits)
    code = _BETWEEN.join(country) if country else r"[1-9]\d{0,2}"
    abroad = rf"(?:(?:0{_BETWEEN}0|0{_BETWEEN}1{_BETWEEN}1){_BETWEEN})?{code}{_BETWEEN}(?:0{_BETWEEN})?"
    is_whole = len(digits) >= _ENOUGH or country in _WITHOUT_ZERO
    return rf"(?:^|[^\d])(?:{abroad}|0{_BETWEEN}){'?' if is_whole else ''}{body}(?:$|[^\d])"
