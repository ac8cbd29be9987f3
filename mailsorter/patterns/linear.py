"""Regular expressions by RE2: linear in the text, with the meaning that `re` gives to text in any script.

Source of the syntax: https://github.com/google/re2/wiki/Syntax. RE2 knows no look-around and no back-references, and
its `\\w`, `\\d` and `\\s` mean ASCII. `compiled` replaces these three by the Unicode classes that `re` means, and
refuses `\\b`, `\\B`, `\\W`, `\\D` and `\\S`, which it cannot replace: write `BEFORE_WORD` and `AFTER_WORD`, or a
class with `^`.

RE2 works on UTF-8. A text is encoded for each search, and a lone surrogate (Graph's JSON can hold one) becomes `?`
there: one character for one, which is no letter, no blank and no part of an address. What a hit gives back has the
`?` too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import re2

BEFORE_WORD = r"(?:^|[^\p{L}\p{N}_])"
"""In the place of `\\b` before a word. Takes the character before the word into the hit."""
AFTER_WORD = r"(?:[^\p{L}\p{N}_]|$)"
"""In the place of `\\b` behind a word. Takes the character behind the word into the hit."""

_MEANINGS = {"w": r"\p{L}\p{N}_", "d": r"\p{Nd}", "s": r"\t-\r\x1c-\x1f \x{85}\p{Z}"}
_REFUSED = frozenset("bBWDSAZ")
_MAX_MEM = 8 << 20  # bytes of RE2's program and cache; what needs more does not compile


class Hit:
    """Where and what a pattern found. Groups are text, None where a group took no part."""

    __slots__ = ("_match", "_text")

    def __init__(self, match: re2._Match, text: bytes) -> None:
        self._match = match
        self._text = text

    def group(self, number: int | str = 0) -> str | None:
        """The text of a group; 0 is the whole hit."""
        found = self._match.group(number)
        return None if found is None else found.decode()

    def __getitem__(self, number: int | str) -> str:
        return self.group(number) or ""

    def groups(self) -> tuple[str | None, ...]:
        """The text of every group."""
        return tuple(None if found is None else found.decode() for found in self._match.groups())

    def start(self, group: int = 0) -> int:
        """Characters before the hit. Costs a pass over them: ask once a text, not once a hit."""
        return len(self._text[: self._match.start(group)].decode())

    def end(self, group: int = 0) -> int:
        """Characters up to the end of the hit. Costs a pass over them: ask once a text, not once a hit."""
        return len(self._text[: self._match.end(group)].decode())


class Pattern:
    """One compiled pattern. `found_in` and `begins` answer yes or no and are the fastest."""

    __slots__ = ("_anywhere", "_at_start", "_regexp", "name", "source")

    def __init__(self, name: str, source: str, *, ignore_case: bool = False, dot_all: bool = False) -> None:
        self.name = name
        self.source = source
        options = _options(ignore_case=ignore_case, dot_all=dot_all)
        translated = _with_unicode_classes(source)
        self._regexp = re2.compile(translated, options)
        self._anywhere = _yes_or_no(re2.Set.SearchSet(options), translated)
        self._at_start = _yes_or_no(re2.Set.MatchSet(options), translated)

    def found_in(self, text: str) -> bool:
        """Is there a hit anywhere?"""
        return self._anywhere(text.encode("utf-8", "replace")) is not None

    def begins(self, text: str) -> bool:
        """Is there a hit at the very beginning?"""
        return self._at_start(text.encode("utf-8", "replace")) is not None

    def search(self, text: str) -> Hit | None:
        """The first hit anywhere."""
        return _hit(self._regexp.search, text)

    def match(self, text: str) -> Hit | None:
        """The hit at the very beginning."""
        return _hit(self._regexp.match, text)

    def fullmatch(self, text: str) -> Hit | None:
        """The hit that is the whole text."""
        return _hit(self._regexp.fullmatch, text)

    def finditer(self, text: str) -> Iterator[Hit]:
        """Every hit, from left to right, without overlap."""
        encoded = text.encode("utf-8", "replace")
        return (Hit(match, encoded) for match in self._regexp.finditer(encoded))

    def findall(self, text: str) -> list[str]:
        """The text of every hit; where the pattern has a group, the first group's."""
        group = 1 if self._regexp.groups else 0
        return [hit[group] for hit in self.finditer(text)]

    def sub(self, replacement: str | Callable[[Hit], str], text: str) -> str:
        """The text with every hit replaced, literally: a backslash in `replacement` is a backslash."""
        encoded = text.encode("utf-8", "replace")
        parts: list[bytes] = []
        end = 0
        for match in self._regexp.finditer(encoded):
            parts.append(encoded[end : match.start()])
            new = replacement if isinstance(replacement, str) else replacement(Hit(match, encoded))
            parts.append(new.encode("utf-8", "replace"))
            end = match.end()
        if not parts:
            return text
        return b"".join((*parts, encoded[end:])).decode()


class AnyOf:
    """Several patterns looked for in one pass over a text."""

    __slots__ = ("_match", "_patterns")

    def __init__(self, *patterns: Pattern) -> None:
        """`patterns` have the options that `compiled` gives by default: no regard to case, `.` is no line break."""
        self._patterns = patterns
        found = re2.Set.SearchSet(_options(ignore_case=True, dot_all=False))
        for pattern in patterns:
            found.Add(_with_unicode_classes(pattern.source))
        found.Compile()
        self._match: Callable[[bytes], list[int] | None] = found.Match

    def found_in(self, text: str) -> bool:
        """Is there a hit of any of them?"""
        return self._match(text.encode("utf-8", "replace")) is not None

    def which(self, text: str) -> tuple[Pattern, ...]:
        """Those that have a hit."""
        return tuple(self._patterns[number] for number in self._match(text.encode("utf-8", "replace")) or ())


TABLE: dict[str, Pattern] = {}
"""Every pattern that meets mail text, by name, but for those built from a person's data while the program runs."""


def compiled(name: str, source: str, *, ignore_case: bool = True, dot_all: bool = False) -> Pattern:
    """
    A pattern that may meet mail text, entered in `TABLE`; by default without regard to case.

    Raises ValueError for a name that is taken, for what RE2 cannot compile within its memory, and for what would mean
    something else than in `re`.
    """
    if name in TABLE:
        raise ValueError(f"Two patterns are called {name}.")
    TABLE[name] = of_data(name, source, ignore_case=ignore_case, dot_all=dot_all)
    return TABLE[name]


def of_data(name: str, source: str, *, ignore_case: bool = False, dot_all: bool = False) -> Pattern:
    """A pattern that is built while the program runs, from escaped data: not in `TABLE`. Raises ValueError.

    The error names the pattern and not its source, which may hold a person's name; nor does RE2 log it.
    """
    try:
        return Pattern(name, source, ignore_case=ignore_case, dot_all=dot_all)
    except re2.error:
        raise ValueError(f"The pattern {name} cannot be compiled.") from None


def escaped(text: str) -> str:
    """The text as a pattern of itself."""
    return "".join(c if c.isalnum() or c == "_" or not c.isascii() else f"\\x{{{ord(c):x}}}" for c in _clean(text))


def one_of(table: str) -> str:
    """An alternation of the table's lines, each a regular expression of its own; blank lines do not count."""
    return "(?:" + "|".join(line.strip() for line in table.splitlines() if line.strip()) + ")"


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _options(*, ignore_case: bool, dot_all: bool) -> re2.Options:
    options = re2.Options()
    options.log_errors = False  # RE2 writes what failed to standard error, and patterns may hold names
    options.max_mem = _MAX_MEM
    options.case_sensitive = not ignore_case
    options.dot_nl = dot_all
    return options


def _yes_or_no(one: re2.Set, source: str) -> Callable[[bytes], object]:
    one.Add(source)
    one.Compile()
    match: Callable[[bytes], object] = one.Match
    return match


def _hit(find: Callable[[bytes], re2._Match | None], text: str) -> Hit | None:
    encoded = text.encode("utf-8", "replace")
    found = find(encoded)
    return None if found is None else Hit(found, encoded)


def _with_unicode_classes(source: str) -> str:
    """The source with \\w, \\d and \\s as `re` means them. Raises ValueError for what cannot be replaced."""
    parts: list[str] = []
    position, in_class = 0, False
    while position < len(source):
        char = source[position]
        if char == "\\" and position + 1 < len(source):
            kind = source[position + 1]
            if kind in _REFUSED:
                raise ValueError(f"\\{kind} means ASCII in RE2; see mailsorter/patterns/linear.py.")
            meaning = _MEANINGS.get(kind)
            parts.append(f"\\{kind}" if meaning is None else meaning if in_class else f"[{meaning}]")
            position += 2
            continue
        if char == "[" and not in_class:
            in_class = True
            for opening in ("[^]", "[]"):
                if source.startswith(opening, position):  # a bracket that is the first of its class
                    parts.append(opening)
                    position += len(opening)
                    break
            else:
                parts.append(char)
                position += 1
            continue
        if char == "]":
            in_class = False
        parts.append(char)
        position += 1
    return "".join(parts)
