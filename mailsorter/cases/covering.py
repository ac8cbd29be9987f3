"""What a case looked at, from what the search and the witness recorded; and the verdict that it bears today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.office import Office
from mailsorter.cases.scope import left_out_of, scope_today
from mailsorter.cases.witness import FolderLook, MailboxLook
from mailsorter.cases.witnessed import ERASED_BUT_THERE, undecided
from mailsorter.model.case import NotSeen
from mailsorter.model.caseplan import Plan
from mailsorter.model.coverage import (
    BEYOND_DEPTH,
    BY_SCOPE,
    LIMITS,
    LISTING_SHORT,
    NOT_SEARCHED,
    OTHER_ITEMS,
    SEARCH,
    Coverage,
    FolderCoverage,
    GapKind,
    MailboxCoverage,
    gaps_of,
    shallowest,
)
from mailsorter.model.verdict import ProofFacts


def not_seen_by_search(office: Office, file: CaseFile, plan: Plan) -> list[NotSeen]:
    """What the search could not read, with the scope as it is today: a mailbox may have come into it since."""
    today = scope_today(office, left_out_of(file))
    searched = {name.casefold() for name in plan.scope}
    missed = [NotSeen(mailbox=n, reason=NOT_SEARCHED) for n in today.mailboxes if n.casefold() not in searched]
    return [*(gap for gap in plan.not_seen if gap.reason not in BY_SCOPE), *today.gaps, *missed]


def not_seen_by_witness(looks: Iterable[MailboxLook]) -> list[NotSeen]:
    """What the witness could not read."""
    found = []
    for look in looks:
        found += [NotSeen(mailbox=look.mailbox, folder=folder, reason=reason) for folder, reason in look.not_seen]
        found += [
            NotSeen(mailbox=look.mailbox, folder=f.folder, reason=LISTING_SHORT, count=f.held - f.others - f.items)
            for f in short_folders(look)
        ]
        found += [
            NotSeen(mailbox=look.mailbox, folder=f.folder, reason=OTHER_ITEMS, count=f.others)
            for f in look.folders
            if f.others
        ]
        if look.limited:
            found.append(NotSeen(mailbox=look.mailbox, folder=SEARCH, reason=LIMITS, count=look.limited))
    return found


def new_of_witness(known: Iterable[NotSeen], looks: Iterable[MailboxLook]) -> list[NotSeen]:
    """What the witness could not read, without the messages at whose limits the search had stopped already."""
    limited: Counter[str] = Counter()
    for one in known:
        if one.reason == LIMITS:
            limited[one.mailbox] += one.count
    found = not_seen_by_witness(looks)
    return [one for one in found if one.reason != LIMITS or one.count > limited[one.mailbox]]


def short_folders(look: MailboxLook) -> list[FolderLook]:
    """Folders that count more items than they listed or hold of other kinds, and were not refused as such."""
    refused = {folder for folder, _ in look.not_seen}
    return [f for f in look.folders if f.held > f.items + f.others and f.folder not in refused]


def coverage_of(file: CaseFile, looks: Sequence[MailboxLook], not_seen: Iterable[NotSeen]) -> Coverage:
    """The coverage of a proof: the folders as the witness read them, and every gap of search and witness.

    A gap of the search is closed by a new search alone: asking again later is not enough.
    """
    gaps = gaps_of(not_seen, left_out_of(file))
    witnessed = {(look.mailbox, folder) for look in looks for folder, _ in look.not_seen}
    witnessed |= {(look.mailbox, folder.folder) for look in looks for folder in short_folders(look)}
    settled = tuple(
        msgspec.structs.replace(gap, kind=GapKind.UNREAD)
        if gap.kind is GapKind.UNANSWERED and (gap.mailbox, gap.folder) not in witnessed
        else gap
        for gap in gaps
    )
    mailboxes = tuple(_mailboxes(file, looks))
    return Coverage(depth=shallowest(one.depth for one in mailboxes), mailboxes=mailboxes, gaps=settled)


def _mailboxes(file: CaseFile, looks: Iterable[MailboxLook]) -> Iterator[MailboxCoverage]:
    depths = {state.mailbox: state.depth for state in found_parts.load_all(file)}
    for look in looks:
        refused = dict(look.not_seen)
        short = {folder.folder for folder in short_folders(look)}
        folders = tuple(
            FolderCoverage(
                folder=f.folder, held=f.held, listed=f.items, others=f.others,
                refused=refused.get(f.folder, LISTING_SHORT if f.folder in short else ""),
            )
            for f in look.folders
        )  # fmt: skip
        told = (reason for folder, reason in look.not_seen if folder in ("", "msgfolderroot"))
        whole = next((reason for reason in told if reason not in BEYOND_DEPTH), "")
        depth = depths.get(look.mailbox)
        made = MailboxCoverage(mailbox=look.mailbox, folders=folders, refused=whole)
        yield made if depth is None else msgspec.structs.replace(made, depth=depth)


def facts_of(file: CaseFile, *, files: int) -> ProofFacts:
    """What the last look of the witness left to be settled, with the decisions as they are now."""
    waiting = undecided(file)
    there = sum(one.why == ERASED_BUT_THERE for one in waiting)
    return ProofFacts(seen=len(waiting) - there, erased_but_there=there, files=files)
