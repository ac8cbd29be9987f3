"""From what a text names to evidence, by the client book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from mailsorter.model.evidence import Evidence, EvidenceKind
from mailsorter.model.message import Message
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.envelope import are_many, day_of, evidence_of_address
from mailsorter.sorting.matching.known import Standing
from mailsorter.sorting.matching.looks import looks_bounced, looks_form_made, looks_like_invitation
from mailsorter.sorting.matching.text.bounce import bounce_mentions
from mailsorter.sorting.matching.text.calendar import calendar_mentions
from mailsorter.sorting.matching.text.form import form_mentions
from mailsorter.sorting.matching.text.forwarded import forwarded_mentions
from mailsorter.sorting.matching.text.lines import plain_lines
from mailsorter.sorting.matching.text.mention import Mention


def text_evidence(message: Message, text: str, book: MatchBook) -> list[Evidence]:
    """Evidence in a body: what its kind of message holds first, then header blocks; the first that says something."""
    lines = plain_lines(text)
    for read in _readers(message, text):
        found = evidence_of_mentions(read(lines), message, book)
        if found:
            return found
    return []


def _readers(message: Message, text: str) -> Iterator[Callable[[list[str]], list[Mention]]]:
    if looks_bounced(message):
        yield bounce_mentions
    if looks_like_invitation(message):
        yield lambda lines: calendar_mentions(text, lines)
    yield _form_before_blocks if looks_form_made(message) else forwarded_mentions


def _form_before_blocks(lines: list[str]) -> list[Mention]:
    """The form's own field says who the visitor is; what they typed into its text never says otherwise."""
    return form_mentions(lines) or forwarded_mentions(lines)


def evidence_of_mentions(mentions: Sequence[Mention], message: Message, book: MatchBook) -> list[Evidence]:
    """
    What the mentions point to, each as evidence of its own kind.

    Inside them the order of strength is that of an envelope: an exact address before a code before a domain. Of each
    client only the strongest is handed on; two clients in one block are two, however each is named.
    """
    found = [fact for mention in mentions for fact in _facts(mention, message, book)]
    best: dict[str, int] = {}
    for _, fact in found:
        of = "" if book.policy.is_first_edition else fact.client_id
        best[of] = min(fact.kind.strength, best.get(of, 99))
    facts = (
        Evidence(kind, fact.client_id, fact.detail)
        for kind, fact in found
        if fact.kind.strength == best["" if book.policy.is_first_edition else fact.client_id]
    )
    return list(dict.fromkeys(facts))


def _facts(mention: Mention, message: Message, book: MatchBook) -> list[tuple[EvidenceKind, Evidence]]:
    days = _days(mention, message, book)
    left_out: frozenset[str] = frozenset()
    if not book.policy.is_first_edition:
        if mention.kind is EvidenceKind.FORM and _names_a_stranger(mention, days, book):
            return []
        if are_many(mention.recipients, book):
            left_out = mention.recipients
    counted = (address for address in mention.addresses if address not in left_out)
    found = [fact for address in counted for fact in evidence_of_address(address, days, book)]
    for subject in mention.subjects:
        found += book.codes.find(subject)
    return [(mention.kind, fact) for fact in found]


def _names_a_stranger(form: Mention, days: Sequence[date | None], book: MatchBook) -> bool:
    """Is one of the visitor's addresses nobody's? One of several may be typed free text."""
    return any(
        book.of_address(address).standing is Standing.OUTSIDE and not evidence_of_address(address, days, book)
        for address in form.addresses
    )


def _days(mention: Mention, message: Message, book: MatchBook) -> Sequence[date | None]:
    """When the mention holds: a forwarded block by its own date, everything else by the mail's."""
    if mention.days and not book.policy.is_first_edition:
        return mention.days
    return (day_of(message, book),)
