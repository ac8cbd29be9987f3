"""Intents and outcomes: a step is written down before it is tried, and its end after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    false,
    func,
    insert,
    literal_column,
    select,
    update,
)

from mailsorter.ledger.chunks import chunks
from mailsorter.ledger.keys import LedgerKey, every_spelling, former
from mailsorter.ledger.respell import respell_messages
from mailsorter.ledger.schema import step
from mailsorter.ledger.states import StepState
from mailsorter.model.standing import MessageState
from mailsorter.model.step import StepKind


class StepFacts(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is needed to look a step's message up again, to record it, and to take it back. Sealed in the ledger."""

    id: str = ""  # Exchange's id of the message or, when done, of the folder made
    source: str = ""  # folder id it lay in
    target: str = ""  # folder id it was to go to
    path: tuple[str, ...] = ()  # ensure folder: names below the visible root
    new_id: str = ""  # its id afterwards, where ids change on move
    thread: bytes | None = None
    message_id: bytes | None = None
    received_s: int | None = None
    becomes: int = int(MessageState.FILED)  # the message's state once the step is done
    categories: tuple[str, ...] | None = None
    categories_before: tuple[str, ...] | None = None
    search_key: bytes = b""  # MAPI search key: finds an item whose id changed
    takes_back: int = 0  # number of the step that this one undoes
    speaks: bool = True  # does the message speak for its thread, where it goes?


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A step about to be tried."""

    kind: StepKind
    token: bytes
    facts: StepFacts
    client: int | None = None
    evidence: int = 0


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A step as the ledger has it; `facts` is None once the run can no longer be undone."""

    number: int
    run: int
    mailbox: int
    kind: StepKind
    token: bytes
    state: StepState
    client: int | None
    evidence: int
    facts: StepFacts | None
    error: str | None


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which steps: all of a run, all of one client's, or all of these messages."""

    run: int | None = None
    client: int | None = None
    tokens: tuple[bytes, ...] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a WHERE. Without any of the three nothing is meant."""
        conditions: list[ColumnElement[bool]] = []
        if self.run is not None:
            conditions.append(step.c.run == self.run)
        if self.client is not None:
            conditions.append(step.c.client == self.client)
        if self.tokens is not None:
            conditions.append(step.c.token.in_(every_spelling(self.tokens)))
        return conditions or [false()]


class StepEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended. `error` is a class name, never a text."""

    number: int
    state: StepState
    error: str | None = None
    facts: StepFacts | None = None  # replaces the sealed facts where something was learnt


# the state stands in the statement as a number, so that SQLite sees that its index of open steps will do
_IS_OPEN = (step.c.mailbox == bindparam("of")) & (step.c.state == literal_column(str(int(StepState.OPEN))))
_OPEN = select(step).where(_IS_OPEN).order_by(step.c.number)
_ANY_OPEN = select(step.c.number).where(_IS_OPEN).limit(1)
_BEGIN = insert(step).returning(step.c.number, sort_by_parameter_order=True)
_END: dict[str, Any] = {"state": bindparam("s"), "ended": bindparam("at"), "error": bindparam("e")}
_FINISH = update(step).where(step.c.number == bindparam("n")).values(_END)
_FINISH_LEARNT = update(step).where(step.c.number == bindparam("n")).values(_END | {"sealed": bindparam("f")})


class Steps:
    """Steps of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    def begin(self, run: int, mailbox: int, intents: Sequence[Intent]) -> list[int]:
        """Write intents; gives their numbers in order. The database refuses a second open intent for a message."""
        if not intents:
            return []
        respell_messages(self._connection, [intent.token for intent in intents])
        values = [
            {
                "run": run, "mailbox": mailbox, "kind": int(intent.kind), "token": intent.token,
                "state": int(StepState.OPEN), "client": intent.client, "evidence": intent.evidence,
                "sealed": self._key.seal(intent.facts, "step"), "began": self._now_s,
            }
            for intent in intents
        ]  # fmt: skip
        return list(self._connection.execute(_BEGIN, values).scalars())

    def finish(self, ends: Sequence[StepEnd]) -> None:
        """Write outcomes."""
        plain = [self._ended(e) for e in ends if e.facts is None]
        if plain:
            self._connection.execute(_FINISH, plain)
        learnt = [self._ended(e) | {"f": self._key.seal(e.facts, "step")} for e in ends if e.facts is not None]
        if learnt:
            self._connection.execute(_FINISH_LEARNT, learnt)

    def _ended(self, end: StepEnd) -> dict[str, Any]:
        return {"n": end.number, "s": int(end.state), "e": end.error, "at": self._now_s}

    def mark_done(self, number: int) -> None:
        """The server did this step after all, though its answer had said otherwise."""
        self._connection.execute(update(step).where(step.c.number == number).values(state=int(StepState.DONE)))

    def open(self, mailbox: int) -> list[StepRow]:
        """Intents without an outcome: what a crash left."""
        return [self._step(r) for r in self._connection.execute(_OPEN, {"of": mailbox})]

    def is_any_open(self, mailbox: int) -> bool:
        """Did a crash leave an intent without an outcome?"""
        return self._connection.execute(_ANY_OPEN, {"of": mailbox}).first() is not None

    def mailboxes_with_open(self) -> list[int]:
        """Numbers of mailboxes that have open intents."""
        query = select(step.c.mailbox).where(step.c.state == int(StepState.OPEN)).distinct()
        return list(self._connection.execute(query).scalars())

    def of_run(self, run: int, mailbox: int | None = None) -> Iterator[StepRow]:
        """A run's steps in order."""
        query = select(step).where(step.c.run == run).order_by(step.c.number)
        if mailbox is not None:
            query = query.where(step.c.mailbox == mailbox)
        with self._connection.execute(query, execution_options={"yield_per": 1000}) as rows:
            for row in rows:
                yield self._step(row)

    def to_take_back(self, mailbox: int, which: Which, after: int, limit: int) -> list[StepRow]:
        """The next moves and copies of a mailbox that were done and not taken back since, by number."""
        done = step.c.kind.in_((StepKind.MOVE, StepKind.COPY)) & (step.c.state == int(StepState.DONE))
        query = select(step).where(step.c.mailbox == mailbox, done, step.c.number > after, *which.conditions())
        return [self._step(row) for row in self._connection.execute(query.order_by(step.c.number).limit(limit))]

    def mailboxes_of(self, which: Which) -> list[int]:
        """Numbers of the mailboxes in which these steps were tried."""
        query = select(step.c.mailbox).where(*which.conditions()).distinct().order_by(step.c.mailbox)
        return list(self._connection.execute(query).scalars())

    def take_back(self, numbers: Sequence[int]) -> None:
        """These were done, and are undone now. Belongs in the unit that records the step that undid them."""
        if numbers:
            undone = update(step).where(step.c.number == bindparam("n")).values(state=int(StepState.UNDONE))
            self._connection.execute(undone, [{"n": number} for number in numbers])

    def of_message(self, token: bytes) -> list[StepRow]:
        """Every step that ever concerned a message, oldest first."""
        return self.of_messages([token]).get(token, [])

    def of_messages(self, tokens: Sequence[bytes]) -> dict[bytes, list[StepRow]]:
        """Every step that ever concerned these messages, oldest first, by message; those without any are left out."""
        found: dict[bytes, list[StepRow]] = {}
        asked = every_spelling(tokens)
        for some in chunks(asked):
            query = select(step).where(step.c.token.in_(some)).order_by(step.c.number)
            for row in self._connection.execute(query):
                found.setdefault(asked[row.token], []).append(self._step(row))
        if len(asked) > len(tokens):  # several spellings: one's rows came before the other's
            return {token: sorted(steps, key=lambda s: s.number) for token, steps in found.items()}
        return found

    def forget(self, tokens: Iterable[bytes]) -> int:
        """Delete every ended step that concerned these messages; gives how many there were."""
        count = 0
        for some in chunks(every_spelling(tokens)):
            ended = step.c.token.in_(some) & (step.c.state != int(StepState.OPEN))
            count += self._connection.execute(delete(step).where(ended)).rowcount
        return count

    def forget_erasures(self, tokens: Iterable[bytes]) -> None:
        """Delete ended erasures of these messages: what was erased once and is there again must be erased anew."""
        for some in chunks(every_spelling(tokens)):
            erasures = step.c.kind.in_([int(StepKind.ERASE_PERMANENTLY), int(StepKind.ERASE_HARD)])
            ended = step.c.token.in_(some) & erasures & (step.c.state != int(StepState.OPEN))
            self._connection.execute(delete(step).where(ended))

    def drop_facts(self, before_s: int, *, after: int = 0, limit: int = 5000) -> tuple[int, int]:
        """Forget the Exchange ids of at most `limit` steps that ended before; those runs can then not be undone.

        Looks behind step number `after`; gives how many were forgotten and the number to look behind next time.
        """
        sealed = step.c.sealed.is_not(None) & (step.c.number > after)
        oldest = select(step.c.number, step.c.ended, step.c.state).where(sealed).order_by(step.c.number).limit(limit)
        numbers = [  # of the oldest only, not searched for in all: they end in about the order of their numbers
            number
            for number, ended, state in self._connection.execute(oldest)
            if state != int(StepState.OPEN) and ended is not None and ended < before_s
        ]
        for start in range(0, len(numbers), 500):
            some = step.c.number.in_(numbers[start : start + 500])
            self._connection.execute(update(step).where(some).values(sealed=None))
        first_left = self._connection.execute(select(func.min(step.c.number)).where(sealed)).scalar()
        return len(numbers), after if first_left is None else first_left - 1

    def _step(self, r: Any) -> StepRow:
        facts = None if r.sealed is None else self._key.open(r.sealed, "step", StepFacts)
        return StepRow(
            number=r.number, run=r.run, mailbox=r.mailbox, kind=StepKind(r.kind),
            token=newest_token(self._key, r.mailbox, r.token, facts), state=StepState(r.state), client=r.client,
            evidence=r.evidence, error=r.error, facts=facts,
        )  # fmt: skip


def newest_token(key: LedgerKey, mailbox: int, token: bytes, facts: StepFacts | None) -> bytes:
    """A step's digest under the key in force, where its facts tell what it is a digest of; else as it was read."""
    if facts is None or not key.former:
        return token
    messages = [key.digest("message", str(mailbox), message_id) for message_id in (facts.id, facts.new_id)]
    for digest in (*messages, key.digest("path", str(mailbox), *facts.path)):
        if token == digest or token in former(digest):
            return digest
    return token
