"""Every command that README and docs name can be typed: it exists, and so do its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", flags=re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`([^`\n]+)`")
# not as the value of another program's option: `-Role X mailsorter -User Y` of a PowerShell line
_TYPED = re.compile(r"(?:^|[;&|] *|sudo )(?:\S*/)?mailsorter(?:-as-(?:service|officer))? +(?=[a-z]|--)([^|;&>#]*)")


def typed(text: str) -> list[str]:
    """What stands behind `mailsorter`, in code blocks and between backticks, up to a comment or the next command."""
    lines = [line.strip() for block in _BLOCK.findall(text) for line in block.splitlines()]
    quoted = [line.strip() for line in _QUOTED.findall(_BLOCK.sub("", text))]
    return sorted(
        {found.partition("   ")[0].strip(" …") for line in (*lines, *quoted) for found in _TYPED.findall(line)}
    )


def of_the_table(readme: str) -> list[str]:
    """The commands of README's table, `config check|show` as two."""
    cells = re.findall(r"^\| (`.+?`) \|", readme.split("## Commands")[1].split("\n## ")[0], flags=re.MULTILINE)
    words = [line.strip(" …").split() for cell in cells for line in _QUOTED.findall(cell.replace("\\|", "|"))]
    return [" ".join([*before, one]) for *before, last in words for one in last.split("|")]


LINES = [(path.name, line) for path in DOCS for line in typed(path.read_text(encoding="utf-8"))]
TABLE = [("the table", line) for line in of_the_table(DOCS[0].read_text(encoding="utf-8"))]


def wrong_with(line: str) -> str:
    """What the command line says to these words: `--help` behind them runs nothing, and forgives no unknown word."""
    answer = CliRunner().invoke(app, [*shlex.split(line), "--help"], prog_name="mailsorter")
    return "" if answer.exit_code == 0 else answer.output


@pytest.mark.parametrize(("where", "line"), [*LINES, *TABLE], ids=lambda value: value)
def test_what_the_docs_name_can_be_typed(where: str, line: str) -> None:
    assert not wrong_with(line), f"{where}: mailsorter {line}"


def test_a_command_or_option_that_there_is_not_would_be_noticed() -> None:
    block = "```\nsudo mailsorter-as-service tidy   # it helps\nmailsorter plan | less\n```\n"
    text = f"Run `mailsorter sort --quickly`, or\n\n{block}"
    assert typed(text) == ["plan", "sort --quickly", "tidy"]
    assert [bool(wrong_with(line)) for line in typed(text)] == [False, True, True]
    assert len(LINES) > 40
    assert ("the table", "predict forget") in TABLE
