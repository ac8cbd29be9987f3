"""SSH signatures, as `ssh-keygen -Y sign` writes them: read and verified, never made.

An approver signs with:    ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n mailsorter-approval approval.txt
Source: OpenSSH, PROTOCOL.sshsig and PROTOCOL.u2f. Keys: Ed25519, ECDSA on the NIST curves, RSA of at least 2048 bits
with SHA-2, and Ed25519 on a security key, which must say that its owner was present.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

APPROVAL_NAMESPACE = "mailsorter-approval"

_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MIN_RSA_BITS = 2048
_USER_PRESENT = 0x01
_HASHES: dict[bytes, Callable[[bytes], bytes]] = {
    b"sha256": lambda data: hashlib.sha256(data).digest(),
    b"sha512": lambda data: hashlib.sha512(data).digest(),
}
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}


class SignatureRefused(Exception):
    """The signature does not hold; the text says why, for people. Turned into a `UserError` by `approve`."""


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


class _Reader:
    """Length-prefixed strings, as RFC 4251 writes them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise SignatureRefused("it is cut off or damaged")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


def verify(statement: bytes, armored: str, public_key_line: str, namespace: str) -> None:
    """Check that the holder of the public key signed exactly this statement for this namespace.

    `public_key_line` is one line of OpenSSH's format: `ssh-ed25519 AAAA… comment`.

    Raises:
        SignatureRefused: any doubt whatever; the text says which.
    """
    signature = parse(armored)
    if signature.namespace != namespace.encode():
        raise SignatureRefused(f"it was made for another purpose; sign with: ssh-keygen -Y sign -n {namespace}")
    if signature.reserved:
        raise SignatureRefused("it holds a field that this program does not know")
    key_blob = _key_blob(public_key_line)
    if signature.public_key != key_blob:
        raise SignatureRefused("it was made with another key than the configured one")
    hashed = _HASHES.get(signature.hash_algorithm)
    if hashed is None:
        raise SignatureRefused("it uses a digest that is not SHA-256 or SHA-512")
    signed = _MAGIC + b"".join(
        _string(part) for part in (signature.namespace, signature.reserved, signature.hash_algorithm, hashed(statement))
    )
    try:
        _verify_with(key_blob, public_key_line, signature, signed)
    except InvalidSignature:
        raise SignatureRefused("it does not fit the statement: another list, or altered since") from None


def parse(armored: str) -> SshSignature:
    """Read the armored form. Raises `SignatureRefused` when it is none, or of an unknown version."""
    lines = [line.strip() for line in armored.strip().splitlines()]
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise SignatureRefused(f"it does not begin with {_BEGIN} and end with {_END}")
    try:
        reader = _Reader(base64.b64decode("".join(lines[1:-1]), validate=True))
    except (binascii.Error, ValueError):
        raise SignatureRefused("its base64 is damaged") from None
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise SignatureRefused("it is no SSH signature of version 1")
    public_key, namespace, reserved, hash_algorithm = (reader.string() for _ in range(4))
    inner = _Reader(reader.string())
    if reader.rest():
        raise SignatureRefused("it has more bytes than its format allows")
    return SshSignature(public_key, namespace, reserved, hash_algorithm, inner.string(), inner.string(), inner.rest())


def _key_blob(line: str) -> bytes:
    fields = line.split()
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (IndexError, binascii.Error, ValueError):
        raise SignatureRefused("the configured public key is not one line of OpenSSH's format") from None
    if _Reader(blob).string() != fields[0].encode():
        raise SignatureRefused("the configured public key contradicts its own type")
    return blob


def _verify_with(key_blob: bytes, line: str, signature: SshSignature, signed: bytes) -> None:
    if signature.kind == b"sk-ssh-ed25519@openssh.com":
        _verify_security_key(key_blob, signature, signed)
        return
    if signature.trailer:
        raise SignatureRefused("it has more bytes than its format allows")
    try:
        key = load_ssh_public_key(" ".join(line.split()[:2]).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureRefused("the configured public key is of a kind that is not supported") from None
    if isinstance(key, ed25519.Ed25519PublicKey) and signature.kind == b"ssh-ed25519":
        key.verify(signature.value, signed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and signature.kind.startswith(b"ecdsa-sha2-"):
        _verify_ecdsa(key, signature.value, signed)
    elif isinstance(key, rsa.RSAPublicKey):
        _verify_rsa(key, signature, signed)
    else:
        raise SignatureRefused("key and signature are of different kinds")


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, value: bytes, signed: bytes) -> None:
    reader = _Reader(value)
    r, s = (int.from_bytes(reader.string(), "big") for _ in range(2))
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(_CURVE_HASHES[key.curve.name]))


def _verify_rsa(key: rsa.RSAPublicKey, signature: SshSignature, signed: bytes) -> None:
    algorithm: dict[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
    if signature.kind not in algorithm:
        raise SignatureRefused("RSA signatures must use SHA-2")
    if key.key_size < _MIN_RSA_BITS:
        raise SignatureRefused(f"the RSA key has fewer than {_MIN_RSA_BITS} bits")
    key.verify(signature.value, signed, padding.PKCS1v15(), algorithm[signature.kind])


def _verify_security_key(key_blob: bytes, signature: SshSignature, signed: bytes) -> None:
    reader = _Reader(key_blob)
    if reader.string() != b"sk-ssh-ed25519@openssh.com":
        raise SignatureRefused("key and signature are of different kinds")
    point, application = reader.string(), reader.string()
    if len(signature.trailer) != 5 or not signature.trailer[0] & _USER_PRESENT:
        raise SignatureRefused("the security key does not say that its owner was present")
    data = hashlib.sha256(application).digest() + signature.trailer + hashlib.sha256(signed).digest()
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(point).verify(signature.value, data)
    except ValueError:
        raise SignatureRefused("the configured public key is damaged") from None


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
