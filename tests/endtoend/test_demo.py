"""The demo: what a newcomer sees first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), prog_name="mailsorter", catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_demo_files_mail_and_puts_none_in_a_wrong_clients_folder() -> None:
    data = json.loads(run("demo", "--messages", "300", "--json"))
    assert data["pulled"] == data["filed"] + data["left"] + data["skipped"] + data["failed"]
    assert data["answer_key"]["wrong"] == 0
    assert data["answer_key"]["right"] >= data["filed"] > 150
    before = {tuple(row["folder"]) for row in data["before"]}
    after = {tuple(row["folder"]) for row in data["after"]}
    assert any(path[0] == "Clients" for path in after - before)
    assert data["explained"]["match"]["evidence"]


def test_a_kept_demo_can_be_explored_with_every_command(tmp_path: Path) -> None:
    kept = tmp_path / "firm"
    text = run("demo", "--messages", "60", "--keep", str(kept))
    assert f"mailsorter emulator serve --state {kept}/exchange.sqlite" in text
    assert {path.name for path in kept.iterdir()} >= {"mailsorter.toml", "clients.toml", "exchange.sqlite"}
    assert "sort" in run("--config", str(kept / "mailsorter.toml"), "status")
    again = CliRunner().invoke(app, ["demo", "--keep", str(kept)], prog_name="mailsorter")
    assert again.exit_code == 2, "what was kept is not overwritten"


@pytest.mark.parametrize("below", ["", "new"])
def test_a_place_where_nothing_can_be_kept_is_named(tmp_path: Path, below: str) -> None:
    """A file stands there, or where a folder above it should be."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    kept = tmp_path / "file" / below
    refused = CliRunner().invoke(app, ["demo", "--keep", str(kept)], prog_name="mailsorter")
    assert refused.exit_code == 2
    assert str(kept) in refused.stderr
    assert "--keep" in refused.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
