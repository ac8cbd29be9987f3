"""What the ledger keeps of one mailbox for its brakes, the brake that stops it now included: counts, days, numbers."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.model.brake import History


class StandingBrake(msgspec.Struct, frozen=True, kw_only=True):
    """A brake that stopped the last run of a mailbox, by its code, and when it first did (seconds since 1970)."""

    code: str
    since_s: int


class BrakeMemory(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. A run reads it once, and writes it where something of it changed."""

    history: History = History()
    first_rounds: tuple[int, ...] = ()  # folders whose first round has ended: their backlog is behind them
    total: int = 0  # items in all folders at the end of the last run
    rules: bytes = b""  # book and rules of the last run that came to its end
    standing: StandingBrake | None = None  # ends with the first run that comes to its end


_decoder = msgspec.msgpack.Decoder(BrakeMemory)  # built here, in one thread: mailboxes ask for it at the same moment


def read_memory(unit: Unit, mailbox: int) -> BrakeMemory:
    """What is kept of the mailbox with this number in the ledger."""
    raw = unit.settings.get(_name(mailbox))
    return BrakeMemory() if raw is None else _decoder.decode(raw)


def write_memory(unit: Unit, mailbox: int, memory: BrakeMemory) -> None:
    """Keep this of the mailbox."""
    unit.settings.set(_name(mailbox), msgspec.msgpack.encode(memory))


def note_brake(ledger: Ledger, mailbox: int, code: str, now_s: int) -> None:
    """A brake stopped a run of the mailbox; one that stopped the run before too goes on. Raises `LedgerError`."""
    with ledger.reading() as unit:
        standing = read_memory(unit, mailbox).standing
    if standing is not None and standing.code == code:
        return
    with ledger.unit() as unit:
        memory = read_memory(unit, mailbox)
        now = StandingBrake(code=code, since_s=now_s)
        write_memory(unit, mailbox, msgspec.structs.replace(memory, standing=now))


def standing_brakes(unit: Unit, mailboxes: Iterable[int]) -> dict[int, StandingBrake]:
    """Of mailboxes, by their numbers: the brake that stops each now; those without one are left out."""
    found = {mailbox: read_memory(unit, mailbox).standing for mailbox in mailboxes}
    return {mailbox: standing for mailbox, standing in found.items() if standing is not None}


def _name(mailbox: int) -> str:
    return f"brakes of mailbox {mailbox}"
