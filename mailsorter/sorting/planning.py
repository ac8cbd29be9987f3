"""From decisions to steps. Pure, but for the brake that `Targets` pulls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from mailsorter.model.evidence import Evidence
from mailsorter.model.folder import FolderPath
from mailsorter.model.labels import home_of_label
from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EnsureFolder, Identity, MoveMessage, Step
from mailsorter.sorting.decide import Decision
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import has_failed
from mailsorter.sorting.targets import Target, Targets


class WindowPlan(msgspec.Struct, frozen=True):
    """A window's steps in order, and the decisions that left their message where it is."""

    steps: tuple[Step, ...]
    left: tuple[Decision, ...]


def plan_window(
    decisions: Iterable[Decision],
    filing: Filing,
    targets: Targets,
    planned: set[FolderPath],
    copied: Collection[tuple[str, str]] = (),
) -> WindowPlan:
    """Steps for what is to be filed; `planned` are the folders that earlier windows of this run ensured (added to),
    `copied` the (message id, client id) of copies that an interrupted run made already."""
    ensures: list[Step] = []
    moves: list[Step] = []
    left: list[Decision] = []
    for decision in decisions:
        destinations = _destinations(decision.match, filing, targets)
        if not destinations:
            left.append(decision)
            continue
        for client_id, target in destinations:
            if not target.is_known and target.path not in planned:
                planned.add(target.path)
                ensures.append(EnsureFolder(path=target.path, client_id=client_id))
        moves += _moves(decision.message, decision.match, destinations, filing, copied)
    return WindowPlan((*ensures, *moves), tuple(left))


def _destinations(match: Match | None, filing: Filing, targets: Targets) -> list[tuple[str | None, Target]]:
    if match is None:
        return []
    if match.outcome is Outcome.FILED_TO:
        return [(client, targets.of(client)) for client in match.clients]
    home = home_of_label(match, filing.label_homes)
    return [(None, targets.at(tuple(home.split("/"))))] if home else []


def _moves(
    message: Message,
    match: Match | None,
    destinations: Sequence[tuple[str | None, Target]],
    filing: Filing,
    copied: Collection[tuple[str, str]],
) -> list[Step]:
    """Copies for all but the first, then the move: a crash in between leaves the original where it is found again."""
    assert match is not None  # destinations come from a match
    steps: list[Step] = []
    for position in reversed(range(len(destinations))):
        client_id, target = destinations[position]
        is_copy = position > 0
        if is_copy and (message.id, client_id) in copied:
            continue
        evidence = [e for e in match.decisive if client_id is None or e.client_id == client_id]
        stamped = _stamped(message, filing, client_id)
        steps.append(
            MoveMessage(
                message=identity_of(message),
                source_id=message.folder_id,
                target=target.path,
                target_id=target.folder_id,
                client_id=client_id,
                evidence=_codes(evidence) or match.labels,
                evidence_number=int(evidence[0].kind) if evidence else 0,
                becomes=MessageState.FILED if client_id is not None else MessageState.LABELLED,
                copy=is_copy,
                categories=stamped,
                categories_before=message.categories if stamped is not None else None,
                speaks=not has_failed(message, filing.book),
            )
        )
    return steps


def identity_of(message: Message) -> Identity:
    """What the ledger digests of the message."""
    return Identity(
        id=message.id,
        conversation_id=message.conversation_id,
        internet_message_id=message.internet_message_id,
        received_at=message.received_at,
        search_key=message.search_key,
    )


def _codes(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.kind.code for e in evidence))


def _stamped(message: Message, filing: Filing, client_id: str | None) -> tuple[str, ...] | None:
    if not filing.stamp_category or client_id is None:
        return None
    name = filing.book.clients[client_id].name
    return None if name in message.categories else (*message.categories, name)
