"""Mail that was left in a watched folder and is not there any more: where did a person put it?

`@removed` means *look for it*, never *deleted*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from mailsorter.errors import NotFound
from mailsorter.ledger.ledger import Unit
from mailsorter.mailbox.base import Place
from mailsorter.model.folder import FolderTree
from mailsorter.model.message import Message
from mailsorter.model.standing import PLACED, MessageState
from mailsorter.perform import Hands
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.returned import record_filing_by_hand


class Departed(msgspec.Struct, frozen=True):
    """What to record of one message that left; `thread` is its conversation's digest where its filing decides it."""

    record: Callable[[Unit], None]
    thread: bytes | None = None


def look_for_departed(
    hands: Hands, removed: Sequence[str], tree: FolderTree, client_of_folder: Mapping[str, int], numbers: ClientNumbers
) -> list[Departed]:
    """What to record about messages that left a watched folder without us; asks for each where it is.

    Filed by hand into a client's folder is a correction; not found at all is recorded as gone; anything else waits
    for reconciliation, and so does what a person or an undo had put there where ids change. Raises what
    `Mailbox.locate` raises.
    """
    if not removed:
        return []
    with hands.ledger.reading() as unit:
        tokens = {i: unit.messages.token(hands.number, i) for i in removed}
        standing = unit.messages.standing(tokens.values())
    left = [i for i in removed if (s := standing.get(tokens[i])) and s.state is not MessageState.FILED]
    records: list[Departed] = []
    places = hands.mailbox.locate(left) if left else []
    for message_id, place in zip(left, places, strict=True):
        if isinstance(place, NotFound):
            says_nothing = not hands.mailbox.ids_survive_moves and standing[tokens[message_id]].state in PLACED
            records += [] if says_nothing else [Departed(_gone(tokens[message_id]))]
        elif isinstance(place, Place) and place.folder_id in client_of_folder:
            records += _filed_by_hand(hands, message_id, place.folder_id, tree, client_of_folder, numbers)
    return records


def _gone(token: bytes) -> Callable[[Unit], None]:
    def record(unit: Unit) -> None:
        unit.messages.mark([token], MessageState.GONE)
        unit.messages.stop_waiting([token])

    return record


def _filed_by_hand(
    hands: Hands,
    message_id: str,
    folder_id: str,
    tree: FolderTree,
    client_of_folder: Mapping[str, int],
    numbers: ClientNumbers,
) -> list[Departed]:
    (message,) = hands.mailbox.fetch([message_id])
    if not isinstance(message, Message):
        return []
    with hands.ledger.reading() as unit:
        tokens = Recall(unit, hands.number, [message], numbers).tokens[message.id]

    def record(unit: Unit) -> None:
        folder = unit.places.folder(hands.number, folder_id, tree.path(folder_id))
        client = client_of_folder[folder_id]
        record_filing_by_hand(unit, hands.number, message, tokens, client, None, folder)

    return [Departed(record, tokens.thread)]
