"""`mailsorter init` writes a config that is right, and commands scoped to the chosen mailboxes only."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.config.load import load

run = CliRunner()
BOXES = ["--mailbox", "anna@onzefirma.example", "--mailbox", "bob@onzefirma.example", "--shared", "info@tweede.example"]


@pytest.mark.parametrize("more", [[], ["--secret"], ["--erasure", "--control-mailbox", "baas@onzefirma.example"]])
def test_what_it_writes_is_a_config(tmp_path: Path, more: list[str]) -> None:
    """Private, with every mailbox, and right as it stands."""
    path = tmp_path / "new" / "mailsorter.toml"
    result = run.invoke(app, ["--config", str(path), "init", *BOXES, *more, "--client-id", "abc"])
    assert result.exit_code == 0, result.output
    loaded = load(path)
    assert [(m.address, m.kind) for m in loaded.config.mailbox] == [
        ("anna@onzefirma.example", "user"),
        ("bob@onzefirma.example", "user"),
        ("info@tweede.example", "shared"),
    ]
    assert loaded.config.firm.domains == ("onzefirma.example", "tweede.example")
    assert len(loaded.book) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_config_that_exists_is_left_alone(tmp_path: Path) -> None:
    """Called twice, the second changes nothing and says so."""
    path = tmp_path / "m.toml"
    path.write_text("mine")
    result = run.invoke(app, ["--config", str(path), "init", *BOXES])
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert path.read_text() == "mine"


def test_rights_are_given_in_exchange_and_never_in_entra(tmp_path: Path) -> None:
    """For the named mailboxes only; the control mailbox is tested to be out of scope."""
    arguments = [
        "--config",
        str(tmp_path / "m.toml"),
        "init",
        *BOXES,
        "--control-mailbox",
        "o'b@onzefirma.example",
        "--json",
    ]
    answer = json.loads(run.invoke(app, arguments).stdout)
    commands = [command for step in answer["steps"] for command in step["commands"]]
    assigned = [command for command in commands if "New-ManagementRoleAssignment" in command]
    assert len(assigned) == 1
    assert "-Role 'Application Mail.ReadWrite' -CustomResourceScope 'mailsorter mailboxes'" in assigned[0]
    assert not any("AppRoleAssignment" in command or "RequiredResourceAccess" in command for command in commands)
    assert any("-Resource 'o''b@onzefirma.example'   # InScope must be False" in command for command in commands)


def test_erasing_is_a_second_app(tmp_path: Path) -> None:
    """Filing has no role that can erase for good."""
    answer = json.loads(
        run.invoke(app, ["--config", str(tmp_path / "m"), "init", *BOXES, "--erasure", "--json"]).stdout
    )
    assigned = [c for step in answer["steps"] for c in step["commands"] if c.startswith("New-ManagementRole")]
    assert [("MailboxItem" in c, "$erasing" in c) for c in assigned] == [(False, False), (False, True), (True, True)]


def test_without_a_mailbox_it_says_how() -> None:
    """And what is no address is refused."""
    assert "mailsorter init --mailbox" in run.invoke(app, ["init"]).stderr
    assert run.invoke(app, ["init", "--mailbox", "x"]).exit_code == 2


def test_a_mailbox_named_twice_is_written_once(tmp_path: Path) -> None:
    """However it is spelt: a config that names it twice would be refused."""
    config = tmp_path / "mailsorter.toml"
    named = ["--mailbox", "anna@firm.example", "--mailbox", "Anna@firm.example", "--shared", "info@firm.example"]
    init = run.invoke(app, ["--config", str(config), "init", *named])
    assert init.exit_code == 0, init.output
    assert [mailbox.address for mailbox in load(config).config.mailbox] == ["anna@firm.example", "info@firm.example"]
    assert "Anna@" not in init.stdout
    twice = [*named, "--shared", "ANNA@firm.example"]
    refused = run.invoke(app, ["--config", str(tmp_path / "other.toml"), "init", *twice])
    assert refused.exit_code == 2
    assert not (tmp_path / "other.toml").exists()
