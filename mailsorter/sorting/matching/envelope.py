"""What the envelope of one message says: the part of matching that every message pays for, so written for speed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.message import Message, Participant
from mailsorter.model.rule import Side
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.known import OUTSIDE, OWN, UNUSABLE, Known, Standing
from mailsorter.sorting.matching.rules import NONE_MET, AddressRules, Met


class Envelope:
    """Evidence of the people named, and what kind of people they are."""

    __slots__ = (
        "author_facts", "author_is_known", "author_is_own", "evidence", "has_outside", "has_own", "is_undated",
        "people_facts", "rules",
    )  # fmt: skip

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self.people_facts = 0  # so many of the first facts are of people at all
        self.author_is_own = False  # from, or sender where there is none, is one of the firm's own people
        self.author_facts = 0  # so many of the first facts are of from, sender and reply-to
        self.has_own = False
        self.has_outside = False
        self.author_is_known = False  # someone usable in from or sender
        self.is_undated = False  # an address changed hands, and the message has no date
        self.rules = NONE_MET

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
    envelope = Envelope()
    look_up = book.cache.get
    author, sender = message.from_, message.sender
    if author is not None:
        known = look_up(author.address) or book.known(author.address)
        envelope.author_is_known = known is not UNUSABLE
        if known is OWN:
            envelope.has_own = envelope.author_is_own = True
        else:
            envelope.author_is_own = known.standing is Standing.OWN
            _note(envelope, known, message, book, Side.FROM)
    if sender is not None and (author is None or sender.address != author.address):
        known = look_up(sender.address) or book.known(sender.address)
        if author is None:
            envelope.author_is_own = known.standing is Standing.OWN
        envelope.author_is_known = envelope.author_is_known or known is not UNUSABLE
        _note(envelope, known, message, book, Side.AUTHOR)
    if message.reply_to:
        _note_group(envelope, message.reply_to, message, book, Side.AUTHOR)
    envelope.author_facts = len(envelope.evidence)
    for group in (message.to, message.cc, message.bcc):
        if group:
            _note_group(envelope, group, message, book, Side.RECIPIENT)
    envelope.people_facts = len(envelope.evidence)
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
    most = book.policy.mass_mail_domains
    if len(message.to) + len(message.cc) + len(message.bcc) <= most:
        return False
    domains: set[str] = set()
    for group in (message.to, message.cc, message.bcc):
        for participant in group:
            if book.known(participant.address).standing is Standing.OUTSIDE:
                domains.update(domain_of(address) for address in addresses_in(participant.address))
    return len(domains) > most


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
