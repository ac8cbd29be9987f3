"""What the ledger last knew of each message: digests, numbers and dates, one row a message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey, every_spelling, spellings
from mailsorter.ledger.renaming import rename_messages
from mailsorter.ledger.respell import respell_all, respell_messages
from mailsorter.ledger.schema import message, waiting
from mailsorter.model.standing import PLACED, MessageState
from mailsorter.model.thread import Trust

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
    speaks: int = Trust.YES  # for its thread: a `Trust`


class Remembered(msgspec.Struct, frozen=True):
    """What the rows of one thread, or of one msg-id, say: the clients they were filed to, and how far to trust them."""

    clients: set[int]
    trust: set[int]


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


def _is_one_of(column: Column[Any], states: Collection[MessageState]) -> ColumnElement[bool]:
    return column.in_([literal_column(str(int(state))) for state in states])


# Made once: building a statement costs thrice what running it does, and every look asks these. The states stand in
# them as numbers, so that SQLite's planner sees them.
_SOME: BindParameter[bytes] = bindparam("some", expanding=True)
_ROW = select(message).where(message.c.token.in_(_SOME))
_STANDING = select(message.c.token, message.c.state, message.c.folder, message.c.client, message.c.run).where(
    message.c.token.in_(_SOME)
)
_IS_DECIDED = (
    _is_one_of(message.c.state, _DECIDED) & message.c.client.is_not(None) & (message.c.speaks == literal_column("1"))
)
_REMEMBERED = (case((_IS_DECIDED, message.c.client), else_=None), message.c.speaks)
_BY_THREAD = select(message.c.thread, *_REMEMBERED).where(message.c.thread.in_(_SOME)).distinct()
_BY_MESSAGE_ID = select(message.c.message_id, *_REMEMBERED).where(message.c.message_id.in_(_SOME)).distinct()
_NOT_OTHERS_OF_RUN = (
    (message.c.mailbox == bindparam("of")) | message.c.run.is_(None) | (message.c.run != bindparam("in_run"))
)
_BY_MESSAGE_ID_BUT = _BY_MESSAGE_ID.where(_NOT_OTHERS_OF_RUN)
_PLACED = select(message).where(
    message.c.mailbox == bindparam("in_mailbox"), _is_one_of(message.c.state, PLACED), message.c.message_id.in_(_SOME)
)
_OTHER = message.alias()
_UNDECIDED = select(message.c.token).where(
    message.c.mailbox == bindparam("of"),
    _is_one_of(message.c.state, (MessageState.UNMATCHED, MessageState.INTERNAL)),
    select(_OTHER.c.number).where(_OTHER.c.thread == message.c.thread, _is_one_of(_OTHER.c.state, _DECIDED)).exists(),
)
_UNDECIDED_IN = _UNDECIDED.where(message.c.thread.in_(_SOME))
_WAIT = insert(waiting)
_STOP_WAITING = delete(waiting).where(waiting.c.token.in_(_SOME))
_IS_DUE = (waiting.c.mailbox == bindparam("of")) & (waiting.c.due <= bindparam("now"))
_DUE = select(waiting.c.sealed, waiting.c.due).where(_IS_DUE).order_by(waiting.c.due).limit(bindparam("most"))
_ANY_DUE = select(waiting.c.due).where(_IS_DUE).limit(1)


def _record(dialect: Any) -> Any:
    statement = dialect.insert(message)
    changed = {c: statement.excluded[c] for c in ("folder", "client", "state", "evidence", "run", "speaks")}
    kept = {c: func.coalesce(statement.excluded[c], message.c[c]) for c in ("thread", "message_id", "received")}
    return statement.on_conflict_do_update(index_elements=["token"], set_=changed | kept)


_RECORD = {"sqlite": _record(sqlite), "postgresql": _record(postgresql)}


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
        respell_messages(self._connection, [row.token for row in rows])
        respell_all(self._connection, message.c.thread, [row.thread for row in rows if row.thread is not None])
        values = [
            {
                "token": r.token, "mailbox": r.mailbox, "folder": r.folder, "client": r.client, "state": int(r.state),
                "evidence": r.evidence, "thread": r.thread, "message_id": r.message_id, "received": r.received_s,
                "run": r.run, "speaks": int(r.speaks),
            }
            for r in rows
        ]  # fmt: skip
        self._connection.execute(_RECORD[self._connection.dialect.name], values)

    def standing(self, tokens: Iterable[bytes]) -> dict[bytes, Standing]:
        """What was last recorded of each of these messages; those never seen are left out."""
        return {
            token: Standing(MessageState(state), folder, client, run)
            for token, state, folder, client, run in self._in(_STANDING, tokens)
        }

    def filed_by(self, tokens: Iterable[bytes], evidence: int) -> set[bytes]:
        """Those of these messages that were last filed on this kind of evidence."""
        c = message.c
        query = select(c.token).where(c.evidence == evidence, c.token.in_(_SOME))
        return {token for (token,) in self._in(query, tokens)}

    def row(self, token: bytes) -> MessageRow | None:
        """Everything recorded of one message."""
        found = self._connection.execute(_ROW, {"some": spellings(token)}).first()
        return None if found is None else msgspec.structs.replace(_row(found), token=token)

    def of_message_id(self, message_id_token: bytes) -> list[MessageRow]:
        """All rows of one RFC 5322 msg-id: copies in several mailboxes share it."""
        query = select(message).where(message.c.message_id.in_(spellings(message_id_token)))
        return [_row(r) for r in self._connection.execute(query)]

    def placed(self, mailbox: int, tokens: Iterable[bytes]) -> dict[bytes, list[MessageRow]]:
        """Rows of a mailbox's messages of these msg-ids that a run, an undo or a person put somewhere, by msg-id
        digest and in a fixed order; msg-ids without any are left out."""
        found: dict[bytes, list[MessageRow]] = {}
        asked = every_spelling(tokens)
        for some in chunks(asked):
            for r in self._connection.execute(_PLACED, {"some": some, "in_mailbox": mailbox}):
                found.setdefault(asked[r.message_id], []).append(_row(r))
        return {token: sorted(rows, key=lambda row: row.token) for token, rows in found.items()}

    def of_threads(self, tokens: Iterable[bytes], but_not: Collection[bytes] = ()) -> dict[bytes, Remembered]:
        """What is remembered of these conversations, by conversation digest; those without any mail are left out.

        `but_not` are digests of a few messages whose own filing is left out.
        """
        query = _BY_THREAD if not but_not else _BY_THREAD.where(message.c.token.not_in(every_spelling(but_not)))
        return self._remembered(query, tokens)

    def of_message_ids(
        self, tokens: Iterable[bytes], *, only_mailbox_of_run: tuple[int, int] | None = None
    ) -> dict[bytes, Remembered]:
        """What is remembered of the messages of these msg-ids, in any mailbox, by msg-id digest.

        With `only_mailbox_of_run` (mailbox, run), what that run filed in other mailboxes is left out: mailboxes are
        sorted side by side, and what one run decides must not depend on which of them is faster.
        """
        if only_mailbox_of_run is None:
            return self._remembered(_BY_MESSAGE_ID, tokens)
        mailbox, run = only_mailbox_of_run
        return self._remembered(_BY_MESSAGE_ID_BUT, tokens, {"of": mailbox, "in_run": run})

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
        there = (message.c.mailbox == mailbox) & message.c.state.not_in((MessageState.GONE, MessageState.MISSING))
        query = select(message.c.folder, func.count()).where(there).group_by(message.c.folder)
        return {folder: count for folder, count in self._connection.execute(query)}

    def undecided_in_decided_threads(self, mailbox: int, threads: Collection[bytes] | None = None) -> frozenset[bytes]:
        """Digests of messages that were left although another of their conversation has been filed since.

        Looked for in these conversations only, or (None) in all of the mailbox, row by row.
        """
        query, of = _UNDECIDED, {"of": mailbox}
        if threads is None:
            return frozenset(self._connection.execute(query, of).scalars())
        found = (
            self._connection.execute(_UNDECIDED_IN, {"some": some, **of}) for some in chunks(every_spelling(threads))
        )
        return frozenset(token for tokens in found for token in tokens.scalars())

    def mark(self, tokens: Iterable[bytes], state: MessageState) -> None:
        """Change these messages' state alone."""
        for some in chunks(every_spelling(tokens)):
            self._connection.execute(update(message).where(message.c.token.in_(some)).values(state=int(state)))

    def doubt(self, tokens: Iterable[bytes]) -> None:
        """Nobody vouches for these messages, it has turned out: other mail of their threads does not rely on them."""
        for some in chunks(every_spelling(tokens)):
            trusted = message.c.token.in_(some) & (message.c.speaks == int(Trust.YES))
            self._connection.execute(update(message).where(trusted).values(speaks=int(Trust.OPEN)))

    def release_undone(self, mailbox: int) -> None:
        """What an undo put back may be decided again."""
        undone = (message.c.mailbox == mailbox) & (message.c.state == int(MessageState.UNDONE))
        self._connection.execute(update(message).where(undone).values(state=int(MessageState.UNMATCHED)))

    def release_costly(self, mailbox: int) -> int:
        """What was too costly to match may be decided again; gives how many there were."""
        costly = (message.c.mailbox == mailbox) & (message.c.state == int(MessageState.TOO_COSTLY))
        done = self._connection.execute(update(message).where(costly).values(state=int(MessageState.UNMATCHED)))
        return done.rowcount

    def rename(self, now_by_was: Mapping[bytes, bytes]) -> None:
        """Where ids change on a move: these messages' rows, steps and corrections go by their new digests, given by
        those they had. Nothing waits for the old ones any longer."""
        if now_by_was:
            rename_messages(self._connection, now_by_was)

    def forget(self, tokens: Iterable[bytes]) -> int:
        """Delete these messages' rows; gives how many there were."""
        count = 0
        for some in chunks(every_spelling(tokens)):
            self._connection.execute(delete(waiting).where(waiting.c.token.in_(some)))
            count += self._connection.execute(delete(message).where(message.c.token.in_(some))).rowcount
        return count

    # waiting -------------------------------------------------------------------------------------------------

    def wait(self, mailbox: int, token: bytes, message_id: str, due_s: int | None) -> None:
        """Remember that the message is to be looked at again, at `due_s` or when it changes."""
        self.wait_all(mailbox, {token: WaitingMessage(message_id, due_s)})

    def wait_all(self, mailbox: int, waits: Mapping[bytes, WaitingMessage]) -> None:
        """The same of several, by their digests."""
        if waits:
            self.stop_waiting(waits)
            sealed = [(token, self._key.seal(wait.id, "waiting"), wait.due_s) for token, wait in waits.items()]
            values = [{"token": token, "mailbox": mailbox, "due": due, "sealed": name} for token, name, due in sealed]
            self._connection.execute(_WAIT, values)

    def stop_waiting(self, tokens: Iterable[bytes]) -> None:
        """These messages wait no longer."""
        for some in chunks(every_spelling(tokens)):
            self._connection.execute(_STOP_WAITING, {"some": some})

    def due(self, mailbox: int, now_s: int, limit: int = 1000) -> list[WaitingMessage]:
        """Messages whose waiting is over, the longest due first."""
        rows = self._connection.execute(_DUE, {"of": mailbox, "now": now_s, "most": limit})
        return [WaitingMessage(self._key.open(sealed, "waiting", str), due) for sealed, due in rows]

    def is_any_due(self, mailbox: int, now_s: int) -> bool:
        """Is the waiting of any message over?"""
        return self._connection.execute(_ANY_DUE, {"of": mailbox, "now": now_s}).first() is not None

    # -----------------------------------------------------------------------------------------------------------

    def _remembered(
        self, query: Select[Any], tokens: Iterable[bytes], values: Mapping[str, int] | None = None
    ) -> dict[bytes, Remembered]:
        found: dict[bytes, Remembered] = {}
        for token, client, speaks in self._in(query, tokens, values):
            one = found.get(token)
            if one is None:
                one = found[token] = Remembered(set(), set())
            one.trust.add(speaks)
            if client is not None:
                one.clients.add(client)
        return found

    def _in(
        self, query: Select[Any], tokens: Iterable[bytes], values: Mapping[str, int] | None = None
    ) -> Iterator[Any]:
        """Rows of a query whose first column is the digest asked for: under whichever key it was written, as asked."""
        asked = every_spelling(tokens)
        for some in chunks(asked):
            for spelling, *rest in self._connection.execute(query, {"some": some, **(values or {})}):
                yield asked[spelling], *rest


def _row(r: Any) -> MessageRow:
    return MessageRow(
        token=r.token, mailbox=r.mailbox, folder=r.folder, state=MessageState(r.state), client=r.client,
        evidence=r.evidence, thread=r.thread, message_id=r.message_id, received_s=r.received, run=r.run,
        speaks=r.speaks,
    )  # fmt: skip
