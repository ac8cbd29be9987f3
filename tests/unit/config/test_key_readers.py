"""Who can read which key: a table of places and modes, judged for the daemon's user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsorter.config import key_readers
from mailsorter.config.load import load
from tests.unit.config.conftest import GOOD

OFFICER, DAEMON, ELSE = 61_002, 61_001, 61_009
KEYS = """
[ledger]
url = "sqlite:///state/ledger.db"
key = "{ledger}"
[erasure]
signing_key = "{signing}"
[erasure.graph]
client_id = "second"
client_secret = "{second}"
"""


def place(folder: Path, *, ledger: str = "env:K", signing: str = "env:S", second: str = "env:E") -> Path:
    (folder / "state").mkdir(exist_ok=True)
    (folder / "clients.toml").touch()
    config = folder / "mailsorter.toml"
    config.write_text(GOOD + KEYS.format(ledger=ledger, signing=signing, second=second), "utf-8")
    return config


def read(config: Path) -> dict[str, key_readers.KeyReaders]:
    return {one.name: one for one in key_readers.key_readers(load(config).config)}


def test_every_key_of_the_config_is_told_with_whose_it_is(tmp_path: Path) -> None:
    found = read(place(tmp_path))
    assert {name: one.is_officers for name, one in found.items()} == {
        "graph.client_secret": False, "ledger.key": False,
        "erasure.signing_key": True, "erasure.graph.client_secret": True,
    }  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to other users")
@pytest.mark.parametrize(
    ("owner", "group", "mode", "readers", "is_for_daemon"),
    [
        (OFFICER, ELSE, 0o600, "user 61002", False),
        (OFFICER, ELSE, 0o640, "user 61002, group 61009", False),
        (OFFICER, ELSE, 0o604, "everybody", True),
        (DAEMON, ELSE, 0o400, "user 61001", True),
        (0, 0, 0o600, "user root", False),
    ],
)
def test_a_file_s_modes_say_who_reads_it(
    tmp_path: Path, owner: int, group: int, mode: int, readers: str, is_for_daemon: bool
) -> None:
    config = place(tmp_path, second="file:second", signing="file:second", ledger="file:ledger")
    os.chown(tmp_path / "state", DAEMON, DAEMON)
    for name in ("second", "ledger"):
        (tmp_path / name).write_text("x")
        os.chown(tmp_path / name, owner, group)
        (tmp_path / name).chmod(mode)
    found = read(config)
    assert {one.readers for name, one in found.items() if name != "graph.client_secret"} == {readers}
    assert {found[name].is_for_daemon for name in ("erasure.signing_key", "erasure.graph.client_secret")} == {
        is_for_daemon
    }
    warned = key_readers.reader_warnings(load(config).config)
    assert [line.partition(" (")[0] for line in warned] == (
        ["[erasure] signing_key", "[erasure.graph] client_secret"] if is_for_daemon else []
    ), "the ledger's key is for both"


@pytest.mark.parametrize(
    ("is_daemon", "is_passed", "is_here", "warned"),
    [(True, True, True, True), (True, False, False, False), (False, True, True, False), (False, False, False, False)],
)
def test_a_credential_is_read_where_a_unit_loads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_daemon: bool, is_passed: bool, is_here: bool, warned: bool
) -> None:
    """Loaded in the daemon's unit it is a warning; in the officer's it is right."""
    config = place(tmp_path, second="credential:second")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "passed"))
    (tmp_path / "passed").mkdir()
    if is_passed:
        (tmp_path / "passed" / "second").write_text("x")
    user = os.geteuid() if is_daemon else os.geteuid() + 1
    monkeypatch.setattr(key_readers, "daemon_user", lambda _config: user)
    found = read(config)["erasure.graph.client_secret"]
    assert (found.is_here, found.is_for_daemon) == (is_here, warned)
    assert found.readers == "each unit that loads it"


def test_what_is_not_there_or_only_asked_for_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K", "x")
    found = read(place(tmp_path, second="file:nowhere", signing="keyring:mailsorter/signing"))
    told = {name: (one.readers, one.is_here) for name, one in found.items()}
    assert told["ledger.key"] == ("whoever starts the process with it", True)
    assert told["erasure.graph.client_secret"] == ("nobody: there is no such file", False)
    assert told["erasure.signing_key"] == ("the user whose keyring it is", None)
