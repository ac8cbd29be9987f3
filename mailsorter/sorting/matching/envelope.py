"""What the envelope of one message says: the part of matching that every message pays for, so written for speed."""

from __future__ import annotations

from datetime import date

from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.message import Message, Participant
from mailsorter.model.rule import Side
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.known import OUTSIDE, OWN, UNUSABLE, Known, Standing
from mailsorter.sorting.matching.rules import NONE_MET, AddressRules


class Envelope:
    """Evidence of the people named, and what kind of people they are."""

    __slots__ = ("author_is_known", "evidence", "has_outside", "has_own", "is_undated", "rules")

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.has_own = False
        self.has_outside = False
        self.author_is_known = False  # someone usable in from or sender
        self.is_undated = False  # an address changed hands, and the message has no date
        self.rules = NONE_MET


def read_envelope(message: Message, book: MatchBook) -> Envelope:
    """Look up everyone in from, sender, reply-to, to, cc and bcc; all count alike."""
    envelope = Envelope()
    look_up = book.cache.get
    author, sender = message.from_, message.sender
    if author is not None:
        known = look_up(author.address) or book.known(author.address)
        envelope.author_is_known = known is not UNUSABLE
        if known is OWN:
            envelope.has_own = True
        else:
            _note(envelope, known, message, book, Side.FROM)
    if sender is not None and (author is None or sender.address != author.address):
        known = look_up(sender.address) or book.known(sender.address)
        envelope.author_is_known = envelope.author_is_known or known is not UNUSABLE
        _note(envelope, known, message, book, Side.AUTHOR)
    for group in (message.reply_to, message.to, message.cc, message.bcc):
        if group:
            side = Side.AUTHOR if group is message.reply_to else Side.RECIPIENT
            _note_group(envelope, group, message, book, side)
    return envelope


def _note_group(
    envelope: Envelope, group: tuple[Participant, ...], message: Message, book: MatchBook, side: Side
) -> None:
    look_up = book.cache.get
    for participant in group:
        known = look_up(participant.address) or book.known(participant.address)
        if known is OWN:
            envelope.has_own = True
        elif known is OUTSIDE:
            envelope.has_outside = True
        else:
            _note(envelope, known, message, book, side)


def _note(envelope: Envelope, known: Known, message: Message, book: MatchBook, side: Side) -> None:
    if known.standing is Standing.OWN:
        envelope.has_own = True
    elif known.standing is Standing.OUTSIDE:
        envelope.has_outside = True
    if known.evidence:
        envelope.evidence.extend(known.evidence)
    if known.dated:
        envelope.evidence.extend(_on_its_day(known, message, book))
        envelope.is_undated = envelope.is_undated or _day_of(message, book) is None
    if known.rules:
        envelope.rules = _with(envelope.rules, known.rules, side)


def _with(met: AddressRules, more: frozenset[int], side: Side) -> AddressRules:
    if side is Side.RECIPIENT:
        return AddressRules(met.from_, met.author, met.recipient | more)
    return AddressRules(more if side is Side.FROM else met.from_, met.author | more, met.recipient)


def evidence_of_address(address: str, message: Message, book: MatchBook) -> list[Evidence]:
    """What one canonical address that the message names outside its envelope points to, on the message's date."""
    known = book.of_address(address)
    return [*_on_its_day(known, message, book), *known.evidence]


def _on_its_day(known: Known, message: Message, book: MatchBook) -> list[Evidence]:
    if not known.dated:
        return []
    day = _day_of(message, book)
    if day is not None:
        return [entry.evidence for entry in known.dated if entry.holds_on(day)]
    # Without a date every holder may be meant, and so may whoever has the domain: all count as the address.
    holders = [entry.evidence for entry in known.dated]
    return holders + [Evidence(EvidenceKind.ADDRESS, e.client_id, holders[0].detail) for e in known.evidence]


def _day_of(message: Message, book: MatchBook) -> date | None:
    moment = message.received_at or message.sent_at
    return moment.astimezone(book.zone).date() if moment is not None else None
