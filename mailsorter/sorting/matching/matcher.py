"""match_message: from one message to one outcome, with all evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.filing import Several
from mailsorter.model.match import Forecast, Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.model.rule import Rule, RuleAction
from mailsorter.model.thread import Correction, Corrections, Correspondents, ThreadMemory
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.decide import decide
from mailsorter.sorting.matching.envelope import Envelope, read_envelope
from mailsorter.sorting.matching.rules import is_class
from mailsorter.sorting.matching.text.carried import Carried, carried_mentions, may_be_strangers
from mailsorter.sorting.matching.text.evidence import evidence_of_mentions, text_evidence
from mailsorter.sorting.matching.text.on_behalf import on_behalf_mentions
from mailsorter.sorting.matching.trust import Background, has_failed, weighed

# Items that Exchange keeps in mail folders and that are no mail (MS-OXOCFG and relatives).
_NOT_MAIL = (
    "IPM.Contact", "IPM.DistList", "IPM.Task", "IPM.Appointment", "IPM.StickyNote", "IPM.Activity",
    "IPM.Configuration", "IPM.Microsoft.FolderDesign", "IPM.Rule", "IPM.ExtendedRule", "IPM.Document",
)  # fmt: skip

_MAIL = "IPM.Note"
_FAILED = AuthorCheck.FAILED


class Predictor(Protocol):
    """What the firm's own filing teaches about a message that no evidence decides."""

    @property
    def reads_bodies(self) -> bool:
        """Does a body help it, and may it have one?"""
        ...

    def forecast(self, message: Message, text: str) -> Forecast:
        """The client it is sure of, if any, and the best few. `text` is "" where bodies are not allowed."""
        ...


def match_message(
    message: Message,
    book: MatchBook,
    memory: ThreadMemory,
    *,
    corrections: Corrections | None = None,
    several: Several = Several.REVIEW,
    attachment_names: Sequence[str] = (),
    text: str = "",
    carried: Sequence[Carried] = (),
    predictor: Predictor | None = None,
    correspondents: Correspondents | None = None,
) -> Match:
    """
    Decide whose mail a message is. Pure: the same arguments give the same outcome.

    All evidence found is in the match; the strongest kind decides, and two clients at the same strength are
    ambiguous (`several` says what becomes of those). `attachment_names`, `text`, the body as plain text, and `carried`,
    the messages and invitations inside it, are fetched only where `needs_attachment_names`, `needs_text` and
    `may_carry` say so of the match without them. `correspondents` tells strangers from people to whom the firm has
    written; without it nobody is a stranger.

    Source: docs/design.md, section 4. Never raises for what a message holds.
    """
    if message.is_draft or message.message_class != _MAIL:
        excluded = _no_mail(message)
        if excluded is not None:
            return excluded
    correction = corrections.of_thread(message) if corrections is not None else None
    if correction is not None and correction.is_this_message:
        return Match(Outcome.EXCLUDED, reason=Reason.FILED_BY_HAND)
    envelope = read_envelope(message, book)
    rules: list[Rule] = []
    if book.rules.rules:
        rules = book.rules.applying(message, envelope.rules, attachment_names, nearest=not book.is_first_edition)
    labels = tuple(dict.fromkeys(r.label for r in rules if r.action is RuleAction.LABEL)) if rules else ()
    evidence = _gather(message, book, memory, correction, envelope, rules, attachment_names)
    if rules and any(r.action is RuleAction.LEAVE for r in rules) and not (correction and correction.clients):
        return Match(Outcome.EXCLUDED, evidence=tuple(evidence), reason=Reason.RULE, labels=labels)
    is_undated = envelope.is_undated
    if not evidence:
        evidence = _behind_the_envelope(message, book, envelope, text, carried)
        is_undated = message.received_at is None and message.sent_at is None
    if evidence:
        if (
            len(evidence) == 1
            and envelope.people_facts
            and envelope.alone is not None
            and not labels
            and not correction
        ):
            found = envelope.alone
        else:
            found = decide(evidence, book, several, correction, labels=labels, is_undated=is_undated)
        if message.author_check is _FAILED or len(message.to) + len(message.cc) + len(message.bcc) > book.most_people:
            return weighed(found, message, book, envelope, rules, Background(correspondents, memory, correction))
        if correspondents is None or len(envelope.evidence) == envelope.people_facts > 0:
            return found  # of few people, the author not doubted, and nothing but people speak: most mail
        return weighed(found, message, book, envelope, rules, Background(correspondents, memory, correction))
    return _without_evidence(message, text, book, envelope, labels, predictor)


def _behind_the_envelope(
    message: Message, book: MatchBook, envelope: Envelope, text: str, carried: Sequence[Carried]
) -> list[Evidence]:
    """Asked only where the envelope decides nothing, so that most messages do not pay for it.

    What the body says and what is attached weigh alike, and what strangers may have attached never decides alone.
    """
    found = text_evidence(message, text, book) if text else []
    counts = bool(carried) and envelope.author_is_own and not has_failed(message, book) and not book.is_first_edition
    if counts and (found or not may_be_strangers(message, text, book)):
        found = found + evidence_of_mentions(carried_mentions(carried, book), message, book)
    return found + evidence_of_mentions(on_behalf_mentions(message), message, book)


def _gather(
    message: Message,
    book: MatchBook,
    memory: ThreadMemory,
    correction: Correction | None,
    envelope: Envelope,
    rules: list[Rule],
    attachment_names: Sequence[str],
) -> list[Evidence]:
    evidence = envelope.evidence
    if correction is not None:
        evidence += [Evidence(EvidenceKind.CORRECTION, c) for c in correction.clients if c in book.clients]
    if rules:
        evidence += [
            Evidence(EvidenceKind.RULE, r.client_id, r.id)
            for r in rules
            if r.action is RuleAction.FILE and r.client_id in book.clients
        ]
    if message.subject:
        evidence += book.codes.find(message.subject)
    for name in attachment_names:
        evidence += [Evidence(EvidenceKind.ATTACHMENT, e.client_id, e.detail) for e in book.codes.find(name)]
    remembered = memory.clients(message)
    if remembered:
        evidence += [fact for c in remembered if (fact := book.thread_evidence[c]) is not None]
    return evidence if len(evidence) < 2 else list(dict.fromkeys(evidence))


def _no_mail(message: Message) -> Match | None:
    if message.is_draft:
        return Match(Outcome.EXCLUDED, reason=Reason.DRAFT)
    if any(is_class(message.message_class, name) for name in _NOT_MAIL):
        return Match(Outcome.EXCLUDED, reason=Reason.NOT_MAIL)
    return None


def _without_evidence(
    message: Message,
    text: str,
    book: MatchBook,
    envelope: Envelope,
    labels: tuple[str, ...],
    predictor: Predictor | None,
) -> Match:
    forecast = predictor.forecast(message, text) if predictor is not None else Forecast()
    if has_failed(message, book):
        forecast = Forecast(None, forecast.suggestions)
    if forecast.client_id is not None and forecast.client_id in book.clients and forecast.client_id not in book.left:
        evidence = (Evidence(EvidenceKind.PREDICTION, forecast.client_id),)
        return Match(Outcome.FILED_TO, (forecast.client_id,), evidence, Reason.DECIDED, labels, forecast.suggestions)
    if envelope.has_own and not envelope.has_outside and envelope.author_is_known:
        return Match(Outcome.INTERNAL, (), (), Reason.OWN_PEOPLE, labels, forecast.suggestions)
    return Match(Outcome.UNMATCHED, (), (), _why_unmatched(envelope, forecast), labels, forecast.suggestions)


def _why_unmatched(envelope: Envelope, forecast: Forecast) -> Reason:
    if forecast.suggestions:
        return Reason.BELOW_TARGET
    if envelope.has_outside:
        return Reason.NO_EVIDENCE
    return Reason.NO_AUTHOR if envelope.has_own else Reason.NO_ADDRESS
