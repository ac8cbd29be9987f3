"""One page of a folder's listing against the ledger: what differs is named, and what is bookkeeping is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mailsorter.checking.difference import Kind, Mending, Where, judge_moved
from mailsorter.checking.ground import CheckGround
from mailsorter.checking.statement import Difference, MailboxStatement
from mailsorter.ledger.by_hand import Digests, digests_of, record_by_hand
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import StepRow
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.folder import Folder, FolderPath
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import StepKind
from mailsorter.perform import Hands, known_again

_LOOKED_INTO = 100  # mail of a page that no run has seen: one that is overdue is enough to read the folder anew
_LATE_S = 3600  # a message this much older than the last look at its folder should have been seen by it


class Found(msgspec.Struct, frozen=True):
    """What a page showed: digests in its order, and the messages where they were listed with their traces."""

    tokens: list[bytes]
    messages: list[Message]


class _Strange(msgspec.Struct, frozen=True):
    """A message that the ledger does not have in this folder; `row` is what it has, if anything. `was`: the digest of
    the id under which it has it, where ids change and this is another."""

    id: str
    token: bytes
    row: MessageRow | None
    was: bytes | None = None


def mend_page(
    hands: Hands, ground: CheckGround, folder: Folder, page: Sequence[Message | str], statement: MailboxStatement
) -> Found:
    """Compare a page, mend the ledger in one unit, note the differences. Raises what `Mailbox.fetch` raises."""
    ids = [one if isinstance(one, str) else one.id for one in page]
    with hands.ledger.reading() as unit:
        tokens = [unit.messages.token(hands.number, i) for i in ids]
        number = unit.places.find_folder(hands.number, folder.id)
        standing = unit.messages.standing(tokens)
        strange = [
            _Strange(i, token, _as_it_was(row) if token in standing and (row := unit.messages.row(token)) else None)
            for i, token in zip(ids, tokens, strict=True)
            if not _is_as_recorded(standing.get(token), number)
        ]
    concerned = [s for s in strange if s.row is not None or folder.id in ground.owner or folder.id in ground.watched]
    if concerned:
        _Page(hands, ground, folder, statement).mend(concerned)
    return Found(tokens, [one for one in page if isinstance(one, Message) and not one.is_unreadable])


def _is_as_recorded(standing: object, folder: int | None) -> bool:
    state, there = getattr(standing, "state", None), getattr(standing, "folder", None)
    return state not in (None, MessageState.GONE, MessageState.MISSING) and there == folder


class _Page:
    """The strange messages of one page."""

    def __init__(self, hands: Hands, ground: CheckGround, folder: Folder, statement: MailboxStatement) -> None:
        self._hands = hands
        self._ground = ground
        self._folder = folder
        self._statement = statement
        self._where = ground.where(folder.id)
        self._owner = ground.owner.get(folder.id)
        self._paths: dict[int, FolderPath] | None = None

    def mend(self, strange: Sequence[_Strange]) -> None:
        new = [s.id for s in strange if s.row is None and self._owner is None]
        asked = [s.id for s in strange if s.row is not None or self._owner is not None] + new[:_LOOKED_INTO]
        messages = _fetched(self._hands.mailbox, asked)
        strange = self._known_again(strange, messages)
        with self._hands.ledger.unit() as unit:
            unit.messages.rename({one.was: one.token for one in strange if one.was is not None})
            number = unit.places.folder(self._hands.number, self._folder.id, self._ground.path(self._folder.id))
            steps = unit.steps.of_messages([one.token for one in strange])
            for one in strange:
                self._one(unit, one, messages.get(one.id), number, steps.get(one.token, ()))

    def _known_again(self, strange: Sequence[_Strange], messages: Mapping[str, Message]) -> list[_Strange]:
        """Where ids change: what a person moved is judged by what the ledger has under the id it had."""
        new = [messages[s.id] for s in strange if s.row is None and s.id in messages]
        rows = {i: again.row for i, again in known_again(self._hands, new).items() if again and again.row}
        return [
            msgspec.structs.replace(one, row=_as_it_was(rows[one.id]), was=rows[one.id].token)
            if one.id in rows
            else one
            for one in strange
        ]

    def _one(self, unit: Unit, one: _Strange, message: Message | None, number: int, steps: Sequence[StepRow]) -> None:
        late = self._late_move(steps)
        if late is not None:
            self._record_late_move(unit, one, late, message, number)
        elif one.row is None:
            self._never_recorded(unit, one, message, number)
        else:
            mending = judge_moved(one.row.state, one.row.client, self._where, self._owner)
            self._mend(unit, one, one.row, mending, message, number)

    def _differs(self, kind: Kind, one: _Strange, unit: Unit) -> None:
        if self._paths is None:
            self._paths = {f.number: f.path for f in unit.places.folders(self._hands.number)}
        expected = self._paths.get(one.row.folder) if one.row is not None else None
        found_in = self._ground.path(self._folder.id)
        self._statement.differs(Difference(kind=kind, message=one.id, found_in=found_in, expected_in=expected))

    # our own move, late -----------------------------------------------------------------------------------------

    def _late_move(self, steps: Sequence[StepRow]) -> StepRow | None:
        """The step that was to bring it here and was recorded as not done: the server did it after all."""
        if self._where is not Where.CLIENT and self._where is not Where.OTHER:
            return None
        moves = [s for s in steps if s.kind is StepKind.MOVE]
        last = moves[-1] if moves else None
        if last is None or last.facts is None or last.facts.target != self._folder.id:
            return None
        return last if last.state in (StepState.NOT_TRIED, StepState.FAILED) else None

    def _record_late_move(self, unit: Unit, one: _Strange, step: StepRow, message: Message | None, number: int) -> None:
        self._differs(Kind.LATE_MOVE, one, unit)
        assert step.facts is not None  # _late_move looked
        state = MessageState(step.facts.becomes)
        digests = self._digests(unit, one, message)
        unit.messages.record(
            [
                MessageRow(
                    token=one.token, mailbox=self._hands.number, folder=number, state=state,
                    client=step.client if state is MessageState.FILED else None, evidence=step.evidence,
                    thread=digests.thread, message_id=digests.message_id, received_s=step.facts.received_s,
                    run=step.run, speaks=step.facts.speaks,
                )
            ]
        )  # fmt: skip
        unit.messages.stop_waiting([one.token])
        unit.steps.mark_done(step.number)

    # never recorded ---------------------------------------------------------------------------------------------

    def _never_recorded(self, unit: Unit, one: _Strange, message: Message | None, number: int) -> None:
        if self._owner is not None:
            self._differs(Kind.FILED_BY_HAND, one, unit)
            digests = self._digests(unit, one, message)
            record_by_hand(unit, self._hands.number, digests, client=self._owner, rejected=None, folder=number)
        elif message is not None and self._is_overdue(message):
            self._differs(Kind.NEVER_SEEN, one, unit)
            unit.cursors.forget(self._hands.number, number)  # the next run reads the folder from its beginning
        else:
            self._statement.not_sorted_yet += 1

    def _is_overdue(self, message: Message) -> bool:
        looked_s = self._ground.watched.get(self._folder.id)
        came = message.received_at
        return looked_s is not None and came is not None and came.timestamp() < looked_s - _LATE_S

    # recorded elsewhere -----------------------------------------------------------------------------------------

    def _mend(
        self, unit: Unit, one: _Strange, row: MessageRow, mending: Mending, message: Message | None, number: int
    ) -> None:
        self._differs(mending.kind, one, unit)
        if mending.kind is Kind.RESTRICTED_MOVED:
            return
        if mending.client is not None or mending.rejected is not None:
            digests = self._digests(unit, one, message)
            record_by_hand(
                unit, self._hands.number, digests,
                client=mending.client, rejected=mending.rejected, folder=number,
            )  # fmt: skip
            return
        state = row.state if mending.state is None else mending.state
        keeps_client = mending.state is None
        unit.messages.record(
            [
                msgspec.structs.replace(
                    row, token=one.token, folder=number, state=state, client=row.client if keeps_client else None
                )
            ]
        )  # fmt: skip
        if state is not MessageState.WAITING:
            unit.messages.stop_waiting([one.token])

    def _digests(self, unit: Unit, one: _Strange, message: Message | None) -> Digests:
        if message is not None:
            return digests_of(unit, self._hands.number, message)
        row = one.row
        return Digests(one.token, row.thread, row.message_id, None, row.received_s) if row else Digests(one.token)


def _as_it_was(row: MessageRow) -> MessageRow:
    """Mail that was missing lay where a run, an undo or a person had put it."""
    return msgspec.structs.replace(row, state=MessageState.BY_HAND) if row.state is MessageState.MISSING else row


def _fetched(mailbox: Mailbox, ids: Sequence[str]) -> dict[str, Message]:
    """The messages' envelopes; one that cannot be read, or went meanwhile, is left out."""
    return {m.id: m for m in mailbox.fetch(ids) if isinstance(m, Message)}
