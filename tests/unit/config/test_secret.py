"""Secrets lie elsewhere, and never print themselves."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from mailsorter.config.secret import Secret, SecretReference, create_key_file
from mailsorter.errors import UserError


def test_a_secret_shows_itself_only_to_reveal() -> None:
    """Not in print, repr, a format or a pickle."""
    secret = Secret(b"hunter2\n")
    assert secret.reveal() == "hunter2"
    assert secret.reveal_bytes() == b"hunter2\n"
    assert "hunter2" not in f"{secret} {secret!r} {secret:>20} %s" % secret
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the command that mends it."""
    path = tmp_path / "s"
    path.write_text("hunter2")
    path.chmod(0o640)
    reference = SecretReference.parse("file:s", tmp_path)
    with pytest.raises(UserError, match=f"chmod 600 {path}"):
        reference.read()
    path.chmod(0o600)
    assert reference.read().reveal() == "hunter2"


def test_each_scheme_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the environment, and from systemd's credential folder whatever the mode shows."""
    monkeypatch.setenv("S", "one")
    assert SecretReference.parse("env:S", tmp_path).read().reveal() == "one"
    credential = tmp_path / "c"
    credential.write_text("two\n")
    credential.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SecretReference.parse("credential:c", Path()).read().reveal() == "two"


@pytest.mark.parametrize("text", ["hunter2", "env:", "vault:x", "keyring:x", "credential:../x", ":x"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """Without showing it."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message must not hold the text
        SecretReference.parse(text, Path())
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["env:MAILSORTER_NOT_SET", "file:none", "credential:none"])
def test_a_missing_secret_says_what_to_do(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind with its own advice."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(UserError) as caught:
        SecretReference.parse(text, tmp_path).read()
    assert caught.value.advice


def test_a_key_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    """A second call leaves the first key."""
    path = tmp_path / "ledger.key"
    create_key_file(path)
    first = path.read_text()
    create_key_file(path)
    assert path.read_text() == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.key"]


class Keyring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return {("mailsorter", "graph"): "three"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def test_a_keyring_is_asked(tmp_path: Path) -> None:
    """By service and name; one that misses says how to store it, and no keyring at all where to go instead."""
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(Keyring())
        assert SecretReference.parse("keyring:mailsorter/graph", tmp_path).read().reveal() == "three"
        with pytest.raises(UserError, match="keyring set mailsorter other"):
            SecretReference.parse("keyring:mailsorter/other", tmp_path).read()
        keyring.set_keyring(keyring.backends.fail.Keyring())
        with pytest.raises(UserError, match="file:PATH"):
            SecretReference.parse("keyring:mailsorter/graph", tmp_path).read()
    finally:
        keyring.set_keyring(before)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    """A file that holds only a line end is no secret."""
    (tmp_path / "s").write_text("\n")
    (tmp_path / "s").chmod(0o600)
    with pytest.raises(UserError, match="is empty"):
        SecretReference.parse("file:s", tmp_path).read()
