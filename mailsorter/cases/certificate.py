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
from mailsorter.model.counted import counted
from mailsorter.model.explanations import IN_SHORT

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


READERS = "For the firm and its auditor, not for the person: it names mailboxes and other clients' folders."


def as_pdf(certificate: Mapping[str, Any]) -> bytes:
    """A reading copy on paper; what counts is the signed JSON."""
    from mailsorter.cases.pdf import render

    signature = certificate.get("signature") or {}
    facts = [
        ("Outcome", certificate["outcome"]),
        ("Case", f"{certificate['case']} ({certificate['kind']}), received {certificate['received_on']}"),
        ("Issued", f"{certificate['issued_at']} by {certificate['program']}"),
        ("Approved list", f"sha256 {certificate['plan']}, {counted(certificate['approvals']['count'], 'approval')}"),
        ("Items", ", ".join(f"{count} {state}" for state, count in certificate["items"].items()) or "none"),
        ("Why not proven", ", ".join(f"{r['count']} {r['why']}" for r in certificate.get("reasons", ())) or "-"),
        ("Findings", _account(certificate)),
        ("Looked at", _looked_at(certificate)),
        ("Depth", certificate.get("coverage", {}).get("depth_means", "")),
        *_notes(certificate),
        ("Unexpected", str(certificate["unexpected"])),
        ("Audit head", certificate["audit_head"]),
        ("Signature", signature.get("value", "not signed")),
        ("Public key", signature.get("public_key", "")),
    ]
    return render(
        "certificate",
        {
            "title": f"Certificate of erasure, case {certificate['case']}",
            "footer": READERS + " Reading copy: the signed JSON is the certificate.",
            "facts": [[name, str(value)] for name, value in facts],
            "sections": [_remainders(certificate), _folders(certificate), _not_seen(certificate)],
        },
    )


def _notes(certificate: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A sentence for each reason whose code alone says too little."""
    reasons = {gap["reason"] for gap in certificate["not_seen"]}
    return [("Note", IN_SHORT[reason]) for reason in sorted(reasons & IN_SHORT.keys())]


def _account(certificate: Mapping[str, Any]) -> str:
    """Every bucket that holds something, and their sum."""
    account = certificate.get("account") or {"total": 0, "buckets": {}}
    buckets = ", ".join(f"{count} {bucket}" for bucket, count in account["buckets"].items() if count)
    return f"{account['total']} in all: {buckets}" if buckets else "none"


def _looked_at(certificate: Mapping[str, Any]) -> str:
    """How many mailboxes, and "all" only where it is so."""
    coverage = certificate.get("coverage") or {"mailboxes": [], "whole": False, "beyond_depth": 0}
    count = len(coverage["mailboxes"])
    read = coverage.get("read", count)  # older certificates did not tell it
    some = counted(count, "mailbox", "mailboxes")
    part = some if read == count else f"{read} of {some}"
    all_of_them = f"All folders of all mailboxes in scope ({count})" if coverage["whole"] else part
    more = "" if coverage["whole"] else "; not all of it: see what could not be seen"
    beyond = counted(
        coverage["beyond_depth"], "message, attachment or other item", "messages, attachments or other items"
    )
    return f"{all_of_them}{more}. Beyond the depth: {beyond}"


def _remainders(certificate: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [str(r["count"]), r["why"], r["ground"], r["article"], r["until"]] for r in certificate["remainders"]
    ]  # fmt: skip
    head = ["Items", "Why", "Ground", "Article", "Until"]
    return {"title": "What remains", "head": head, "rows": rows, "empty": "Nothing remains."}


def _folders(certificate: Mapping[str, Any]) -> dict[str, Any]:
    names = ("held_when_searched", "concerned_the_person", "erased", "holds_now", "names_the_person_now")
    rows = [
        [mailbox["mailbox"], folder["folder"], *("" if folder[n] is None else str(folder[n]) for n in names)]
        for mailbox in certificate["mailboxes"]
        for folder in mailbox["folders"]
        if folder["holds_now"] or folder["erased"] or folder["concerned_the_person"]
    ]
    head = ["Mailbox", "Folder", "Held", "Theirs", "Erased", "Holds now", "Theirs now"]
    return {"title": "Where was looked", "head": head, "rows": rows, "empty": "Every folder is empty."}


def _not_seen(certificate: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [g["mailbox"], g["folder"], g["reason"], g.get("kind", ""), str(g["count"] or "?")]
        for g in certificate["not_seen"]
    ]
    head = ["Mailbox", "Folder", "Why", "Kind", "Messages"]
    return {"title": "What could not be seen", "head": head, "rows": rows, "empty": "Everything was seen."}
