"""What the envelope of one message says: the part of matching that every message pays for, so written for speed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import msgspec

from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.match import Match
from mailsorter.model.message import Message
from mailsorter.model.rule import Side
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.known import IS_OUTSIDE, IS_OWN, IS_SPECIAL, UNUSABLE, Known, Standing
from mailsorter.sorting.matching.rules import NONE_MET, AddressRules, Met


class Envelope(msgspec.Struct, gc=False):
    """Evidence of the people named, and what kind of people they are."""

    evidence: list[Evidence]
    people_facts: int = 0  # so many of the first facts are of people at all
    author_facts: int = 0  # so many of the first facts are of from, sender and reply-to
    marks: int = 0  # of everyone
    author_marks: int = 0  # of from and sender
    author_is_own: bool = False  # from, or sender where there is none, is one of the firm's own people
    alone: Match | None = None  # what the people decide, where they give one fact and nothing else does
    is_undated: bool = False  # an address changed hands, and the message has no date
    rules: AddressRules = NONE_MET

    @property
    def has_own(self) -> bool:
        """Is anyone of the firm's own people named?"""
        return self.marks & IS_OWN != 0

    @property
    def has_outside(self) -> bool:
        """Is anyone else named?"""
        return self.marks & IS_OUTSIDE != 0

    @property
    def author_is_known(self) -> bool:
        """Is there someone usable in from or sender?"""
        return self.author_marks & (IS_OWN | IS_OUTSIDE) != 0

    @property
    def authors(self) -> list[Evidence]:
        """The facts of from, sender and reply-to, as long as nothing is put before them."""
        return self.evidence[: self.author_facts]

    @property
    def recipients(self) -> list[Evidence]:
        """The facts of to, cc and bcc."""
        return self.evidence[self.author_facts : self.people_facts]


def read_envelope(message: Message, book: MatchBook) -> Envelope:
    """Look up everyone in from, sender, reply-to, to, cc and bcc; all count alike."""
    look_up = book.cache.get
    evidence: list[Evidence] = []
    marks = 0
    last: Known = UNUSABLE  # of those who give facts
    author, sender = message.from_, message.sender
    if author is not None:
        known = look_up(author.address) or book.known(author.address)
        marks = known.marks
        if known.evidence:
            evidence += known.evidence
            last = known
    author_is_own = marks & IS_OWN != 0
    if sender is not None and (author is None or sender.address != author.address):
        known = look_up(sender.address) or book.known(sender.address)
        if author is None:
            author_is_own = known.marks & IS_OWN != 0
        marks |= known.marks
        if known.evidence:
            evidence += known.evidence
            last = known
    author_marks = marks
    for participant in message.reply_to:
        known = look_up(participant.address) or book.known(participant.address)
        marks |= known.marks
        if known.evidence:
            evidence += known.evidence
            last = known
    author_facts = len(evidence)
    for group in (message.to, message.cc, message.bcc):
        for participant in group:
            known = look_up(participant.address) or book.known(participant.address)
            marks |= known.marks
            if known.evidence:
                evidence += known.evidence
                last = known
    facts = len(evidence)
    envelope = Envelope(evidence, facts, author_facts, marks, author_marks, author_is_own, last.alone)
    if marks & IS_SPECIAL:
        _read_days_and_rules(envelope, message, book)
    return envelope


def _read_days_and_rules(envelope: Envelope, message: Message, book: MatchBook) -> None:
    """Everyone once more, for the few messages that name someone of whom the book says more than plain facts."""
    envelope.evidence.clear()
    envelope.alone = None
    author, sender = message.from_, message.sender
    if author is not None:
        _note(envelope, book.known(author.address), message, book, Side.FROM)
    if sender is not None and (author is None or sender.address != author.address):
        _note(envelope, book.known(sender.address), message, book, Side.AUTHOR)
    for participant in message.reply_to:
        _note(envelope, book.known(participant.address), message, book, Side.AUTHOR)
    envelope.author_facts = len(envelope.evidence)
    for participant in (*message.to, *message.cc, *message.bcc):
        _note(envelope, book.known(participant.address), message, book, Side.RECIPIENT)
    envelope.people_facts = len(envelope.evidence)


def _note(envelope: Envelope, known: Known, message: Message, book: MatchBook, side: Side) -> None:
    if known.dated:
        envelope.evidence.extend(_on_its_day(known, day_of(message, book), book))
        envelope.is_undated = envelope.is_undated or day_of(message, book) is None
    elif known.evidence:
        envelope.evidence.extend(known.evidence)
    if known.rules:
        envelope.rules = _with(envelope.rules, known.rules, side)


def _with(met: AddressRules, more: tuple[Met, ...], side: Side) -> AddressRules:
    positions = frozenset(position for one in more for position in one)
    people = (*met.people, *more)
    if side is Side.RECIPIENT:
        return AddressRules(met.from_, met.author, met.recipient | positions, people)
    return AddressRules(positions if side is Side.FROM else met.from_, met.author | positions, met.recipient, people)


def is_mass_mail(message: Message, book: MatchBook) -> bool:
    """Does it go to people of more outside domains than the policy takes for a conversation?"""
    if len(message.to) + len(message.cc) + len(message.bcc) <= book.most_people:
        return False
    everybody = (
        address
        for group in (message.to, message.cc, message.bcc)
        for participant in group
        if book.known(participant.address).standing is Standing.OUTSIDE
        for address in addresses_in(participant.address)
    )
    return are_many(tuple(everybody), book)


def are_many(addresses: Collection[str], book: MatchBook) -> bool:
    """Are these canonical addresses of more outside domains than the policy takes for a conversation?

    Everybody at a public mail provider counts as a domain of their own: they have nothing else in common.
    """
    if len(addresses) <= book.most_people:
        return False
    parties = set()
    for address in addresses:
        if book.of_address(address).standing is Standing.OUTSIDE:
            domain = domain_of(address)
            parties.add(address if domain in book.mail_providers else domain)
    return len(parties) > book.most_people


def evidence_of_address(address: str, days: Sequence[date | None], book: MatchBook) -> list[Evidence]:
    """What one canonical address named outside an envelope points to on these days (None: unknown)."""
    known = book.of_address(address)
    if not known.dated:
        return list(known.evidence)
    return list(dict.fromkeys(fact for day in days for fact in _on_its_day(known, day, book)))


def _on_its_day(known: Known, day: date | None, book: MatchBook) -> list[Evidence]:
    """What the entries of an address say that are valid on some days only, and its domain."""
    if day is not None:
        listed = [entry.evidence for entry in known.dated if entry.holds_on(day)]
        clients = {fact.client_id for fact in listed}
        nearer = clients and not book.policy.is_first_edition  # an entry that holds is nearer than the domain
        return listed + [fact for fact in known.evidence if not nearer or fact.client_id in clients]
    # Without a date every holder may be meant, and so may whoever has the domain: all count as the address.
    holders = [entry.evidence for entry in known.dated]
    return holders + [Evidence(EvidenceKind.ADDRESS, e.client_id, holders[0].detail) for e in known.evidence]


def day_of(message: Message, book: MatchBook) -> date | None:
    """The day at the firm on which the message came, else was sent."""
    moment = message.received_at or message.sent_at
    return moment.astimezone(book.zone).date() if moment is not None else None
