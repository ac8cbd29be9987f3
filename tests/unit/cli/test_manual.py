"""The man page and the completion scripts are made from the commands."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from mailsorter.cli.commands import COMMANDS
from mailsorter.cli.failure import MEANING
from mailsorter.cli.manual import man_page


def test_the_page_names_every_command_and_exit_code():
    """So it cannot drift from them."""
    page = man_page()
    for name in COMMANDS:
        assert f".SS {name}" in page
    for code in MEANING:
        assert f".B {int(code)}\n" in page
    assert r"\-\-dry\-run" in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_troff_has_nothing_to_complain_of():
    """No warning at all."""
    command = ["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-z"]
    told = subprocess.run(command, input=man_page(), capture_output=True, text=True, check=True)
    assert told.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_the_command_itself(shell):
    """Each shell's script calls the program to complete."""
    from typer.testing import CliRunner

    from mailsorter.cli.manual import app

    told = CliRunner().invoke(app, ["completion", shell])
    assert told.exit_code == 0
    assert "_MAILSORTER_COMPLETE" in told.output
