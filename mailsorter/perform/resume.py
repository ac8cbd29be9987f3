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
    settled += _copies(hands, by_kind.get(StepKind.COPY, []))
    erasures = by_kind.get(StepKind.ERASE_PERMANENTLY, []) + by_kind.get(StepKind.ERASE_HARD, [])
    return settled + _erasures(hands, erasures)


def _moves(hands: Hands, steps: list[StepRow], *, pretend: bool) -> list[tuple[StepRow, Verdict]]:
    if not steps:
        return []
    places = hands.mailbox.locate([_facts(step).id for step in steps])
    verdicts = [
        settle_move(_facts(step).source, _facts(step).target, _folder_of(place))
        for step, place in zip(steps, places, strict=True)
    ]
    lost = [n for n, verdict in enumerate(verdicts) if verdict.state is StepState.GONE]
    if lost and not hands.mailbox.ids_survive_moves:
        again = _found_again(hands, [_facts(steps[n]) for n in lost])
        for n, hits in zip(lost, again, strict=True):
            verdicts[n] = _by_hits(hits, _facts(steps[n]), verdicts[n])
    settled = []
    for step, verdict in zip(steps, verdicts, strict=True):
        facts = _facts(step)
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


def _copies(hands: Hands, steps: list[StepRow]) -> list[tuple[StepRow, Verdict]]:
    """A copy has a new id: look in the target folder for another message with the same msg-id."""
    again = _found_again(hands, [_facts(step) for step in steps], may_have_twins=True)
    return [(step, _copy_verdict(_facts(step), hits)) for step, hits in zip(steps, again, strict=True)]


def _copy_verdict(facts: StepFacts, hits: list[str]) -> Verdict:
    if facts.message_id is None:
        return Verdict(StepState.FAILED, facts.source)
    return _by_hits(hits, facts, Verdict(StepState.NOT_TRIED, facts.source))


def _by_hits(hits: list[str], facts: StepFacts, otherwise: Verdict) -> Verdict:
    """One hit is it; of several none is taken, because copies share a msg-id: a person looks."""
    if len(hits) > 1:
        return Verdict(StepState.UNCLEAR, facts.source)
    return Verdict(StepState.DONE, facts.target, hits[0]) if hits else otherwise


def _found_again(hands: Hands, wanted: list[StepFacts], *, may_have_twins: bool = False) -> list[list[str]]:
    """For each step, ids of the messages in its target folder that may be its own: same msg-id, search key and date as
    far as they are known, and an id that the ledger has not met. [] also when there is no such folder any more. Each
    target folder is read once, and the twins of all are looked for together.

    A moved message is nowhere else: with a twin in another folder (somebody copied it there and deleted this one, or
    the other way round) both are given, unless `may_have_twins` (a copy has one by nature).
    """
    can_be_known = [facts for facts in wanted if facts.message_id is not None or facts.search_key]
    listed = {target: _listed(hands, target) for target in dict.fromkeys(facts.target for facts in can_be_known)}
    hits = [
        {m.id: m for m in listed.get(facts.target, ()) if facts in can_be_known and _may_be(hands, facts, m)}
        for facts in wanted
    ]
    hits = [{i: m for i, m in found.items() if not hands.knows(i)} for found in hits]
    if not may_have_twins:
        _add_twins(hands, wanted, hits)
    return [list(found) for found in hits]


def _listed(hands: Hands, target: str) -> list[Message]:
    try:
        return [message for page in hands.mailbox.messages(target, Detail.TRACES) for message in page]
    except NotFound:
        return []  # someone deleted the folder


def _add_twins(hands: Hands, wanted: list[StepFacts], hits: list[dict[str, Message]]) -> None:
    """To each single hit, what may be the same message in any other folder."""
    single = {n: next(iter(found.values())) for n, found in enumerate(hits) if len(found) == 1}
    if not single:
        return
    places = hands.mailbox.find_each([hit.internet_message_id for hit in single.values()])
    elsewhere = {n: [p.id for p in found if p.id != single[n].id] for n, found in zip(single, places, strict=True)}
    ids = list(dict.fromkeys(i for found in elsewhere.values() for i in found))
    fetched = hands.mailbox.fetch(ids, Detail.TRACES) if ids else []
    twins = {i: m for i, m in zip(ids, fetched, strict=True) if isinstance(m, Message)}
    for n, found in elsewhere.items():
        for m in (twins[i] for i in found if i in twins):
            if _may_be(hands, wanted[n], m) and not hands.knows(m.id):
                hits[n][m.id] = m


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
