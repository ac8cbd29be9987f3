"""Moving what is kept only on a ground into a folder of its own, so that it is stored and no longer used (art. 18)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from mailsorter.cases.office import Office
from mailsorter.errors import NotFound
from mailsorter.ledger.cases import CaseItem, ItemIds
from mailsorter.ledger.runs import Run
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Place
from mailsorter.model.case import Finding, ItemState
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, Identity, MoveMessage, Step
from mailsorter.perform import Hands, StepResult, perform_steps
from mailsorter.perform.traces import by_trace


def restrict_kept(office: Office, number: str, hands: Hands, run: Run, findings: Mapping[bytes, Finding]) -> int:
    """Move this mailbox's kept items into the restricted folder; gives how many were moved. Done twice: once.

    An item in Recoverable Items stays there: nobody sees it, and moving it out would bring it back. Where ids change
    the items have those that the move gave them. `findings` are what was approved, by the items' tokens.
    """
    with office.ledger.reading() as unit:
        kept = list(unit.cases.items(number, states=[ItemState.KEPT], mailbox=hands.number))
    tree = hands.mailbox.tree(hidden=True)
    target = tree.find(office.firm.restricted_folder)
    target_id = target.id if target else None
    places = hands.mailbox.locate([item.ids.id for item in kept])
    lost = [item for item, place in zip(kept, places, strict=True) if isinstance(place, NotFound)]
    if lost and target_id is not None and not hands.mailbox.ids_survive_moves:
        others = {finding.id for finding in findings.values()} | {item.ids.id for item in kept}
        wanted = [_identity(item, findings) for item in lost]
        _follow(office, number, hands, target_id, {item.ids.id: item for item in lost}, wanted, others)
    movable = [
        (item, place)
        for item, place in zip(kept, places, strict=True)
        if isinstance(place, Place) and place.folder_id in tree and place.folder_id != target_id
    ]
    if not movable:
        return 0
    by_id = {item.ids.id: item for item, _ in movable}

    def record(results: Sequence[StepResult]) -> None:
        now = {
            result.step.message.id: ItemIds(result.id, result.folder_id)
            for result in results
            if isinstance(result.step, MoveMessage) and result.state is StepState.DONE and result.id
        }
        _write(office, number, [msgspec.structs.replace(by_id[was], ids=ids) for was, ids in now.items()])

    steps: list[Step] = [EnsureFolder(path=office.firm.restricted_folder)]
    steps += [_move(item, place, office.firm.restricted_folder, findings) for item, place in movable]
    perform_steps(hands, run, steps, tree, on_batch=record)
    return len(movable)


def _follow(
    office: Office, number: str, hands: Hands, target_id: str, lost: Mapping[str, CaseItem],
    wanted: Sequence[Identity], others: Collection[str],
) -> None:  # fmt: skip
    """What an earlier call moved just before it broke off lies in the restricted folder, under an id of its own."""
    followed = []
    for was, places in by_trace(hands.mailbox, wanted, (), others).items():
        there = [place for place in places if place.folder_id == target_id]
        if len(there) == 1:  # of two nobody can tell which was moved: the proof names both
            followed.append(msgspec.structs.replace(lost[was], ids=ItemIds(there[0].id, target_id)))
    _write(office, number, followed)


def _write(office: Office, number: str, items: Sequence[CaseItem]) -> None:
    if items:
        with office.ledger.unit() as unit:
            unit.cases.update_items(number, items)


def _move(
    item: CaseItem, place: Place, target: tuple[str, ...], findings: Mapping[bytes, Finding]
) -> MoveMessage:  # fmt: skip
    return MoveMessage(
        message=_identity(item, findings),
        source_id=place.folder_id,
        target=target,
        becomes=MessageState.BY_HAND,  # filing leaves it alone from now on
    )


def _identity(item: CaseItem, findings: Mapping[bytes, Finding]) -> Identity:
    finding = findings.get(item.token)
    if finding is None:  # an earlier round's
        return Identity(id=item.ids.id)
    return Identity(
        id=item.ids.id, conversation_id=finding.conversation_id, internet_message_id=finding.internet_message_id,
        received_at=finding.received_at, search_key=finding.search_key,
    )  # fmt: skip
