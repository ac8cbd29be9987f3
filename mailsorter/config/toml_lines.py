"""On which line each key of a TOML document stands: tomllib does not tell.

The scanner walks text that tomllib has accepted, so it never judges; it only keeps count of where it is. A line like
`name = "Acme"` costs one regular-expression match, and places nobody asked for are not recorded: a document of
100,000 tables takes about a second.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection

from mailsorter.config.problem import Where

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BASIC = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = r"'[^'\n]*'"
_KEY_PART = re.compile(rf"{_BASIC}|{_LITERAL}|[A-Za-z0-9_-]+")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)
_SCALAR = re.compile(rf"{_BASIC}|{_LITERAL}|[^,\]}}\s#][^,\]}}\n#]*")
_PLAIN_ELEMENT = rf"(?:{_BASIC}|{_LITERAL}|[A-Za-z0-9_+.:-]+)"
# one whole `key = value` line whose value holds no further places: the fast lane
_SIMPLE_LINE = re.compile(
    rf"[ \t]*[A-Za-z0-9_-]+[ \t]*=[ \t]*"
    rf"(?:(?!\"\"\"|'''){_PLAIN_ELEMENT}|\[[ \t]*(?:{_PLAIN_ELEMENT}[ \t]*,?[ \t]*)*\])[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)"
)


def find_lines(text: str, wanted: Collection[Where]) -> dict[Where, int]:
    """The line, counted from 1, of each wanted place; of the nearest table around it where it is not written out."""
    scanner = _Scanner(text, {place[:length] for place in wanted for length in range(1, len(place) + 1)})
    scanner.document()
    found: dict[Where, int] = {(): 0}
    starts = [match.start() for match in re.finditer("\n", text)]
    for place in wanted:
        known = next(place[:n] for n in range(len(place), -1, -1) if place[:n] in scanner.offsets or n == 0)
        found[place] = 1 + bisect_right(starts, scanner.offsets[known] - 1) if known else 1
    del found[()]
    return found


class _Scanner:
    def __init__(self, text: str, wanted: set[Where]) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[Where, int] = {}
        self._wanted = wanted
        self._counts: dict[Where, int] = {}  # how many tables an array of tables has so far

    def document(self) -> None:
        text = self.text
        table: Where = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(text):
                return
            if text[self.at] == "[":
                table = self._header()
            elif not self._simple_line(table):
                self._assignment(table)

    def _simple_line(self, table: Where) -> bool:
        if table in self._wanted or not table:
            return False
        match = _SIMPLE_LINE.match(self.text, self.at)
        if match is None:
            return False
        self.at = match.end()
        return True

    def _header(self) -> Where:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        keys = self._dotted_key()
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        path: Where = ()
        for position, part in enumerate(keys):
            path = (*path, part)
            if is_array and position == len(keys) - 1:
                self._note(path, start)
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        self._note(path, start)
        return path

    def _assignment(self, table: Where) -> None:
        start = self.at
        keys = self._dotted_key()
        self._skip(_SPACE)
        self.at += 1  # the equals sign
        path: Where = table
        for part in keys:
            path = (*path, part)
            self._note(path, start)
        self._skip(_SPACE)
        self._value(path)

    def _dotted_key(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            match = _KEY_PART.match(self.text, self.at)
            assert match is not None  # tomllib accepted the text
            keys.append(_unquote(match[0]))
            self.at = match.end()
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, path: Where) -> None:
        text, start = self.text, self.at
        for mark, pattern in (('"""', _LONG_BASIC), ("'''", _LONG_LITERAL)):
            if text.startswith(mark, start):
                match = pattern.match(text, start)
                assert match is not None
                self.at = match.end()
                return
        if text[start] == "[":
            self._array(path)
        elif text[start] == "{":
            self._inline_table(path)
        else:
            match = _SCALAR.match(text, start)
            assert match is not None
            self.at = match.end()

    def _array(self, path: Where) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "]":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Where) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._assignment(path)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _note(self, path: Where, offset: int) -> None:
        if path in self._wanted:
            self.offsets.setdefault(path, offset)


def _unquote(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        import tomllib

        return str(tomllib.loads(f"k = {part}")["k"])
    return part
