"""Approvals by signature: a key pair of OpenSSH's own, and approvers with the names that people have."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from mailsorter.cases.approve import approve, text_to_sign
from mailsorter.cases.office import Approver
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.errors import UserError
from tests.cases.office import PIET, World, mail

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")


def sign(folder: Path, text: bytes) -> tuple[str, str]:
    """A new key's signature over the text, and its public key."""
    key = folder / "approver-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "mailsorter-approval"]
    signed = subprocess.run(command, input=text, check=True, capture_output=True)
    return signed.stdout.decode(), key.with_suffix(".pub").read_text()


@pytest.mark.parametrize(
    "name", ["bert", "Zo\u00eb van 't Hof", '"*",!bert namespaces="git"', "-Y sign", "bert #1", "$(id); `id` | \\", "*"]
)
def test_an_approver_signs_whatever_their_name(world: World, tmp_path: Path, name: str) -> None:
    """The name reaches neither the command line of ssh-keygen nor its list of signers."""
    key = mail(world.anna, from_=PIET)
    number = world.planned()
    signature, public = sign(tmp_path, text_to_sign(world.office, number))
    world.change(firm=dataclasses.replace(world.firm, approvers=(Approver(name, public),)))
    assert approve(world.office, number, by=name, signature=signature).missing == 0
    assert perform(world.office, number).is_finished
    assert key not in world.everything()
    assert prove(world.office, number).certificate["approvals"] == {"count": 1, "signed": 1}


def test_a_signature_of_another_list_is_refused(world: World, tmp_path: Path) -> None:
    """What was signed is the list as it was: after another message came in, it is another list."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    signature, public = sign(tmp_path, text_to_sign(world.office, number))
    mail(world.anna, from_=PIET)
    world.change(firm=dataclasses.replace(world.firm, approvers=(Approver("bert", public),)))
    number = world.planned()
    with pytest.raises(UserError, match="another list"):
        approve(world.office, number, by="bert", signature=signature)
