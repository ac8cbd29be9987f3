"""Cases as the ledger keeps them: numbers, states, days and keyed digests. Names and addresses are in the case file.

`forget` is what a closed case leaves behind: the case's own row, its approvals, and what a ground or Exchange still
keeps, known by opaque ids, digests and dates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mailsorter.errors import UserError
from mailsorter.ledger.keys import LedgerKey, every_spelling, former, spellings
from mailsorter.ledger.respell import respell
from mailsorter.ledger.schema import case_approval, case_item, cases
from mailsorter.model.case import CaseKind, ItemState
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.officer import spelled

_CHUNK = 500

STILL_THERE = (ItemState.KEPT, ItemState.RETAINED, ItemState.HELD)
"""Items that a later round must finish: they outlive the case."""

IN_WORK = (ItemState.PENDING, ItemState.PURGED)
"""Items that are being erased, or whose erasure was broken off."""


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One case. Digests of names are keyed: who knows the name can check it, nobody can read it."""

    number: str
    kind: CaseKind
    state: CaseState
    before_suspension: CaseState | None = None
    suspended_on: date | None = None
    suspended_until: date | None = None
    received_on: date
    is_extended: bool = False
    paused_days: int = 0
    told_on: date | None = None
    plan_digest: bytes | None = None
    planner: bytes | None = None
    restricts_kept: bool = False
    proof: str | None = None
    opened: int = 0
    closed: int | None = None
    account: dict[str, int] | None = None  # bucket to count at the last proof that recorded its coverage


class ItemIds(msgspec.Struct, frozen=True, array_like=True):
    """Exchange's own ids of an item and of the folder it lies in. Sealed in the ledger."""

    id: str
    folder_id: str


class CaseItem(msgspec.Struct, frozen=True, kw_only=True):
    """One approved item and how far it came."""

    number: int = 0
    mailbox: int
    token: bytes  # of the message as it was approved
    ids: ItemIds  # as they are now
    search_key: bytes | None = None
    message_id: bytes | None = None
    received: bytes | None = None  # digest of its date
    state: ItemState
    ground: str | None = None
    article: str | None = None
    until: date | None = None


class ApprovalRow(msgspec.Struct, frozen=True):
    """One approval of one exact list."""

    plan_digest: bytes
    approver: bytes
    is_signed: bool
    at: int


class Cases:
    """Cases of one unit."""

    def __init__(self, connection: Connection, key: LedgerKey, now_s: int) -> None:
        self._connection = connection
        self._key = key
        self._now_s = now_s

    # cases ---------------------------------------------------------------------------------------------------

    def open(self, kind: CaseKind, received_on: date) -> CaseRow:
        """A new case with the year's next number."""
        year = f"{received_on.year:04d}-"
        last = self._connection.execute(
            select(func.max(cases.c.number)).where(cases.c.number.startswith(year, autoescape=True))
        ).scalar()
        number = f"{year}{int(last.removeprefix(year)) + 1 if last else 1:04d}"
        row = CaseRow(number=number, kind=kind, state=CaseState.OPENED, received_on=received_on, opened=self._now_s)
        self._connection.execute(cases.insert().values(_case_values(row)))
        return row

    def get(self, number: str) -> CaseRow:
        """The case. Raises `UserError` when there is none of that number."""
        found = self._connection.execute(select(cases).where(cases.c.number == number)).first()
        if found is None:
            raise UserError(f"There is no case {number}.", advice="Run: mailsorter case list")
        return _case(found)

    def all(self) -> list[CaseRow]:
        """Every case, oldest first."""
        return [_case(row) for row in self._connection.execute(select(cases).order_by(cases.c.number))]

    def save(self, row: CaseRow, *, was: CaseState | None = None) -> None:
        """Write a case as it now is.

        `was`: the state it was read in; when it is another by now, somebody else worked on it: raises `UserError`
        and writes nothing.
        """
        statement = update(cases).where(cases.c.number == row.number)
        if was is not None:
            statement = statement.where(cases.c.state == was.value)
        if self._connection.execute(statement.values(_case_values(row))).rowcount != 1:
            raise UserError(
                f"Case {row.number} was changed by somebody else in the meantime: nothing was written.",
                advice=f"Run: mailsorter case show {row.number}",
            )

    def name_token(self, name: str) -> bytes:
        """The digest under which a planner's or approver's name is kept."""
        return self._key.digest("officer", spelled(name))

    # approvals -----------------------------------------------------------------------------------------------

    def approve(self, number: str, plan_digest: bytes, approver: bytes, *, is_signed: bool) -> None:
        """Write down an approval; the same one twice is one."""
        if any(a.approver == approver for a in self.approvals(number, plan_digest)):
            return
        self._connection.execute(
            case_approval.insert().values(
                case_number=number, plan_digest=plan_digest, approver=approver, is_signed=int(is_signed), at=self._now_s
            )
        )

    def approvals(self, number: str, plan_digest: bytes) -> list[ApprovalRow]:
        """Who approved exactly this list, oldest first."""
        rows = self._connection.execute(
            select(case_approval)
            .where(case_approval.c.case_number == number, case_approval.c.plan_digest == plan_digest)
            .order_by(case_approval.c.number)
        )
        return [ApprovalRow(r.plan_digest, r.approver, bool(r.is_signed), r.at) for r in rows]

    # items ---------------------------------------------------------------------------------------------------

    def put_items(self, number: str, items: Sequence[CaseItem]) -> None:
        """Write approved items; one that an earlier round knew is taken up again as it is now."""
        postgres = self._connection.dialect.name == "postgresql"
        make = postgresql.insert if postgres else sqlite.insert
        for start in range(0, len(items), _CHUNK):
            some = items[start : start + _CHUNK]
            respell(self._connection, case_item.c.token, [i.token for i in some], case_item.c.case_number == number)
            values = [self._item_values(number, item) for item in some]
            statement: Any = make(case_item)
            kept = ("ids", "case_number", "token", "number", "mailbox")
            changed = {c.name: statement.excluded[c.name] for c in case_item.c if c.name not in kept}
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["case_number", "token"], set_=changed), values
            )

    def update_items(self, number: str, items: Iterable[CaseItem]) -> None:
        """Write what became of items, found by their token."""
        for item in items:
            values = self._item_values(number, item)
            where = (case_item.c.case_number == number) & case_item.c.token.in_(spellings(item.token))
            self._connection.execute(update(case_item).where(where).values(values))

    def items(
        self, number: str, *, states: Iterable[ItemState] | None = None, mailbox: int | None = None
    ) -> Iterator[CaseItem]:
        """The case's items, in the order in which they were written."""
        query = select(case_item).where(case_item.c.case_number == number).order_by(case_item.c.number)
        if states is not None:
            query = query.where(case_item.c.state.in_([s.value for s in states]))
        if mailbox is not None:
            query = query.where(case_item.c.mailbox == mailbox)
        for row in self._connection.execute(query).all():
            yield self._item(row)

    def listed(self, tokens: Iterable[bytes]) -> set[bytes]:
        """Those of these messages that a case's list names and that may still lie somewhere, closed cases included."""
        asked = every_spelling(tokens)
        wanted = list(asked)
        found: set[bytes] = set()
        for start in range(0, len(wanted), _CHUNK):
            query = select(case_item.c.token).where(case_item.c.token.in_(wanted[start : start + _CHUNK]))
            found.update(asked[token] for token in self._connection.execute(query).scalars())
        return found

    def item_counts(self, number: str) -> dict[ItemState, int]:
        """How many items stand in each state."""
        query = select(case_item.c.state, func.count()).where(case_item.c.case_number == number)
        return {ItemState(state): count for state, count in self._connection.execute(query.group_by(case_item.c.state))}

    def due(self, on: date) -> dict[str, int]:
        """Cases with kept items whose last day lies before this one, and how many; also of closed cases."""
        query = (
            select(case_item.c.case_number, func.count())
            .where(case_item.c.until.is_not(None), case_item.c.until < on.isoformat())
            .where(case_item.c.state.in_([ItemState.KEPT.value, ItemState.RETAINED.value]))
            .group_by(case_item.c.case_number)
        )
        return {number: count for number, count in self._connection.execute(query)}

    def first_due(self, number: str, *, after: date | None = None) -> date | None:
        """The earliest last day, of those `after` one, of the case's kept and retained items."""
        states = [ItemState.KEPT.value, ItemState.RETAINED.value]
        query = select(func.min(case_item.c.until)).where(
            case_item.c.case_number == number, case_item.c.state.in_(states)
        )
        if after is not None:
            query = query.where(case_item.c.until > after.isoformat())
        return _day(self._connection.execute(query).scalar())

    def forget_items(self, number: str, *, but: Iterable[ItemState] = ()) -> int:
        """Delete the rows of items that are done with; what still lies somewhere keeps its row. Gives the count."""
        states = [s.value for s in (*STILL_THERE, *but)]
        done = (case_item.c.case_number == number) & case_item.c.state.not_in(states)
        return self._connection.execute(delete(case_item).where(done)).rowcount

    def drop_items(self, number: str, items: Iterable[CaseItem]) -> None:
        """Delete these items' rows: other rows of the case stand for their messages now."""
        for item in items:
            where = (case_item.c.case_number == number) & case_item.c.token.in_(spellings(item.token))
            self._connection.execute(delete(case_item).where(where))

    def _item_values(self, number: str, item: CaseItem) -> dict[str, Any]:
        return {
            "case_number": number, "mailbox": item.mailbox, "token": item.token,
            "sealed": self._key.seal(item.ids, "case item"), "search_key": item.search_key,
            "message_id": item.message_id, "date": item.received, "state": item.state.value, "ground": item.ground,
            "article": item.article, "until": item.until.isoformat() if item.until else None,
        }  # fmt: skip

    def _item(self, r: Any) -> CaseItem:
        ids = self._key.open(r.sealed, "case item", ItemIds)
        token = self._key.digest("message", str(r.mailbox), ids.id) if self._key.former else r.token
        return CaseItem(
            number=r.number, mailbox=r.mailbox, token=token if r.token in former(token) else r.token, ids=ids,
            search_key=r.search_key, message_id=r.message_id, received=r.date, state=ItemState(r.state),
            ground=r.ground, article=r.article, until=_day(r.until),
        )  # fmt: skip


def _case_values(row: CaseRow) -> Mapping[str, Any]:
    return {
        "number": row.number, "kind": row.kind.value, "state": row.state.value,
        "before_suspension": row.before_suspension.value if row.before_suspension else None,
        "suspended_on": _iso(row.suspended_on), "suspended_until": _iso(row.suspended_until),
        "received_on": row.received_on.isoformat(), "is_extended": int(row.is_extended),
        "paused_days": row.paused_days, "told_on": _iso(row.told_on), "plan_digest": row.plan_digest,
        "planner": row.planner, "restricts_kept": int(row.restricts_kept), "proof": row.proof,
        "opened": row.opened, "closed": row.closed,
        "account": None if row.account is None else json.dumps(row.account, sort_keys=True),
    }  # fmt: skip


def _case(r: Any) -> CaseRow:
    return CaseRow(
        number=r.number, kind=CaseKind(r.kind), state=CaseState(r.state),
        before_suspension=CaseState(r.before_suspension) if r.before_suspension else None,
        suspended_on=_day(r.suspended_on), suspended_until=_day(r.suspended_until),
        received_on=date.fromisoformat(r.received_on), is_extended=bool(r.is_extended), paused_days=r.paused_days,
        told_on=_day(r.told_on), plan_digest=r.plan_digest, planner=r.planner, restricts_kept=bool(r.restricts_kept),
        proof=r.proof, opened=r.opened, closed=r.closed,
        account=None if r.account is None else json.loads(r.account),
    )  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
