"""Mail that waits for a person, read live from Exchange: nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from mailsorter.clock import Clock
from mailsorter.ledger.keys import is_same
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import StepRow
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.folder import FolderPath
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.perform import Hands
from mailsorter.sorting.decide import Decision, Known, decide_window
from mailsorter.sorting.extras import fetch_extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import MailboxGround, TreeCache, survey
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.senders import SenderCorrections, with_suggestions

FOR_A_PERSON = (Outcome.AMBIGUOUS, Outcome.UNMATCHED)
_SHOWN = (Known.MATCH, Known.TOO_COSTLY)


class ReviewItem(msgspec.Struct, frozen=True):
    """One message that nobody but a person can place."""

    mailbox: str
    folder: FolderPath
    message: Message
    match: Match


def review(
    ledger: Ledger,
    clock: Clock,
    address: str,
    filing: Filing,
    connect: Callable[[], Mailbox],
    *,
    headers_only: bool = False,
) -> Iterator[ReviewItem]:
    """Ambiguous and unmatched mail in a mailbox's watched folders, folder by folder, as matching sees it now, and mail
    that Exchange refused to move; then messages of which one was moved, but a lost answer keeps which.

    Each comes with at most three suggestions: where people filed this sender's mail, then what is predicted.

    `headers_only` reads no bodies and no attachment names: quicker, and a forwarded message counts as unmatched.
    """
    with ledger.unit() as unit:
        number = unit.places.mailbox(address)
    hands = Hands(connect(), number, ledger, clock)
    ground = survey(hands, filing, TreeCache())
    for folder in ground.watched:
        path = ground.tree.path(folder.id)
        for page in hands.mailbox.messages(folder.id, Detail.ENVELOPE):
            with ledger.reading() as unit:
                recall = Recall(unit, number, page, ground.numbers)
                senders = SenderCorrections(unit, page, ground.numbers)
            decisions = decide_window(page, recall, filing, 0, clock.now(), ground.sent_folder_id)
            extras = None if headers_only else fetch_extras(hands.mailbox, decisions, filing)
            if extras is not None and extras.ids:
                decisions = decide_window(page, recall, filing, 0, clock.now(), ground.sent_folder_id, extras)
            for decision in decisions:
                match = decision.match
                if match is not None and match.outcome is Outcome.FILED_TO and recall.has_failed(decision.message):
                    refused = Match(Outcome.AMBIGUOUS, match.clients, reason=Reason.MOVE_REFUSED)
                    yield ReviewItem(address, path, decision.message, refused)
                elif decision.known in _SHOWN and match is not None and match.outcome in FOR_A_PERSON:
                    yield ReviewItem(address, path, decision.message, _suggesting(match, decision, recall, senders))
    if not headers_only:
        yield from _unclear(hands, address, ground)


def _suggesting(match: Match, decision: Decision, recall: Recall, senders: SenderCorrections) -> Match:
    of_thread = recall.of_thread(decision.message)
    by_people = senders.suggestions(decision.message)
    return with_suggestions(match, by_people, of_thread.rejected if of_thread is not None else ())


def _unclear(hands: Hands, address: str, ground: MailboxGround) -> Iterator[ReviewItem]:
    """Messages of which one was moved by a step whose answer was lost, wherever they lie now."""
    for step, digest in _unclear_steps(hands):
        client = ground.numbers.id(step.client) if step.client is not None else None
        match = Match(Outcome.AMBIGUOUS, (client,) if client else (), reason=Reason.LOST_ANSWER)
        for message in _of_digest(hands, ground, step, digest):
            yield ReviewItem(address, ground.tree.path(message.folder_id), message, match)


def _unclear_steps(hands: Hands) -> list[tuple[StepRow, bytes]]:
    """Each such step, with the digest of its message's msg-id."""
    with hands.ledger.reading() as unit:
        rows = unit.messages.in_state(hands.number, MessageState.UNCLEAR)
        steps = unit.steps.of_messages([row.token for row in rows])
    found = []
    for row in rows:
        unclear = [s for s in steps.get(row.token, ()) if s.state is StepState.UNCLEAR and s.facts is not None]
        found += [(step, row.message_id) for step in unclear[-1:] if row.message_id is not None]
    return found


def _of_digest(hands: Hands, ground: MailboxGround, step: StepRow, digest: bytes) -> list[Message]:
    """The messages of that msg-id. The ledger knows its digest only: the id itself is read off one that lies in the
    step's target or source."""
    assert step.facts is not None  # chosen so
    for folder in (step.facts.target, step.facts.source):
        for page in hands.mailbox.messages(folder, Detail.ENVELOPE) if ground.tree.get(folder) else ():
            for message in page:
                if is_same(hands.ledger.key.digest("message-id", message.internet_message_id.strip()), digest):
                    places = hands.mailbox.find(message.internet_message_id)
                    found = hands.mailbox.fetch([place.id for place in places if place.folder_id in ground.tree])
                    return [one for one in found if isinstance(one, Message)]
    return []
