"""Every option that names a file to write refuses one that is there, before any work, and names itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from tests.unit.cli.test_every_command import commands

WRITES = {
    ("case", "prove", "2026-0001"): ("--certificate", "--pdf"),
    ("case", "letter", "2026-0001"): ("--pdf",),
    ("audit", "export"): ("--out",),
    ("predict", "report"): ("--plot",),
    ("emulator", "dump", "--state", "x"): ("--out",),
}
# read, or with rules of their own: an imported book, a config for the emulator, the demo's folder
OTHERS = {"--against", "--book", "--config-out", "--faults", "--from", "--keep", "--signature", "--state"}


@pytest.mark.parametrize(("command", "option"), [(c, o) for c, options in WRITES.items() for o in options])
def test_an_existing_file_is_refused_at_once(tmp_path: Path, command: tuple[str, ...], option: str) -> None:
    """No config is read for it; the file stays; the error names file and option."""
    out = tmp_path / "out"
    out.write_text("theirs")
    result = CliRunner().invoke(app, ["--config", str(tmp_path / "none.toml"), *command, option, str(out)])
    assert result.exit_code != 0
    told = str(result.exception) + result.output
    assert "exists already and was left as it is" in told
    assert f"{option} FILE" in told
    assert out.read_text() == "theirs"


def _takes_a_path(parameter: Any) -> bool:
    """Typer keeps an option's type in one of two attributes, by its version."""
    return "path" in repr(getattr(parameter, "type_descriptor", None) or parameter.type).lower()


def test_no_option_that_names_a_file_is_forgotten() -> None:
    """A new one goes into one of the two tables above."""
    options = {
        (tuple(name.split()), parameter.opts[0])
        for name, command in commands()
        for parameter in command.params
        if parameter.opts[0].startswith("--") and _takes_a_path(parameter)
    }
    known = {(command[:2], option) for command, named in WRITES.items() for option in named}
    assert known <= options
    assert {option for _, option in options - known} - OTHERS == set()
