"""The ledger's key: what makes a stolen database tell nothing.

One master key of 32 bytes, kept outside the database, gives three working keys (RFC 5869, HKDF-SHA-256): for digests
(HMAC-SHA-256, first 16 bytes), for sealing (AES-256-GCM) and for the audit chain. A digest is of (kind, parts), length
prefixed, so that no two different things share one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mailsorter.errors import LedgerUnreadable

T = TypeVar("T")

_building = threading.Lock()
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}

KEY_BYTES = 32
DIGEST_BYTES = 16  # design §6: short enough for a small ledger, long enough that no two messages ever meet
_NONCE_BYTES = 12  # AES-GCM's own


class LedgerKey:
    """The working keys. Never prints itself."""

    __slots__ = ("_digest", "_seal", "audit")

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise LedgerUnreadable(
                f"The ledger's key is {len(master)} bytes long; it must be {KEY_BYTES}.",
                advice="Give back the key file that belongs to this ledger (32 bytes, or 64 hexadecimal digits).",
            )
        self._digest = _derive(master, b"digest")
        self._seal = AESGCM(_derive(master, b"seal"))
        self.audit = _derive(master, b"audit")

    def __repr__(self) -> str:
        return "LedgerKey(…)"

    @staticmethod
    def generate() -> bytes:
        """A new random master key."""
        return os.urandom(KEY_BYTES)

    def digest(self, kind: str, *parts: str | bytes) -> bytes:
        """The keyed digest of one thing, 16 bytes. The same parts under another kind give another digest."""
        return hmac.digest(self._digest, _framed(kind, parts), hashlib.sha256)[:DIGEST_BYTES]

    def seal(self, value: Any, purpose: str) -> bytes:
        """Encrypt a value (anything msgspec can pack) for one purpose; only `open` with that purpose reads it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, msgspec.msgpack.encode(value), purpose.encode())

    def open(self, sealed: bytes, purpose: str, type_: type[T]) -> T:
        """Decrypt what `seal` made for this purpose. Raises `LedgerUnreadable`: wrong key, or altered."""
        try:
            clear = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise LedgerUnreadable(
                f"A sealed {purpose} in the ledger does not open with this key: the key is another one, "
                "or the entry was altered.",
                advice="Give back the ledger's own key, or restore ledger and key together from backup.",
            ) from None
        try:
            return _decoder(type_).decode(clear)
        except msgspec.MsgspecError:
            raise LedgerUnreadable(
                f"A sealed {purpose} in the ledger is of another version of mailsorter.",
                advice="Install the version that wrote it, or restore ledger and key together from backup.",
            ) from None


def _decoder(type_: type[T]) -> msgspec.msgpack.Decoder[T]:
    """The decoder of a type, built by one thread: msgspec shows others a half-built one of nested structs, and dies."""
    with _building:
        if type_ not in _decoders:
            _decoders[type_] = msgspec.msgpack.Decoder(type_)
        return _decoders[type_]


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"mailsorter ledger 1 " + purpose).derive(master)


def _framed(kind: str, parts: tuple[str | bytes, ...]) -> bytes:
    framed = bytearray(kind.encode())
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        framed += b"\0" + len(raw).to_bytes(4, "big") + raw
    return bytes(framed)
