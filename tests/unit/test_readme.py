"""The README says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from mailsorter.cli.commands import COMMANDS
from mailsorter.cli.failure import MEANING

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    found = re.findall(r"^```[a-z]*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    return [block.strip() for block in found if not block.startswith("git clone")]


def test_the_first_two_blocks_are_one_line_each_demo_and_tests() -> None:
    demo, tests = blocks()[:2]
    assert "\n" not in demo + tests
    assert demo.endswith("mailsorter demo")
    assert "pytest" in tests


def test_the_exit_codes_are_those_of_the_program() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README, flags=re.MULTILINE))
    assert rows == {str(int(code)): meaning for code, meaning in MEANING.items()}


def test_every_command_stands_in_the_table() -> None:
    table = README.split("## Commands")[1].split("##")[0]
    named = {word for cell in re.findall(r"`([^`]+)`", table) for word in cell.split()[:1]}
    assert set(COMMANDS) <= named


def test_every_promise_names_a_test_that_exists() -> None:
    section = README.split("## What it will never do")[1].split("## Commands")[0]
    named = re.findall(r"^\| [^|]+ \| `(tests/[\w/]+\.py)::(\w+)` \|$", section, flags=re.MULTILINE)
    rows = [line for line in section.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(named) == len(rows) >= 10
    for file, test in named:
        text = Path(__file__).parents[2].joinpath(file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, flags=re.MULTILINE), f"{file}::{test}"
