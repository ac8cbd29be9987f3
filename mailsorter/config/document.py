"""A file as it was read: its text, its data, and the line of each place in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailsorter.config.problem import Problem, Where
from mailsorter.config.toml_lines import find_lines

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_UTF8 = "text in UTF-8"
_DEEPEST = 50  # tables in tables; the schema needs six, and what compares them calls itself once a level
_TOO_DEEP = "found brackets or dotted keys nested too deeply, expected a plain TOML file"


class Unreadable(Exception):
    """The file cannot be read at all; `line` is where reading stopped."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass
class Document:
    """One TOML file, and what is wrong with it."""

    path: Path
    shown: str  # the path as the person wrote it
    text: str
    data: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def lines(self, places: Iterable[Where]) -> dict[Where, int]:
        """The line of each place."""
        return find_lines(self.text, set(places))


def read_text(path: Path) -> str:
    """The file's text, without the mark that Windows editors put before it.

    Raises:
        Unreadable: it is not there, is closed to us, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(1, f"found no readable file ({error.strerror}), expected one") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(1, f"found text in UTF-16, expected {_UTF8} (save it with that encoding)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            line, f"found a byte that is not UTF-8, expected {_UTF8} (save it with that encoding)"
        ) from error


def read_toml(path: Path, shown: str) -> Document:
    """Read a TOML file.

    Raises:
        Unreadable: as `read_text`, or it is not TOML; the offending text itself is not shown, it may be a secret.
    """
    text = read_text(path).replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if _is_deep_key(line):
            raise Unreadable(number, _TOO_DEEP)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(text, str(error)) from None
    except RecursionError:
        raise Unreadable(1, _TOO_DEEP) from None
    except ValueError:  # Python's own limit of digits (sys.set_int_max_str_digits)
        raise Unreadable(1, "found a number of thousands of digits, expected one that somebody can read") from None
    if _depth(data) > _DEEPEST:
        raise Unreadable(1, _TOO_DEEP)
    return Document(path, shown, text, data)


def _is_deep_key(line: str) -> bool:
    """Does the line begin with a dotted key of more levels than any config has? `tomllib` is quadratic in them."""
    if len(line) < 2 * _DEEPEST:
        return False
    key = line.lstrip(" \t[").partition("=")[0]
    return key.count(".") > _DEEPEST and not any(c in key for c in "\"',#")


def _depth(data: Any) -> int:
    """How many tables and lists lie in one another, at most."""
    depth, level = 0, [data]
    while level:
        depth += 1
        values = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
        level = [value for value in values if isinstance(value, dict | list)]
    return depth


def _broken(text: str, message: str) -> Unreadable:
    found = _POSITION.search(message)
    line = int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1
    what = _POSITION.sub("", message)
    hint = "; text stands in quotes" if "Invalid value" in what else ""
    return Unreadable(line, f"found broken TOML ({what[:1].lower()}{what[1:]}), expected key = value or [table]{hint}")
