"""The ledger's key: what makes a stolen database tell nothing.

One master key of 32 bytes, kept outside the database, gives three working keys (RFC 5869, HKDF-SHA-256): for digests
(HMAC-SHA-256, first 16 bytes), for sealing (AES-256-GCM) and for the audit chain. A digest is of (kind, parts), length
prefixed, so that no two different things share one.

The master key can be replaced while the ledger goes on (docs/design.md §6). Each key has a *generation*, 0 for the
first; what a later one made begins with a byte that says which, so every digest tells by itself whose it is. While keys
from before are at hand a digest knows its *former* spellings too, and a look-up asks for all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.packed import decoder_of

T = TypeVar("T")
V = TypeVar("V")

KEY_BYTES = 32
DIGEST_BYTES = 16  # design §6: short enough for a small ledger, long enough that no two messages ever meet
_NONCE_BYTES = 12  # AES-GCM's own


class Digest(bytes):
    """A digest under the key in force that also knows what it is under the keys before it.

    Equal to, and found in sets and dicts by, its newest spelling alone.
    """

    former: tuple[bytes, ...]

    @classmethod
    def of(cls, newest: bytes, former: tuple[bytes, ...]) -> Digest:
        """The newest spelling together with the former ones."""
        made = cls(newest)
        made.former = former
        return made


def former(digest: bytes) -> tuple[bytes, ...]:
    """What the digest is under former keys; () for one that was read back, or when there is no former key."""
    return getattr(digest, "former", ())


def spellings(digest: bytes | None) -> tuple[bytes, ...]:
    """The digest under every key at hand, the newest first; () for None."""
    return () if digest is None else (digest, *former(digest))


def every_spelling(digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """Each spelling of each digest, with the digest itself: what to ask the database for, and what it was asked for."""
    return {spelling: digest for digest in digests for spelling in (digest, *former(digest))}


def by_spelling(values: Mapping[bytes, V]) -> dict[bytes, V]:
    """The same values, to be found by any spelling of their digests."""
    return {spelling: value for digest, value in values.items() for spelling in (digest, *former(digest))}


def is_same(one: bytes | None, other: bytes | None) -> bool:
    """Are both digests of one thing, whichever key each was made with? False when one is None."""
    return one is not None and other is not None and not set(spellings(one)).isdisjoint(spellings(other))


class LedgerKey:
    """The working keys: those of the key in force, and of former ones that are still at hand. Never prints itself."""

    __slots__ = ("_digest", "_former", "_mark", "_seal", "audit", "audit_keys", "check", "generation")

    def __init__(self, master: bytes, generation: int = 0, former: Sequence[LedgerKey] = ()) -> None:
        if len(master) != KEY_BYTES:
            raise LedgerUnreadable(
                f"The ledger's key is {len(master)} bytes long; it must be {KEY_BYTES}.",
                advice="Give back the key file that belongs to this ledger (32 bytes, or 64 hexadecimal digits).",
            )
        self.generation = generation
        self._mark = mark(generation)
        self._former = tuple(former)
        self._digest = _derive(master, b"digest")
        self._seal = AESGCM(_derive(master, b"seal"))
        self.check = self._plain_digest(_framed("key check", ()))  # so the ledger knows it again, in every generation
        self.audit = _derive(master, b"audit")
        self.audit_keys = {generation: self.audit}  # of every generation, to verify the whole chain

    def __repr__(self) -> str:
        return "LedgerKey(…)"

    @staticmethod
    def generate() -> bytes:
        """A new random master key."""
        return os.urandom(KEY_BYTES)

    @property
    def former(self) -> tuple[LedgerKey, ...]:
        """The former keys at hand, newest first."""
        return self._former

    def digest(self, kind: str, *parts: str | bytes) -> bytes:
        """The keyed digest of one thing: 16 bytes, and one before them from the second generation on.

        The same parts under another kind give another digest. While former keys are at hand it is a `Digest`.
        """
        framed = _framed(kind, parts)
        newest = self._mark + self._plain_digest(framed)
        if not self._former:
            return newest
        return Digest.of(newest, tuple(key._mark + key._plain_digest(framed) for key in self._former))

    def _plain_digest(self, framed: bytes) -> bytes:
        return hmac.digest(self._digest, framed, hashlib.sha256)[:DIGEST_BYTES]

    def seal(self, value: Any, purpose: str) -> bytes:
        """Encrypt a value (anything msgspec can pack) for one purpose; only `open` with that purpose reads it."""
        nonce = os.urandom(_NONCE_BYTES)
        clear = msgspec.msgpack.encode(value, enc_hook=_as_bytes)
        return nonce + self._seal.encrypt(nonce, clear, purpose.encode())

    def reseal(self, sealed: bytes, purpose: str) -> bytes:
        """The same, sealed with the key in force; as it was when it is so already. Raises `LedgerUnreadable`."""
        if self._decrypted(sealed, purpose) is not None:
            return sealed
        clear = self._clear(sealed, purpose)
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, clear, purpose.encode())

    def _decrypted(self, sealed: bytes, purpose: str) -> bytes | None:
        """With this key alone."""
        try:
            return self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            return None

    def _clear(self, sealed: bytes, purpose: str) -> bytes:
        for key in (self, *self._former):
            clear = key._decrypted(sealed, purpose)
            if clear is not None:
                return clear
        raise LedgerUnreadable(
            f"A sealed {purpose} in the ledger does not open with this key: the key is another one, "
            "or the entry was altered.",
            advice="Give back the ledger's own key, or restore ledger and key together from backup.",
        )

    def open(self, sealed: bytes, purpose: str, type_: type[T]) -> T:
        """Decrypt what `seal` made for this purpose, with whichever key it was sealed.

        Raises `LedgerUnreadable`: wrong key, or altered.
        """
        clear = self._clear(sealed, purpose)
        try:
            return decoder_of(type_).decode(clear)
        except msgspec.MsgspecError:
            raise LedgerUnreadable(
                f"A sealed {purpose} in the ledger is of another version of mailsorter.",
                advice="Install the version that wrote it, or restore ledger and key together from backup.",
            ) from None


def mark(generation: int) -> bytes:
    """What a digest of that generation begins with: nothing for the first, else one byte."""
    return b"" if generation == 0 else bytes([1 + (generation - 1) % 255])


def _as_bytes(value: Any) -> bytes:
    """For msgspec, which packs bytes but no subclass of it."""
    if isinstance(value, Digest):
        return bytes(value)
    raise TypeError(f"cannot be packed: {type(value).__name__}")


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"mailsorter ledger 1 " + purpose).derive(master)


def _framed(kind: str, parts: tuple[str | bytes, ...]) -> bytes:
    framed = bytearray(kind.encode())
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        framed += b"\0" + len(raw).to_bytes(4, "big") + raw
    return bytes(framed)
