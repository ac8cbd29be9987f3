"""From one window of mail to a decision for each message: what is known of it, then whose it is."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from mailsorter.ledger.messages import Standing
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.thread import RunMemory, Trust
from mailsorter.sorting.budget import TOO_COSTLY, Watch, work_of
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import (
    Carried,
    at_its_time,
    match_all,
    match_message,
    standing_of_left,
    trust_of_left,
)
from mailsorter.sorting.recall import Recall


class Known(enum.Enum):
    """What the ledger's row says should be done with a message that shows up in a watched folder."""

    MATCH = "match"
    REPLAYED = "replayed"  # filed in this run already: delta said it twice
    RETURNED = "returned"  # filed before, and here again: a person's doing, or an old answer; look
    BY_HAND = "by-hand"  # a person put it here
    UNDONE = "undone"  # an undo put it here; stays until book or rules change
    RESTRICTED = "restricted"
    TOO_COSTLY = "too-costly"  # found so before, by this book, these rules and this program
    UNREADABLE = "unreadable"  # Exchange has it and cannot show it: never decided on


class Decision(msgspec.Struct, frozen=True):
    """One message and what is to be done with it; `match` is None where it was not matched.

    `trust`: how far other mail may rely on it for its thread, where it is left; None where it is not.
    """

    message: Message
    known: Known
    match: Match | None = None
    trust: Trust | None = None


def what_is_known(standing: Standing | None, run: int, *, is_where_put: bool = False) -> Known:
    """What the last record of a message means now. A table: every state is in it.

    `is_where_put`: it lies in the folder that the record names. Labelled mail may lie where mail is filed from.
    """
    if standing is None or (standing.state is MessageState.LABELLED and is_where_put):
        return Known.MATCH
    if standing.state in (MessageState.FILED, MessageState.LABELLED):
        return Known.REPLAYED if standing.run == run else Known.RETURNED
    if standing.state is MessageState.MISSING:
        return Known.BY_HAND if standing.client is None else Known.RETURNED
    return {
        MessageState.BY_HAND: Known.BY_HAND,
        MessageState.UNDONE: Known.UNDONE,
        MessageState.RESTRICTED: Known.RESTRICTED,
        MessageState.TOO_COSTLY: Known.TOO_COSTLY,
    }.get(standing.state, Known.MATCH)


class Extras(msgspec.Struct, frozen=True):
    """What was fetched besides envelopes, by message id. Held as long as the window's decision takes."""

    texts: Mapping[str, str] = {}
    attachment_names: Mapping[str, tuple[str, ...]] = {}
    carried: Mapping[str, tuple[Carried, ...]] = {}

    @property
    def ids(self) -> set[str]:
        """Those of which anything was fetched."""
        return {*self.texts, *self.attachment_names, *self.carried}


_NOTHING = Extras()


def decide_window(
    messages: Sequence[Message],
    recall: Recall,
    filing: Filing,
    run: int,
    now: datetime,
    sent_folder_id: str | None,
    extras: Extras = _NOTHING,
    watch: Watch | None = None,
) -> list[Decision]:
    """Decide every message of a window. Pure but for what `recall` looked up before, and for `watch`, which may raise
    `StoppedBetween`."""
    watch = watch or Watch()
    known = [Known.UNREADABLE if m.is_unreadable else _known(m, recall, run) for m in messages]
    to_match = [m for m, k in zip(messages, known, strict=True) if k is Known.MATCH]
    memory = RunMemory(recall, lambda message, match: standing_of_left(message, match, filing.book, recall))

    def match(message: Message) -> Match:
        text, names = extras.texts.get(message.id, ""), extras.attachment_names.get(message.id, ())
        return watch.match(
            message,
            work_of(message, text, names),
            lambda: match_message(
                message, filing.book, memory, corrections=recall, correspondents=recall, several=filing.several,
                predictor=filing.predictor, text=text, attachment_names=names,
                carried=extras.carried.get(message.id, ()),
            ),
        )  # fmt: skip

    matches = {m.id: found for m, found in zip(to_match, match_all(to_match, memory, match), strict=True)}
    matches |= {m.id: TOO_COSTLY for m, k in zip(messages, known, strict=True) if k is Known.TOO_COSTLY}
    decisions = []
    for m, k in zip(messages, known, strict=True):
        timed = _timed(matches.get(m.id), m, filing, now, is_sent=m.folder_id == sent_folder_id)
        is_left = timed is not None and timed.outcome is not Outcome.FILED_TO
        trust = trust_of_left(m, timed, filing.book, memory, recall) if timed is not None and is_left else None
        decisions.append(Decision(m, k, timed, trust))
    return decisions


def _known(message: Message, recall: Recall, run: int) -> Known:
    standing = recall.standing.get(recall.tokens[message.id].key)
    return what_is_known(standing, run, is_where_put=message.id in recall.where_put)


def _timed(match: Match | None, message: Message, filing: Filing, now: datetime, *, is_sent: bool) -> Match | None:
    return None if match is None else at_its_time(match, message, filing.policy, now, is_sent=is_sent)


def state_of(match: Match) -> MessageState:
    """The state recorded of a message that is left where it is."""
    return MessageState.TOO_COSTLY if match.reason is Reason.TOO_COSTLY else _STATE_OF[match.outcome]


_STATE_OF = {
    Outcome.UNMATCHED: MessageState.UNMATCHED,
    Outcome.AMBIGUOUS: MessageState.AMBIGUOUS,
    Outcome.INTERNAL: MessageState.INTERNAL,
    Outcome.EXCLUDED: MessageState.EXCLUDED,
    Outcome.WAIT: MessageState.WAITING,
}
