"""Public keys of approvers, one line each in OpenSSH's format, and what a signature by such a key must look like.

Sources: RFC 4253 (ssh-rsa), RFC 8332 (rsa-sha2-256 and -512), RFC 5656 (ECDSA), RFC 8709 (Ed25519), OpenSSH's
PROTOCOL.u2f (keys on a security key).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from mailsorter.cases.ssh_format import Reader, SignatureRefused, decode_base64

_ED25519_BYTES, _ED25519_SIGNATURE_BYTES = 32, 64
_RSA_BITS = range(2048, 16384 + 1)  # OpenSSH reads no number of more than 16,384 bits
_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
_SECURITY_KEY = "sk-ssh-ed25519@openssh.com"
_TRAILER_BYTES = 5  # one byte of flags, a uint32 counter
_USER_PRESENT = 0x01

Verify = Callable[[str, bytes, bytes, bytes], None]
"""Takes the signature's kind, value and trailer and what was signed. Raises `SignatureRefused` for the form, and
cryptography's `InvalidSignature` when the form is right and the signature is not."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A configured key: its kind, its bytes as a signature repeats them, and how to check a signature by it."""

    kind: str
    blob: bytes
    verify: Verify

    @property
    def line(self) -> str:
        """Kind and bytes in OpenSSH's format, without the comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode('ascii')}"


def read_public_key(line: str) -> PublicKey:
    """The key of one line: `ssh-ed25519 AAAA… comment`.

    Raises:
        SignatureRefused: it is no such line, of a kind that is not supported, too short, or not in canonical form.
    """
    fields = line.split()
    if len(fields) < 2:
        raise SignatureRefused("the configured public key is not one line of OpenSSH's format")
    kind = fields[0]
    try:
        blob = decode_base64(fields[1])
        reader = Reader(blob)
        named = reader.string()
    except SignatureRefused:
        raise SignatureRefused("the configured public key is not one line of OpenSSH's format") from None
    if named != kind.encode():
        raise SignatureRefused("the configured public key contradicts its own type")
    if kind not in _READ:
        raise SignatureRefused("the configured public key is of a kind that is not supported")
    try:
        verify = _READ[kind](reader)
        reader.end()
    except _Short:
        raise
    except (SignatureRefused, ValueError, UnsupportedAlgorithm):
        raise SignatureRefused("the configured public key is damaged") from None
    return PublicKey(kind, blob, verify)


class _Short(SignatureRefused):
    """A key that can be broken; said as such and not as damage."""


def _ed25519(reader: Reader) -> Verify:
    key = ed25519.Ed25519PublicKey.from_public_bytes(reader.string_of(_ED25519_BYTES))

    def verify(kind: str, value: bytes, trailer: bytes, signed: bytes) -> None:
        _require_kind(kind, "ssh-ed25519")
        _require_no_trailer(trailer)
        _require_length(value, _ED25519_SIGNATURE_BYTES)
        key.verify(value, signed)

    return verify


def _security_key(reader: Reader) -> Verify:
    key = ed25519.Ed25519PublicKey.from_public_bytes(reader.string_of(_ED25519_BYTES))
    application = hashlib.sha256(reader.string()).digest()

    def verify(kind: str, value: bytes, trailer: bytes, signed: bytes) -> None:
        _require_kind(kind, _SECURITY_KEY)
        _require_length(value, _ED25519_SIGNATURE_BYTES)
        if len(trailer) != _TRAILER_BYTES:
            raise SignatureRefused("it has more or fewer bytes than its format allows")
        if not trailer[0] & _USER_PRESENT:
            raise SignatureRefused("the security key does not say that its owner was present")
        key.verify(value, application + trailer + hashlib.sha256(signed).digest())

    return verify


def _ecdsa(curve: ec.EllipticCurve, hash_: hashes.HashAlgorithm, name: str, reader: Reader) -> Verify:
    if reader.string() != name.encode():
        raise SignatureRefused("key and curve are of different kinds")
    point = reader.string_of(1 + 2 * ((curve.key_size + 7) // 8))
    if point[0] != 4:  # RFC 5656 allows compressed points, OpenSSH does not
        raise SignatureRefused("the point is not in its uncompressed form")
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)

    def verify(kind: str, value: bytes, trailer: bytes, signed: bytes) -> None:
        _require_kind(kind, f"ecdsa-sha2-{name}")
        _require_no_trailer(trailer)
        numbers = Reader(value)
        r, s = numbers.positive(), numbers.positive()
        numbers.end()
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hash_))

    return verify


def _rsa(reader: Reader) -> Verify:
    exponent, modulus = reader.positive(), reader.positive()
    bits = modulus.bit_length()
    if bits < _RSA_BITS.start:
        raise _Short(f"the RSA key has fewer than {_RSA_BITS.start} bits")
    if bits not in _RSA_BITS:
        raise SignatureRefused("the RSA key is too long")
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()

    def verify(kind: str, value: bytes, trailer: bytes, signed: bytes) -> None:
        if kind == "ssh-rsa":
            raise SignatureRefused("RSA signatures must use SHA-2")
        _require_kind(kind, *_RSA_HASHES)
        _require_no_trailer(trailer)
        _require_length(value, (bits + 7) // 8)
        key.verify(value, signed, padding.PKCS1v15(), _RSA_HASHES[kind])

    return verify


def _require_kind(kind: str, *kinds: str) -> None:
    if kind not in kinds:
        raise SignatureRefused("key and signature are of different kinds")


def _require_no_trailer(trailer: bytes) -> None:
    if trailer:
        raise SignatureRefused("it has more bytes than its format allows")


def _require_length(value: bytes, length: int) -> None:
    if len(value) != length:
        raise SignatureRefused("it has more or fewer bytes than its format allows")


_READ: dict[str, Callable[[Reader], Verify]] = {
    "ssh-ed25519": _ed25519,
    _SECURITY_KEY: _security_key,
    "ecdsa-sha2-nistp256": partial(_ecdsa, ec.SECP256R1(), hashes.SHA256(), "nistp256"),
    "ecdsa-sha2-nistp384": partial(_ecdsa, ec.SECP384R1(), hashes.SHA384(), "nistp384"),
    "ecdsa-sha2-nistp521": partial(_ecdsa, ec.SECP521R1(), hashes.SHA512(), "nistp521"),
    "ssh-rsa": _rsa,
}
