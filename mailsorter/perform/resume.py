"""After a crash: every open intent is looked up and its outcome recorded, before anything new is tried."""

from __future__ import annotations

import msgspec

from mailsorter.errors import LedgerError, MailsorterError, NotFound, TemporaryError
from mailsorter.ledger.keys import is_same
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd, StepFacts, StepRow
from mailsorter.mailbox.base import Detail, Place
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.step import EraseMessage, Identity, StepKind
from mailsorter.perform.erase import look_up
from mailsorter.perform.hands import Hands
from mailsorter.perform.intents import renamed, row_of
from mailsorter.perform.settle import Verdict, settle_move
from mailsorter.perform.traces import may_be

_CHUNK = 200  # intents settled in one unit; a crash leaves at most one batch open, an old ledger may hold more


class Settled(msgspec.Struct, frozen=True):
    """How many open intents were settled, by outcome."""

    counts: dict[StepState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def resume(hands: Hands, *, pretend: bool = False) -> Settled:
    """Settle what a crash left open in this mailbox. Called twice: the second time there is nothing to do.

    With `pretend` (for a plan, on a scratch copy) nothing is changed in the mailbox, not even a missing stamp.

    Raises `TemporaryError` when the mailbox cannot be asked now, `LedgerLocked` when its lock was lost: everything
    stays open, and nothing new may be tried.
    """
    with hands.ledger.reading() as unit:
        steps = unit.steps.open(hands.number)
    counts: dict[StepState, int] = {}
    for start in range(0, len(steps), _CHUNK):
        settled = _settle(hands, steps[start : start + _CHUNK], pretend=pretend)
        hands.require_lock()
        for step, verdict in settled:
            counts[verdict.state] = counts.get(verdict.state, 0) + 1
            _record(hands, step, verdict)
    return Settled(counts)


def _facts(step: StepRow) -> StepFacts:
    if step.facts is None:
        raise LedgerError(f"Step {step.number} is open but its facts are gone.", advice="Run: mailsorter check")
    return step.facts


def _settle(hands: Hands, steps: list[StepRow], *, pretend: bool) -> list[tuple[StepRow, Verdict]]:
    by_kind: dict[StepKind, list[StepRow]] = {}
    for step in steps:
        by_kind.setdefault(step.kind, []).append(step)
    settled = [(step, _folder_verdict(hands, step)) for step in by_kind.get(StepKind.ENSURE_FOLDER, [])]
    settled += _moves(hands, by_kind.get(StepKind.MOVE, []) + by_kind.get(StepKind.CATEGORIZE, []), pretend=pretend)
    settled += [(step, _copy_verdict(hands, step)) for step in by_kind.get(StepKind.COPY, [])]
    erasures = by_kind.get(StepKind.ERASE_PERMANENTLY, []) + by_kind.get(StepKind.ERASE_HARD, [])
    return settled + _erasures(hands, erasures)


def _moves(hands: Hands, steps: list[StepRow], *, pretend: bool) -> list[tuple[StepRow, Verdict]]:
    if not steps:
        return []
    places = hands.mailbox.locate([_facts(step).id for step in steps])
    settled = []
    for step, place in zip(steps, places, strict=True):
        facts = _facts(step)
        verdict = settle_move(facts.source, facts.target, _folder_of(place))
        if verdict.state is StepState.GONE and not hands.mailbox.ids_survive_moves:
            verdict = _by_hits(_found_again(hands, facts), facts, verdict)
        if verdict.state is StepState.DONE and facts.categories is not None and not pretend:
            _stamp(hands, verdict.id or facts.id, facts.categories)
        settled.append((step, verdict))
    return settled


def _stamp(hands: Hands, message_id: str, categories: tuple[str, ...]) -> None:
    """The crash may have come before the stamp. As when moving, one that fails is not worth more."""
    try:
        hands.mailbox.categorize([(message_id, categories)])
    except TemporaryError:
        raise
    except MailsorterError:
        return


def _folder_of(place: Place | MailsorterError) -> str | None:
    """Where it is; None when nowhere. Anything else that went wrong is raised: nothing is assumed."""
    if isinstance(place, Place):
        return place.folder_id
    if isinstance(place, NotFound):
        return None
    raise place


def _folder_verdict(hands: Hands, step: StepRow) -> Verdict:
    facts = _facts(step)
    found = hands.mailbox.tree(hidden=True).named(facts.target, facts.path[-1])
    return Verdict(StepState.DONE, found[0].id) if found else Verdict(StepState.NOT_TRIED, "")


def _copy_verdict(hands: Hands, step: StepRow) -> Verdict:
    """A copy has a new id: look in the target folder for another message with the same msg-id."""
    facts = _facts(step)
    if facts.message_id is None:
        return Verdict(StepState.FAILED, facts.source)
    hits = _found_again(hands, facts, may_have_twins=True)
    return _by_hits(hits, facts, Verdict(StepState.NOT_TRIED, facts.source))


def _by_hits(hits: list[str], facts: StepFacts, otherwise: Verdict) -> Verdict:
    """One hit is it; of several none is taken, because copies share a msg-id: a person looks."""
    if len(hits) > 1:
        return Verdict(StepState.UNCLEAR, facts.source)
    return Verdict(StepState.DONE, facts.target, hits[0]) if hits else otherwise


def _found_again(hands: Hands, facts: StepFacts, *, may_have_twins: bool = False) -> list[str]:
    """Ids of the messages in the target folder that may be the one: same msg-id, search key and date as far as they are
    known, and an id that the ledger has not met. [] also when there is no such folder any more.

    A moved message is nowhere else: with a twin in another folder (somebody copied it there and deleted this one, or
    the other way round) both are given, unless `may_have_twins` (a copy has one by nature).
    """
    if facts.message_id is None and not facts.search_key:
        return []
    hits: dict[str, Message] = {}
    try:
        for page in hands.mailbox.messages(facts.target, Detail.TRACES):
            hits |= {m.id: m for m in page if _may_be(hands, facts, m) and not hands.knows(m.id)}
    except NotFound:
        return []  # someone deleted the folder
    if len(hits) == 1 and not may_have_twins:
        (hit,) = hits.values()
        elsewhere = [place.id for place in hands.mailbox.find(hit.internet_message_id) if place.id != hit.id]
        twins = hands.mailbox.fetch(elsewhere, Detail.TRACES)
        hits |= {
            m.id: m for m in twins if isinstance(m, Message) and _may_be(hands, facts, m) and not hands.knows(m.id)
        }
    return list(hits)


def _may_be(hands: Hands, facts: StepFacts, message: Message) -> bool:
    if facts.message_id is not None:
        if not is_same(hands.ledger.key.digest("message-id", message.internet_message_id.strip()), facts.message_id):
            return False
    elif message.search_key != facts.search_key:
        return False
    return may_be(message, facts.search_key, facts.received_s)


def _erasures(hands: Hands, steps: list[StepRow]) -> list[tuple[StepRow, Verdict]]:
    if not steps:
        return []
    asked = [
        EraseMessage(
            message=Identity(id=_facts(step).id, search_key=_facts(step).search_key),
            folder_id=_facts(step).source,
            hard=step.kind is StepKind.ERASE_HARD,
        )
        for step in steps
    ]
    verdicts = look_up(hands.mailbox, asked)
    for verdict in verdicts:
        if verdict.state is StepState.OPEN and verdict.error is not None:
            raise verdict.error
    return [(step, Verdict(v.state, v.folder_id, v.id)) for step, v in zip(steps, verdicts, strict=True)]


def _record(hands: Hands, step: StepRow, verdict: Verdict) -> None:
    facts = _facts(step)
    with hands.ledger.unit() as unit:
        is_new = verdict.state is StepState.DONE and verdict.id not in ("", facts.id)
        learnt = msgspec.structs.replace(facts, new_id=verdict.id) if is_new else None
        unit.steps.finish([StepEnd(number=step.number, state=verdict.state, facts=learnt)])
        if verdict.state is StepState.DONE and facts.takes_back:
            unit.steps.take_back([facts.takes_back])
        unit.runs.mark_interrupted(step.run)
        if step.kind is not StepKind.ENSURE_FOLDER:
            _record_message(unit, hands, step, facts, verdict)


def _record_message(unit: Unit, hands: Hands, step: StepRow, facts: StepFacts, verdict: Verdict) -> None:
    mailbox = hands.number
    intent = Intent(kind=step.kind, token=step.token, facts=facts, client=step.client, evidence=step.evidence)
    row = row_of(unit, mailbox, step.run, intent, verdict.state, verdict.id, verdict.folder_id)
    unit.messages.rename(renamed(unit, mailbox, intent, verdict.state, verdict.id))
    is_lost = step.kind is StepKind.MOVE and verdict.state is StepState.GONE
    if row is not None and is_lost and not hands.mailbox.ids_survive_moves:
        row = msgspec.structs.replace(row, state=MessageState.MISSING)  # looked for by its id and in the target alone
    if row is not None:
        unit.messages.record([row])
