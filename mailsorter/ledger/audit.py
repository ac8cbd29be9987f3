"""The audit chain: append-only, each entry's HMAC covers its content and the entry before it.

Canonical form (RFC 8785's spirit for our few types): JSON with sorted keys, no spaces, integers and strings only.
An entry holds run, case and counts, never a person's tokens or message ids.

When the ledger's key is replaced, the entry that says so is the first one under the new key: whoever has the old one
cannot write it, and nothing after it fits under the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection, insert, select
from sqlalchemy import text as sql

from mailsorter.errors import UserError
from mailsorter.ledger.in_force import require_in_force
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.locks import ADVISORY_CLASS
from mailsorter.ledger.schema import audit

_START = b"mailsorter audit 1"
_LAST = select(audit).order_by(audit.c.number.desc()).limit(1)
_APPEND = insert(audit)

KEY_REPLACED = "key.replaced"
"""The kind of the first entry under a new key; its body names the key's `generation`."""

AuditValue = str | int | bool | None | Mapping[str, "AuditValue"] | list["AuditValue"]


class AuditEntry(msgspec.Struct, frozen=True):
    """One entry as stored."""

    number: int
    at_s: int
    kind: str
    body: str
    mac: bytes


class AuditFault(msgspec.Struct, frozen=True):
    """The first place where the chain does not hold: `kind` is altered, missing, inserted or cut."""

    number: int
    kind: str
    text: str


class Audit:
    """The chain, in one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def append(self, kind: str, body: Mapping[str, AuditValue]) -> str:
        """Add an entry; gives the chain's new head."""
        if self._connection.dialect.name == "postgresql":  # under READ COMMITTED two writers would read one last entry
            self._connection.execute(sql("SELECT pg_advisory_xact_lock(:c, 0)"), {"c": ADVISORY_CLASS})
            require_in_force(self._connection, self._key)  # it may have been replaced while we waited
        last = self._last()
        number = last.number + 1 if last else 1
        text = canonical(body)
        mac = chain_mac(self._key.audit, last.mac if last else _START, number, self._now_s, kind, text)
        values = {"number": number, "at": self._now_s, "kind": kind, "body": text, "mac": mac}
        self._connection.execute(_APPEND, values)
        return _head(number, mac)

    def head(self) -> str:
        """The chain's end as `NUMBER:HEX`, to be kept elsewhere; `0:` for an empty chain."""
        last = self._last()
        return _head(last.number, last.mac) if last else "0:"

    def entries(self) -> Iterator[AuditEntry]:
        """All entries, oldest first."""
        query = select(audit).order_by(audit.c.number)
        with self._connection.execute(query, execution_options={"yield_per": 1000}) as rows:
            for row in rows:
                yield AuditEntry(row.number, row.at, row.kind, row.body, row.mac)

    def _last(self) -> AuditEntry | None:
        row = self._connection.execute(_LAST).first()
        return AuditEntry(row.number, row.at, row.kind, row.body, row.mac) if row else None

    def verify(self, head: str | None = None) -> AuditFault | None:
        """The first fault of the chain, or None. With a `head` kept elsewhere, a cut or rewritten tail shows too.

        Raises `UserError` for a head that is none.
        """
        kept = parse_head(head) if head is not None else None
        before, expected, generation = _START, 1, 0
        for entry, following in _pairs(self.entries()):
            if entry.number != expected:
                return AuditFault(expected, "missing", f"entry {expected} is missing; the next one is {entry.number}")
            if not self._fits(before, entry.number, entry, generation):
                return self._fault(before, entry, following, generation)
            if kept and entry.number == kept[0] and not entry.mac.hex().startswith(kept[1]):
                return AuditFault(entry.number, "altered", f"entry {entry.number} is not the one that the head names")
            before, expected, generation = entry.mac, expected + 1, _generation(entry, generation)
        if kept and kept[0] >= expected:
            return AuditFault(expected, "cut", f"the chain ends at {expected - 1}; the head names entry {kept[0]}")
        if generation != self._key.generation:
            return AuditFault(
                expected, "cut", f"the chain ends at {expected - 1}, before the ledger's key was replaced"
            )
        return None

    def _fits(self, before: bytes, number: int, entry: AuditEntry, generation: int) -> bool:
        """Does the entry follow, where that generation's key is in force before it?"""
        key = self._key.audit_keys.get(_generation(entry, generation))
        if key is None:
            return False
        mac = chain_mac(key, before, number, entry.at_s, entry.kind, entry.body)
        return hmac.compare_digest(mac, entry.mac)

    def _fault(self, before: bytes, entry: AuditEntry, following: AuditEntry | None, generation: int) -> AuditFault:
        """What an entry that does not fit says: rows after an inserted or removed one may have been renumbered."""
        number = entry.number
        if following is not None and self._fits(before, number, following, generation):
            return AuditFault(
                number, "inserted", f"entry {number} is inserted; what was entry {number} stands after it"
            )
        if following is not None and self._fits(entry.mac, following.number + 1, following, generation):
            return AuditFault(number, "missing", f"entry {number} is missing; later ones were renumbered")
        return AuditFault(number, "altered", f"entry {number} is altered")


def _generation(entry: AuditEntry, before: int) -> int:
    """The generation of the key that the entry is made with: the one before it, or the next where it says so."""
    is_next = entry.kind == KEY_REPLACED and entry.body == canonical({"generation": before + 1})
    return before + 1 if is_next else before


def _pairs(entries: Iterator[AuditEntry]) -> Iterator[tuple[AuditEntry, AuditEntry | None]]:
    """Each entry with the one after it."""
    current = next(entries, None)
    while current is not None:
        following = next(entries, None)
        yield current, following
        current = following


def chain_mac(key: bytes, before: bytes, number: int, at_s: int, kind: str, body: str) -> bytes:
    """One entry's MAC: HMAC-SHA-256 over the entry before and this one's fields, each length-prefixed."""
    fields = (before, str(number).encode(), str(at_s).encode(), kind.encode(), body.encode())
    framed = b"".join(len(f).to_bytes(4, "big") + f for f in fields)
    return hmac.digest(key, framed, hashlib.sha256)


def canonical(body: Mapping[str, AuditValue]) -> str:
    """One spelling for one value: sorted keys, no spaces, no floats."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _head(number: int, mac: bytes) -> str:
    return f"{number}:{mac.hex()}"


def parse_head(head: str) -> tuple[int, str]:
    """A head as printed, `NUMBER:HEX`; 16 digits of the HEX are enough. Raises `UserError`."""
    found = re.fullmatch(r"(?P<number>\d{1,18}):(?P<mac>[0-9a-fA-F]{0,64})", head.strip())
    if found is None or (len(found["mac"]) < 16 and found["number"] != "0"):
        raise UserError(
            f"{head.strip()[:80]!r} is not the head of an audit chain.",
            advice="Give it as `mailsorter status` printed it: NUMBER:HEX.",
        )
    return int(found["number"]), found["mac"].lower()
