"""Proving an erasure: a witness looks at everything again, and what it sees must be what the case expects to remain.

Every item that names the person must be one that stays for a named reason: kept on a ground, held, retained by
Exchange until a day, changed since the approval, or not theirs by a person's decision. Anything else fails the proof,
as does an erased item that is still seen, wherever and under whatever name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.certificate import sign
from mailsorter.cases.certify import certificate_body, gaps_of
from mailsorter.cases.expected import STAYS, Expected
from mailsorter.cases.find import client_of, subject_of
from mailsorter.cases.graves import bury
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.plan import plan_of
from mailsorter.cases.todays_date import require_true_date
from mailsorter.cases.witness import Hit, MailboxLook, Marks
from mailsorter.cases.witness.local import BookEntry, FilesLook, book_entries, leftovers, look_through_files
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.model.case import ItemState, NotSeen, Subject
from mailsorter.model.caseplan import Plan
from mailsorter.model.lifecycle import CaseAct, CaseState

PART = "proof"
_THREADS = 8  # one thread a mailbox, as the search has them

TRY_AGAIN = frozenset(
    {
        *("no-answer", "http-429", "http-500", "http-502", "http-503", "http-504", "broken-answer", "foreign-link"),
        *("ErrorServerBusy", "ErrorTimeoutExpired"),  # of EWS, as the next two
        *("ErrorInternalServerTransientError", "ErrorMailboxStoreUnavailable"),
    }
)


class Unexpected(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should not be there. Readable only in the case file."""

    mailbox: str
    folder: str
    id: str
    why: str  # names-the-person, erased-but-there


class Proof(msgspec.Struct, kw_only=True):
    """How a proof ended. `passed`: nothing unexpected was seen; what could not be seen is listed, not hidden."""

    passed: bool
    certificate: dict[str, Any]
    unexpected: list[Unexpected]
    vanished: int  # kept items that were not seen any more
    not_seen: list[NotSeen]
    book: list[BookEntry]
    files: FilesLook
    at: datetime

    @property
    def unanswered(self) -> list[NotSeen]:
        """What Exchange may tell when it is asked once more; while there is any, nothing is proven."""
        return [gap for gap in self.not_seen if gap.reason in TRY_AGAIN]


def prove(office: Office, number: str) -> Proof:
    """Look at everything again and write the certificate; called again, it proves how things are then.

    Items that Exchange's retention or a hold still had, and that are gone now, become erased.

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
    expected = Expected(office, row, plan)
    looks = _look_everywhere(office, plan.scope, marks, expected)
    verdict = _compare(looks, expected)
    _note_gone(office, row, expected, verdict)
    proof = _proof(office, row, file, plan, looks, verdict, marks)
    file.write(PART, proof)
    outcome = "passed" if proof.passed else "failed"
    counts = {"proof": outcome, "unexpected": len(proof.unexpected), "not_seen": len(proof.not_seen)}
    _advance(office, row, proof, outcome, counts)
    return proof


def _look_everywhere(office: Office, scope: Sequence[str], marks: Marks, expected: Expected) -> list[MailboxLook]:
    """Every mailbox's look, in the order of the scope. A witness keeps its own connection: one for each thread."""
    own = threading.local()

    def one(mailbox: str) -> MailboxLook:
        if not hasattr(own, "witness"):
            own.witness = office.open_witness()
        look: MailboxLook = own.witness.look(mailbox, marks, expected.watched(mailbox))
        return look

    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="prove") as pool:
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
    """A failed proof leaves a performed case where it is, with its outcome: it must be found and planned again."""
    if proof.passed or row.state is CaseState.ANSWERED:
        advance(office, row, CaseAct.PROVE, counts=counts, proof=outcome)
        return
    after = msgspec.structs.replace(row, proof=outcome)
    with office.ledger.unit() as unit:
        unit.cases.save(after, was=row.state)
        unit.audit.append("case.prove", {"case": row.number, **counts})


class _Verdict(msgspec.Struct, kw_only=True):
    unexpected: list[Unexpected] = []
    seen: set[bytes] = set()  # tokens of items that were seen
    complete: set[int] = set()  # numbers of mailboxes that were seen completely
    must_repeat: bool = False


def _compare(looks: Iterable[MailboxLook], expected: Expected) -> _Verdict:
    verdict = _Verdict()
    for look in looks:
        if not look.not_seen:
            verdict.complete.add(expected.numbers.get(look.mailbox, 0))
        verdict.must_repeat |= any(reason in TRY_AGAIN for _, reason in look.not_seen)
        for hit in look.hits:
            why = _judge(look.mailbox, hit, expected, verdict)
            if why:
                verdict.unexpected.append(Unexpected(mailbox=look.mailbox, folder=hit.folder, id=hit.id, why=why))
    return verdict


def _judge(mailbox: str, hit: Hit, expected: Expected, verdict: _Verdict) -> str:
    """Why this hit should not be there; "" when it may."""
    item = expected.item_of(mailbox, hit)
    if item is None:
        return "" if expected.is_left(mailbox, hit) else "names-the-person"
    verdict.seen.add(item.token)
    return "" if item.state in STAYS else "erased-but-there"


def _note_gone(office: Office, row: CaseRow, expected: Expected, verdict: _Verdict) -> None:
    """What Exchange still had and has no more is erased now: seen nowhere in a mailbox that was seen completely."""
    gone = [
        msgspec.structs.replace(item, state=ItemState.ERASED)
        for token, item in expected.items.items()
        if item.state in (ItemState.RETAINED, ItemState.HELD)
        and token not in verdict.seen
        and item.mailbox in verdict.complete
    ]
    with office.ledger.unit() as unit:
        unit.cases.update_items(row.number, gone)
        bury(office, unit, gone)
    expected.items |= {item.token: item for item in gone}


def _proof(
    office: Office, row: CaseRow, file: CaseFile, plan: Plan, looks: list[MailboxLook], verdict: _Verdict, marks: Marks
) -> Proof:
    expected_items = _items(office, row)
    files = look_through_files([*office.local_places, office.folder, *leftovers(office.book_places)], marks)
    book = book_entries(office.book_places, marks)
    seen_by_witness = [
        NotSeen(mailbox=look.mailbox, folder=folder, reason=reason)
        for look in looks
        for folder, reason in look.not_seen
    ]
    kept_unseen = [
        i
        for i in expected_items
        if i.state is ItemState.KEPT and i.token not in verdict.seen and i.mailbox in verdict.complete
    ]
    not_seen = [*plan.not_seen, *seen_by_witness]
    passed = not (verdict.unexpected or files.naming or verdict.must_repeat)
    body = certificate_body(office, row, file, plan, looks, expected_items, marks) | {
        "outcome": "passed" if passed else "failed",
        "unexpected": len(verdict.unexpected),
        "vanished": len(kept_unseen),
        "not_seen": gaps_of(not_seen, marks),
        "files": {"read": files.read, "naming": len(files.naming), "unread": len(files.unread)},
        "book_entries": len(book),
    }
    certificate = sign(body, office.signing_key()) if office.signing_key is not None else {**body, "signature": None}
    return Proof(
        passed=passed, certificate=certificate, unexpected=verdict.unexpected, vanished=len(kept_unseen),
        not_seen=not_seen, book=book, files=files, at=office.clock.now(),
    )  # fmt: skip


def _items(office: Office, row: CaseRow) -> list[CaseItem]:
    with office.ledger.reading() as unit:
        return list(unit.cases.items(row.number))
