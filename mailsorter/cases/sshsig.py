"""SSH signatures, as `ssh-keygen -Y sign` writes them: read and verified, never made.

An approver signs with:    ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n mailsorter-approval approval.txt

Two judges must agree. The form is read here, more strictly than OpenSSH reads it, and `cryptography` checks the
signature; then, where `ssh-keygen` is installed, OpenSSH checks the same file again. A no of either is a no.
Source: OpenSSH, PROTOCOL.sshsig.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from mailsorter.cases.ssh_format import Reader, SignatureRefused, decode_base64, string
from mailsorter.cases.ssh_keygen import Judgement, find_ssh_keygen, judge
from mailsorter.cases.ssh_public_key import PublicKey, read_public_key

__all__ = ["APPROVAL_NAMESPACE", "SignatureRefused", "SshSignature", "parse", "verify", "verify_form_and_value"]

APPROVAL_NAMESPACE = "mailsorter-approval"

_MAGIC, _VERSION = b"SSHSIG", 1
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MOST_LETTERS = 16_384  # an RSA key of 16,384 bits and its signature are 5,600 letters in base64
_HASHES: dict[bytes, Callable[[bytes], bytes]] = {
    b"sha256": lambda data: hashlib.sha256(data).digest(),
    b"sha512": lambda data: hashlib.sha512(data).digest(),
}


@dataclass(frozen=True, slots=True)
class SshSignature:
    """A parsed signature: whose key, for what, over which kind of digest."""

    public_key: bytes
    namespace: bytes
    reserved: bytes
    hash_algorithm: bytes
    kind: bytes  # the signature's own algorithm
    value: bytes
    trailer: bytes  # flags and counter of a security key


def verify(statement: bytes, armored: str, public_key_line: str, namespace: str) -> None:
    """Check that the holder of the public key signed exactly this statement for this namespace.

    `public_key_line` is one line of OpenSSH's format: `ssh-ed25519 AAAA… comment`.

    Raises:
        SignatureRefused: any doubt whatever; the text says which.
    """
    key = verify_form_and_value(statement, armored, public_key_line, namespace)
    if judge(find_ssh_keygen(), statement, armored, key, namespace) is Judgement.REFUSED:
        raise SignatureRefused("ssh-keygen -Y verify does not accept it on this machine")


def verify_form_and_value(statement: bytes, armored: str, public_key_line: str, namespace: str) -> PublicKey:
    """The first judge alone, which needs no program; gives the key that signed. Raises `SignatureRefused`."""
    key = read_public_key(public_key_line)
    signature = parse(armored)
    if signature.namespace != namespace.encode():
        raise SignatureRefused(f"it was made for another purpose; sign with: ssh-keygen -Y sign -n {namespace}")
    if signature.reserved:
        raise SignatureRefused("it holds a field that this program does not know")
    if signature.public_key != key.blob:
        raise SignatureRefused("it was made with another key than the configured one")
    hashed = _HASHES.get(signature.hash_algorithm)
    if hashed is None:
        raise SignatureRefused("it uses a digest that is not SHA-256 or SHA-512")
    fields = (signature.namespace, signature.reserved, signature.hash_algorithm, hashed(statement))
    signed = _MAGIC + b"".join(map(string, fields))
    try:
        key.verify(signature.kind.decode("ascii", "replace"), signature.value, signature.trailer, signed)
    except InvalidSignature:
        raise SignatureRefused("it does not fit the statement: another list, or altered since") from None
    return key


def parse(armored: str) -> SshSignature:
    """Read the armored form. Raises `SignatureRefused` when it is none, or of an unknown version."""
    if len(armored) > _MOST_LETTERS:
        raise SignatureRefused("it is longer than any signature")
    lines = armored.rstrip("\n").split("\n")
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise SignatureRefused(f"it does not begin with {_BEGIN} and end with {_END}")
    if not all(lines):
        raise SignatureRefused("it has an empty line")
    reader = Reader(decode_base64("".join(lines[1:-1])))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != _VERSION:
        raise SignatureRefused("it is no SSH signature of version 1")
    public_key, namespace, reserved, hash_algorithm = (reader.string() for _ in range(4))
    inner = Reader(reader.string())
    reader.end()
    return SshSignature(public_key, namespace, reserved, hash_algorithm, inner.string(), inner.string(), inner.rest())
