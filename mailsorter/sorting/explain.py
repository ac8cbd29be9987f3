"""Why: of a run from the ledger, of a message from the ledger and from a fresh look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from mailsorter.clock import Clock
from mailsorter.errors import MailsorterError, UserError
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.runs import Run
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.model.step import StepKind
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.decide import Decision, decide_window
from mailsorter.sorting.extras import fetch_extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.recall import Recall


class RunExplanation(msgspec.Struct, frozen=True):
    """What a run did and on what evidence: (client, evidence code, how its steps ended) to how many."""

    run: Run
    moves: Mapping[tuple[str, str, str], int]
    folders_made: int
    undone_by: str | None


class MessageExplanation(msgspec.Struct, frozen=True):
    """What the ledger holds of a message, and what matching says of it now (None: it could not be read)."""

    mailbox: str
    row: MessageRow | None
    client: str | None
    run: str | None
    decision: Decision | None
    folder: tuple[str, ...]


def explain_run(ledger: Ledger, run: Run, client_ids: Iterable[str]) -> RunExplanation:
    """Why a run filed what it filed."""
    numbers = ClientNumbers(ledger.key, client_ids)
    moves: Counter[tuple[str, str, str]] = Counter()
    made = 0
    with ledger.reading() as unit:
        for step in unit.steps.of_run(run.number):
            if step.kind is StepKind.ENSURE_FOLDER:
                made += step.state is StepState.DONE and bool(step.facts and step.facts.id)
                continue
            numbers.learn(unit, [step.client] if step.client is not None else [])
            client = numbers.id(step.client) or ("-" if step.client is None else "(no longer in the book)")
            moves[client, evidence_code(step.evidence), step.state.name.lower()] += 1
        undone = next((r for r in unit.runs.latest(1000, "undo") if r.undoes == run.number), None)
    return RunExplanation(run, moves, made, undone.id if undone else None)


def evidence_code(number: int) -> str:
    """The code of the ledger's evidence number; "-" for none."""
    try:
        return EvidenceKind(number).code
    except ValueError:
        return "-"


def tokens_of_message(ledger: Ledger, message: str, mailboxes: Iterable[str]) -> set[bytes]:
    """Ledger digests of a message given by its Exchange id or its <Message-ID>. Raises `UserError` when unknown."""
    with ledger.unit() as unit:
        found = {unit.messages.token(unit.places.mailbox(address), message) for address in mailboxes}
        known = set(unit.messages.standing(found))
        if message.startswith("<") or "@" in message:
            rows = unit.messages.of_message_id(unit.messages.message_id_token(_bracketed(message)))
            known |= {row.token for row in rows}
    if not known:
        raise UserError(
            "The ledger knows no such message.",
            advice="Give its id from `mailsorter review --json`, or its Message-ID from its headers.",
        )
    return known


def explain_message(
    ledger: Ledger,
    clock: Clock,
    message: str,
    filings: Mapping[str, Filing],
    connect: Mapping[str, Callable[[], Mailbox]],
) -> list[MessageExplanation]:
    """Why a message lies where it lies, in every mailbox that has it. Raises `UserError` when none has."""
    found: list[MessageExplanation] = []
    problems: list[MailsorterError] = []
    for address, filing in filings.items():
        try:
            found += _in_mailbox(ledger, clock, message, address, filing, connect[address])
        except MailsorterError as error:
            problems.append(error)
    if found:
        return found
    if problems:
        raise problems[0]
    raise UserError(
        "No mailbox has such a message.",
        advice="Give its id from `mailsorter review --json`, or its Message-ID from its headers.",
    )


def _in_mailbox(
    ledger: Ledger, clock: Clock, message: str, address: str, filing: Filing, connect: Callable[[], Mailbox]
) -> list[MessageExplanation]:
    mailbox = connect()
    with ledger.unit() as unit:
        number = unit.places.mailbox(address)
    explanations = []
    for item in _read(ledger, mailbox, number, message):
        tree = mailbox.tree(hidden=True)
        numbers = ClientNumbers(ledger.key, filing.book.clients)
        with ledger.reading() as unit:
            recall = Recall(unit, number, [item], numbers, afresh=True)
            row = unit.messages.row(recall.tokens[item.id].key)
            run = unit.runs.get(row.run) if row and row.run else None
            numbers.learn(unit, [row.client] if row and row.client is not None else [])
        decision = _decide_again(mailbox, item, recall, filing, clock)
        client = numbers.id(row.client) if row else None
        path = tree.path(item.folder_id)
        explanations.append(MessageExplanation(address, row, client, run.id if run else None, decision, path))
    return explanations


def _decide_again(mailbox: Mailbox, item: Message, recall: Recall, filing: Filing, clock: Clock) -> Decision:
    """As if the message came now: what the ledger holds of itself is left out, what it holds of its thread is not."""
    decisions = decide_window([item], recall, filing, 0, clock.now(), None)
    extras = fetch_extras(mailbox, decisions, filing)
    return decide_window([item], recall, filing, 0, clock.now(), None, extras)[0]


def _read(ledger: Ledger, mailbox: Mailbox, number: int, message: str) -> list[Message]:
    ids = [message]
    if message.startswith("<") or "@" in message:
        ids = [place.id for place in mailbox.find(_bracketed(message))]
    return [found for found in (mailbox.fetch(ids) if ids else []) if isinstance(found, Message)]


def _bracketed(message_id: str) -> str:
    stripped = message_id.strip()
    return stripped if stripped.startswith("<") else f"<{stripped}>"
