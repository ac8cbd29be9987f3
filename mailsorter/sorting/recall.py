"""What the ledger remembers about one window's mail, looked up beforehand in a few queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailsorter.ledger.corrections import CorrectionRow
from mailsorter.ledger.keys import every_spelling, spellings
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.messages import Standing
from mailsorter.model.address import addresses_in
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.message import Message
from mailsorter.model.standing import MessageState
from mailsorter.model.thread import Correction, Link, Trust
from mailsorter.perform import KnownAgain
from mailsorter.sorting.client_numbers import ClientNumbers

_TRUSTED = frozenset({int(Trust.YES)})


@dataclass(frozen=True, slots=True)
class Tokens:
    """The digests of one message, and of the messages it answers."""

    key: bytes
    thread: bytes | None
    message_id: bytes | None
    references: tuple[bytes, ...]


def tokens_of(unit: Unit, mailbox: int, message: Message) -> Tokens:
    """Digest what identifies a message. Needs no database, only the unit's key."""
    rows = unit.messages
    return Tokens(
        key=rows.token(mailbox, message.id),
        thread=rows.thread_token(mailbox, message.conversation_id) if message.conversation_id else None,
        message_id=rows.message_id_token(message.internet_message_id) if message.internet_message_id else None,
        references=tuple(rows.message_id_token(r) for r in message.references),
    )


class Recall:
    """Standing, thread memory and corrections of one window. Answers from memory; is a `ThreadMemory` and
    a `Corrections` of `model.thread`."""

    def __init__(
        self,
        unit: Unit,
        mailbox: int,
        messages: Sequence[Message],
        numbers: ClientNumbers,
        *,
        afresh: bool = False,
        in_run: int | None = None,
        again: Mapping[str, KnownAgain] = {},
    ) -> None:
        """`afresh`: as if nothing had been recorded of these few messages themselves, only of their threads.

        `in_run`: leave out what that run decided in other mailboxes. `again`: those of the messages, by id, that the
        ledger may know under another one; `self.again` keeps those of which nothing was recorded since.
        """
        self.tokens = {m.id: tokens_of(unit, mailbox, m) for m in messages}
        self._numbers = numbers
        everything = self.tokens.values()
        own = set(every_spelling(t.key for t in everything)) if afresh else set()
        recorded = {} if afresh else unit.messages.standing(t.key for t in everything)
        self.again = {i: known for i, known in again.items() if self.tokens[i].key not in recorded}
        formerly = {self.tokens[i].key: _formerly(known) for i, known in self.again.items()}
        self.standing: Mapping[bytes, Standing] = recorded | formerly
        self.where_put = self._labelled_where_put(unit, mailbox, messages)
        threads = {t.thread for t in everything if t.thread}
        references = {r for t in everything for r in t.references}
        self._by_thread = unit.messages.of_threads(threads, own)
        self._by_message_id = unit.messages.of_message_ids(
            references, only_mailbox_of_run=None if in_run is None else (mailbox, in_run)
        )
        own_ids = {t.message_id for t in everything if t.message_id}
        self._corrected_threads = _without(unit.corrections.of_threads(threads), own)
        self._corrected_ids = _without(unit.corrections.of_message_ids(references | own_ids), own)
        self._authors = {m.id: author for m in messages if (author := author_of(m)) is not None}
        self._written_to = unit.correspondents.known(self._authors.values())
        numbers.learn(unit, self._numbers_seen())
        failed = [self.tokens[m.id] for m in messages if m.author_check is AuthorCheck.FAILED]
        self._forged = {t.message_id for t in failed if t.message_id}
        self._doubtful = {t.thread for t in failed if t.thread}
        self._written_for = self._looked_up_written_for(unit, messages)

    def has_failed(self, message: Message) -> bool:
        """Did Exchange refuse to move the message the last time?"""
        standing = self.standing.get(self.tokens[message.id].key)
        return standing is not None and standing.state is MessageState.FAILED

    def clients(self, message: Message) -> tuple[str, ...]:
        """Clients of the mail that shares the conversation or that the References name."""
        return self._numbers.ids(self._thread_numbers(self.tokens[message.id]))

    def link(self, message: Message) -> Link:
        """What the ledger, and the window itself, know of the message that this one answers."""
        tokens = self.tokens[message.id]
        if not tokens.references:
            known = self._by_thread.get(tokens.thread) if tokens.thread else None
            is_doubtful = tokens.thread in self._doubtful or (known is not None and not known.trust <= _TRUSTED)
            return Link.UNKNOWN if is_doubtful else Link.TRUSTED
        parent = tokens.references[-1]
        if any(row.client is not None for row in self._corrected_ids.get(parent, ())):
            return Link.TRUSTED  # a person has put it with a client
        known = self._by_message_id.get(parent)
        if parent in self._forged or (known is not None and Trust.NO in known.trust):
            return Link.FORGED
        return Link.TRUSTED if known is not None and known.trust <= _TRUSTED else Link.UNKNOWN

    def wrote_to_author(self, message: Message) -> bool:
        """Has the firm written to the message's author before?"""
        return self._authors.get(message.id) in self._written_to

    def wrote_for(self, message: Message, client_id: str) -> bool:
        """Has the firm written to the message's author before, in mail that was filed to this client?"""
        return (self._authors.get(message.id), client_id) in self._written_for

    def of_thread(self, message: Message) -> Correction | None:
        """What people decided about this message's thread."""
        tokens = self.tokens[message.id]
        rows = list(self._corrected_threads.get(tokens.thread, ())) if tokens.thread else []
        for token in (tokens.message_id, *tokens.references):
            rows += self._corrected_ids.get(token, ()) if token else ()
        if not rows:
            return None
        its_own = {row.client for row in self._corrected_ids.get(tokens.message_id or b"", ())}
        return Correction(
            clients=self._numbers.ids({row.client for row in rows if row.client is not None}),
            rejected=self._numbers.ids({row.rejected for row in rows if row.rejected is not None}),
            is_this_message=any(row.token in spellings(tokens.key) for row in rows),
            is_inherited=its_own.isdisjoint(row.client for row in rows if row.client is not None),
        )

    def _thread_numbers(self, tokens: Tokens) -> set[int]:
        known = [self._by_thread.get(tokens.thread)] if tokens.thread else []
        known += [self._by_message_id.get(reference) for reference in tokens.references]
        return set().union(*(one.clients for one in known if one is not None))

    def _looked_up_written_for(self, unit: Unit, messages: Sequence[Message]) -> set[tuple[str, str]]:
        """Asked only for mail of a known thread by an author who was written to: few."""
        asked = {
            (author, number)
            for m in messages
            if (author := self._authors.get(m.id)) in self._written_to and author is not None
            for number in self._every_number(self.tokens[m.id])
        }
        if not asked:
            return set()
        found = unit.correspondents.known_for(asked)
        return {(author, i) for author, number in found if (i := self._numbers.id(number)) is not None}

    def _every_number(self, tokens: Tokens) -> set[int]:
        """Clients of the thread, by filing or by a person's word."""
        rows = list(self._corrected_threads.get(tokens.thread, ())) if tokens.thread else []
        rows += [row for token in tokens.references for row in self._corrected_ids.get(token, ())]
        return self._thread_numbers(tokens) | {row.client for row in rows if row.client is not None}

    def _labelled_where_put(self, unit: Unit, mailbox: int, messages: Sequence[Message]) -> set[str]:
        """Ids of labelled mail that lies in the folder where a run put it."""
        standing = [(m, self.standing.get(self.tokens[m.id].key)) for m in messages]
        labelled = [(m, s.folder) for m, s in standing if s is not None and s.state is MessageState.LABELLED]
        numbers = {folder: unit.places.find_folder(mailbox, folder) for folder in {m.folder_id for m, _ in labelled}}
        return {m.id for m, put in labelled if numbers[m.folder_id] == put}

    def _numbers_seen(self) -> Iterable[int]:
        yield from (n for known in self._by_thread.values() for n in known.clients)
        yield from (n for known in self._by_message_id.values() for n in known.clients)
        rows: list[CorrectionRow] = [r for found in self._corrected_threads.values() for r in found]
        rows += [r for found in self._corrected_ids.values() for r in found]
        yield from (n for row in rows for n in (row.client, row.rejected) if n is not None)
        yield from (s.client for s in self.standing.values() if s.client is not None)


def author_of(message: Message) -> str | None:
    """The author's canonical address; None where there is none, or more than one."""
    author = message.from_ or message.sender
    found = addresses_in(author.address) if author is not None else ()
    return found[0] if len(found) == 1 else None


def _formerly(known: KnownAgain) -> Standing:
    """What is known of a message under the id it had. In no run: an id that is new shows no old answer."""
    if known.row is None:
        return Standing(MessageState.BY_HAND, 0, None, None)
    return Standing(known.row.state, known.row.folder, known.row.client, None)


def _without(found: dict[bytes, list[CorrectionRow]], own: set[bytes]) -> dict[bytes, list[CorrectionRow]]:
    return {token: [row for row in rows if row.token not in own] for token, rows in found.items()} if own else found
