"""People of the config who sign, with a key of their own each; and approving as a person does who has seen the list."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailsorter.cases.approve import ApprovalState, approve, text_to_sign
from mailsorter.cases.office import Approver, Office
from mailsorter.cases.plan import plan_of
from mailsorter.cases.sshsig import APPROVAL_NAMESPACE
from mailsorter.model.caseplan import digest


def approve_seen(office: Office, number: str, by: str) -> ApprovalState:
    """Approve the list with the digest that `case review` prints for it now."""
    return approve(office, number, by=by, digest=digest(plan_of(office.open_file(number))).hex())


class Signer:
    """Someone with an Ed25519 key; signs statements in OpenSSH's format (PROTOCOL.sshsig)."""

    def __init__(self, name: str, *also: str) -> None:
        self.name = name
        self._private = Ed25519PrivateKey.generate()
        point = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._blob = _string(b"ssh-ed25519") + _string(point)
        self.public_key = f"ssh-ed25519 {base64.b64encode(self._blob).decode()} {name}"
        self.entry = Approver(name, self.public_key, also)

    def sign(self, text: bytes) -> str:
        header = [APPROVAL_NAMESPACE.encode(), b"", b"sha512"]
        signed = b"SSHSIG" + b"".join(map(_string, [*header, hashlib.sha512(text).digest()]))
        inner = _string(b"ssh-ed25519") + _string(self._private.sign(signed))
        parts = [_string(self._blob), *map(_string, header), _string(inner)]
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(parts)
        return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(blob).decode()}\n-----END SSH SIGNATURE-----\n"

    def approve(self, office: Office, number: str, by: str = "") -> ApprovalState:
        """Sign the list as it is now; `by`: the name typed, else the entry's."""
        return approve(office, number, by=by or self.name, signature=self.sign(text_to_sign(office, number)))


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
