"""`mailsorter clients list|check|import`, as people and programs call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mailsorter.cli.app import app
from mailsorter.config.example import config_example

run = CliRunner()
BOOK = """\
[[client]]
id = "acme"
name = "Acme [bold]B.V."
domains = ["acme.nl", "gmail.com"]
[[client]]
id = "nobody"
name = "Nobody"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example config with a small book."""
    (tmp_path / "clients.toml").write_text(BOOK, encoding="utf-8")
    path = tmp_path / "mailsorter.toml"
    path.write_text(config_example(), encoding="utf-8")
    return path


def call(config: Path, *arguments: str) -> Result:
    """Run `mailsorter --config … clients …`."""
    return run.invoke(app, ["--config", str(config), "clients", *arguments])


def answer(result: Result) -> Any:
    """The JSON on standard output."""
    return json.loads(result.stdout)


def test_list_shows_every_client(config: Path) -> None:
    """With its folder; nothing is read as markup."""
    assert "acme    Acme [bold]B.V.  Clients / Acme [bold]B.V." in call(config, "list").stdout
    assert [c["folder"] for c in answer(call(config, "list", "--json"))["clients"]] == [
        ["Clients", "Acme [bold]B.V."],
        ["Clients", "Nobody"],
    ]


def test_check_names_the_line(config: Path) -> None:
    """Of each thing worth a look."""
    result = call(config, "check")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{config.parent}/clients.toml:4: acme gmail.com is a public mail provider")
    assert lines[1].startswith(f"{config.parent}/clients.toml:5: nobody has no domain, address or code")
    assert [f["code"] for f in answer(call(config, "check", "--json"))["findings"]] == [
        "public-provider",
        "no-evidence",
    ]


def test_import_shows_first_and_writes_when_told(config: Path, tmp_path: Path) -> None:
    """Without a person it stops with 4; with --yes the new clients are there."""
    export = tmp_path / "export.csv"
    export.write_text("company,email\nBakker,b@bakker.example\nAcme,x\n", encoding="utf-8")
    stopped = call(config, "import", str(export), "--json")
    assert (stopped.exit_code, answer(stopped)["written"]) == (4, False)
    assert [c["id"] for c in answer(stopped)["added"]] == ["bakker"]
    assert answer(stopped)["kept"] == ["acme"]
    assert 'export.csv:3: found "x"' in stopped.stderr
    assert not (tmp_path / "crm.toml").exists()
    dry = call(config, "import", str(export), "--dry-run")
    assert (dry.exit_code, "1 to add" in dry.stdout) == (0, True)
    done = call(config, "import", str(export), "--yes")
    assert done.exit_code == 0, done.output
    assert [c["id"] for c in answer(call(config, "list", "--json"))["clients"]] == ["acme", "nobody", "bakker"]
    assert "Nothing to change" in call(config, "import", str(export), "--yes").stdout


def test_half_an_export_pulls_a_brake(config: Path, tmp_path: Path) -> None:
    """Exit 6, nothing written, and how to go on."""
    export = tmp_path / "export.csv"
    export.write_text("company\n" + "".join(f"Company {i}\n" for i in range(30)), encoding="utf-8")
    assert call(config, "import", str(export), "--yes").exit_code == 0
    export.write_text("company\nCompany 1\n", encoding="utf-8")
    stopped = call(config, "import", str(export), "--yes")
    assert stopped.exit_code == 6
    assert "--accept-removals" in stopped.stderr
    assert len(answer(call(config, "list", "--json"))["clients"]) == 32
    assert call(config, "import", str(export), "--yes", "--accept-removals").exit_code == 0
    assert len(answer(call(config, "list", "--json"))["clients"]) == 3
