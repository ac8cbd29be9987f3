"""Moving what is kept only on a ground into a folder of its own, so that it is stored and no longer used (art. 18)."""

from __future__ import annotations

from mailsorter.cases.office import Office
from mailsorter.ledger.cases import CaseItem
from mailsorter.ledger.runs import Run
from mailsorter.mailbox.base import Place
from mailsorter.model.case import ItemState
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, Identity, MoveMessage, Step
from mailsorter.perform import Hands, perform_steps


def restrict_kept(office: Office, number: str, hands: Hands, run: Run) -> int:
    """Move this mailbox's kept items into the restricted folder; gives how many were moved. Done twice: once.

    An item in Recoverable Items stays there: nobody sees it, and moving it out would bring it back.
    """
    with office.ledger.reading() as unit:
        kept = list(unit.cases.items(number, states=[ItemState.KEPT], mailbox=hands.number))
    tree = hands.mailbox.tree(hidden=True)
    target = tree.find(office.firm.restricted_folder)
    target_id = target.id if target else None
    places = hands.mailbox.locate([item.ids.id for item in kept])
    movable = [
        (item, place)
        for item, place in zip(kept, places, strict=True)
        if isinstance(place, Place) and place.folder_id in tree and place.folder_id != target_id
    ]
    if not movable:
        return 0
    steps: list[Step] = [EnsureFolder(path=office.firm.restricted_folder)]
    steps += [_move(item, place, office.firm.restricted_folder) for item, place in movable]
    perform_steps(hands, run, steps, tree)
    return len(movable)


def _move(item: CaseItem, place: Place, target: tuple[str, ...]) -> MoveMessage:
    return MoveMessage(
        message=Identity(id=item.ids.id),
        source_id=place.folder_id,
        target=target,
        becomes=MessageState.BY_HAND,  # filing leaves it alone from now on
    )
