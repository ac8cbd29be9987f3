"""Runs: performed plans."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, exists, func, insert, select, update

from mailsorter.ledger.schema import run, step
from mailsorter.ledger.states import StepState

RUNNING, DONE, PARTIAL, INTERRUPTED, UNDONE = "running", "done", "partial", "interrupted", "undone"

_LOOKED_BACK = 50  # a run that was killed is among the newest ones when the next begins

_BEGIN = insert(run).returning(run.c.number)
_END = update(run).where(run.c.number == bindparam("which"))
_HAS_STEPS = select(step.c.number).where(step.c.run == bindparam("which")).limit(1)
_DISCARD = delete(run).where(run.c.number == bindparam("which"))


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One performed plan. `counts` holds numbers only."""

    number: int
    id: str
    kind: str  # sort, undo, erase, …
    state: str
    started_s: int
    ended_s: int | None
    undoes: int | None
    plan_digest: str | None
    counts: dict[str, int]


class RunNumber(Protocol):
    """A run as far as steps and rows need it."""

    @property
    def number(self) -> int: ...


class Runs:
    """Runs of one unit."""

    def __init__(self, connection: Connection, now_s: int) -> None:
        self._connection = connection
        self._now_s = now_s

    def begin(self, kind: str, *, undoes: int | None = None) -> Run:
        """A new run. Its id sorts by time and can be typed: 20261123-143000-4f2a."""
        stamp = datetime.fromtimestamp(self._now_s, UTC).strftime("%Y%m%d-%H%M%S")
        run_id = f"{stamp}-{secrets.token_hex(3)}"
        values = {"id": run_id, "kind": kind, "state": RUNNING, "started": self._now_s, "undoes": undoes}
        number = int(self._connection.execute(_BEGIN, values).scalar_one())
        return Run(
            number=number, id=run_id, kind=kind, state=RUNNING, started_s=self._now_s,
            ended_s=None, undoes=undoes, plan_digest=None, counts={},
        )  # fmt: skip

    def end(self, number: int, state: str, counts: dict[str, int], plan_digest: str | None = None) -> None:
        """The run ended like this."""
        values = {"state": state, "ended": self._now_s, "counts": json.dumps(counts, sort_keys=True)}
        if plan_digest is not None:
            values["plan_digest"] = plan_digest
        self._connection.execute(_END, values | {"which": number})

    def since(self, started_s: int) -> list[Run]:
        """All runs begun at or after that moment, oldest first."""
        query = select(run).where(run.c.started >= started_s).order_by(run.c.number)
        return [_run(row) for row in self._connection.execute(query)]

    def discard(self, number: int) -> None:
        """Forget a run that did nothing. The database refuses where steps belong to it; such a run is kept."""
        if self._connection.execute(_HAS_STEPS, {"which": number}).first() is None:
            self._connection.execute(_DISCARD, {"which": number})

    def forget_idle(self, before_s: int, *, after: int = 0) -> tuple[int, int]:
        """Forget runs of before then that have no steps and filed nothing.

        Looks behind run number `after`, up to the first run of later than then; gives how many were forgotten and
        the number to look behind next time: a year's runs are not gone through every night.
        """
        number = run.c.number
        first_young = select(func.min(number)).where(number > after, run.c.started >= before_s)
        end = self._connection.execute(first_young).scalar()
        if end is None:
            end = (self._connection.execute(select(func.max(number))).scalar() or 0) + 1
        has_steps = select(step.c.number).where(step.c.run == number).exists()
        idle = (number > after) & (number < end) & ~has_steps
        return self._connection.execute(delete(run).where(idle)).rowcount, max(after, end - 1)

    def mark(self, number: int, state: str) -> None:
        """The run's state changed after its end (undone)."""
        self._connection.execute(update(run).where(run.c.number == number).values(state=state))

    def mark_interrupted(self, number: int) -> None:
        """A run that never came to its end is known to be over."""
        still = (run.c.number == number) & (run.c.state == RUNNING)
        self._connection.execute(update(run).where(still).values(state=INTERRUPTED, ended=self._now_s))

    def mark_killed(self, mailboxes: Collection[int], but_not: int | None) -> int:
        """Runs that still count as running, though whoever calls this held the locks of every mailbox in which they did
        anything: they are over. Gives how many there were.

        A run of another process that has done nothing yet may be among them: its own end says how it ended.
        """
        newest = select(run.c.number).order_by(run.c.number.desc()).limit(_LOOKED_BACK)
        numbers = list(self._connection.execute(newest).scalars())
        still = (run.c.state == RUNNING) & run.c.number.in_(numbers) & (run.c.number != (but_not or 0))
        elsewhere = exists().where((step.c.run == run.c.number) & step.c.mailbox.not_in(list(mailboxes)))
        is_open = exists().where((step.c.run == run.c.number) & (step.c.state == int(StepState.OPEN)))
        over = update(run).where(still, ~elsewhere, ~is_open).values(state=INTERRUPTED, ended=self._now_s)
        return self._connection.execute(over).rowcount

    def is_any_running(self, but_not: int | None) -> bool:
        """Does another of the newest runs count as running?"""
        newest = select(run.c.number, run.c.state).order_by(run.c.number.desc()).limit(_LOOKED_BACK)
        return any(row.state == RUNNING and row.number != but_not for row in self._connection.execute(newest))

    def find(self, run_id: str) -> Run | None:
        """The run of that id (or its unambiguous beginning), or None."""
        rows = self._connection.execute(select(run).where(run.c.id.startswith(run_id, autoescape=True)).limit(2)).all()
        exact = [row for row in rows if row.id == run_id]
        rows = exact or rows
        return _run(rows[0]) if len(rows) == 1 else None

    def get(self, number: int) -> Run | None:
        """The run of that number."""
        row = self._connection.execute(select(run).where(run.c.number == number)).first()
        return _run(row) if row else None

    def latest(self, limit: int = 10, kind: str | None = None) -> list[Run]:
        """The newest runs, newest first."""
        query = select(run).order_by(run.c.number.desc()).limit(limit)
        if kind is not None:
            query = query.where(run.c.kind == kind)
        return [_run(row) for row in self._connection.execute(query)]


def _run(row: Row) -> Run:  # type: ignore[type-arg]
    return Run(
        number=row.number, id=row.id, kind=row.kind, state=row.state, started_s=row.started, ended_s=row.ended,
        undoes=row.undoes, plan_digest=row.plan_digest, counts=json.loads(row.counts),
    )  # fmt: skip
