"""`mailsorter config check|show|schema`, as people and programs call it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.config.example import book_example, config_example

run = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example config with its book."""
    (tmp_path / "clients.toml").write_text(book_example(), encoding="utf-8")
    path = tmp_path / "mailsorter.toml"
    path.write_text(config_example(), encoding="utf-8")
    return path


def test_a_right_config_is_told_so(config: Path) -> None:
    """With what it holds, as text and as JSON."""
    text = run.invoke(app, ["--config", str(config), "config", "check"])
    first, heads, *keys = text.stdout.splitlines()
    assert (text.exit_code, first) == (0, f"{config}: right. 1 mailbox, 2 clients in 1 client book.")
    assert heads.startswith("key ")
    answer = json.loads(run.invoke(app, ["--config", str(config), "config", "check", "--json"]).stdout)
    assert (answer["problems"], answer["mailboxes"], answer["clients"]) == ([], 1, 2)
    assert [line.split()[0] for line in keys] == [one["key"] for one in answer["keys"]] == ["graph.certificate"]


def test_a_wrong_config_ends_with_2_and_unwrapped_lines(config: Path) -> None:
    """Each problem on one line, however long, also in the JSON."""
    config.write_text(config_example() + "[brakes]\n" + "x" * 200 + " = 1\n", encoding="utf-8")
    line = len(config.read_text().splitlines())
    result = run.invoke(app, ["--config", str(config), "config", "check", "--json"])
    assert result.exit_code == 2
    told = result.stderr.splitlines()
    assert told[0].startswith(f"{config}:{line}: found the unknown key")
    assert told[1] == "Mend them, then run: mailsorter config check"
    assert json.loads(result.stdout)["error"]["problems"] == told[:1]


def test_show_prints_where_secrets_lie_and_never_what_they_are(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As TOML that loads again, and as JSON."""
    monkeypatch.setenv("GRAPH_SECRET", "hunter2")
    config.write_text(
        config_example().replace('certificate = "file:mailsorter.pem"', 'client_secret = "env:GRAPH_SECRET"')
    )
    shown = run.invoke(app, ["--config", str(config), "config", "show"])
    assert tomllib.loads(shown.stdout)["graph"]["client_secret"] == "env:GRAPH_SECRET"
    as_json = run.invoke(app, ["--config", str(config), "config", "show", "--json"])
    assert json.loads(as_json.stdout) == tomllib.loads(shown.stdout)
    assert "hunter2" not in shown.stdout + as_json.stdout


@pytest.mark.parametrize("document", ["config", "clients"])
def test_schema_prints_a_json_schema(document: str) -> None:
    """Of the config or of a client book."""
    result = run.invoke(app, ["config", "schema", document])
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")


def test_usage_errors_end_with_2() -> None:
    """With the nearest command."""
    result = run.invoke(app, ["confg"])
    assert result.exit_code == 2
    assert "config" in result.stderr


def test_help_imports_nothing_heavy() -> None:
    """Neither pydantic nor any command; measured by what is loaded, not by time."""
    code = (
        "import sys; from mailsorter.cli.app import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'sqlalchemy', 'rich', 'requests', 'O365', 'msal', 'mailsorter.config', 'structlog'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Check or show the config" in result.stdout
    assert result.stderr == "[]\n"
