"""Messages and invitations that one of the firm's own people sent on as attachments: who wrote them, and to whom.

Anybody can attach a made-up message. So an attachment counts only where everybody who passed it on is the firm's: the
author of the message, of each attached message around it, and of what the body forwards or quotes, because a forward
keeps the attachments of what it forwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.sorting.matching.book import MatchBook
from mailsorter.sorting.matching.envelope import are_many
from mailsorter.sorting.matching.known import Standing
from mailsorter.sorting.matching.looks import looks_bounced, looks_form_made
from mailsorter.sorting.matching.text.forwarded import passed_on_by
from mailsorter.sorting.matching.text.lines import plain_lines
from mailsorter.sorting.matching.text.mention import Mention


class Carried(msgspec.Struct, frozen=True):
    """One attached message, or one invitation, as a worker read it. Addresses are canonical.

    `level` is 0 right inside the outer message, and one more than that of the attached message, somewhere before it,
    that holds it. `has_author_failed`: Exchange's own verdict in its header says that anybody may have written it.
    """

    is_invitation: bool = False
    level: int = 0
    authors: tuple[str, ...] = ()  # of an invitation the organiser
    recipients: tuple[str, ...] = ()  # of an invitation the attendees
    subject: str = ""
    sent: tuple[datetime | None, ...] = ()  # aware; None for a date that nobody can read, () where it has none
    has_author_failed: bool = False


def carried_mentions(carried: Sequence[Carried], book: MatchBook) -> list[Mention]:
    """Whom and what each names that only the firm's own people passed on.

    The same is left out as of a message itself: a forged author with what they wrote, and of mail to many all but its
    author.
    """
    return [
        Mention(
            EvidenceKind.CALENDAR if one.is_invitation else EvidenceKind.ATTACHED_MESSAGE,
            (
                *(() if _is_forged(one, book) else one.authors),
                *(() if are_many(one.recipients, book) else one.recipients),
            ),
            (one.subject,) if one.subject and not _is_forged(one, book) else (),
            tuple(moment.astimezone(book.zone).date() if moment is not None else None for moment in one.sent),
        )
        for one in _passed_on(carried, book)
    ]


def may_be_strangers(message: Message, text: str, book: MatchBook) -> bool:
    """May somebody outside have attached it, although one of the firm's own people is the author?

    A visitor of a website can upload files, a bounce carries what it is about, and a forward keeps attachments.
    """
    if looks_form_made(message) or looks_bounced(message):
        return True
    named, is_unsigned = passed_on_by(plain_lines(text))
    return is_unsigned or any(book.of_address(address).standing is Standing.OUTSIDE for address in named)


def _passed_on(carried: Sequence[Carried], book: MatchBook) -> Iterator[Carried]:
    around: list[bool] = []  # for each level, whether the attached message there is the firm's own
    for one in carried:
        del around[one.level :]
        if len(around) == one.level and all(around):
            yield one
        around.append(
            bool(one.authors)
            and not _is_forged(one, book)
            and all(book.of_address(author).standing is Standing.OWN for author in one.authors)
        )


def _is_forged(one: Carried, book: MatchBook) -> bool:
    return one.has_author_failed and book.policy.judges_authors
