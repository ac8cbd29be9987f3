"""Proving an erasure: a witness looks at everything again, and what it sees must be what the case expects to remain.

Every item that names the person must be one that stays for a named reason: kept on a ground, held, retained by
Exchange until a day, changed since the approval, or not theirs by a person's decision. Anything else fails the proof,
as does an erased item that is still seen, wherever and under whatever name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.accounting import account_of
from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.certificate import sign
from mailsorter.cases.certify import account_data, certificate_body, coverage_data, gaps_data
from mailsorter.cases.covering import coverage_of, facts_of, new_of_witness, not_seen_by_search
from mailsorter.cases.covering import short_folders as _short
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.expected import STAYS, Expected
from mailsorter.cases.find import client_of, subject_of
from mailsorter.cases.graves import bury
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import MAILBOXES_AT_ONCE, Office
from mailsorter.cases.plan import plan_of
from mailsorter.cases.scope import left_out_of
from mailsorter.cases.todays_date import require_true_date
from mailsorter.cases.witness import Hit, MailboxLook, Marks
from mailsorter.cases.witness.local import BookEntry, FilesLook, book_entries, leftovers, look_through_files
from mailsorter.cases.witnessed import ERASED_BUT_THERE, NAMES_THE_PERSON, Witnessed, as_findings, keep
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.model.account import Account
from mailsorter.model.case import ItemState, NotSeen, Subject
from mailsorter.model.caseplan import Plan
from mailsorter.model.coverage import TRY_AGAIN, Coverage, Depth
from mailsorter.model.lifecycle import CaseAct, CaseState
from mailsorter.model.verdict import ProofFacts, VerdictOnCase, judge_proof

PART = "proof"


class Unexpected(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should not be there. Readable only in the case file."""

    mailbox: str
    folder: str
    id: str
    why: str  # names-the-person, erased-but-there


class Proof(msgspec.Struct, kw_only=True):
    """How a proof ended: the facts that it brought, and what they said of the case on that day.

    `passed` is `verdict.is_proven`. `facts` and `coverage` are None in a proof of an older version, which kept neither:
    such a proof says nothing any more.
    """

    passed: bool
    certificate: dict[str, Any]
    unexpected: list[Unexpected]
    vanished: int  # kept items that were not seen any more
    not_seen: list[NotSeen]
    book: list[BookEntry]
    files: FilesLook
    at: datetime
    verdict: VerdictOnCase | None = None
    facts: ProofFacts | None = None
    coverage: Coverage | None = None
    account: Account | None = None

    @property
    def unanswered(self) -> list[NotSeen]:
        """What Exchange may tell when it is asked once more."""
        return [gap for gap in self.not_seen if gap.reason in TRY_AGAIN]


@alone
def prove(office: Office, number: str) -> Proof:
    """Look at everything again and write the certificate; called again, it proves how things are then.

    Items that Exchange's retention or a hold still had, and that are gone now, become erased. What names the person
    and is on no list becomes a finding that a person decides.

    Raises:
        LifecycleError: nothing was performed yet.
        UserError: the certificate's key is not usable.
        TemporaryError: the program was asked to stop; nothing was written.
    """
    row = office.get(number)
    check(row, CaseAct.PROVE)
    require_true_date(office)
    file = office.open_file(number)
    plan, subject = plan_of(file), subject_of(file)
    marks = marks_of(office, file, subject)
    expected = Expected(office, row, plan, decisions_of(file))
    scope = [name for name in plan.scope if not any(place.covers(name, "") for place in left_out_of(file))]
    depths = {state.mailbox: state.depth.value for state in found_parts.load_all(file)}
    looks = _look_everywhere(office, scope, marks, expected, depths)
    compared = _compare(office, subject, looks, expected)
    keep(file, compared.unsettled, {look.mailbox for look in looks}, compared.settled)
    _note_gone(office, row, expected, compared)
    proof = _proof(office, row, file, plan, looks, compared, marks)
    file.write(PART, proof)
    assert proof.verdict is not None
    outcome = proof.verdict.outcome.value
    counts = {"proof": outcome, "unexpected": len(proof.unexpected), "not_seen": len(proof.not_seen)}
    _advance(office, row, proof, outcome, counts)
    return proof


def _look_everywhere(
    office: Office, scope: Sequence[str], marks: Marks, expected: Expected, depths: Mapping[str, str]
) -> list[MailboxLook]:
    """Every mailbox's look, to the depth of its search, in the order of the scope.

    A witness keeps its own connection: one for each thread.
    """
    own = threading.local()

    def one(mailbox: str) -> MailboxLook:
        if not hasattr(own, "witness"):
            own.witness = office.open_witness()
        look: MailboxLook = own.witness.look(
            mailbox, marks, expected.watched(mailbox), depths.get(mailbox, Depth.INDEXED.value)
        )
        return look

    with ThreadPoolExecutor(max_workers=MAILBOXES_AT_ONCE, thread_name_prefix="prove") as pool:
        return list(pool.map(one, scope))


def proof_of(file: CaseFile) -> Proof | None:
    """The last proof, or None."""
    return file.read(PART, Proof)


def marks_of(office: Office, file: CaseFile, subject: Subject) -> Marks:
    """What the witness looks for, straight from what the officer wrote."""
    client = client_of(office, file, subject)
    return Marks(
        addresses=(*subject.addresses, *(client.addresses if client else ())),
        names=(*subject.names, *subject.aliases),
        phones=subject.phones,
        domains=client.domains if client else (),
    )


def _advance(office: Office, row: CaseRow, proof: Proof, outcome: str, counts: dict[str, Any]) -> None:
    """A proof that did not pass leaves a case performed, or takes it back there, with its outcome."""
    assert proof.account is not None
    told = {bucket.value: count for bucket, count in proof.account.counts.items()}
    if proof.passed or row.state is CaseState.ANSWERED:
        advance(office, row, CaseAct.PROVE, counts=counts, proof=outcome, account=told)
        return
    after = msgspec.structs.replace(row, state=CaseState.PERFORMED, proof=outcome, account=told)
    with office.ledger.unit() as unit:
        unit.cases.save(after, was=row.state)
        unit.audit.append("case.prove", {"case": row.number, **counts})


class _Compared(msgspec.Struct, kw_only=True):
    unsettled: list[Witnessed] = []  # read live
    settled: set[tuple[str, str]] = set()  # keys of what a person decided is not theirs
    seen: set[bytes] = set()  # tokens of items that were seen
    complete: set[int] = set()  # numbers of mailboxes that were seen completely


def _compare(office: Office, subject: Subject, looks: Iterable[MailboxLook], expected: Expected) -> _Compared:
    compared = _Compared()
    for look in looks:
        if not _short(look) and not look.not_seen:
            compared.complete.add(expected.numbers.get(look.mailbox, 0))
        fresh = []
        for hit in look.hits:
            why = _judge(look.mailbox, hit, expected, compared)
            if why:
                fresh.append((hit, why))
        for one in as_findings(office, subject, look.mailbox, fresh) if fresh else ():
            item = expected.item_by_id(look.mailbox, one.finding.id)  # the search may have had another id of it
            if item is not None:
                compared.seen.add(item.token)
            if expected.is_left(look.mailbox, one.finding.id):
                compared.settled.add(one.finding.key)
            elif item is None or item.state not in STAYS:
                compared.unsettled.append(one)
    return compared


def _judge(mailbox: str, hit: Hit, expected: Expected, compared: _Compared) -> str:
    """Why this hit should not be there; "" when it may."""
    item = expected.item_of(mailbox, hit)
    if item is not None:
        compared.seen.add(item.token)
    if expected.is_left(mailbox, hit.id):
        compared.settled.add((mailbox, hit.id))
        if item is None:
            compared.seen.update(expected.perhaps(mailbox, hit))
        return ""
    if item is None:
        compared.seen.update(expected.perhaps(mailbox, hit))
        return NAMES_THE_PERSON
    return "" if item.state in STAYS else ERASED_BUT_THERE


_MAY_HAVE_GONE = frozenset(
    {ItemState.RETAINED, ItemState.HELD, ItemState.CHANGED, ItemState.FAILED, ItemState.LOOK}
)  # fmt: skip


def _note_gone(office: Office, row: CaseRow, expected: Expected, compared: _Compared) -> None:
    """What was still there and is no more: seen nowhere in a mailbox that was seen completely.

    What Exchange itself was to end is erased now; anything else somebody has deleted.
    """
    gone = [
        msgspec.structs.replace(item, state=_after(item.state))
        for token, item in expected.items.items()
        if item.state in _MAY_HAVE_GONE and token not in compared.seen and item.mailbox in compared.complete
    ]
    with office.ledger.unit() as unit:
        unit.cases.update_items(row.number, gone)
        bury(office, unit, gone)
    expected.items |= {item.token: item for item in gone}


def _after(state: ItemState) -> ItemState:
    return ItemState.ERASED if state in (ItemState.RETAINED, ItemState.HELD) else ItemState.GONE


def _proof(
    office: Office, row: CaseRow, file: CaseFile, plan: Plan, looks: list[MailboxLook], compared: _Compared,
    marks: Marks,
) -> Proof:  # fmt: skip
    expected_items = _items(office, row)
    files = look_through_files([*office.local_places, office.folder, *leftovers(office.book_places)], marks)
    book = book_entries(office.book_places, marks)
    kept_unseen = [
        i
        for i in expected_items
        if i.state is ItemState.KEPT and i.token not in compared.seen and i.mailbox in compared.complete
    ]
    by_search = not_seen_by_search(office, file, plan)
    not_seen = [*by_search, *new_of_witness(by_search, looks)]
    coverage = coverage_of(file, looks, not_seen)
    facts = facts_of(file, files=len(files.naming))
    counted = account_of(office, row, file)
    verdict = judge_proof(facts, coverage, counted)
    unexpected = [
        Unexpected(mailbox=one.finding.mailbox, folder=one.finding.folder, id=one.finding.id, why=one.why)
        for one in compared.unsettled
    ]
    body = certificate_body(office, row, file, plan, looks, expected_items, marks) | {
        "outcome": verdict.outcome.value,
        "reasons": [{"why": reason.why.value, "count": reason.count} for reason in verdict.reasons],
        "account": account_data(counted),
        "coverage": coverage_data(coverage, marks),
        "unexpected": len(unexpected),
        "vanished": len(kept_unseen),
        "not_seen": gaps_data(coverage, marks),
        "files": {"read": files.read, "naming": len(files.naming), "unread": len(files.unread)},
        "book_entries": len(book),
    }
    certificate = sign(body, office.signing_key()) if office.signing_key is not None else {**body, "signature": None}
    return Proof(
        passed=verdict.is_proven, certificate=certificate, unexpected=unexpected, vanished=len(kept_unseen),
        not_seen=not_seen, book=book, files=files, at=office.clock.now(), verdict=verdict, facts=facts,
        coverage=coverage, account=counted,
    )  # fmt: skip


def _items(office: Office, row: CaseRow) -> list[CaseItem]:
    with office.ledger.reading() as unit:
        return list(unit.cases.items(row.number))
