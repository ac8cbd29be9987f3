"""Which facts a stranger can make up, and what becomes of a message that only such facts would file.

A message is filed when one fact for the client, of the stage that decides, can be relied on. The others are kept: they
can make a message ambiguous, and review shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.evidence import STAGE, Evidence, EvidenceKind
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.model.rule import Rule
from mailsorter.model.thread import Correction, Correspondents, LeftStanding, Link, ThreadMemory, Trust, is_open
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.envelope import Envelope, is_mass_mail
from mailsorter.sorting.matching.known import Standing
from mailsorter.sorting.matching.rules import has_address_condition

_OWN_FACTS = STAGE[EvidenceKind.ADDRESS]  # what the message itself says: its people, codes and attachments
_CODES = frozenset({EvidenceKind.CODE, EvidenceKind.ATTACHMENT})
_ANYONE_CAN_WRITE = _CODES | {
    EvidenceKind.THREAD,
    EvidenceKind.ON_BEHALF,
    EvidenceKind.FORWARDED,
    EvidenceKind.CALENDAR,
}  # whoever has seen one mail of the project can copy them


_THREAD = frozenset({EvidenceKind.THREAD})
_INHERITED = _THREAD | {EvidenceKind.CORRECTION}  # a person's word on other mail of the thread


class Background(NamedTuple):
    """Whom and what the firm knows beside the message."""

    correspondents: Correspondents | None
    memory: ThreadMemory
    correction: Correction | None


def has_failed(message: Message, book: MatchBook) -> bool:
    """Did the author fail authentication, where that counts?"""
    return (
        message.author_check is AuthorCheck.FAILED and book.policy.judges_authors and not book.policy.is_first_edition
    )


def trust_of_left(
    message: Message, match: Match, book: MatchBook, memory: ThreadMemory, correspondents: Correspondents
) -> Trust:
    """May an answer to this message, which was left where it is, rely on it for the thread?

    Only where its author is known and it answers nothing that is doubtful itself. Mail that waits until it may be filed
    is trusted as filed mail is: unless its author failed.
    """
    if has_failed(message, book):
        return Trust.NO
    if match.outcome is Outcome.WAIT:
        return Trust.YES
    standing = standing_of_left(message, match, book, correspondents)
    link = memory.link(message) if standing is not LeftStanding.OPEN else Link.UNKNOWN
    is_relied_on = link is Link.TRUSTED or (standing is LeftStanding.OWN and link is Link.UNKNOWN)
    return Trust.YES if is_relied_on else Trust.OPEN


def standing_of_left(message: Message, match: Match, book: MatchBook, correspondents: Correspondents) -> LeftStanding:
    """The part of `trust_of_left` that does not depend on what the message answers."""
    if is_open(match):
        return LeftStanding.OPEN
    author = message.from_ or message.sender
    if author is not None and book.known(author.address).standing is Standing.OWN:
        return LeftStanding.OWN
    is_known = message.author_check.is_vouched_for or correspondents.wrote_to_author(message)
    return LeftStanding.KNOWN if is_known else LeftStanding.OPEN


def weighed(
    found: Match,
    message: Message,
    book: MatchBook,
    envelope: Envelope,
    rules: Sequence[Rule],
    known: Background,
) -> Match:
    """The outcome itself, or review where what names the client is too little to file by."""
    if found.outcome is not Outcome.FILED_TO or book.policy.is_first_edition:
        return found
    reason = _doubt(found, message, book, envelope, rules, known)
    if reason is None and _is_one_of_many(found, message, book, envelope):
        reason = Reason.MASS_MAIL
    if reason is None:
        return found
    return msgspec.structs.replace(found, outcome=Outcome.UNMATCHED, clients=(), reason=reason)


def _doubt(
    found: Match,
    message: Message,
    book: MatchBook,
    envelope: Envelope,
    rules: Sequence[Rule],
    known: Background,
) -> Reason | None:
    """Why no fact for one of the clients can be relied on; None where each has one."""
    has_author_failed = has_failed(message, book)
    by_thread = _INHERITED if known.correction is not None and known.correction.is_inherited else _THREAD
    if not has_author_failed and (_ANYONE_CAN_WRITE | by_thread).isdisjoint([fact.kind for fact in found.evidence]):
        return None
    stage = min([STAGE[fact.kind] for fact in found.evidence])
    facts = [fact for fact in found.evidence if STAGE[fact.kind] == stage]
    if has_author_failed:
        sound = _not_by_its_author([f for f in facts if f.kind not in by_thread], book, envelope, rules)
        return None if _covers(sound, found) else Reason.UNAUTHENTICATED
    if _is_known(message, envelope, known.correspondents):
        sound = [f for f in facts if f.kind not in by_thread or _holds_by_thread(f, message, envelope, known)]
        if any(f.kind is EvidenceKind.FORWARDED for f in sound) and known.memory.link(message) is Link.FORGED:
            sound = [f for f in sound if f.kind is not EvidenceKind.FORWARDED]  # it quotes what it answers
        return None if _covers(sound, found) else Reason.UNKNOWN_PARENT
    sound = [f for f in facts if f.kind not in _ANYONE_CAN_WRITE]
    sound = [f for f in sound if f.kind not in by_thread or _holds_by_thread(f, message, envelope, known)]
    return None if _covers(sound, found) else Reason.UNKNOWN_AUTHOR


def _covers(sound: Sequence[Evidence], found: Match) -> bool:
    return {fact.client_id for fact in sound}.issuperset(found.clients)


def _holds_by_thread(fact: Evidence, message: Message, envelope: Envelope, known: Background) -> bool:
    """Does the thread's fact count, for an author who is known?

    References can be copied, and an answer to a forged message copies them from it. So the direct parent must be a
    message that is known here and not doubted. Where it was never seen here, the author must be one of the firm's or of
    a client's people, or somebody to whom the firm has written for this client.
    """
    if known.correspondents is None:
        return True
    link = known.memory.link(message)
    if link is not Link.UNKNOWN:
        return link is Link.TRUSTED
    return envelope.author_is_own or bool(envelope.authors) or known.correspondents.wrote_for(message, fact.client_id)


def _not_by_its_author(
    facts: Sequence[Evidence], book: MatchBook, envelope: Envelope, rules: Sequence[Rule]
) -> list[Evidence]:
    """The facts that hold whoever wrote the message: a person's word, recipients, and rules that do not ask for it."""
    recipients = frozenset(envelope.recipients)
    on_others = {
        rule.id
        for rule in rules
        if not has_address_condition(rule) or book.rules.position(rule) in envelope.rules.recipient
    }
    return [
        fact
        for fact in facts
        if fact.kind is EvidenceKind.CORRECTION
        or (fact.kind is EvidenceKind.RULE and fact.detail in on_others)
        or fact in recipients
    ]


def _is_known(message: Message, envelope: Envelope, correspondents: Correspondents | None) -> bool:
    """Is the author authenticated, one of the firm's own people, or somebody to whom the firm has written?

    Without `correspondents` nobody can tell to whom it has, and everybody counts as known.
    """
    if message.author_check.is_vouched_for or envelope.author_is_own or correspondents is None:
        return True
    return correspondents.wrote_to_author(message)


def _is_one_of_many(found: Match, message: Message, book: MatchBook, envelope: Envelope) -> bool:
    """Is the client's person nothing but a recipient of mail to many?"""
    if not found.clients or not is_mass_mail(message, book) or STAGE[found.decisive[0].kind] != _OWN_FACTS:
        return False
    wrote = {fact.client_id for fact in envelope.authors}
    with_code = {fact.client_id for fact in found.evidence if fact.kind in _CODES}
    return not wrote.union(with_code).issuperset(found.clients)
