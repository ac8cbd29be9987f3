"""Knowing a message again that a person moved, where ids change on every move (EWS).

What shows up has an id that nobody has met, and the row that the ledger has of it goes by one that names nothing any
more. They are one message when msg-id, search key and the moment it came in are the same, as far as they are known,
and nothing lies under the row's id. Mail that came in twice is told apart by search key and date; a copy shares both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mailsorter.errors import NotFound, Refused, TemporaryError
from mailsorter.ledger.keys import every_spelling
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.steps import StepRow
from mailsorter.mailbox.base import Detail
from mailsorter.model.message import Message
from mailsorter.perform.hands import Hands
from mailsorter.perform.traces import may_be


class KnownAgain(msgspec.Struct, frozen=True):
    """A message that was put somewhere before, by a run, an undo or a person, and lies under another id now.

    `row` is what the ledger has of it under the id it had; None where this message or another may be the one.
    """

    row: MessageRow | None = None


class _Placed(msgspec.Struct, frozen=True):
    """A row of mail that was put somewhere, with the search key that a step still knows (b"": none does)."""

    row: MessageRow
    search_key: bytes

    def may_be(self, message: Message) -> bool:
        return may_be(message, self.search_key, self.row.received_s)


def known_again(hands: Hands, messages: Sequence[Message]) -> dict[str, KnownAgain | None]:
    """Those of the messages that the ledger may have under an id they had before, by their id now; None for one that
    was looked for and is another message; {} where ids survive moves.

    Asks the mailbox (`find`) only for a msg-id of which a row says that a run, an undo or a person put it somewhere.
    Raises what `find` and `fetch` raise, but for a refusal: then nobody can tell, and every one that may be is given.
    """
    if hands.mailbox.ids_survive_moves:
        return {}
    found: dict[str, KnownAgain | None] = {}
    for some, placed in _asked_about(hands, messages):
        found |= _look(hands, some, placed)
    return found


def _asked_about(hands: Hands, messages: Sequence[Message]) -> list[tuple[list[Message], list[_Placed]]]:
    """Messages that the ledger does not know, by msg-id, with the rows of that msg-id that one of them may be."""
    with hands.ledger.reading() as unit:
        rows = unit.messages
        tokens = {m.id: rows.token(hands.number, m.id) for m in messages if m.internet_message_id}
        standing = rows.standing(tokens.values())
        strange: dict[bytes, list[Message]] = {}
        for message in messages:
            if message.id in tokens and tokens[message.id] not in standing:
                strange.setdefault(rows.message_id_token(message.internet_message_id), []).append(message)
        by_message_id = rows.placed(hands.number, strange)
        steps = unit.steps.of_messages([row.token for found in by_message_id.values() for row in found])
    asked = []
    for message_id, found in by_message_id.items():
        placed = [_Placed(row, _search_key(steps, row)) for row in found]
        some = [m for m in strange[message_id] if any(one.may_be(m) for one in placed)]
        if some:
            asked.append((some, placed))
    return asked


def _search_key(steps: Mapping[bytes, Sequence[StepRow]], row: MessageRow) -> bytes:
    return next((s.facts.search_key for s in steps.get(row.token, ()) if s.facts and s.facts.search_key), b"")


def _look(hands: Hands, some: Sequence[Message], placed: Sequence[_Placed]) -> dict[str, KnownAgain | None]:
    """Messages of one msg-id: which of them are known again.

    Where more messages that nobody has met may be one of the rows than there are rows, none is taken for it.
    """
    try:
        strange, lost = _strange_and_lost(hands, some, placed)
    except (NotFound, Refused):
        return {m.id: KnownAgain() for m in some}
    rows_left = list(lost)
    found: dict[str, KnownAgain | None] = {}
    for message in some:
        mine = [one for one in lost if one.may_be(message)]
        if not mine:
            found[message.id] = None
            continue
        rivals = [other for other in strange if any(one.may_be(other) for one in mine)]
        row = next((one for one in rows_left if one.may_be(message)), None)
        if len(rivals) > len(mine) or row is None:
            found[message.id] = KnownAgain()
        else:
            rows_left.remove(row)
            found[message.id] = KnownAgain(row.row)
    return found


def _strange_and_lost(
    hands: Hands, some: Sequence[Message], placed: Sequence[_Placed]
) -> tuple[list[Message], list[_Placed]]:
    """Every message of that msg-id that the ledger does not know, wherever it lies, and the rows of which the id names
    none of them. One that cannot be read may be any of them."""
    places = hands.mailbox.find(some[0].internet_message_id)
    with hands.ledger.reading() as unit:
        tokens = {place.id: unit.messages.token(hands.number, place.id) for place in places}
        known = unit.messages.standing(tokens.values())
    there = every_spelling(tokens.values())
    lost = [one for one in placed if one.row.token not in there]
    asked = {message.id for message in some}
    others = [i for i, token in tokens.items() if token not in known and i not in asked] if lost else []
    strange = list(some)
    for item_id, answer in zip(others, hands.mailbox.fetch(others, Detail.TRACES) if others else (), strict=True):
        if isinstance(answer, TemporaryError):
            raise answer
        if isinstance(answer, Message):
            strange.append(answer)
        elif not isinstance(answer, NotFound):
            strange.append(Message(id=item_id, folder_id=""))
    return strange, lost
