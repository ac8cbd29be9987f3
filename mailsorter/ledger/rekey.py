"""Giving old rows the digests of the key in force, and sealing anew what a former key sealed.

A digest cannot be turned back: what it is under the new key is known only of a thing that can be read. So a complete
listing tells it, message by message, into a file beside (`learn`), and the rows are then gone through some at a time
(`sweep`), each some in one unit: killed anywhere, the next listing does the rest. What a row has sealed (Exchange ids)
tells its digest too. Rows of mail that is gone stay as they are; they are found under the former key while it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, or_, select, update

from mailsorter.errors import LedgerLocked
from mailsorter.ledger.by_hand import digests_of
from mailsorter.ledger.cases import ItemIds
from mailsorter.ledger.former import FormerKey, former_keys, is_under, write_case_files_left, write_former_keys
from mailsorter.ledger.keys import LedgerKey, former
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.places import FolderFacts
from mailsorter.ledger.respell import respell, respell_messages
from mailsorter.ledger.schema import case_item, correction, cursor, folder, message, step, waiting
from mailsorter.ledger.steps import StepFacts, newest_token
from mailsorter.ledger.tombstones import traces_of
from mailsorter.ledger.translations import Translations
from mailsorter.model.message import Message

ROWS = 500  # in one unit: others wait for it no longer than for a window of messages


class MailboxRekeying:
    """One mailbox's rows. The caller holds the mailbox's lock, and closes it. Does nothing without former keys."""

    def __init__(self, ledger: Ledger, mailbox: int) -> None:
        self._ledger = ledger
        self._mailbox = mailbox
        self._translations = Translations() if ledger.key.former else None

    @property
    def is_under_way(self) -> bool:
        """Is there a former key, so that messages are to be listed with what digests are made of?"""
        return self._translations is not None

    def learn(self, page: Iterable[Message | str]) -> None:
        """Remember what the messages' digests are under each key: envelopes with their traces, or ids alone."""
        if self._translations is None:
            return
        with self._ledger.reading() as unit:
            self._translations.add(digest for one in page for digest in _digests(unit, self._mailbox, one))

    def sweep(self, *, is_complete: bool) -> None:
        """Go through the mailbox's rows. `is_complete`: every message of it was learnt. Raises `LedgerError`."""
        if self._translations is None:
            return
        sweep = _Sweep(self._ledger, self._mailbox, self._translations)
        sweep.go()
        if is_complete:
            with self._ledger.unit() as unit:
                unit.settings.set(_done(unit.key, self._mailbox), b"1")

    def close(self) -> None:
        """Forget what was learnt."""
        if self._translations is not None:
            self._translations.close()


def finish(
    ledger: Ledger, addresses: Sequence[str], client_ids: Iterable[str], *, case_files: Mapping[str, str] | None = None
) -> bool:
    """After checking: has everything that can be read the digests of the key in force?

    `case_files` are the cases whose files may still be under an older key, each with the reason. True, and written
    down, when there are none and each of these mailboxes (all in the config) was gone through since the key was
    replaced. Then rows of mailboxes that nobody names any more are sealed anew too. Raises `LedgerError`.
    """
    if not ledger.key.former:
        return False
    with ledger.unit() as unit:
        write_case_files_left(unit.connection, case_files or {})
        unit.places.respell(addresses, client_ids)
        unit.places.reseal_mailboxes()
        numbers = {unit.places.mailbox(address) for address in addresses}
        if any(unit.settings.get(_done(unit.key, number)) is None for number in numbers):
            return False
        others = [number for number in unit.places.mailbox_numbers() if number not in numbers]
    if case_files:
        return False
    for number in others:
        if not _sweep_unnamed(ledger, number):
            return False
    with ledger.unit() as unit:
        keys = former_keys(unit.connection)
        fresh = [key.generation for key in keys if key.rekeyed_s is None]
        if fresh:
            at_s = unit.now_s
            write_former_keys(unit.connection, [_rekeyed(key, at_s) for key in keys])
            unit.audit.append("key.rekeyed", {"generation": ledger.key.generation})
    return True


def _sweep_unnamed(ledger: Ledger, number: int) -> bool:
    rekeying = MailboxRekeying(ledger, number)
    try:
        with ledger.locks.hold(number):
            rekeying.sweep(is_complete=True)
    except LedgerLocked:
        return False
    finally:
        rekeying.close()
    return True


def _rekeyed(key: FormerKey, at_s: int) -> FormerKey:
    return key if key.rekeyed_s is not None else msgspec.structs.replace(key, rekeyed_s=at_s)


def _done(key: LedgerKey, mailbox: int) -> str:
    return f"rekeyed {key.generation} {mailbox}"


def _digests(unit: Unit, mailbox: int, one: Message | str) -> list[bytes | None]:
    if isinstance(one, str):
        return [unit.messages.token(mailbox, one)]
    if one.is_unreadable:
        return [unit.messages.token(mailbox, one.id)]
    own = digests_of(unit, mailbox, one)
    traces = traces_of(unit.key, one.search_key, one.internet_message_id, one.received_at)
    answered = [unit.messages.message_id_token(reference) for reference in one.references]
    return [own.key, own.thread, own.message_id, own.sender, traces.search_key, traces.date, *answered]


class _Sweep:
    """One pass over one mailbox's rows, table by table."""

    def __init__(self, ledger: Ledger, mailbox: int, translations: Translations) -> None:
        self._ledger = ledger
        self._key = ledger.key
        self._mailbox = mailbox
        self._translations = translations

    def go(self) -> None:
        """Sealed things first: what they hold tells digests that no listing tells, of mail that is gone."""
        with self._ledger.reading() as unit:
            is_resealed = unit.settings.get(_done(self._key, self._mailbox)) is not None
        if not is_resealed:
            self._each(step, step.c.number, self._steps, step.c.sealed.is_not(None))
            self._each(waiting, waiting.c.token, self._waiting)
            self._each(folder, folder.c.number, self._folders)
            self._each(cursor, cursor.c.folder, self._cursors)
            self._each(case_item, case_item.c.number, self._items)
        self._each(message, message.c.number, self._messages, self._is_old(message, "token", "thread", "message_id"))
        columns = ("token", "thread", "message_id", "sender")
        self._each(correction, correction.c.number, self._corrections, self._is_old(correction, *columns))
        self._each(step, step.c.number, self._tokens, self._is_old(step, "token"))
        columns = ("token", "search_key", "message_id", "date")
        self._each(case_item, case_item.c.number, self._traces, self._is_old(case_item, *columns))

    def _each(
        self,
        table: Table,
        by: Column[Any],
        work: Callable[[Connection, Sequence[Any]], None],
        where: ColumnElement[bool] | None = None,
    ) -> None:
        """Hand the mailbox's rows to `work`, some at a time, each some in a unit of their own."""
        query = select(table).where(table.c.mailbox == self._mailbox).order_by(by).limit(ROWS)
        if where is not None:
            query = query.where(where)
        last: Any = None
        while True:
            with self._ledger.unit() as unit:
                rows = unit.connection.execute(query if last is None else query.where(by > last)).all()
                if rows:
                    last = getattr(rows[-1], by.name)
                    work(unit.connection, rows)
            if not rows:
                return

    def _is_old(self, table: Table, *columns: str) -> ColumnElement[bool]:
        return or_(*(is_under(table.c[name], key.generation) for key in self._key.former for name in columns))

    # sealed -----------------------------------------------------------------------------------------------------

    def _steps(self, connection: Connection, rows: Sequence[Any]) -> None:
        facts = {row.number: self._key.open(row.sealed, "step", StepFacts) for row in rows}
        self._translations.add(newest_token(self._key, r.mailbox, r.token, facts[r.number]) for r in rows)
        inner = self._translations.newest(d for f in facts.values() for d in (f.thread, f.message_id))
        changed = []
        for row in rows:
            was = facts[row.number]
            sealed = self._key.reseal(row.sealed, "step")
            if was.thread in inner or was.message_id in inner:
                sealed = self._key.seal(_with_newest(was, inner), "step")
            changed.append((row, sealed))
        self._write_sealed(connection, step, changed, ("number",))

    def _waiting(self, connection: Connection, rows: Sequence[Any]) -> None:
        digests = {
            row.token: self._key.digest("message", str(row.mailbox), self._key.open(row.sealed, "waiting", str))
            for row in rows
        }
        changed = [(row, self._key.reseal(row.sealed, "waiting")) for row in rows]
        self._write_sealed(connection, waiting, changed, ("token",))
        self._translations.add(digests.values())
        respell_messages(connection, digests.values())

    def _folders(self, connection: Connection, rows: Sequence[Any]) -> None:
        changed = [(row, self._key.reseal(row.sealed, "folder")) for row in rows]
        self._write_sealed(connection, folder, changed, ("number",))
        ids = [self._key.open(row.sealed, "folder", FolderFacts).id for row in rows]
        respell(connection, folder.c.token, [self._key.digest("folder", str(self._mailbox), i) for i in ids])

    def _cursors(self, connection: Connection, rows: Sequence[Any]) -> None:
        changed = [(row, self._key.reseal(row.sealed, "cursor")) for row in rows]
        self._write_sealed(connection, cursor, changed, ("mailbox", "folder"))

    def _items(self, connection: Connection, rows: Sequence[Any]) -> None:
        changed = [(row, self._key.reseal(row.sealed, "case item")) for row in rows]
        self._write_sealed(connection, case_item, changed, ("number",))
        for row in rows:
            item_id = self._key.open(row.sealed, "case item", ItemIds).id
            digest = self._key.digest("message", str(row.mailbox), item_id)
            if row.token in former(digest):
                self._translations.add([digest])

    @staticmethod
    def _write_sealed(
        connection: Connection, table: Table, changed: Iterable[tuple[Any, bytes]], known_by: Sequence[str]
    ) -> None:
        """Only where nobody wrote something newer meanwhile."""
        values = [
            {"was": row.sealed, "now": sealed, **{f"by_{name}": getattr(row, name) for name in known_by}}
            for row, sealed in changed
            if sealed != row.sealed
        ]
        if values:
            same = [table.c[name] == bindparam(f"by_{name}") for name in known_by]
            statement = update(table).where(*same, table.c.sealed == bindparam("was"))
            connection.execute(statement.values(sealed=bindparam("now")), values)

    # digests ----------------------------------------------------------------------------------------------------

    def _messages(self, connection: Connection, rows: Sequence[Any]) -> None:
        respell_messages(connection, self._translations.newest(row.token for row in rows).values())
        self._write_newest(connection, message, rows, ("thread", "message_id"))

    def _corrections(self, connection: Connection, rows: Sequence[Any]) -> None:
        respell_messages(connection, self._translations.newest(row.token for row in rows).values())
        self._write_newest(connection, correction, rows, ("thread", "message_id", "sender"))

    def _tokens(self, connection: Connection, rows: Sequence[Any]) -> None:
        respell_messages(connection, self._translations.newest(row.token for row in rows).values())

    def _traces(self, connection: Connection, rows: Sequence[Any]) -> None:
        newest = self._translations.newest(row.token for row in rows)
        for row in rows:
            if row.token in newest:
                same_case = case_item.c.case_number == row.case_number
                respell(connection, case_item.c.token, [newest[row.token]], same_case)
        self._write_newest(connection, case_item, rows, ("search_key", "message_id", "date"))

    def _write_newest(self, connection: Connection, table: Table, rows: Sequence[Any], columns: Sequence[str]) -> None:
        """Put the newest spelling where one of these columns has a former one."""
        newest = self._translations.newest(getattr(row, name) for row in rows for name in columns)
        for name in columns:
            values = [
                {"was": digest, "now": bytes(newest[digest]), "by": row.number}
                for row in rows
                if (digest := getattr(row, name)) in newest
            ]
            if values:
                column = table.c[name]
                statement = update(table).where(table.c.number == bindparam("by"), column == bindparam("was"))
                connection.execute(statement.values({column: bindparam("now")}), values)


def _with_newest(facts: StepFacts, newest: Mapping[bytes, bytes]) -> StepFacts:
    thread = newest.get(facts.thread or b"", facts.thread)
    message_id = newest.get(facts.message_id or b"", facts.message_id)
    return msgspec.structs.replace(facts, thread=thread, message_id=message_id)
