"""Keys of every kind, and signatures built field by field from OpenSSH's description: any field can be wrong."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMESPACE = "mailsorter-approval"
STATEMENT = b"mailsorter case 2026-0001\nplan sha256:00\n"
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


def string(value: bytes) -> bytes:
    """A field with its length."""
    return len(value).to_bytes(4, "big") + value


def mpint(number: int) -> bytes:
    """A number of zero or more as RFC 4251 writes it."""
    return string(number.to_bytes((number.bit_length() + 8) // 8, "big") if number else b"")


def armor(blob: bytes) -> str:
    """In lines of 70 letters, as ssh-keygen writes it."""
    letters = base64.b64encode(blob).decode()
    lines = [letters[at : at + 70] for at in range(0, len(letters), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


@dataclass(frozen=True)
class Signer:
    """A private key: its kind, its public bytes, and how it signs."""

    kind: str
    public: bytes
    sign: Callable[[bytes], bytes]
    signature_kind: str = ""
    trailer: bytes = b""

    @property
    def line(self) -> str:
        """The public key as a config has it."""
        return f"{self.kind} {base64.b64encode(self.public).decode()} anna"


@dataclass(frozen=True)
class Fields:
    """Everything of a signature that may be wrong. What is None is made from the rest, rightly."""

    signer: Signer
    magic: bytes = b"SSHSIG"
    version: int = 1
    public: bytes | None = None
    namespace: bytes = NAMESPACE.encode()
    reserved: bytes = b""
    hash_algorithm: bytes = b"sha512"
    hashed_with: str = ""
    signed_reserved: bytes | None = None
    kind: bytes | None = None
    change_value: Callable[[bytes], bytes] = field(default=lambda value: value)
    trailer: bytes | None = None
    inner_end: bytes = b""
    end: bytes = b""
    statement: bytes = STATEMENT

    def signed(self) -> bytes:
        """What the key signs."""
        name = self.hashed_with or self.hash_algorithm.decode()
        reserved = self.reserved if self.signed_reserved is None else self.signed_reserved
        digest = hashlib.new(name, self.statement).digest()
        return b"SSHSIG" + b"".join(map(string, (self.namespace, reserved, self.hash_algorithm, digest)))

    def blob(self) -> bytes:
        """The signature before armor."""
        own = self.signer
        value = self.change_value(own.sign(self.signed()))
        kind = (own.signature_kind or own.kind).encode() if self.kind is None else self.kind
        trailer = own.trailer if self.trailer is None else self.trailer
        inner = string(kind) + string(value) + trailer + self.inner_end
        public = own.public if self.public is None else self.public
        fields = (public, self.namespace, self.reserved, self.hash_algorithm, inner)
        return self.magic + self.version.to_bytes(4, "big") + b"".join(map(string, fields)) + self.end

    def armored(self) -> str:
        """The signature as text."""
        return armor(self.blob())


@functools.cache
def ed25519_signer(name: str = "anna") -> Signer:
    """An Ed25519 key; the same for the same name."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Signer("ssh-ed25519", string(b"ssh-ed25519") + string(point), key.sign)


def security_key_signer(flags: int = 1, trailer: bytes | None = None) -> Signer:
    """An Ed25519 key on a security key, with what it says of its owner's presence and its counter."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"token").digest())
    point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kind = "sk-ssh-ed25519@openssh.com"
    said = bytes([flags]) + (7).to_bytes(4, "big") if trailer is None else trailer

    def sign(signed: bytes) -> bytes:
        return key.sign(hashlib.sha256(b"ssh:").digest() + said + hashlib.sha256(signed).digest())

    return Signer(kind, string(kind.encode()) + string(point) + string(b"ssh:"), sign, trailer=said)


@functools.cache
def ecdsa_signer(curve: str = "nistp256", hashed_by: str = "") -> Signer:
    """An ECDSA key; `hashed_by` signs with the hash of another curve."""
    kind, key = f"ecdsa-sha2-{curve}", ec.generate_private_key(_CURVES[curve][0])
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(_CURVES[hashed_by or curve][1])))
        return mpint(r) + mpint(s)

    return Signer(kind, string(kind.encode()) + string(curve.encode()) + string(point), sign)


@functools.cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "ssh-rsa": hashes.SHA1(), "rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512(),
    "rsa-sha2-384": hashes.SHA384(),
}  # fmt: skip


def rsa_signer(kind: str = "rsa-sha2-512", bits: int = 2048, *, is_pss: bool = False) -> Signer:
    """An RSA key that signs by this algorithm."""
    key, hash_ = _rsa_key(bits), _RSA_HASHES[kind]
    numbers = key.public_key().public_numbers()
    pad = padding.PSS(padding.MGF1(hash_), 32) if is_pss else padding.PKCS1v15()
    public = string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)
    return Signer("ssh-rsa", public, lambda signed: key.sign(signed, pad, hash_), signature_kind=kind)


def with_public(signer: Signer, public: bytes) -> Signer:
    """The same key, written otherwise in config and signature."""
    return replace(signer, public=public)
