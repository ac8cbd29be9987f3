"""Teach the prediction model from what lies in client folders, oldest first: so it is tested on the unseen.

Left out: mail that the model itself filed (it must not learn from its own guesses), mail whose use is restricted, and
what concerns a forgotten person: mail that names one, erased mail that a backup brought back, and what a case's list
keeps or has not erased yet.
Headers are read 1,000 a page; bodies only where the config lets the model use them, and only of mail that it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailsorter.clock import Clock
from mailsorter.errors import MailsorterError
from mailsorter.ledger.keys import spellings
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.address import addresses_in, base_of
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.perform import Hands
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.memory import IN_ALL, PER_CLIENT
from mailsorter.sorting.earlier_folders import EarlierFolder
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import TreeCache, survey

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_BODIES_AT_ONCE = 20
RECENT_DAYS = 90  # so long a contradiction keeps a client's predictions from being filed


@dataclass(frozen=True, slots=True)
class Lesson:
    """One filed message, and whose it is."""

    address: str
    message: Message
    client_id: str


def read_lessons(
    ledger: Ledger,
    clock: Clock,
    address: str,
    filing: Filing,
    connect: Callable[[], Mailbox],
    earlier: Iterable[EarlierFolder] = (),
) -> Iterator[Lesson]:
    """What may be learned from in one mailbox's client folders and below them. Raises as the mailbox does.

    `earlier` are folders that people made before, each confirmed by a person as that client's.
    """
    with ledger.unit() as unit:
        number = unit.places.mailbox(address)
    hands = Hands(connect(), number, ledger, clock)
    ground = survey(hands, filing, TreeCache())
    owned = [(folder_id, ground.numbers.id(number)) for folder_id, number in ground.client_of_folder.items()]
    owned += [(one.folder_id, one.client_id) for one in earlier if one.address == address and not one.why_not]
    for folder_id, client_id in owned:
        if client_id is None or client_id not in filing.book.clients or folder_id not in ground.tree:
            continue
        for folder in ground.tree.within(folder_id):
            for page in hands.mailbox.messages(folder.id, Detail.ENVELOPE):
                yield from (Lesson(address, m, client_id) for m in _allowed(ledger, number, page))


def newest(lessons: Iterable[Lesson]) -> list[Lesson]:
    """Those that the model would keep, oldest first: never more than a bounded number is held."""
    held: list[Lesson] = []
    for lesson in lessons:
        held.append(lesson)
        if len(held) >= 4 * IN_ALL:
            held = _last(held, 2 * IN_ALL)
    count: dict[str, int] = {}
    kept: list[Lesson] = []
    for lesson in reversed(_last(held, len(held))):
        count[lesson.client_id] = count.get(lesson.client_id, 0) + 1
        if count[lesson.client_id] <= PER_CLIENT and len(kept) < IN_ALL:
            kept.append(lesson)
    return kept[::-1]


def teach(
    model: PredictionModel,
    lessons: Sequence[Lesson],
    connect: Callable[[str], Mailbox],
    advance: Callable[[int], None] = lambda count: None,
) -> int:
    """Let the model learn; answers how much was news. `connect` opens a mailbox by address, for bodies."""
    learned = 0
    mailboxes: dict[str, Mailbox] = {}
    for start in range(0, len(lessons), _BODIES_AT_ONCE):
        some = lessons[start : start + _BODIES_AT_ONCE]
        texts = _texts(some, connect, mailboxes) if model.reads_bodies else {}
        for lesson in some:
            learned += model.learn(lesson.message, lesson.client_id, texts.get((lesson.address, lesson.message.id), ""))
        advance(len(some))
    return learned


def without_forgotten(ledger: Ledger, lessons: Iterable[Lesson]) -> list[Lesson]:
    """Those that name nobody who was forgotten and that are on no case's list, as the ledger knows it now.

    Asked while the model is held: a case that ends later unlearns what was taught before.
    """
    some = list(lessons)
    people = {lesson.message.id: _people(lesson.message) for lesson in some}
    with ledger.unit() as unit:
        forgotten = unit.tombstones.forgotten_cases({person for named in people.values() for person in named})
        number = {address: unit.places.mailbox(address) for address in {lesson.address for lesson in some}}
        token_of = {(s.address, s.message.id): unit.messages.token(number[s.address], s.message.id) for s in some}
        listed = unit.cases.listed(token_of.values())
        risen = {m.id for m in unit.tombstones.risen([s.message for s in some])} if unit.tombstones.any() else set()
    return [
        s
        for s in some
        if people[s.message.id].isdisjoint(forgotten)
        and token_of[s.address, s.message.id] not in listed
        and s.message.id not in risen
    ]


def _people(message: Message) -> set[str]:
    found = (address for p in message.participants for address in addresses_in(p.address))
    return {base_of(address) or address for address in found}


def recently_contradicted(ledger: Ledger, clock: Clock, client_ids: Iterable[str]) -> set[str]:
    """Clients out of whose folders people took mail, lately, that had been filed there by prediction."""
    since_s = int(clock.now().timestamp()) - RECENT_DAYS * 86_400
    with ledger.reading() as unit:
        numbers = unit.corrections.contradicted(EvidenceKind.PREDICTION, since_s)
        if not numbers:
            return set()
        tokens = set(unit.places.client_tokens(numbers).values())
    return {client for client in client_ids if not tokens.isdisjoint(spellings(ledger.key.digest("client", client)))}


def _allowed(ledger: Ledger, number: int, page: Sequence[Message]) -> list[Message]:
    with ledger.reading() as unit:
        token_of = {m.id: unit.messages.token(number, m.id) for m in page}
        guessed = unit.messages.filed_by(token_of.values(), EvidenceKind.PREDICTION)
        standing = unit.messages.standing(token_of.values())
    restricted = {token for token, found in standing.items() if found.state is MessageState.RESTRICTED}
    return [m for m in page if token_of[m.id] not in guessed | restricted and not m.is_unreadable and not m.is_draft]


def _texts(
    lessons: Sequence[Lesson], connect: Callable[[str], Mailbox], mailboxes: dict[str, Mailbox]
) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for address in {lesson.address for lesson in lessons}:
        if address not in mailboxes:
            mailboxes[address] = connect(address)
        ids = [lesson.message.id for lesson in lessons if lesson.address == address]
        for message_id, text in zip(ids, mailboxes[address].texts(ids), strict=True):
            if not isinstance(text, MailsorterError):  # a body that cannot be read: its headers teach all the same
                found[address, message_id] = text
    return found


def _when(lesson: Lesson) -> datetime:
    return lesson.message.received_at or lesson.message.sent_at or _LONG_AGO


def _last(lessons: list[Lesson], count: int) -> list[Lesson]:
    return sorted(lessons, key=_when)[-count:]
