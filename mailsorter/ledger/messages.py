"""What the ledger last knew of each message: digests, numbers and dates, one row a message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.schema import message, waiting
from mailsorter.model.standing import MessageState

# what speaks for its thread: what lies in a client's folder, or will once its time has come
_DECIDED = (MessageState.FILED, MessageState.BY_HAND, MessageState.WAITING)


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the ledger keeps it. `thread` and `message_id` are digests; `received_s` seconds since 1970."""

    token: bytes
    mailbox: int
    folder: int
    state: MessageState
    client: int | None = None
    evidence: int = 0
    thread: bytes | None = None
    message_id: bytes | None = None
    received_s: int | None = None
    run: int | None = None


class Standing(msgspec.Struct, frozen=True):
    """What was last recorded of one message."""

    state: MessageState
    folder: int
    client: int | None
    run: int | None


class WaitingMessage(msgspec.Struct, frozen=True):
    """A message that waits until it may be filed: its Exchange id, and when (None: when something about it changes)."""

    id: str
    due_s: int | None


class Messages:
    """Message rows of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey) -> None:
        self._connection = connection
        self._key = key

    # digests -------------------------------------------------------------------------------------------------

    def token(self, mailbox: int, message_id: str) -> bytes:
        """The digest of a message's key: (mailbox, stable id)."""
        return self._key.digest("message", str(mailbox), message_id)

    def thread_token(self, mailbox: int, conversation_id: str) -> bytes:
        """The digest of a conversation; the server's conversation ids are the mailbox's own."""
        return self._key.digest("thread", str(mailbox), conversation_id)

    def message_id_token(self, internet_message_id: str) -> bytes:
        """The digest of an RFC 5322 msg-id, the same in every mailbox."""
        return self._key.digest("message-id", internet_message_id.strip())

    # rows ----------------------------------------------------------------------------------------------------

    def record(self, rows: Sequence[MessageRow]) -> None:
        """Write what is now known of these messages; twice is as good as once."""
        if not rows:
            return
        values = [
            {
                "token": r.token, "mailbox": r.mailbox, "folder": r.folder, "client": r.client, "state": int(r.state),
                "evidence": r.evidence, "thread": r.thread, "message_id": r.message_id, "received": r.received_s,
                "run": r.run,
            }
            for r in rows
        ]  # fmt: skip
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(message)
        changed = {c: statement.excluded[c] for c in ("folder", "client", "state", "evidence", "run")}
        kept = {c: func.coalesce(statement.excluded[c], message.c[c]) for c in ("thread", "message_id", "received")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["token"], set_=changed | kept), values)

    def standing(self, tokens: Iterable[bytes]) -> dict[bytes, Standing]:
        """What was last recorded of each of these messages; those never seen are left out."""
        c = message.c
        query = select(c.token, c.state, c.folder, c.client, c.run)
        return {
            row.token: Standing(MessageState(row.state), row.folder, row.client, row.run)
            for row in self._in(query, c.token, tokens)
        }

    def filed_by(self, tokens: Iterable[bytes], evidence: int) -> set[bytes]:
        """Those of these messages that were last filed on this kind of evidence."""
        c = message.c
        return {row.token for row in self._in(select(c.token).where(c.evidence == evidence), c.token, tokens)}

    def row(self, token: bytes) -> MessageRow | None:
        """Everything recorded of one message."""
        found = self._connection.execute(select(message).where(message.c.token == token)).first()
        return None if found is None else _row(found)

    def of_message_id(self, message_id_token: bytes) -> list[MessageRow]:
        """All rows of one RFC 5322 msg-id: copies in several mailboxes share it."""
        return [
            _row(r) for r in self._connection.execute(select(message).where(message.c.message_id == message_id_token))
        ]

    def clients_of_threads(self, tokens: Iterable[bytes], but_not: Collection[bytes] = ()) -> dict[bytes, set[int]]:
        """Clients to whom messages of these conversations were filed, by conversation digest.

        `but_not` are digests of a few messages whose own filing is left out.
        """
        return self._clients_by(message.c.thread, tokens, but_not)

    def clients_of_message_ids(
        self, tokens: Iterable[bytes], *, only_mailbox_of_run: tuple[int, int] | None = None
    ) -> dict[bytes, set[int]]:
        """Clients to whom the messages of these msg-ids were filed, in any mailbox, by msg-id digest.

        With `only_mailbox_of_run` (mailbox, run), what that run filed in other mailboxes is left out: mailboxes are
        sorted side by side, and what one run decides must not depend on which of them is faster.
        """
        where = None
        if only_mailbox_of_run is not None:
            mailbox, run = only_mailbox_of_run
            where = (message.c.mailbox == mailbox) | message.c.run.is_(None) | (message.c.run != run)
        return self._clients_by(message.c.message_id, tokens, where=where)

    def in_state(self, mailbox: int, state: MessageState) -> list[MessageRow]:
        """All rows of a mailbox that stand in a state; meant for states that are few."""
        query = select(message).where(message.c.mailbox == mailbox, message.c.state == int(state))
        return [_row(r) for r in self._connection.execute(query)]

    def some_of_mailbox(self, mailbox: int, after: int, limit: int) -> tuple[list[MessageRow], int]:
        """The next rows of a mailbox in the order in which they were written, and where to go on; [] at the end."""
        query = (
            select(message)
            .where(message.c.mailbox == mailbox, message.c.number > after)
            .order_by(message.c.number)
            .limit(limit)
        )
        rows = self._connection.execute(query).all()
        return [_row(r) for r in rows], rows[-1].number if rows else after

    def twice_in_one_folder(self, mailbox: int) -> dict[int, int]:
        """How many messages lie in a client's folder more often than once by their msg-id, by folder number."""
        filed = message.c.client.is_not(None) & message.c.message_id.is_not(None)
        there = message.c.state.in_((MessageState.FILED, MessageState.BY_HAND))
        twice = (
            select(message.c.folder)
            .where(message.c.mailbox == mailbox, filed, there)
            .group_by(message.c.folder, message.c.message_id)
            .having(func.count() > 1)
            .subquery()
        )
        query = select(twice.c.folder, func.count()).group_by(twice.c.folder)
        return {folder: count for folder, count in self._connection.execute(query)}

    def counts(self, mailbox: int | None = None) -> dict[MessageState, int]:
        """How many messages stand in each state."""
        query = select(message.c.state, func.count()).group_by(message.c.state)
        if mailbox is not None:
            query = query.where(message.c.mailbox == mailbox)
        return {MessageState(state): count for state, count in self._connection.execute(query)}

    def counts_by_folder(self, mailbox: int) -> dict[int, int]:
        """How many messages are believed to lie in each folder, by its number."""
        there = (message.c.mailbox == mailbox) & (message.c.state != int(MessageState.GONE))
        query = select(message.c.folder, func.count()).where(there).group_by(message.c.folder)
        return {folder: count for folder, count in self._connection.execute(query)}

    def undecided_in_decided_threads(self, mailbox: int) -> int:
        """How many messages were left although another of their conversation has been filed since."""
        other = message.alias()
        decided = select(other.c.number).where(other.c.thread == message.c.thread, other.c.state.in_(_DECIDED)).exists()
        left = message.c.state.in_((MessageState.UNMATCHED, MessageState.INTERNAL))
        query = select(func.count()).where(message.c.mailbox == mailbox, left, decided)
        return int(self._connection.execute(query).scalar_one())

    def mark(self, tokens: Iterable[bytes], state: MessageState) -> None:
        """Change these messages' state alone."""
        for some in chunks(tokens):
            self._connection.execute(update(message).where(message.c.token.in_(some)).values(state=int(state)))

    def release_undone(self, mailbox: int) -> None:
        """What an undo put back may be decided again."""
        undone = (message.c.mailbox == mailbox) & (message.c.state == int(MessageState.UNDONE))
        self._connection.execute(update(message).where(undone).values(state=int(MessageState.UNMATCHED)))

    def forget(self, tokens: Iterable[bytes]) -> int:
        """Delete these messages' rows; gives how many there were."""
        tokens = list(tokens)
        count = 0
        for some in chunks(tokens):
            self._connection.execute(delete(waiting).where(waiting.c.token.in_(some)))
            count += self._connection.execute(delete(message).where(message.c.token.in_(some))).rowcount
        return count

    # waiting -------------------------------------------------------------------------------------------------

    def wait(self, mailbox: int, token: bytes, message_id: str, due_s: int | None) -> None:
        """Remember that the message is to be looked at again, at `due_s` or when it changes."""
        self.stop_waiting([token])
        sealed = self._key.seal(message_id, "waiting")
        self._connection.execute(waiting.insert().values(token=token, mailbox=mailbox, due=due_s, sealed=sealed))

    def stop_waiting(self, tokens: Iterable[bytes]) -> None:
        """These messages wait no longer."""
        for some in chunks(tokens):
            self._connection.execute(delete(waiting).where(waiting.c.token.in_(some)))

    def due(self, mailbox: int, now_s: int, limit: int = 1000) -> list[WaitingMessage]:
        """Messages whose waiting is over, the longest due first."""
        query = (
            select(waiting)
            .where(waiting.c.mailbox == mailbox, waiting.c.due.is_not(None), waiting.c.due <= now_s)
            .order_by(waiting.c.due)
            .limit(limit)
        )
        return [
            WaitingMessage(self._key.open(r.sealed, "waiting", str), r.due) for r in self._connection.execute(query)
        ]

    def is_any_due(self, mailbox: int, now_s: int) -> bool:
        """Is the waiting of any message over?"""
        query = select(waiting.c.due).where(waiting.c.mailbox == mailbox, waiting.c.due <= now_s).limit(1)
        return self._connection.execute(query).first() is not None

    # -----------------------------------------------------------------------------------------------------------

    def _clients_by(
        self,
        column: Column[Any],
        tokens: Iterable[bytes],
        but_not: Collection[bytes] = (),
        where: ColumnElement[bool] | None = None,
    ) -> dict[bytes, set[int]]:
        found: dict[bytes, set[int]] = {}
        query = select(column, message.c.client).where(message.c.state.in_(_DECIDED), message.c.client.is_not(None))
        if where is not None:
            query = query.where(where)
        if but_not:
            query = query.where(message.c.token.not_in(but_not))
        for token, client in self._in(query.distinct(), column, tokens):
            found.setdefault(token, set()).add(client)
        return found

    def _in(self, query: Select[Any], column: Column[Any], tokens: Iterable[bytes]) -> Iterator[Any]:
        for some in chunks(tokens):
            yield from self._connection.execute(query.where(column.in_(some)))


def _row(r: Any) -> MessageRow:
    return MessageRow(
        token=r.token, mailbox=r.mailbox, folder=r.folder, state=MessageState(r.state), client=r.client,
        evidence=r.evidence, thread=r.thread, message_id=r.message_id, received_s=r.received, run=r.run,
    )  # fmt: skip
