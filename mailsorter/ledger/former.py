"""Replacing the ledger's key while the ledger goes on: which keys it has had, and when a former one may go.

The first open with a new key and the old one beside it begins a new *generation*, in one transaction and only while
nobody works a mailbox: from then on every row is written under the new key, and the audit chain goes on under it with
an entry that says so. `mailsorter check` gives old rows the new key's digests (`ledger.rekey`). The old key may go when
that is complete, no tombstone under it stands any more, and no case is open that was opened under it.

The audit chain's own key of each generation stays, sealed with the key in force: it checks entries, and nothing else
can be made of it. So the whole chain can be verified when the former keys themselves are long destroyed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, and_, delete, func, or_, select

from mailsorter.errors import LedgerUnreadable
from mailsorter.ledger.audit import KEY_REPLACED, Audit
from mailsorter.ledger.cases import IN_WORK, STILL_THERE
from mailsorter.ledger.in_force import KEY_CHECK
from mailsorter.ledger.keys import DIGEST_BYTES, LedgerKey, mark
from mailsorter.ledger.schema import (
    case_item,
    cases,
    client,
    correction,
    correspondent,
    folder,
    forgotten,
    mailbox,
    message,
    step,
    tombstone,
    waiting,
)
from mailsorter.ledger.settings import Settings
from mailsorter.model.counted import counted
from mailsorter.model.lifecycle import CaseState

_FORMER = "former keys"
_CASE_FILES = "case files under a former key"
_AUDIT_KEY = "audit key"


class FormerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was replaced. `audit` is its chain's key, sealed with the key in force; times are in seconds."""

    generation: int
    check: bytes
    audit: bytes
    replaced_s: int
    rekeyed_s: int | None = None  # everything that can be read has the new key's digests
    released_s: int | None = None  # the ledger was opened without it since


class UnderFormerKey(msgspec.Struct, frozen=True, kw_only=True):
    """How far the ledger is with one former key. `rows` counts by table; those of mail that is gone stay to the end."""

    generation: int
    replaced_s: int
    rekeyed_s: int | None
    rows: dict[str, int]
    tombstones: int  # of messages and of forgotten persons' addresses
    last_expires_s: int | None  # of those
    open_cases: int  # opened before the key was replaced
    kept_items: int  # of cases, that a later round must find by their traces: in an online archive, or gone
    case_files: dict[str, str] = {}  # why the last check could not say that a case's file is under the key in force

    @property
    def may_go(self) -> bool:
        """Does nothing need the key any more?"""
        return self.rekeyed_s is not None and not (self.tombstones or self.open_cases or self.kept_items)

    @property
    def reasons(self) -> list[str]:
        """Why it is still needed, in words; [] when it may go."""
        found = []
        if self.rekeyed_s is None:
            rows = counted(sum(self.rows.values()), "row is", "rows are")
            found.append(f"{rows} still under it and no check has gone through them all")
            if self.case_files:
                files = counted(len(self.case_files), "case", "cases")
                found.append(f"the files of {files} could not be looked at")
        if self.tombstones:
            last = datetime.fromtimestamp(self.last_expires_s or 0, UTC)
            found.append(f"{counted(self.tombstones, 'tombstone')} under it, the last until {last:%Y-%m-%d}")
        if self.open_cases:
            found.append(f"{counted(self.open_cases, 'open case')} from before it was replaced")
        if self.kept_items:
            found.append(f"{counted(self.kept_items, 'kept item')} of cases that no check has met since")
        return found


_decoder = msgspec.msgpack.Decoder(list[FormerKey])  # built once: msgspec shows other threads a half-built one
_case_files_decoder = msgspec.msgpack.Decoder(dict[str, str])

_KNOWN_BY = {
    "mailbox": mailbox.c.token,
    "client": client.c.token,
    "folder": folder.c.token,
    "message": message.c.token,
    "waiting": waiting.c.token,
    "correction": correction.c.token,
    "step": step.c.token,
    "case_item": case_item.c.token,
}
"""By which digest a table's rows are counted."""


def former_keys(connection: Connection) -> list[FormerKey]:
    """Every key that was replaced, oldest first."""
    stored = Settings(connection).get(_FORMER)
    return [] if stored is None else _decoder.decode(stored)


def write_former_keys(connection: Connection, keys: Sequence[FormerKey]) -> None:
    """Write them as they now are."""
    Settings(connection).set(_FORMER, msgspec.msgpack.encode(list(keys)))


def write_case_files_left(connection: Connection, left: Mapping[str, str]) -> None:
    """Keep which case files the last check could not look at, each with the reason."""
    if left or Settings(connection).get(_CASE_FILES) is not None:
        Settings(connection).set(_CASE_FILES, msgspec.msgpack.encode(dict(left)))


def case_files_left(connection: Connection) -> dict[str, str]:
    """The same as it was kept."""
    stored = Settings(connection).get(_CASE_FILES)
    return {} if stored is None else _case_files_decoder.decode(stored)


def is_under(column: Column[bytes], generation: int) -> ColumnElement[bool]:
    """Was this digest made with the key of that generation?"""
    if generation == 0:
        return func.length(column) == DIGEST_BYTES
    marked = func.substr(column, 1, 1, type_=LargeBinary) == mark(generation)
    return and_(func.length(column) == DIGEST_BYTES + 1, marked)


def under_former_keys(connection: Connection, now_s: int) -> list[UnderFormerKey]:
    """How far the ledger is with each former key that was not released yet, oldest first."""
    return [_under(connection, key, now_s) for key in former_keys(connection) if key.released_s is None]


def _under(connection: Connection, key: FormerKey, now_s: int) -> UnderFormerKey:
    rows = {table: _count(connection, is_under(column, key.generation)) for table, column in _KNOWN_BY.items()}
    graves = [
        (_buried_under(key.generation) & (tombstone.c.expires > now_s), tombstone.c.expires),
        (is_under(forgotten.c.address, key.generation) & (forgotten.c.expires > now_s), forgotten.c.expires),
    ]
    standing = [connection.execute(select(func.count(), func.max(last)).where(where)).one() for where, last in graves]
    still_open = (cases.c.state != CaseState.CLOSED.value) & (cases.c.opened <= key.replaced_s)
    return UnderFormerKey(
        generation=key.generation, replaced_s=key.replaced_s, rekeyed_s=key.rekeyed_s,
        rows={table: count for table, count in rows.items() if count},
        tombstones=sum(count for count, _ in standing),
        last_expires_s=max((last for _, last in standing if last is not None), default=None),
        open_cases=_count(connection, still_open),
        kept_items=_count(connection, _kept_under(key.generation)),
        case_files=case_files_left(connection) if key.rekeyed_s is None else {},
    )  # fmt: skip


def _buried_under(generation: int) -> ColumnElement[bool]:
    c = tombstone.c
    return or_(*(is_under(column, generation) for column in (c.search_key, c.message_id, c.date)))


def _kept_under(generation: int) -> ColumnElement[bool]:
    c = case_item.c
    traces = or_(*(is_under(column, generation) for column in (c.search_key, c.message_id, c.date)))
    return c.state.in_([state.value for state in (*STILL_THERE, *IN_WORK)]) & traces


def _count(connection: Connection, where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).where(where)).scalar_one())


# opening ---------------------------------------------------------------------------------------------------------


def settle_keys(
    connection: Connection,
    master: bytes,
    former: Sequence[bytes],
    *,
    where: str,
    now_s: int,
    nobody_works: Callable[[], AbstractContextManager[None]],
) -> LedgerKey:
    """The ledger's key, made of what the config gives; replaces or releases keys where the config says so.

    `nobody_works` holds every mailbox for as long as a key is being replaced. Raises `LedgerUnreadable` when a key
    belongs to another ledger, is one that was replaced, or is left out too early; `LedgerLocked` when somebody works.
    """
    settings = Settings(connection)
    key = LedgerKey(master)
    stored = settings.get(KEY_CHECK)
    if stored is None:
        settings.set(KEY_CHECK, key.check)
        return key
    known = former_keys(connection)
    given = {LedgerKey(one).check: one for one in former}
    if key.check == stored:
        _refuse_strangers(given, {k.check for k in known}, where)
        known = [_kept_or_released(connection, k, given, where, now_s) for k in known]
        made = _ring(master, known, given)
        _write_releases(connection, made, known, now_s)
        return made
    refuse_wrong_key(key.check, stored, given, known, where)
    _refuse_strangers(given, {stored, *(k.check for k in known)}, where)
    for one in known:
        if one.released_s is None and one.check not in given:
            raise _needed(_under(connection, one, now_s), where, is_new=True)
    with nobody_works():
        return _replace(connection, master, stored, known, given, now_s)


def _replace(
    connection: Connection, master: bytes, stored: bytes, known: list[FormerKey], given: dict[bytes, bytes], now_s: int
) -> LedgerKey:
    before = _ring(given[stored], known, given)
    after = LedgerKey(master, before.generation + 1)
    kept = [msgspec.structs.replace(k, audit=after.seal(before.audit_keys[k.generation], _AUDIT_KEY)) for k in known]
    latest = FormerKey(
        generation=before.generation, check=stored, audit=after.seal(before.audit, _AUDIT_KEY), replaced_s=now_s
    )
    write_former_keys(connection, [*kept, latest])
    Settings(connection).set(KEY_CHECK, after.check)
    made = _ring(master, [*kept, latest], given)
    Audit(connection, made, now_s).append(KEY_REPLACED, {"generation": made.generation})
    return made


def _ring(master: bytes, known: Sequence[FormerKey], given: dict[bytes, bytes]) -> LedgerKey:
    """The key in force with the former ones that are at hand, newest first."""
    at_hand = [
        LedgerKey(given[k.check], k.generation) for k in reversed(known) if k.check in given and not k.released_s
    ]
    key = LedgerKey(master, len(known), at_hand)
    for one in known:
        key.audit_keys[one.generation] = key.open(one.audit, _AUDIT_KEY, bytes)
    return key


def refuse_wrong_key(
    check: bytes, stored: bytes, given: Collection[bytes], known: Sequence[FormerKey], where: str
) -> None:
    """Raises `LedgerUnreadable` for a key that is neither in force nor may replace the one that is.

    `check` is the check of the key given, `stored` that of the key in force, `given` are those of the former keys
    that the config names, `known` the keys that were replaced already.
    """
    replaced = next((k for k in known if k.check == check), None)
    if replaced is not None:
        raise LedgerUnreadable(
            f"[ledger] key is the one that was replaced on {_day(replaced.replaced_s)} in the ledger {where}.",
            advice="Name the key that replaced it as [ledger] key, and this one in former_keys: "
            "a key that was replaced is not taken into use again.",
        )
    if stored not in given:
        raise LedgerUnreadable(
            f"The ledger {where} belongs to another key.",
            advice="Give back the key file that lay beside it; without it the ledger cannot be read. "
            "To replace it, name it in [ledger] former_keys.",
        )


def _refuse_strangers(given: dict[bytes, bytes], known: set[bytes], where: str) -> None:
    if given.keys() - known:
        raise LedgerUnreadable(
            f"[ledger] former_keys names a key that the ledger {where} never had.",
            advice="Name only keys that were replaced; mailsorter status says how many are still needed.",
        )


def _kept_or_released(
    connection: Connection, key: FormerKey, given: dict[bytes, bytes], where: str, now_s: int
) -> FormerKey:
    if key.released_s is not None or key.check in given:
        return key
    under = _under(connection, key, now_s)
    if not under.may_go:
        raise _needed(under, where)
    return msgspec.structs.replace(key, released_s=now_s)


def _write_releases(connection: Connection, key: LedgerKey, known: Sequence[FormerKey], now_s: int) -> None:
    """Let go of what nobody can find any more: rows of mail and people that left while the key was still there."""
    before = {k.generation for k in former_keys(connection) if k.released_s is not None}
    fresh = [k.generation for k in known if k.released_s is not None and k.generation not in before]
    if not fresh:
        return
    write_former_keys(connection, known)
    for generation in fresh:
        rows = 0
        c = correction.c
        digests = (c.token, c.thread, c.message_id, c.sender)
        unreachable = [
            (message, is_under(message.c.token, generation)),
            (waiting, is_under(waiting.c.token, generation)),
            (correction, and_(*(or_(d.is_(None), is_under(d, generation)) for d in digests))),
            (tombstone, _buried_under(generation)),
            (forgotten, is_under(forgotten.c.address, generation)),
            (correspondent, is_under(correspondent.c.token, generation)),
        ]  # fmt: skip
        for table, condition in unreachable:
            rows += connection.execute(delete(table).where(condition)).rowcount
        Audit(connection, key, now_s).append("key.released", {"generation": generation, "rows": rows})


def _needed(under: UnderFormerKey, where: str, *, is_new: bool = False) -> LedgerUnreadable:
    why = "; ".join(under.reasons) or "it was not released yet"
    next_step = "mailsorter check" if under.rekeyed_s is None else "mailsorter status"
    also = "former_keys must name every key that is still needed" if is_new else "Put it back into [ledger] former_keys"
    return LedgerUnreadable(
        f"The ledger {where} still needs the key that was replaced on {_day(under.replaced_s)}: {why}.",
        advice=f"{also}; then run: {next_step}",
    )


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
