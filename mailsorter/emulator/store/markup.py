"""HTML without its tags, in one pass: time linear in the markup, whatever is opened in it and never closed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_HIDDEN = ("style", "script", "title")  # elements of which the content is no text
_ENDS = tuple(f"</{name}>" for name in _HIDDEN)

_BLOCKS = frozenset({"br", "p", "div", "tr", "li", "ul", "ol", "hr", "table", "blockquote", "h1", "h2", "h3", "pre"})
_LONGEST_TAG = 2_000  # characters of one that are looked through for its target
_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,15})")
_TARGET = re.compile(r"""\bhref=["']?([^"'\s>]+)""", re.IGNORECASE)


class _Finder:
    """`str.find` for one needle that is asked again and again from further on: what is not there is looked for once."""

    def __init__(self, text: str, needle: str) -> None:
        self._text = text
        self._needle = needle
        self._next = 0

    def behind(self, position: int) -> int:
        """Where the next needle from `position` on ends; -1 when there is none."""
        if self._next >= 0 and self._next < position:
            self._next = -2
        if self._next in (0, -2):
            found = self._text.find(self._needle, position)
            self._next = found if found >= 0 else -1
        return -1 if self._next == -1 else self._next + len(self._needle)


def without_tags(markup: str) -> str:
    """The markup with a blank for each tag, comment, and hidden element; what is opened and never closed is text."""
    return " ".join(text for text, _ in _pieces(markup))


def as_lines(markup: str) -> str:
    """The text as Exchange gives it where a plain body is asked for: lines end where blocks do, a link's target stands
    behind its words in angle brackets, white space counts as one blank."""
    lines: list[str] = []
    line: list[str] = []
    target = ""

    def end_line(*, even_empty: bool = False) -> None:
        text = " ".join("".join(line).split(" ")).strip()
        line.clear()
        if text or even_empty:
            lines.append(text)

    for text, tag in _pieces(markup):
        line.append(_BLANKS.sub(" ", html.unescape(text)))
        name = _NAME.match(tag)
        word = name[1].lower() if name is not None else ""
        if word in _BLOCKS:
            end_line(even_empty=word == "br")
            if tag.lower().startswith("</p") and lines and lines[-1]:
                lines.append("")
        elif word == "a" and not tag.startswith("</"):
            found = _TARGET.search(tag[:_LONGEST_TAG])
            target = html.unescape(found[1]) if found else ""
        elif word == "a" and target:
            line.append(f"<{target}>")
            target = ""
    end_line()
    return "\n".join(lines).rstrip("\n")


def _pieces(markup: str) -> Iterator[tuple[str, str]]:
    """Text, and the tag, comment or hidden element that follows it; "" behind the last."""
    bracket, comment = _Finder(markup, ">"), _Finder(markup, "-->")
    ends = [_Finder(markup, end) for end in _ENDS]
    kept = 0
    start = markup.find("<")
    while start >= 0:
        end = -1
        if _opens_hidden(markup, start):
            end = min((found for finder in ends if (found := finder.behind(start)) >= 0), default=-1)
        elif markup.startswith("<!--", start):
            end = comment.behind(start + 4)
        if end < 0:
            end = bracket.behind(start)
        if end < 0:
            break  # no bracket closes any more
        yield markup[kept:start], markup[start:end]
        kept = end
        start = markup.find("<", end)
    yield markup[kept:], ""


def _opens_hidden(markup: str, start: int) -> bool:
    for name in _HIDDEN:
        if markup.startswith(name, start + 1):
            following = markup[start + 1 + len(name) : start + 2 + len(name)]
            return not (following.isalnum() or following == "_")
    return False
