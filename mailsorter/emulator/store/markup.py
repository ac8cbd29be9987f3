"""HTML without its tags, in one pass: time linear in the markup, whatever is opened in it and never closed."""

from __future__ import annotations

_HIDDEN = ("style", "script", "title")  # elements of which the content is no text
_ENDS = tuple(f"</{name}>" for name in _HIDDEN)


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
    bracket, comment = _Finder(markup, ">"), _Finder(markup, "-->")
    ends = [_Finder(markup, end) for end in _ENDS]
    parts: list[str] = []
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
        parts.append(markup[kept:start])
        kept = end
        start = markup.find("<", end)
    return " ".join((*parts, markup[kept:]))


def _opens_hidden(markup: str, start: int) -> bool:
    for name in _HIDDEN:
        if markup.startswith(name, start + 1):
            following = markup[start + 1 + len(name) : start + 2 + len(name)]
            return not (following.isalnum() or following == "_")
    return False
