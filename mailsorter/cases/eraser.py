"""Erasing one mailbox's approved items, in Exchange's order: out of the folders, then out of Recoverable Items.

Write order: an item's state follows the step's outcome, which `perform` has written before; after a crash the steps
tell what was done and the items catch up. Digests of what lay in Recoverable Items before are written down first.

Under failure: an item's permanent error is its state and the rest goes on; a held item is reported and not retried; a
temporary error stops this mailbox and is raised, everything done is recorded, and the next call goes on. Without the
permission for hard delete the items stay where Exchange's own retention ends them, and their day is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from mailsorter.cases.graves import bury
from mailsorter.cases.office import Office
from mailsorter.cases.targets import Target, Trace, Wanted, by_folder, targets, trace_of
from mailsorter.cases.todays_date import require_true_date
from mailsorter.errors import MailsorterError, NotFound, NotPermitted, PermanentError
from mailsorter.ledger.cases import IN_WORK, CaseItem, ItemIds
from mailsorter.ledger.keys import DIGEST_BYTES, is_same, spellings
from mailsorter.ledger.ledger import Unit
from mailsorter.ledger.runs import Run
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Detail, Mailbox, Place
from mailsorter.model.case import Finding, ItemState
from mailsorter.model.finding import covers_contents, is_same_contents, is_same_envelope
from mailsorter.model.folder import Folder, FolderTree, WellKnown
from mailsorter.model.message import Message
from mailsorter.model.step import EraseMessage, Identity, StepKind
from mailsorter.perform import Hands, StepResult, perform_steps
from mailsorter.perform.erase import recoverable_folders
from mailsorter.perform.traces import by_trace

_READ_AT_ONCE = 20  # a Graph batch: what is read is deleted before the next is read

Progress = Callable[[str, int], None]
"""Called with the mailbox and how many of its items are settled."""


class MailboxEraser:
    """One mailbox's part of an approved list. The caller holds the mailbox's lock and has settled open intents."""

    def __init__(
        self, office: Office, number: str, hands: Hands, run: Run, findings: Mapping[bytes, Finding],
        on_progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self._office = office
        self._number = number
        self._hands = hands
        self._mailbox: Mailbox = hands.mailbox
        self._run = run
        self._findings = findings  # by token of the approved message
        self._on_progress = on_progress
        with office.ledger.reading() as unit:
            self._items = {i.token: i for i in unit.cases.items(number, states=IN_WORK, mailbox=hands.number)}
        self._settled = 0
        self._copies: dict[bytes, set[str]] = {}  # ids of what was deleted for good on an item's account, by its token

    def run(self) -> None:
        """Erase what is pending here. Raises `TemporaryError` and its kin: call again, it goes on."""
        if not self._items:
            return
        self._catch_up()
        tree = self._mailbox.tree(recoverable=True)  # hidden folders cost a request each, and are known by id
        if tree.hides_recoverable:
            raise NotPermitted(
                f"Recoverable Items of {self._mailbox.address} may not be read: what a delete leaves there could "
                "not be erased, so nothing was erased in that mailbox.",
                advice="Give the account ApplicationImpersonation, then run the command again.",
            )
        before = self._baseline(tree)
        unchanged = self._unchanged()
        for start in range(0, len(unchanged), _READ_AT_ONCE):
            if self._hands.stop.is_set():
                break
            self._delete_permanently(tree, self._still_holding(unchanged[start : start + _READ_AT_ONCE]))
        self._delete_hard(before, tree)
        self._forget_baseline()

    # after a crash -------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Items whose step was done, but whose own state a crash kept from being written."""
        with self._office.ledger.unit() as unit:
            for token, item in list(self._items.items()):
                done = {s.kind for s in unit.steps.of_message(token) if s.state is StepState.DONE}
                if StepKind.ERASE_HARD in done:
                    self._settle(unit, item, ItemState.ERASED)
                elif StepKind.ERASE_PERMANENTLY in done and item.state is ItemState.PENDING:
                    self._settle(unit, item, ItemState.PURGED)

    def _baseline(self, tree: FolderTree) -> frozenset[bytes]:
        """Digests of what lay in Recoverable Items before our deletes; called again, with what others added since.

        What has the trace of an item that we deleted is taken for its copy. Whatever else has come since an earlier
        call broke off came without us, also if it is a copy of something that is still to be deleted.
        """
        name = f"baseline {self._number} {self._hands.number}"
        with self._office.ledger.reading() as unit:
            known = unit.settings.get(name)
        ours = {_trace(self._wanted(i)) for i in self._items.values() if i.state is ItemState.PURGED}
        before = _unpacked(known or b"") | {
            self._digest(message.id)
            for folder in _recoverable_folders(tree)
            if folder.item_count
            for page in self._mailbox.messages(folder.id, Detail.TRACES, hidden=True)
            for message in page
            if known is None or trace_of(message) not in ours
        }
        with self._office.ledger.unit() as unit:
            unit.settings.set(name, b"".join(sorted(before)))
        return before

    def _digest(self, item_id: str) -> bytes:
        return _plain(self._office.ledger.key.digest("baseline", item_id))

    def _was_there(self, item_id: str, before: frozenset[bytes]) -> bool:
        """Whichever key the baseline was written under: what lay there is not ours to delete."""
        digest = self._office.ledger.key.digest("baseline", item_id)
        return any(_plain(spelling) in before for spelling in spellings(digest))

    def _forget_baseline(self) -> None:
        if any(i.state in IN_WORK for i in self._items.values()):
            return
        with self._office.ledger.unit() as unit:
            unit.settings.remove(f"baseline {self._number} {self._hands.number}")

    # out of the folders --------------------------------------------------------------------------------------

    def _unchanged(self) -> list[CaseItem]:
        """The pending items that are still exactly what was approved; the others are written down as changed."""
        visible = self._pending_visible()
        seen = self._look_at({self._findings[i.token].folder_id for i in visible}, {i.ids.id for i in visible})
        absent = [i for i in visible if i.ids.id not in seen]
        places = self._locate(absent)
        with self._office.ledger.unit() as unit:
            for item, place in zip(absent, places, strict=True):
                self._settle_absent(unit, item, place)
            for item in visible:
                message = seen.get(item.ids.id)
                if message is not None and not is_same_envelope(self._approved(item), message):
                    self._settle(unit, item, ItemState.CHANGED)
        return [i for i in self._pending_visible() if i.ids.id in seen]

    def _still_holding(self, items: Sequence[CaseItem]) -> list[CaseItem]:
        """Those whose text and attachments are still what was approved, read just before they go.

        An approval of an earlier version covers the envelope alone, and means what it meant when it was given. What
        Exchange does not render any more nobody can compare: it waits for a person. What is gone the deletion finds.
        """
        covered = [i for i in items if covers_contents(self._approved(i))]
        answers = self._mailbox.contents([i.ids.id for i in covered]) if covered else []
        with self._office.ledger.unit() as unit:
            for item, answer in zip(covered, answers, strict=True):
                if isinstance(answer, NotFound):
                    continue
                if isinstance(answer, PermanentError):
                    self._settle(unit, item, ItemState.LOOK)
                elif isinstance(answer, MailsorterError):
                    raise answer
                elif not is_same_contents(self._approved(item), answer):
                    self._settle(unit, item, ItemState.CHANGED)
        return [i for i in items if self._items[i.token].state is ItemState.PENDING]

    def _approved(self, item: CaseItem) -> bytes:
        return self._findings[item.token].fingerprint

    def _look_at(self, folder_ids: Iterable[str], wanted: set[str]) -> dict[str, Message]:
        seen: dict[str, Message] = {}
        for folder_id in sorted(folder_ids):
            try:
                for page in self._mailbox.messages(folder_id, Detail.TRACES, hidden=True):
                    seen |= {m.id: m for m in page if m.id in wanted}
            except NotFound:
                continue  # the folder went in between: its items are looked up one by one
        return seen

    def _locate(self, items: Sequence[CaseItem]) -> list[Place | MailsorterError]:
        """Where they lie now. Where ids change on move, what its id no longer names is looked for by its trace:
        somebody may have moved it, and that is not "gone"."""
        places = self._mailbox.locate([i.ids.id for i in items])
        lost = [i for i, place in zip(items, places, strict=True) if isinstance(place, NotFound)]
        if not lost or self._mailbox.ids_survive_moves:
            return places
        others = {f.id for f in self._findings.values()} | {i.ids.id for i in self._items.values()}
        recoverable = recoverable_folders(self._mailbox)
        found = by_trace(self._mailbox, [self._identity(i.token, i.ids.id) for i in lost], recoverable, others)
        return [found[i.ids.id][0] if i.ids.id in found else place for i, place in zip(items, places, strict=True)]

    def _settle_absent(self, unit: Unit, item: CaseItem, place: Place | MailsorterError) -> None:
        if isinstance(place, Place):
            self._settle(unit, item, ItemState.CHANGED)
        elif isinstance(place, NotFound):
            self._settle(unit, item, ItemState.GONE)
        else:
            raise place

    def _delete_permanently(self, tree: FolderTree, items: Sequence[CaseItem]) -> None:
        steps = [
            EraseMessage(message=self._identity(i.token, i.ids.id), folder_id=self._findings[i.token].folder_id)
            for i in items
        ]
        by_id = {i.ids.id: i.token for i in items}

        def record(results: Sequence[StepResult]) -> None:
            with self._office.ledger.unit() as unit:
                for result in results:
                    assert isinstance(result.step, EraseMessage)
                    item = self._items[by_id[result.step.message.id]]
                    state = _PERMANENT.get(result.state)
                    if state is not None:
                        ids = ItemIds(result.id or item.ids.id, result.folder_id)
                        self._gather(unit, item, [item.ids.id])
                        self._settle(unit, msgspec.structs.replace(item, ids=ids), state)

        perform_steps(self._hands, self._run, steps, tree, on_batch=record)

    # out of Recoverable Items ----------------------------------------------------------------------------------

    def _delete_hard(self, before: frozenset[bytes], tree: FolderTree) -> None:
        if not self._waiting_there():
            return
        there = self._in_recoverable(tree)
        self._check_approved_there(there)
        waiting = self._waiting_there()
        chosen = targets((self._wanted(i) for i in waiting), there, lambda i: self._was_there(i, before))
        if self._office.open_eraser is None:
            self._retain(i.token for i in waiting)
            return
        found = {t.token for t in chosen}
        self._settle_missing([i for i in waiting if i.token not in found])
        self._ask_for_hard_delete(chosen, tree)

    def _settle_missing(self, missing: Sequence[CaseItem]) -> None:
        """Not in Recoverable Items: Exchange kept nothing of it, or somebody took it back out."""
        places = self._locate(missing)
        with self._office.ledger.unit() as unit:
            for item, place in zip(missing, places, strict=True):
                if item.state is ItemState.PURGED and isinstance(place, NotFound):
                    self._settle(unit, item, ItemState.ERASED)
                else:
                    self._settle_absent(unit, item, place)

    def _ask_for_hard_delete(self, chosen: Sequence[Target], tree: FolderTree) -> None:
        open_targets = {t.id: t for t in chosen}
        worst: dict[bytes, ItemState] = {}

        def record(results: Sequence[StepResult]) -> None:
            for result in results:
                assert isinstance(result.step, EraseMessage)
                state = _HARD.get(result.state)
                if state is None:
                    continue
                target = open_targets.pop(result.step.message.id)
                self._copies.setdefault(target.token, set()).add(target.id)
                worst[target.token] = max(worst.get(target.token, state), state, key=_HARD_ORDER.index)
            self._settle_finished(worst, {t.token for t in open_targets.values()})

        steps = [
            EraseMessage(message=self._identity(t.token, t.id), folder_id=folder_id, hard=True)
            for folder_id, some in by_folder(chosen).items()
            for t in some
        ]
        try:
            perform_steps(self._hands, self._run, steps, tree, on_batch=record)
        except NotPermitted:
            self._retain(t.token for t in open_targets.values())

    def _settle_finished(self, worst: dict[bytes, ItemState], still_open: set[bytes]) -> None:
        """An item is erased when its last copy is."""
        with self._office.ledger.unit() as unit:
            for token in [t for t in worst if t not in still_open]:
                self._settle(unit, self._items[token], worst.pop(token))

    def _in_recoverable(self, tree: FolderTree) -> list[Message]:
        return [
            message
            for folder in _recoverable_folders(tree)
            if folder.item_count or folder.well_known in _WHERE_DELETED_MAIL_GOES  # counts are from before our delete
            for page in self._mailbox.messages(folder.id, Detail.TRACES, hidden=True)
            for message in page
        ]

    def _check_approved_there(self, there: Sequence[Message]) -> None:
        """Items that were approved in Recoverable Items must still be what they were."""
        by_id = {m.id: m for m in there}
        self._settle_missing([i for i in self._pending_there() if i.ids.id not in by_id])
        with self._office.ledger.unit() as unit:
            for item in self._pending_there():
                if not is_same_envelope(self._approved(item), by_id[item.ids.id]):
                    self._settle(unit, item, ItemState.CHANGED)
        left = self._pending_there()
        for start in range(0, len(left), _READ_AT_ONCE):
            self._still_holding(left[start : start + _READ_AT_ONCE])

    def _retain(self, tokens: Iterable[bytes]) -> None:
        if not (tokens := list(dict.fromkeys(tokens))):
            return
        require_true_date(self._office)  # the day that is written down here is told to the person
        until = self._office.today() + timedelta(days=self._office.firm.retention_days)
        with self._office.ledger.unit() as unit:
            for token in tokens:
                item = msgspec.structs.replace(self._items[token], until=until)
                self._settle(unit, item, ItemState.RETAINED)

    # ---------------------------------------------------------------------------------------------------------

    def _pending(self) -> list[CaseItem]:
        return [i for i in self._items.values() if i.state is ItemState.PENDING]

    def _pending_visible(self) -> list[CaseItem]:
        return [i for i in self._pending() if not self._findings[i.token].recoverable]

    def _pending_there(self) -> list[CaseItem]:
        return [i for i in self._pending() if self._findings[i.token].recoverable]

    def _waiting_there(self) -> list[CaseItem]:
        """What is to go from Recoverable Items; what a stop left in its folder is for the next call."""
        return [i for i in self._items.values() if i.state is ItemState.PURGED] + self._pending_there()

    def _settle(self, unit: Unit, item: CaseItem, state: ItemState) -> None:
        """Write an item's new state; one that is gone gets its tombstone in the same transaction."""
        after = msgspec.structs.replace(item, state=state)
        self._items[item.token] = after
        if state is ItemState.ERASED:
            self._gather(unit, item, [item.ids.id, *self._copies.pop(item.token, ())])
        unit.cases.update_items(self._number, [after])
        if state in (ItemState.ERASED, ItemState.RETAINED, ItemState.GONE):
            bury(self._office, unit, [item])
        if state is not ItemState.PURGED:
            self._settled += 1
        if self._on_progress is not None:
            self._on_progress(self._mailbox.address, self._settled)

    def _gather(self, unit: Unit, item: CaseItem, ids: Iterable[str]) -> None:
        """What the ledger has of the item under these ids goes by the approved one: by that closing forgets it."""
        tokens = [unit.messages.token(self._hands.number, item_id) for item_id in ids]
        unit.messages.rename({token: item.token for token in tokens if not is_same(token, item.token)})

    def _wanted(self, item: CaseItem) -> Wanted:
        finding = self._findings[item.token]
        received = int(finding.received_at.timestamp()) if finding.received_at else None
        return Wanted(
            token=item.token, id=item.ids.id, search_key=finding.search_key, received_s=received,
            is_approved_there=bool(finding.recoverable),
        )  # fmt: skip

    def _identity(self, token: bytes, item_id: str) -> Identity:
        finding = self._findings[token]
        return Identity(
            id=item_id, conversation_id=finding.conversation_id, internet_message_id=finding.internet_message_id,
            received_at=finding.received_at, search_key=finding.search_key,
        )  # fmt: skip


_WHERE_DELETED_MAIL_GOES = frozenset(
    {
        WellKnown.RECOVERABLE_DELETIONS,
        WellKnown.RECOVERABLE_PURGES,
        WellKnown.RECOVERABLE_VERSIONS,
        WellKnown.RECOVERABLE_DISCOVERY_HOLDS,
    }
)
_PERMANENT = {
    StepState.DONE: ItemState.PURGED,
    StepState.GONE: ItemState.GONE,
    StepState.OVERTAKEN: ItemState.CHANGED,
    StepState.FAILED: ItemState.FAILED,
    StepState.HELD: ItemState.HELD,
}
_HARD = {
    StepState.DONE: ItemState.ERASED,
    StepState.GONE: ItemState.ERASED,  # Exchange's own retention was faster
    StepState.OVERTAKEN: ItemState.CHANGED,
    StepState.FAILED: ItemState.FAILED,
    StepState.HELD: ItemState.HELD,
}
_HARD_ORDER = [ItemState.ERASED, ItemState.CHANGED, ItemState.FAILED, ItemState.HELD]
"""Of an item's several copies the worst outcome is the item's."""


def _recoverable_folders(tree: FolderTree) -> list[Folder]:
    root = tree.well_known(WellKnown.RECOVERABLE_ROOT)
    return [f for f in tree.within(root.id) if not f.is_search] if root else []


def _trace(wanted: Wanted) -> Trace:
    return wanted.search_key, wanted.received_s


def _plain(digest: bytes) -> bytes:
    """Without the mark of its generation: all of one length, so that they can lie one behind the other."""
    return digest[-DIGEST_BYTES:]


def _unpacked(digests: bytes) -> frozenset[bytes]:
    return frozenset(digests[i : i + DIGEST_BYTES] for i in range(0, len(digests), DIGEST_BYTES))
