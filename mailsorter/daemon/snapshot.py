"""What the daemon last said of itself, kept in the ledger so that `mailsorter status` can show it.

Mailbox numbers, kinds of trouble and moments; nothing of anyone.
"""

from __future__ import annotations

import os

import msgspec

from mailsorter.daemon.service import Service
from mailsorter.ledger.ledger import Ledger, Unit

_NAME = "daemon"
STALE_S = 300


class MailboxSaid(msgspec.Struct, frozen=True):
    """One mailbox as the daemon saw it last. Moments in seconds since 1970."""

    number: int
    fine_s: int | None
    looked_s: int | None
    has_more: bool
    failures: int
    error: str | None
    totals: dict[str, int]
    quota_used: float | None = None  # share of the mailbox's request quota, 0 to 1, where the connector counts it


class TroubleSaid(msgspec.Struct, frozen=True):
    """One standing trouble."""

    kind: str
    mailboxes: tuple[int, ...]
    since_s: int
    needs_person: bool
    advice: str


class Snapshot(msgspec.Struct, frozen=True):
    """The daemon at one moment."""

    at_s: int
    started_s: int
    pid: int
    mailboxes: tuple[MailboxSaid, ...]
    troubles: tuple[TroubleSaid, ...]


def snapshot(service: Service) -> Snapshot:
    """The daemon as it is now."""
    mailboxes = tuple(
        MailboxSaid(
            number=m.number,
            fine_s=int(m.fine_at.timestamp()) if m.fine_at else None,
            looked_s=int(m.looked_at.timestamp()) if m.looked_at else None,
            has_more=m.has_more,
            failures=m.failures,
            error=m.error,
            totals=dict(m.totals),
            quota_used=service.quota_used(m.job.address),
        )
        for m in list(service.mailboxes.values())
    )
    troubles = tuple(
        TroubleSaid(t.meaning.kind, tuple(sorted(t.struck)), int(t.since_s), t.meaning.needs_person, t.meaning.advice)
        for t in service.troubles.standing()
    )
    now_s = int(service.clock.now().timestamp())
    return Snapshot(now_s, int(service.started.timestamp()), os.getpid(), mailboxes, troubles)


def save(service: Service) -> None:
    """Keep the daemon's word in the ledger. Raises `LedgerError`."""
    write(service.ledger, snapshot(service))


_decoder = msgspec.msgpack.Decoder(Snapshot)  # built here, in one thread: msgspec shows others a half-built one


def write(ledger: Ledger, said: Snapshot) -> None:
    """Keep a snapshot. Raises `LedgerError`."""
    with ledger.unit() as unit:
        unit.settings.set(_NAME, msgspec.msgpack.encode(said))


def read(unit: Unit) -> Snapshot | None:
    """What the daemon last said; None when none ever ran, or one of another version did."""
    raw = unit.settings.get(_NAME)
    try:
        return None if raw is None else _decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
