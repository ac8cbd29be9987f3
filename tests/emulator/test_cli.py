"""`mailsorter emulator seed`, `show`, `serve`: the spellings that others script."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app

MESSAGE = (
    b"From: Piet <piet@klant.example>\r\nTo: anna@firm.example\r\nSubject: Hoi\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\nTekst\r\n"
)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["emulator", *arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "mail" / "anna@firm.example" / "Inbox"
    folder.mkdir(parents=True)
    (folder / "1.eml").write_bytes(MESSAGE)
    return tmp_path / "mail"


def test_seed_and_show_tell_folders_counts_and_immutable_ids(tree: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite")
    assert json.loads(run("seed", "--state", state, "--from", str(tree), "--json"))["messages"] == 1
    told = json.loads(run("show", "--state", state, "--json"))
    inbox = next(folder for folder in told["mailboxes"][0]["folders"] if folder["path"] == ["Inbox"])
    assert (inbox["total"], len(inbox["messages"])) == (1, 1)
    assert inbox["messages"][0].startswith("AAkALg")
    assert "Inbox" in run("show", "--state", state)


def test_seed_without_a_source_is_a_usage_error(tmp_path: Path) -> None:
    run("seed", "--state", str(tmp_path / "s.sqlite"), code=2)


def test_show_of_a_missing_state_is_a_usage_error_and_makes_no_file(tmp_path: Path) -> None:
    run("show", "--state", str(tmp_path / "none.sqlite"), code=2)
    assert not list(tmp_path.iterdir())


def test_another_file_as_state_is_refused_and_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("not a database, but somebody's letter " * 40)
    run("seed", "--state", str(other), "--messages", "5", code=2)
    assert other.read_text().startswith("not a database")


@pytest.mark.parametrize("tls", [False, True])
def test_serve_writes_a_config_then_says_ready_and_ends_on_a_signal(tmp_path: Path, tls: bool) -> None:
    state, config = tmp_path / "state.sqlite", tmp_path / "conf" / "mailsorter.toml"
    run("seed", "--state", str(state), "--messages", "60", "--random-seed", "4")
    command = [
        sys.executable,
        "-m",
        "mailsorter",
        "emulator",
        "serve",
        "--state",
        str(state),
        "--config-out",
        str(config),
    ]
    more = ["--tls", "--json"] if tls else []
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        while tls and not told.endswith("}\n"):
            told += process.stdout.readline()
        url = re.fullmatch(r"ready (\S+)\n", f"ready {json.loads(told)['ready']}\n" if tls else told)
        assert url is not None
        said = tomllib.loads(config.read_text())
        assert said["graph"]["url"] == url[1]
        assert said["firm"]["domains"] == ["vandalen-advies.example"]
        assert os.stat(config.parent / "emulator.secret").st_mode & 0o077 == 0
        assert tomllib.loads((config.parent / "clients.toml").read_text())["client"]
        verify = ssl.create_default_context(cafile=said["graph"]["ca_file"]) if tls else True
        assert httpx.get(f"{url[1]}/", verify=verify, trust_env=False).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.close()  # type: ignore[union-attr]


def test_the_written_config_is_right(tmp_path: Path) -> None:
    from mailsorter.cli.emulator_config import write_config
    from mailsorter.config.load import load
    from mailsorter.emulator import running_emulator
    from mailsorter.emulator.seed.synthetic import seed_synthetic

    with running_emulator() as emulator:
        seed_synthetic(emulator.store, 200)
        write_config(emulator, tmp_path / "mailsorter.toml")
        loaded = load(tmp_path / "mailsorter.toml")
    assert len(loaded.config.mailbox) == 5
    assert len(loaded.book) == 6
