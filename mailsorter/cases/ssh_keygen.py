"""OpenSSH's own judgement of a signature, by `ssh-keygen -Y verify`, where it is installed.

What it is given lies in a folder of its own that only this user can read, made for the one call. The signer is known to
it by one fixed name, so that no approver's name reaches its command line or its file.
"""

from __future__ import annotations

import enum
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from mailsorter.cases.ssh_public_key import PublicKey

_SIGNER = "approver"
_TIMEOUT_S = 30
_ACCEPTED, _USAGE = 0, 1


class Judgement(enum.Enum):
    """What OpenSSH says of a signature."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NONE = "none"  # it is not installed, cannot be started, or is older than 8.1 and does not know -Y verify


def find_ssh_keygen() -> str | None:
    """The program's path, or None where it is not installed."""
    return shutil.which("ssh-keygen")


def judge(program: str | None, statement: bytes, armored: str, key: PublicKey, namespace: str) -> Judgement:
    """Ask `ssh-keygen` whether `key` made this signature over `statement` for `namespace`.

    Anything but its plain yes is a no, a crash and a timeout included.
    """
    if program is None:
        return Judgement.NONE
    try:
        with tempfile.TemporaryDirectory(prefix="mailsorter-signature-") as folder:  # mode 0700
            return _run(program, Path(folder), statement, armored, key, namespace)
    except subprocess.TimeoutExpired:
        return Judgement.REFUSED
    except OSError:
        return Judgement.NONE


def _run(
    program: str, folder: Path, statement: bytes, armored: str, key: PublicKey, namespace: str
) -> Judgement:  # fmt: skip
    signers, signature = folder / "allowed_signers", folder / "signature"
    signers.write_text(f'{_SIGNER} namespaces="{namespace}" {key.line}\n', "ascii")
    signature.write_bytes(armored.encode("utf-8", "surrogatepass"))
    command = [program, "-Y", "verify", "-f", str(signers), "-I", _SIGNER, "-n", namespace, "-s", str(signature)]
    done = subprocess.run(  # noqa: S603  no shell, and nothing in the command comes from the signature
        command, input=statement, capture_output=True, timeout=_TIMEOUT_S, check=False, cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C"},
    )  # fmt: skip
    if done.returncode == _USAGE and b"usage: ssh-keygen" in done.stderr:
        return Judgement.NONE
    return Judgement.ACCEPTED if done.returncode == _ACCEPTED else Judgement.REFUSED
