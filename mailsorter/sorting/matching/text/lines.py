"""A body as lines without what mail programs put around them."""

from __future__ import annotations

from collections.abc import Iterator

from mailsorter.patterns import Cap, Pattern, before_token, compiled

_QUOTE = compiled("lines.quote", r"^(?:[>|]\s?)+")
_LINK_START = compiled("lines.link-start", r"[<\[]mailto:")
_LONGEST_LINK = 320  # characters: RFC 5321 allows no longer address
_INVISIBLE = {ord(c): None for c in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"} | {0xA0: " "}


def plain_lines(text: str) -> list[str]:
    """Lines without quote marks, emphasis and invisible characters; never more than the first 600."""
    cleaned = before_token(text, Cap.BODY).translate(_INVISIBLE)
    return [_plain(before_token(line, Cap.BODY_LINE)) for line in cleaned.splitlines()[: Cap.BODY_LINES]]


def _plain(line: str) -> str:
    bare = line.strip()
    if bare[:1] in (">", "|"):
        bare = bare[_end_of(_QUOTE, bare) :].strip()
    if bare[:1] in "*_" or "*:" in bare[:24] or ":*" in bare[:24]:
        bare = _without_emphasis(bare)
    return bare


def _end_of(pattern: Pattern, text: str) -> int:
    hit = pattern.match(text)
    return hit.end() if hit else 0


def _without_emphasis(line: str) -> str:
    """Without runs of `*` and `_` that begin the line or touch a colon. One that begins it keeps its last character
    where nothing but a blank follows: `* item` is a list."""
    parts: list[str] = []
    kept = 0
    for start, end in _runs(line):
        follows = line[end : end + 1]
        if start == 0 and (follows == "" or follows.isspace()):
            end -= 1
        elif start != 0 and line[start - 1] != ":" and follows != ":":
            continue
        parts.append(line[kept:start])
        kept = end
    return "".join((*parts, line[kept:]))


def _runs(line: str) -> Iterator[tuple[int, int]]:
    """Where runs of `*` and `_` begin and end. `hit.start()` would count from the line's beginning each time."""
    start = -1
    for position, char in enumerate(line):
        if char in "*_":
            start = position if start < 0 else start
        elif start >= 0:
            yield start, position
            start = -1
    if start >= 0:
        yield start, len(line)


def without_link_twins(value: str) -> str:
    """`jan@acme.example<mailto:jan@acme.example>` names one address; where the link alone holds it, it stays."""
    if ":" not in value or not _LINK_START.found_in(value):
        return value
    parts: list[str] = []
    kept = 0
    for start in _link_starts(value):
        if start < kept:
            continue
        end = _end_of_link(value, start)
        if end:
            parts.append(value[kept:start])
            kept = end
    stripped = " ".join((*parts, value[kept:]))
    return stripped if "@" in stripped else value


def _link_starts(value: str) -> Iterator[int]:
    lowered = value.lower()
    if len(lowered) != len(value):  # a letter whose small form is two: places would not agree
        lowered = "".join(c.lower() if c.isascii() else c for c in value)
    position = lowered.find("mailto:")
    while position >= 0:
        if position and value[position - 1] in "<[":
            yield position - 1
        position = lowered.find("mailto:", position + 1)


def _end_of_link(value: str, start: int) -> int:
    """Behind the bracket that closes the link, 0 where none does within an address's length."""
    inside = start + len("<mailto:")
    window = value[inside : inside + _LONGEST_LINK + 1]
    closing = [found for bracket in ">]" if (found := window.find(bracket)) >= 0]
    return inside + min(closing) + 1 if closing else 0
