"""Finishing what a case left: kept items whose day has come, and what Exchange itself still held.

Run as its own unit with the erasing identity, never by the daemon; works for closed cases too, because everything it
needs is in the ledger: opaque ids, digests and days, written under the approval of the list. Each item is looked up
first, and must still be the same message by two of three digests; a ground of today's config keeps it longer; one
whose id has changed is looked for by its digests. Not found means that a person must look, never that it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.build_finding import build, where, with_attachment_names
from mailsorter.cases.eraser import MailboxEraser, Progress
from mailsorter.cases.graves import bury
from mailsorter.cases.office import Office
from mailsorter.cases.perform import RUN_KIND, open_erasing
from mailsorter.cases.plan import contract_end
from mailsorter.cases.todays_date import require_plausible_date, require_sure_date
from mailsorter.errors import LifecycleError, MailsorterError, NotFound, UserError
from mailsorter.ledger.cases import IN_WORK, STILL_THERE, CaseItem, CaseRow, ItemIds
from mailsorter.ledger.runs import DONE, PARTIAL, Run
from mailsorter.ledger.tombstones import Traces, traces_of
from mailsorter.mailbox.base import Detail, Mailbox
from mailsorter.model.case import Finding, Ground, ItemState, Role
from mailsorter.model.folder import FolderTree
from mailsorter.model.ground import BY_ROLE, Basis, role_ground, running_ground
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Message
from mailsorter.perform import Hands, resume

_AFTER_PERFORMING = (CaseState.PERFORMED, CaseState.PROVEN, CaseState.ANSWERED, CaseState.CLOSED)

OUTLIVES = (*STILL_THERE, ItemState.LOOK, ItemState.CHANGED, ItemState.FAILED, *IN_WORK)
"""Items that may still lie in a mailbox: forgotten, they would stay there for ever. Their rows outlive the case."""

_FOR_A_PERSON = (ItemState.CHANGED, ItemState.LOOK)

_LEFT = (ItemState.FAILED, ItemState.CHANGED)
"""Refused by Exchange, or moved under our hands. No case is left to search anew: it stays due, as it was."""


class CarriedOn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the items that were due: counts by state, how many a ground of today keeps longer, what failed."""

    due: int
    counts: dict[ItemState, int]
    kept_longer: int
    unfinished: tuple[tuple[str, MailsorterError], ...] = ()
    for_a_person: int = 0  # left open: changed since the approval or not known again, and never erased unseen


@alone
def carry_on(office: Office, number: str, on_progress: Progress | None = None) -> CarriedOn:
    """Erase what is due today. Called again, it goes on where it stopped.

    Raises:
        LifecycleError: the case was not performed yet.
        LedgerError: the ledger cannot be written; mail is left alone.
    """
    row = _performed(office, number)
    require_sure_date(office)
    with office.ledger.unit() as unit:
        known = list(unit.cases.items(number, states=OUTLIVES))
        due = _due(known, office.today())
        run = unit.runs.begin(RUN_KIND) if due else None
    left = sum(item.state in _FOR_A_PERSON for item in known)
    if run is None:
        return CarriedOn(due=0, counts={}, kept_longer=0, for_a_person=left)
    addresses = _addresses(office, {item.mailbox for item in due})
    kept_longer = 0
    unfinished: list[tuple[str, MailsorterError]] = []
    for mailbox in sorted({item.mailbox for item in due}):
        address = addresses.get(mailbox)
        if address is None:
            unfinished.append((f"mailbox {mailbox}", UserError("It is not in the config any more.")))
            continue
        try:
            items = [item for item in due if item.mailbox == mailbox]
            kept_longer += _carry_on_in(office, row, run, address, items, on_progress)
        except MailsorterError as error:
            unfinished.append((address, error))
    ended = _end(office, row, run, due, kept_longer, tuple(unfinished))
    return msgspec.structs.replace(ended, for_a_person=left)


@alone
def keep_longer(office: Office, number: str, until: date, reason: str) -> int:
    """A person keeps what is due today or tomorrow until another day; gives how many items. Raises `UserError`."""
    row = _performed(office, number)
    require_plausible_date(office)
    if until <= office.today():
        raise UserError("The new day must lie ahead.", advice="Give it: --keep-until 2030-12-31")
    if not reason.strip():
        raise UserError("Keeping longer needs a reason.", advice="Give it: --reason TEXT")
    with office.ledger.unit() as unit:
        due = [
            i
            for i in unit.cases.items(number, states=[ItemState.KEPT])
            if i.until is not None and i.until <= office.today()
        ]
        unit.cases.update_items(number, [msgspec.structs.replace(i, until=until) for i in due])
        unit.audit.append("case.keep", {"case": row.number, "count": len(due), "until": until.isoformat()})
    return len(due)


def coming_due(office: Office, days: int = 30) -> dict[str, int]:
    """Cases with kept items that fall due within so many days, closed ones too, and how many: for announcements."""
    with office.ledger.reading() as unit:
        return unit.cases.due(office.today() + timedelta(days=days))


def _performed(office: Office, number: str) -> CaseRow:
    row = office.get(number)
    if row.state not in _AFTER_PERFORMING:
        raise LifecycleError(
            f"Case {number} is {row.state}: there is nothing to continue.", advice=f"Run: mailsorter case show {number}"
        )
    return row


def _addresses(office: Office, wanted: set[int]) -> dict[int, str]:
    """The addresses of these mailboxes; archives are asked for only where one is wanted."""
    known = {number: address for address, number in office.mailbox_numbers().items()}
    if wanted <= known.keys() or office.archive_of is None:
        return known
    archives = [archive for address in office.mailboxes if (archive := office.archive_of(address))]
    return known | {number: address for address, number in office.mailbox_numbers(archives).items()}


def _due(items: Iterable[CaseItem], today: date) -> list[CaseItem]:
    """Kept and retained items whose last day has passed; held and refused ones always, and what a crash left."""
    always = (ItemState.HELD, ItemState.FAILED, *IN_WORK)
    return [
        i
        for i in items
        if i.state not in _FOR_A_PERSON and (i.state in always or (i.until is not None and i.until < today))
    ]


def _end(
    office: Office, row: CaseRow, run: Run, due: Sequence[CaseItem], kept_longer: int,
    unfinished: tuple[tuple[str, MailsorterError], ...],
) -> CarriedOn:  # fmt: skip
    tokens = {item.token for item in due}
    counts: dict[ItemState, int] = {}
    with office.ledger.unit() as unit:
        for item in unit.cases.items(row.number):
            if item.token in tokens:
                counts[item.state] = counts.get(item.state, 0) + 1
        body = {state.value: count for state, count in counts.items()}
        unit.runs.end(run.number, PARTIAL if unfinished else DONE, body)
        unit.audit.append("case.continue", {"case": row.number, **body})
        if row.state is CaseState.CLOSED:
            left = {i.token for i in unit.cases.items(row.number, states=_LEFT)}
            unit.cases.update_items(row.number, [item for item in due if item.token in left])
            gone = [i.token for i in unit.cases.items(row.number, states=[ItemState.ERASED]) if i.token in tokens]
            unit.messages.forget(gone)
            unit.steps.forget(gone)
            unit.cases.forget_items(row.number, but=OUTLIVES)
    return CarriedOn(due=len(due), counts=counts, kept_longer=kept_longer, unfinished=unfinished)


def _carry_on_in(
    office: Office, row: CaseRow, run: Run, address: str, items: Sequence[CaseItem], on_progress: Progress | None
) -> int:
    """One mailbox; gives how many items a ground of today keeps longer."""
    with office.ledger.locks.hold(items[0].mailbox):
        mailbox = open_erasing(office)(address)
        hands = Hands(mailbox, items[0].mailbox, office.ledger, office.clock)
        resume(hands)
        tree = mailbox.tree(hidden=True, recoverable=True)
        found = _look_up(office, mailbox, tree, items)
        findings, longer = _sort_out(office, row, mailbox, tree, items, found)
        MailboxEraser(office, row.number, hands, run, findings, on_progress).run()
    return longer


def _look_up(
    office: Office, mailbox: Mailbox, tree: FolderTree, items: Sequence[CaseItem]
) -> dict[bytes, list[Message]]:
    """The messages that each item may be: by id, else by digests over the whole mailbox."""
    found: dict[bytes, list[Message]] = {}
    for item, message in zip(items, mailbox.fetch([i.ids.id for i in items], Detail.TRACES), strict=True):
        if isinstance(message, Message) and _is(office, item, message):
            found[item.token] = [message]
        elif isinstance(message, MailsorterError) and not isinstance(message, NotFound):
            raise message
    missing = [item for item in items if item.token not in found]
    if missing:
        for message in _everything(mailbox, tree):
            for item in missing:
                if _is(office, item, message):
                    found.setdefault(item.token, []).append(message)
    return found


def _everything(mailbox: Mailbox, tree: FolderTree) -> Iterator[Message]:
    for folder in tree:
        if not folder.is_search and folder.item_count:
            for page in mailbox.messages(folder.id, Detail.TRACES, hidden=True):
                yield from page


def _is(office: Office, item: CaseItem, message: Message) -> bool:
    traces = traces_of(office.ledger.key, message.search_key, message.internet_message_id, message.received_at)
    return traces.is_same(Traces(item.search_key, item.message_id, item.received))


def _sort_out(
    office: Office, row: CaseRow, mailbox: Mailbox, tree: FolderTree, items: Sequence[CaseItem],
    found: Mapping[bytes, list[Message]],
) -> tuple[dict[bytes, Finding], int]:  # fmt: skip
    """Write down what becomes of each item before anything is erased: in work, kept longer, gone, or look."""
    known = _one_each(items, found)
    made = {i.token: _finding(mailbox.address, tree, known[i.token]) for i in items if i.token in known}
    retested = {i.token: made[i.token] for i in items if i.token in made and _is_retested(i)}
    made |= _named(office, mailbox, retested)
    findings: dict[bytes, Finding] = {}
    longer = 0
    with office.ledger.unit() as unit:
        for item in items:
            finding = made.get(item.token)
            if finding is not None and (ground := _running_ground(office, item, finding)) is not None:
                after, longer = _kept(item, ground), longer + 1
            elif finding is not None and not _is_unsure(office, item, finding):
                after, findings[item.token] = _in_work(item, known[item.token]), finding
            elif found.get(item.token):
                after = msgspec.structs.replace(item, state=ItemState.LOOK)
            else:
                after = _absent(item)
            unit.cases.update_items(row.number, [after])
            bury(office, unit, [after] if after.state is ItemState.ERASED else [])
    return findings, longer


def _one_each(items: Sequence[CaseItem], found: Mapping[bytes, list[Message]]) -> dict[bytes, Message]:
    """The message of each item that only one message can be, and no item before it was: of two rounds, perhaps."""
    known: dict[bytes, Message] = {}
    taken: set[str] = set()
    for item in items:
        messages = found.get(item.token, [])
        if len(messages) == 1 and messages[0].id not in taken:
            known[item.token] = messages[0]
            taken.add(messages[0].id)
    return known


def _is_unsure(office: Office, item: CaseItem, finding: Finding) -> bool:
    """Might a rule of today keep it, by a name or from a date that nobody knows?"""
    policy = office.firm.policy
    if not _is_retested(item):
        return False
    return (finding.lacks_attachment_names and policy.needs_attachment_names) or (
        finding.received_at is None and bool(policy.rules)
    )


def _finding(address: str, tree: FolderTree, message: Message) -> Finding:
    """The message as a finding. Its role is not known any more, nor is it needed: the list was approved."""
    path, recoverable = where(tree, message.folder_id)
    return build(address, message, path, recoverable, (), Role.AUTHOR)


def _absent(item: CaseItem) -> CaseItem:
    """Seen nowhere: what Exchange was to delete itself is gone; anything else a person must look for."""
    gone = item.state in (ItemState.RETAINED, ItemState.HELD, ItemState.PURGED)
    return msgspec.structs.replace(item, state=ItemState.ERASED if gone else ItemState.LOOK)


def _kept(item: CaseItem, ground: Ground) -> CaseItem:
    return msgspec.structs.replace(
        item, state=ItemState.KEPT, until=ground.until, ground=ground.rule, article=ground.article
    )


def _in_work(item: CaseItem, message: Message) -> CaseItem:
    state = ItemState.PURGED if item.state is ItemState.PURGED else ItemState.PENDING
    return msgspec.structs.replace(item, state=state, ids=ItemIds(message.id, message.folder_id))


def _running_ground(office: Office, item: CaseItem, finding: Finding) -> Ground | None:
    """A ground of today's config that still keeps this message; only for what was kept on a ground before.

    Judged as the plan judges: by the same signs of the same values. Without a date no rule can be judged.
    """
    if not _is_retested(item) or finding.received_at is None:
        return None
    policy, today = replace(office.firm.policy, zone=office.zone), office.today()
    dated = msgspec.structs.replace(finding, contract_ended_on=contract_end(finding, office.clients.values()))
    running, _ = running_ground(dated, policy, today)
    if item.ground in BY_ROLE:
        by_role = role_ground(item.ground, dated, policy, today)
        if by_role.until >= today and (running is None or by_role.until > running.until):
            return by_role
    return running


def _is_retested(item: CaseItem) -> bool:
    return item.state is ItemState.KEPT and item.ground != Basis.CORRESPONDENCE


def _named(office: Office, mailbox: Mailbox, findings: Mapping[bytes, Finding]) -> dict[bytes, Finding]:
    """The findings with the names of their attachments, where a rule of today recognises a message by them."""
    if not office.firm.policy.needs_attachment_names:
        return dict(findings)
    asked = [finding for some in with_attachment_names(mailbox, list(findings.values())) for finding in some]
    return dict(zip(findings, asked, strict=True))
