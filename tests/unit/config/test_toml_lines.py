"""On which line a key stands, in every way TOML has of writing it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsorter.config.example import book_example, config_example
from mailsorter.config.load import load
from mailsorter.config.toml_lines import find_lines
from mailsorter.errors import ConfigError

TABLE = [
    ("a plain key", "a = 1\nb = 2\n", ("b",), 2),
    ("in a table", "[t]\n\n# note\na = 1\n", ("t", "a"), 4),
    ("a dotted key", "a.b.c = 1\n", ("a", "b", "c"), 1),
    ("a quoted key", '"a b" = 1\n"c\\u0064" = 2\n', ("cd",), 2),
    ("the second of an array of tables", "[[t]]\na = 1\n[[t]]\na = 2\n", ("t", 1, "a"), 4),
    ("a table inside an array of tables", "[[t]]\n[t.u]\na = 1\n[[t]]\n[t.u]\na = 2\n", ("t", 1, "u", "a"), 6),
    ("an array over several lines", "a = [\n  1,\n  # no\n  2,\n]\n", ("a", 1), 4),
    ("inside an inline table", 'a = [{ b = 1 },\n { b = "}" , c = 2 }]\n', ("a", 1, "c"), 2),
    ("after a text of several lines", 'a = """\n[x]\nb = 1\n"""\nb = 2\n', ("b",), 5),
    ("after a literal text of several lines", "a = '''\n[x]\n'''\nb = 2\n", ("b",), 4),
    ("after brackets in texts", "[u]\na = \"]\"\nb = '[['\n[t]\nc = 1\n", ("t", "c"), 5),
    ("after a hash in a text", '[u]\na = "#"  # "\nb = 1\n', ("u", "b"), 3),
    ("after dates and numbers", "[u]\na = 1979-05-27 07:32:00Z\nb = +1_000.5e3\n[t]\nc = inf\n", ("t", "c"), 5),
    ("a missing key: its table", "[t]\na = 1\n", ("t", "z"), 1),
    ("a missing table: the first line", "[t]\na = 1\n", ("z",), 1),
    ("without a last line end", "[t]\na = 1", ("t", "a"), 2),
]


@pytest.mark.parametrize(("text", "place", "line"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_place_has_its_line(text: str, place: tuple[str | int, ...], line: int) -> None:
    """Whatever stands before it."""
    tomllib.loads(text)
    assert find_lines(text, [place])[place] == line


def test_a_million_lines_of_simple_keys_are_passed_over() -> None:
    """The fast lane finds the same line as the slow one."""
    text = "".join(f'[[client]]\nid = "c{i}"\ndomains = ["a.nl", "b.nl"] # {{\n' for i in range(1000))
    places = [("client", 999, "domains", 1), ("client", 500, "id")]
    assert find_lines(text, places) == {places[0]: 3000, places[1]: 1502}


@settings(max_examples=60, deadline=None)
@given(
    position=st.integers(0, 400),
    junk=st.sampled_from(
        ["", "[", "[[x]]", "x = 1", '"""', "= 3", "\0", "a = [1,", "mailbox = 3", "[firm]", "#", "key = {a.b = 1}",
         "clients = [1, {}]", "firm = []", "[[graph]]", "rule = [3]", "[mailbox.x]", "when = { from = 3 }"]
    ),
    book_too=st.booleans(),
)  # fmt: skip
def test_a_damaged_config_gives_problems_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, position: int, junk: str, book_too: bool
) -> None:
    """Every line of them with a file and a line that exists; never a traceback."""
    folder: Path = tmp_path_factory.mktemp("damaged")
    config, book = config_example().splitlines(), book_example().splitlines()
    for lines in (config, book) if book_too else (config,):
        lines[position % len(lines)] = junk
    (folder / "mailsorter.toml").write_text("\n".join(config))
    (folder / "clients.toml").write_text("\n".join(book))
    try:
        load(folder / "mailsorter.toml")
    except ConfigError as error:
        for problem in error.problems:
            found = re.fullmatch(r"(\S+):(\d+): found .+, expected .+", problem)
            assert found, problem
            assert 1 <= int(found[2]) <= len(Path(found[1]).read_text().splitlines()) + 1
