"""Approving exactly one list, and checking again before anything is erased that it was approved.

Where the config names an approver with a public key, only that key's signature over the statement counts
(`ssh-keygen -Y sign -n mailsorter-approval`). Without a signature the approver repeats the digest that `review`
printed, so that nobody approves a list that they have not seen. `people` says who may approve.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.correspondence import is_outdated
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Approver, Office
from mailsorter.cases.people import check_approver, listed, recorded_name
from mailsorter.cases.plan import decided, plan_of
from mailsorter.cases.scope import left_out_of
from mailsorter.cases.sshsig import APPROVAL_NAMESPACE, SignatureRefused, verify
from mailsorter.errors import DecisionNeeded, UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.keys import spellings
from mailsorter.model.caseplan import Plan, statement
from mailsorter.model.caseplan import digest as digest_of
from mailsorter.model.counted import counted, plural
from mailsorter.model.coverage import Coverage, gaps_of
from mailsorter.model.lifecycle import CaseAct, CaseState
from mailsorter.model.officer import spelled

PART = "approvals"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Who approved what, when, with which signature ("" for an approver without a key)."""

    name: str
    at: datetime
    plan_digest: bytes
    signature: str = ""


class ApprovalState(msgspec.Struct, frozen=True):
    """How far the approving of a list is."""

    names: tuple[str, ...]
    missing: int


def text_to_sign(office: Office, number: str) -> bytes:
    """The statement for `ssh-keygen -Y sign`. Raises `UserError` when there is no plan."""
    plan = plan_of(office.open_file(number))
    return statement(number, digest_of(plan), plan.counts)


@alone
def approve(office: Office, number: str, *, by: str, digest: str = "", signature: str = "") -> ApprovalState:
    """One person approves the case's list as it is now; with enough of them the case moves on.

    `digest` is that of the list as the approver saw it, in hexadecimal digits; a signature covers it already.

    Raises:
        DecisionNeeded: items are left that a person must look at first.
        UserError: not an approver, the planner where two are asked, no or a wrong signature, no digest or that of
            another list, a list that changed or on whose items something else was decided since.
        LifecycleError: there is no list, or it is being performed already.
    """
    row = office.get(number)
    check(row, CaseAct.APPROVE)
    file = office.open_file(number)
    plan, plan_digest = _current(row, file)
    if plan.undecided:
        raise DecisionNeeded(
            f"{counted(len(plan.undecided), 'finding')} of case {number} still "
            f"{plural(len(plan.undecided), 'waits', 'wait')} for a person's decision.",
            advice=f"Run: mailsorter case review {number}, then: mailsorter case decide {number} …",
        )
    if not plan.items:
        _check_seen(row, file, plan)
    check_approver(office, row, by)
    approver, by = listed(office.firm, by), recorded_name(office.firm, by)
    _check_signature(approver, signature, statement(number, plan_digest, plan.counts))
    if digest or not signature:
        _check_digest(row, digest, plan_digest)
    approvals = [
        a for a in approvals_of(file, plan_digest) if not _same(a.name, by) and _still_holds(office, row, a, plan)
    ]
    approvals.append(Approval(name=by, at=office.clock.now(), plan_digest=plan_digest, signature=signature))
    file.write(PART, approvals)
    return _record(office, row, approvals, plan_digest, by, bool(signature))


def unread_mailboxes(file: CaseFile, plan: Plan) -> list[str]:
    """Mailboxes in scope that the search behind the list did not find or read at all."""
    unread = Coverage(gaps=gaps_of(plan.not_seen, left_out_of(file))).unread
    return sorted({gap.mailbox for gap in unread if not gap.folder})


def _check_seen(row: CaseRow, file: CaseFile, plan: Plan) -> None:
    """An empty list says that nothing was found: nobody may approve that of a mailbox into which nobody could look.

    Raises:
        UserError: a mailbox of the scope was not found or not read.
    """
    if unread := unread_mailboxes(file, plan):
        raise UserError(
            f"The list of case {row.number} is empty, and {', '.join(unread)} was not found or could not be read: "
            "nothing was approved.",
            advice=f"Run: mailsorter doctor, then: mailsorter case find {row.number}, and plan again; or leave it "
            f"out: mailsorter case scope {row.number} --help",
        )


def check_approved(office: Office, row: CaseRow, file: CaseFile) -> Plan:
    """The plan, when it is the one that enough people approved and every signature still holds.

    Raises:
        UserError: anything is missing or does not fit. Nothing may be erased then.
    """
    plan, plan_digest = _current(row, file)
    names: list[str] = []
    with office.ledger.reading() as unit:
        recorded = {a.approver for a in unit.cases.approvals(row.number, plan_digest)}
        for approval in approvals_of(file, plan_digest):
            _check(office, row, approval, plan)
            if not recorded.isdisjoint(spellings(unit.cases.name_token(approval.name))):
                names.append(approval.name)
    if len(names) < office.firm.approvals:
        raise UserError(
            f"The list of case {row.number} has {len(names)} of "
            f"{counted(office.firm.approvals, 'approval')}: nothing was erased.",
            advice=_how_to_complete(row),
        )
    return plan


def _how_to_complete(row: CaseRow) -> str:
    if row.state is CaseState.PERFORMING:
        return (
            "It is being performed: give [erasure] approvals and [[approver]] the values under which it was approved."
        )
    return f"Run: mailsorter case plan {row.number}, then: mailsorter case approve {row.number}"


def _check(office: Office, row: CaseRow, approval: Approval, plan: Plan) -> None:
    """Raise `UserError` where an approval given before does not hold by today's config and planner."""
    check_approver(office, row, approval.name)
    text = statement(row.number, approval.plan_digest, plan.counts)
    _check_signature(listed(office.firm, approval.name), approval.signature, text)


def _still_holds(office: Office, row: CaseRow, approval: Approval, plan: Plan) -> bool:
    """An approver who has left the config since, has another key, or has planned: theirs counts no more."""
    try:
        _check(office, row, approval, plan)
    except UserError:
        return False
    return True


def _current(row: CaseRow, file: CaseFile) -> tuple[Plan, bytes]:
    plan = plan_of(file)
    plan_digest = digest_of(plan)
    if row.plan_digest != plan_digest:
        raise UserError(
            f"The list of case {row.number} is not the one that was planned: nothing was done.",
            advice=f"Run: mailsorter case plan {row.number}",
        )
    if is_outdated(file):
        raise UserError(
            f"What the list of case {row.number} rests on was changed since it was planned (the request, or an "
            "objection): nothing was done.",
            advice=f"Run: mailsorter case plan {row.number}, and let the new list be approved.",
        )
    if count := decided_since(plan, file):
        raise UserError(
            f"{counted(count, 'finding')} of case {row.number} {plural(count, 'was', 'were')} decided otherwise since "
            "its list was planned: nothing was done.",
            advice=f"Run: mailsorter case plan {row.number}, and let the new list be approved.",
        )
    return plan, plan_digest


def decided_since(plan: Plan, file: CaseFile) -> int:
    """How many items a reviewer has decided otherwise than the list has them: what was to be kept must not go."""
    decisions = decisions_of(file)
    return sum(decided(item, decisions.get(item.finding.key)) != item for item in plan.items)


def _record(
    office: Office, row: CaseRow, approvals: list[Approval], plan_digest: bytes, by: str, is_signed: bool
) -> ApprovalState:
    with office.ledger.unit() as unit:
        unit.cases.approve(row.number, plan_digest, unit.cases.name_token(by), is_signed=is_signed)
    missing = max(0, office.firm.approvals - len(approvals))
    if not missing:
        advance(office, row, CaseAct.APPROVE, counts={"approvals": len(approvals), "digest": plan_digest.hex()})
    return ApprovalState(tuple(a.name for a in approvals), missing)


def approvals_of(file: CaseFile, plan_digest: bytes) -> list[Approval]:
    """The approvals of exactly this list; those of an earlier one do not count."""
    return [a for a in file.read(PART, list[Approval]) or [] if a.plan_digest == plan_digest]


def _check_digest(row: CaseRow, given: str, plan_digest: bytes) -> None:
    """Raise `UserError` unless the approver names the list that is there now."""
    look = f"Look at the list, which ends with its digest: mailsorter case review {row.number}"
    if not given.strip():
        raise UserError(
            "An approval without a signature needs the digest of the list that was looked at.",
            advice=f"{look}; then: mailsorter case approve {row.number} --by NAME --digest DIGEST",
        )
    if given.strip().lower().removeprefix("sha256:") != plan_digest.hex():
        raise UserError(
            f"That is not the digest of the list of case {row.number} as it is now: nothing was approved.", advice=look
        )


def _check_signature(approver: Approver | None, signature: str, text: bytes) -> None:
    if approver is None or not approver.public_key:
        if signature:  # taken unchecked it would be told as signed, in the certificate as well
            raise UserError(
                "The config has no public key for this signature: nobody can check it.",
                advice="Put the key into [[approver]], or approve without --signature.",
            )
        return
    how = "Sign it: mailsorter case approve NUMBER --statement > approval.txt && " + (
        "ssh-keygen -Y sign -f KEY -n mailsorter-approval approval.txt"
    )
    if not signature:
        raise UserError(f"{approver.name} approves by signature only.", advice=how)
    try:
        verify(text, signature, approver.public_key, APPROVAL_NAMESPACE)
    except SignatureRefused as refused:
        raise UserError(f"The signature of {approver.name} was refused: {refused}.", advice=how) from None


def _same(one: str, other: str) -> bool:
    return spelled(one) == spelled(other)
