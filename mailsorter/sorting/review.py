"""Mail that waits for a person, read live from Exchange: nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from mailsorter.clock import Clock
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.folder import FolderPath
from mailsorter.model.match import Match, Outcome
from mailsorter.model.message import Message
from mailsorter.perform import Hands
from mailsorter.sorting.decide import Decision, Known, decide_window
from mailsorter.sorting.extras import fetch_extras
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import TreeCache, survey
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.senders import SenderCorrections, with_suggestions

FOR_A_PERSON = (Outcome.AMBIGUOUS, Outcome.UNMATCHED)


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
    """Ambiguous and unmatched mail in a mailbox's watched folders, folder by folder, as matching sees it now.

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
            if extras is not None and (extras.texts or extras.attachment_names):
                decisions = decide_window(page, recall, filing, 0, clock.now(), ground.sent_folder_id, extras)
            for decision in decisions:
                match = decision.match
                if decision.known is Known.MATCH and match is not None and match.outcome in FOR_A_PERSON:
                    yield ReviewItem(address, path, decision.message, _suggesting(match, decision, recall, senders))


def _suggesting(match: Match, decision: Decision, recall: Recall, senders: SenderCorrections) -> Match:
    of_thread = recall.of_thread(decision.message)
    by_people = senders.suggestions(decision.message)
    return with_suggestions(match, by_people, of_thread.rejected if of_thread is not None else ())
