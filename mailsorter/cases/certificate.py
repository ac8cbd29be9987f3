"""The certificate of an erasure: counts, remainders and what could not be seen, signed, without personal data.

Canonical form: JSON with sorted keys, no blanks, UTF-8, integers and strings only. The Ed25519 signature covers
exactly those bytes of everything but the field `signature`. Anyone can check it with the public key in the docs'
recipe (docs/erasure.md), without this program.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailsorter.errors import UserError

FORMAT = "mailsorter erasure certificate 1"


def canonical(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign(body: Mapping[str, Any], pem: bytes) -> dict[str, Any]:
    """The certificate with its signature. Raises `UserError` when the key is no Ed25519 private key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            "The certificate's key is no Ed25519 private key in PEM without a passphrase.",
            advice="Make one: openssl genpkey -algorithm ed25519 -out certificate-key.pem",
        )
    unsigned = {name: value for name, value in body.items() if name != "signature"}
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = {
        "algorithm": "Ed25519",
        "public_key": base64.b64encode(public).decode(),
        "value": base64.b64encode(key.sign(canonical(unsigned))).decode(),
    }
    return {**unsigned, "signature": signature}


def is_genuine(certificate: Mapping[str, Any], public_key: bytes | None = None) -> bool:
    """Does the signature hold? `public_key`: the 32 bytes that are expected; None trusts the one it carries."""
    signature = certificate.get("signature")
    if not isinstance(signature, Mapping):
        return False
    unsigned = {name: value for name, value in certificate.items() if name != "signature"}
    try:
        carried = base64.b64decode(str(signature["public_key"]), validate=True)
        if public_key is not None and carried != public_key:
            return False
        value = base64.b64decode(str(signature["value"]), validate=True)
        Ed25519PublicKey.from_public_bytes(carried).verify(value, canonical(unsigned))
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True
