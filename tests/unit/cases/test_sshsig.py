"""Approvals: signatures made by OpenSSH itself are accepted, everything else is refused with the reason."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.cases.sshsig import APPROVAL_NAMESPACE, SignatureRefused, verify

STATEMENT = b"mailsorter case 2026-0001\nplan sha256:00\n"
needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")


def run_openssh(
    folder: Path, *kind: str, namespace: str = APPROVAL_NAMESPACE, text: bytes = STATEMENT
) -> tuple[str, str]:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", *kind, "-N", "", "-C", "anna", "-f", str(key)], check=True)
    signed = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", namespace], input=text, check=True, capture_output=True
    )
    return signed.stdout.decode(), (folder / "key.pub").read_text()


@needs_openssh
@pytest.mark.parametrize(
    "kind",
    [("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"), ("-t", "ecdsa", "-b", "384"), ("-t", "ecdsa", "-b", "521"),
     ("-t", "rsa", "-b", "2048")],
)  # fmt: skip
def test_what_openssh_signs_is_accepted_and_nothing_else(kind: tuple[str, ...], tmp_path: Path) -> None:
    """Every common kind of key: the statement holds, one changed byte of it does not."""
    armored, public = run_openssh(tmp_path, *kind)
    verify(STATEMENT, armored, public, APPROVAL_NAMESPACE)
    with pytest.raises(SignatureRefused, match="another list"):
        verify(STATEMENT + b" ", armored, public, APPROVAL_NAMESPACE)


@needs_openssh
def test_a_signature_for_another_purpose_is_refused(tmp_path: Path) -> None:
    """A signature over a git commit or file cannot be replayed as an approval."""
    armored, public = run_openssh(tmp_path, "-t", "ed25519", namespace="git")
    with pytest.raises(SignatureRefused, match="another purpose"):
        verify(STATEMENT, armored, public, APPROVAL_NAMESPACE)


@needs_openssh
def test_a_signature_of_another_key_is_refused(tmp_path: Path) -> None:
    """Only the configured approver's own key counts."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    armored, _ = run_openssh(tmp_path / "a", "-t", "ed25519")
    _, other = run_openssh(tmp_path / "b", "-t", "ed25519")
    with pytest.raises(SignatureRefused, match="another key"):
        verify(STATEMENT, armored, other, APPROVAL_NAMESPACE)


@needs_openssh
def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    """1024 bits can be broken."""
    armored, public = run_openssh(tmp_path, "-t", "rsa", "-b", "1024")
    with pytest.raises(SignatureRefused, match="2048"):
        verify(STATEMENT, armored, public, APPROVAL_NAMESPACE)


def ssh_string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def armor(blob: bytes) -> str:
    return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"


def own_signature(*, present: int = 1, security_key: bool = False) -> tuple[str, str]:
    """A signature built by hand from OpenSSH's description of the format."""
    private = Ed25519PrivateKey.generate()
    point = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kind = b"sk-ssh-ed25519@openssh.com" if security_key else b"ssh-ed25519"
    key = ssh_string(kind) + ssh_string(point) + (ssh_string(b"ssh:") if security_key else b"")
    header = [APPROVAL_NAMESPACE.encode(), b"", b"sha512"]
    signed = b"SSHSIG" + b"".join(map(ssh_string, [*header, hashlib.sha512(STATEMENT).digest()]))
    trailer = b""
    if security_key:
        trailer = bytes([present]) + (7).to_bytes(4, "big")
        signed = hashlib.sha256(b"ssh:").digest() + trailer + hashlib.sha256(signed).digest()
    inner = ssh_string(kind) + ssh_string(private.sign(signed)) + trailer
    blob = b"SSHSIG" + (1).to_bytes(4, "big") + ssh_string(key) + b"".join(map(ssh_string, header)) + ssh_string(inner)
    return armor(blob), f"{kind.decode()} {base64.b64encode(key).decode()} anna"


def test_a_security_key_counts_only_when_its_owner_touched_it() -> None:
    """The flag for presence must be set."""
    verify(STATEMENT, *own_signature(security_key=True), APPROVAL_NAMESPACE)
    with pytest.raises(SignatureRefused, match="present"):
        verify(STATEMENT, *own_signature(security_key=True, present=0), APPROVAL_NAMESPACE)


@pytest.mark.parametrize(
    ("armored", "why"),
    [
        ("", "does not begin"),
        ("hello", "does not begin"),
        (armor(b""), "empty line"),
        (armor(b"SSHSIG\0\0\0\2"), "version 1"),
        (armor(b"SSHSIG\0\0\0\1" + b"\xff" * 8), "cut off"),
        ("-----BEGIN SSH SIGNATURE-----\n%%%\n-----END SSH SIGNATURE-----", "base64"),
    ],
)
def test_what_is_no_signature_is_refused_with_a_reason(armored: str, why: str) -> None:
    """Any text at all may come out of a file that a person names."""
    with pytest.raises(SignatureRefused, match=why):
        verify(STATEMENT, armored, own_signature()[1], APPROVAL_NAMESPACE)


@pytest.mark.parametrize("public", ["", "ssh-ed25519", "ssh-ed25519 %%%", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA", "x y z"])
def test_a_damaged_public_key_is_refused(public: str) -> None:
    """The config's own mistake never lets a signature through."""
    with pytest.raises(SignatureRefused):
        verify(STATEMENT, own_signature()[0], public, APPROVAL_NAMESPACE)


@given(st.data())
def test_no_changed_byte_of_a_signature_survives(data: st.DataObject) -> None:
    """Flip any bit of any byte: refused, never an exception of another kind."""
    armored, public = own_signature()
    blob = bytearray(base64.b64decode("".join(armored.splitlines()[1:-1])))
    index = data.draw(st.integers(0, len(blob) - 1))
    blob[index] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SignatureRefused):
        verify(STATEMENT, armor(bytes(blob)), public, APPROVAL_NAMESPACE)
