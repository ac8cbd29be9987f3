"""Reconciliation: every folder of a mailbox is listed completely and compared with the ledger, folder by folder.

Delta can hide a message that went from A to B and back, and says nothing of what happened while nobody asked. A full
listing does. Bookkeeping is mended as it goes, page by page, each page in one unit: killed anywhere, the next check
goes over it again. What people moved by hand is learnt from. Memory stays flat: what was seen lies in a file.

After the ledger's key was replaced it is also what gives old rows their new digests: only here every message is met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain

from mailsorter.checking.difference import Kind, judge_absent
from mailsorter.checking.ground import CheckGround, survey
from mailsorter.checking.mend import Found, mend_page
from mailsorter.checking.seen import Seen
from mailsorter.checking.statement import Difference, FolderCount, MailboxStatement
from mailsorter.clock import Clock
from mailsorter.errors import BrakePulled, LedgerError, LedgerLocked, MailsorterError, NotFound, TemporaryError
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.rekey import MailboxRekeying
from mailsorter.mailbox.base import Detail, Mailbox, Place
from mailsorter.mailbox.folder_listing import FolderListing
from mailsorter.model import brake
from mailsorter.model.brake import BrakePolicy, Look
from mailsorter.model.folder import Folder, FolderPath, show_path
from mailsorter.model.message import Message
from mailsorter.model.standing import PLACED, MessageState
from mailsorter.perform import Hands, resume

_ROWS = 900  # rows of the ledger compared at a time

Advance = Callable[[int], None]


def check_mailboxes(
    ledger: Ledger,
    clock: Clock,
    connect: Mapping[str, Callable[[], Mailbox]],
    folder_of: Mapping[str, FolderPath],
    *,
    brakes: BrakePolicy | None = None,
    advance: Advance = lambda count: None,
) -> list[MailboxStatement]:
    """Check each of the mailboxes, given by address; one that fails says so in its own statement.

    `folder_of` gives each client's folder path. `advance` hears how many messages were listed. Each statement's counts
    and digest go into the audit chain. Raises `LedgerError` when the ledger itself fails.
    """
    statements = []
    for address, open_mailbox in connect.items():
        statement = MailboxStatement(address)
        try:
            with ledger.unit() as unit:
                statement.number = unit.places.mailbox(address)
            with ledger.locks.hold(statement.number):
                hands = Hands(open_mailbox(), statement.number, ledger, clock)
                _Check(hands, folder_of, brakes or BrakePolicy(), advance, statement).go()
        except LedgerLocked as error:
            statement.error = error
        except LedgerError:
            raise
        except MailsorterError as error:
            statement.error = error
        _write_down(ledger, statement)
        statements.append(statement)
    return statements


def _write_down(ledger: Ledger, statement: MailboxStatement) -> None:
    counts = {str(kind): count for kind, count in statement.differences.items()}
    with ledger.unit() as unit:
        unit.audit.append(
            "check",
            {
                "mailbox": statement.number,
                "listed": statement.listed,
                "known": statement.known,
                "folders": len(statement.folders),
                "differences": counts,
                "agrees": statement.agrees,
                "statement": statement.digest(),
            },
        )


@dataclass(slots=True)
class _Check:
    """One mailbox being checked."""

    hands: Hands
    folder_of: Mapping[str, FolderPath]
    policy: BrakePolicy
    advance: Advance
    statement: MailboxStatement
    _ground: CheckGround = field(init=False)
    _rekeying: MailboxRekeying = field(init=False)
    _with_traces: bool = False

    def go(self) -> None:
        """Check it. Raises what stops it; what was mended until then stays mended."""
        self.statement.settled = resume(self.hands).total
        self._ground = survey(self.hands, self.folder_of, self.statement)
        self._brake()
        with self.hands.ledger.reading() as unit:
            self._with_traces = unit.tombstones.any()
        self._rekeying = MailboxRekeying(self.hands.ledger, self.hands.number)
        with Seen() as seen, closing(self._rekeying):
            order = {folder.id: number for number, folder in enumerate(self._ground.folders)}
            for folder in self._ground.folders:
                self._folder(folder, order[folder.id], seen)
            self._folders_that_changed_meanwhile(order, seen)
            self._look_again(order, seen)
            self._rekeying.sweep(is_complete=not self.statement.unread_folders)
            known, in_ledger = self._rows(seen)
            self._count(seen.counts(), known, in_ledger)
        with self.hands.ledger.reading() as unit:
            twice = unit.messages.twice_in_one_folder(self.hands.number)
            paths = {f.number: f.path for f in unit.places.folders(self.hands.number)}
        for number, count in twice.items():
            self.statement.differs(Difference(kind=Kind.SEEN_TWICE, found_in=paths.get(number)), count)

    def _brake(self) -> None:
        """An empty answer is not taken for a mailbox whose people threw everything away."""
        if not self.policy.is_on:
            return
        with self.hands.ledger.reading() as unit:
            claims = unit.messages.counts_by_folder(self.hands.number)
            known = {f.number: f for f in unit.places.folders(self.hands.number)}
        tree = self._ground.tree
        looks = [
            Look(n, count, found.item_count, known[n].client is not None)
            for n, count in claims.items()
            if n in known and (found := tree.get(known[n].id))
        ]
        total = sum(folder.item_count for folder in self._ground.folders)
        number = brake.emptied(looks, sum(claims.values()), total, self.policy.minimum)
        if number is not None:
            what = f"The folder {show_path(known[number].path)}" if number else "The mailbox"
            raise BrakePulled(
                f"{what} is suddenly empty: restored, migrated or emptied by someone? The ledger was left as it is.",
                brake=brake.FOLDER_EMPTY if number else brake.MAILBOX_EMPTY,
                advice="Find out what happened. If it is right, go on with: mailsorter check --yes",
            )

    # what Exchange lists ----------------------------------------------------------------------------------------

    def _folder(self, folder: Folder, order: int, seen: Seen, *, again: bool = False) -> None:
        """Compare a folder; `again`: only what no listing has shown in it yet."""
        try:
            for messages in self._pages(folder):
                page = self._not_shown(messages, order, seen) if again else messages
                if not page:
                    continue
                self.advance(len(page))
                self._rekeying.learn(page)
                found = mend_page(self.hands, self._ground, folder, page, self.statement)
                seen.add(found.tokens, order)
                self._note_risen(folder, found)
        except NotFound:
            return  # deleted while we looked: what it held is met elsewhere, or absent
        except TemporaryError:
            raise
        except LedgerError:
            raise
        except MailsorterError:
            self.statement.unread_folders.append(self._ground.path(folder.id))

    def _pages(self, folder: Folder) -> Iterator[Sequence[Message | str]]:
        """Pages of ids; of messages with their traces while there are tombstones or former keys.

        A folder that stays short although it was listed again is not read: nothing is called gone then.
        """
        with_traces = self._with_traces or self._rekeying.is_under_way
        detail = Detail.TRACES if with_traces else Detail.IDS
        listing = FolderListing(self.hands.mailbox, folder.id, detail, hidden=False)
        pages = listing.messages()
        if folder.item_count:
            pages = chain(pages, self._rest(folder, listing))
        for page in pages:
            yield page if with_traces else [message.id for message in page]
        if listing.is_short:
            self.statement.unread_folders.append(self._ground.path(folder.id))

    def _rest(self, folder: Folder, listing: FolderListing) -> Iterator[list[Message]]:
        if listing.listed < folder.item_count:
            yield from listing.again()

    def _not_shown(
        self, page: Sequence[Message | str], order: int, seen: Seen
    ) -> list[Message | str]:  # fmt: skip
        ids = [one if isinstance(one, str) else one.id for one in page]
        with self.hands.ledger.reading() as unit:
            tokens = [unit.messages.token(self.hands.number, one) for one in ids]
        shown = seen.where(tokens)
        return [one for one, token in zip(page, tokens, strict=True) if shown.get(token) != order]

    def _note_risen(self, folder: Folder, found: Found) -> None:
        if not found.messages or self._ground.where(folder.id).value == "recoverable":
            return  # what was erased may rest there until its retention ends
        with self.hands.ledger.reading() as unit:
            risen = unit.tombstones.risen(found.messages)
        for message in risen:
            path = self._ground.path(folder.id)
            self.statement.differs(Difference(kind=Kind.RISEN, message=message.id, found_in=path))

    def _folders_that_changed_meanwhile(self, order: Mapping[str, int], seen: Seen) -> None:
        """A message that went from a folder not yet listed to one already listed was seen in neither."""
        before = {folder.id: folder.item_count for folder in self._ground.folders}
        recoverable = bool(self._ground.recoverable)
        for folder in self.hands.mailbox.tree(hidden=True, recoverable=recoverable):
            if folder.id in before and folder.item_count != before[folder.id]:
                self._folder(folder, order[folder.id], seen, again=True)

    def _look_again(self, order: Mapping[str, int], seen: Seen) -> None:
        """Before anything is called gone: a message that moved between two folders while they were listed one after
        the other is in neither, though their counts are what they were."""
        if self.statement.unread_folders or not self._is_any_absent(seen):
            return
        tree = self.hands.mailbox.tree(hidden=True, recoverable=bool(self._ground.recoverable))
        for folder in tree:
            if folder.id in order:
                self._folder(folder, order[folder.id], seen, again=True)
            elif folder.item_count and not folder.is_search:  # made meanwhile: the next check reads it
                self.statement.unread_folders.append(tree.path(folder.id))

    def _is_any_absent(self, seen: Seen) -> bool:
        after = 0
        while True:
            with self.hands.ledger.reading() as unit:
                rows, after = unit.messages.some_of_mailbox(self.hands.number, after, _ROWS)
            if not rows:
                return False
            claimed = [r.token for r in rows if r.state not in (MessageState.GONE, MessageState.MISSING)]
            if len(seen.where(claimed)) < len(set(claimed)):
                return True

    # what the ledger claims -------------------------------------------------------------------------------------

    def _rows(self, seen: Seen) -> tuple[Counter[int], Counter[int]]:
        """Every row of the ledger: by listing order how many it knows, by folder number how many it claims."""
        known: Counter[int] = Counter()
        in_ledger: Counter[int] = Counter()
        after = 0
        while True:
            with self.hands.ledger.reading() as unit:
                rows, after = unit.messages.some_of_mailbox(self.hands.number, after, _ROWS)
            if not rows:
                return known, in_ledger
            claimed = [row for row in rows if row.state not in (MessageState.GONE, MessageState.MISSING)]
            where = seen.where(row.token for row in claimed)
            absent = {r.token for r in self._absent([row for row in claimed if row.token not in where])}
            known.update(where.values())
            in_ledger.update(row.folder for row in claimed if row.token not in absent)

    def _absent(self, rows: Sequence[MessageRow]) -> list[MessageRow]:
        """Those that are in no folder. Asked for by id where the ledger still has it; recorded as gone."""
        if not rows or self.statement.unread_folders:
            return []
        ids = self._ids(rows)
        asked = [row for row in rows if row.token in ids]
        places = self.hands.mailbox.locate([ids[row.token] for row in asked]) if asked else []
        there = {row.token for row, place in zip(asked, places, strict=True) if isinstance(place, Place)}
        unsure = {r.token for r, p in zip(asked, places, strict=True) if not isinstance(p, (Place, NotFound))}
        gone = [row for row in rows if row.token not in there | unsure]
        with self.hands.ledger.unit() as unit:
            for row in gone:
                unit.messages.mark([row.token], self._state_of_absent(row))
            unit.messages.stop_waiting([row.token for row in gone])
            paths = {f.number: f.path for f in unit.places.folders(self.hands.number)} if gone else {}
        for row in gone:
            self.statement.differs(
                Difference(
                    kind=judge_absent(row.state),
                    message=ids.get(row.token, ""),
                    expected_in=paths.get(row.folder),
                )
            )
        return gone

    def _state_of_absent(self, row: MessageRow) -> MessageState:
        """Where ids change, what was put somewhere may lie in a folder of which nobody knows the mail: it is known
        again when it shows up where mail is filed from."""
        may_be_elsewhere = row.state in PLACED and not self.hands.mailbox.ids_survive_moves
        return MessageState.MISSING if may_be_elsewhere else MessageState.GONE

    def _ids(self, rows: Sequence[MessageRow]) -> dict[bytes, str]:
        """Exchange ids of the messages that runs moved not long ago."""
        with self.hands.ledger.reading() as unit:
            steps = unit.steps.of_messages([row.token for row in rows])
        return {
            token: facts.new_id or facts.id for token, done in steps.items() if (facts := done[-1].facts) is not None
        }

    # both -------------------------------------------------------------------------------------------------------

    def _count(self, listed: Mapping[int, int], known: Mapping[int, int], in_ledger: Mapping[int, int]) -> None:
        with self.hands.ledger.reading() as unit:
            numbers = {f.id: f.number for f in unit.places.folders(self.hands.number)}
        for order, folder in enumerate(self._ground.folders):
            count = FolderCount(
                path=self._ground.path(folder.id),
                listed=listed.get(order, 0),
                known=known.get(order, 0),
                in_ledger=in_ledger.get(numbers.get(folder.id, -1), 0),
            )
            if count.listed or count.in_ledger:
                self.statement.folders.append(count)
