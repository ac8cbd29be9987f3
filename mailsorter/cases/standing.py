"""How a case stands today: its account and its verdict, for every screen, for letters, and before closing."""

from __future__ import annotations

import msgspec

from mailsorter.cases.accounting import PERFORMED, account_of, is_refused, of_row
from mailsorter.cases.approve import decided_since, unread_mailboxes
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.correspondence import is_outdated
from mailsorter.cases.covering import facts_of
from mailsorter.cases.find import depth_of, findings_of
from mailsorter.cases.office import Office
from mailsorter.cases.prove import Proof, proof_of
from mailsorter.cases.scope import left_out_of
from mailsorter.cases.written import digest_of_facts, last_answer
from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.ledger import Unit
from mailsorter.model.account import Account, Bucket, account
from mailsorter.model.caseplan import Plan
from mailsorter.model.coverage import Coverage, gaps_of, with_left_out
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.verdict import Outcome, Reason, VerdictOnCase, Why, judge_proof, next_commands, standing


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An open case's account, coverage and verdict. `verdict` None: no list was performed yet."""

    account: Account
    coverage: Coverage
    verdict: VerdictOnCase | None
    next: tuple[str, ...]


def standing_of(office: Office, row: CaseRow, file: CaseFile) -> Standing:
    """How the case stands today, by its last proof and what was recorded since."""
    counted = account_of(office, row, file)
    proof = proof_of(file) if row.proof is not None else None
    if proof is None or proof.coverage is None or proof.facts is None:
        coverage = Coverage(gaps=gaps_of(proof.not_seen, left_out_of(file))) if proof else searched_coverage(file)
        facts = None
    else:
        coverage = with_left_out(proof.coverage, left_out_of(file))
        facts = facts_of(file, files=proof.facts.files)
    verdict = None
    with office.ledger.reading() as unit:
        items = list(unit.cases.items(row.number))
    if row.state in PERFORMED and not is_refused(row, items):
        verdict = judge_proof(facts, coverage, counted)
        if verdict.is_proven and not _passed(proof):
            missing = (Reason(why=Why.NOT_PROVED_YET, count=1),)
            verdict = VerdictOnCase(outcome=Outcome.NOT_PROVEN, reasons=missing)
    stands = Standing(account=counted, coverage=coverage, verdict=verdict, next=())
    return msgspec.structs.replace(stands, next=_next(row, file, stands))


def _passed(proof: Proof | None) -> bool:
    return proof is not None and proof.passed and proof.verdict is not None


def searched_coverage(file: CaseFile) -> Coverage:
    """The gaps of the last search alone, with what was left out since."""
    return Coverage(depth=depth_of(file), gaps=gaps_of(findings_of(file).not_seen, left_out_of(file)))


def _next(row: CaseRow, file: CaseFile, stands: Standing) -> tuple[str, ...]:
    verdict = stands.verdict
    plan = file.read("plan", Plan) if row.state in (CaseState.PLANNED, CaseState.APPROVED) else None
    is_old = plan is not None and bool(is_outdated(file) or decided_since(plan, file))
    if plan is not None and (is_old or plan.undecided):
        open_items = () if is_old else _DECIDE
        return tuple(command.format(n=row.number) for command in (*open_items, "mailsorter case plan {n}"))
    if plan is not None and not plan.items and unread_mailboxes(file, plan):
        return tuple(command.format(n=row.number) for command in _EMPTY_AND_UNREAD)
    if verdict is not None and row.state is CaseState.PERFORMING:
        return (f"mailsorter case perform {row.number}",)
    if row.state is CaseState.ANSWERED:
        return _after_answer(row, file, stands)
    if verdict is not None:
        return next_commands(verdict, row.number)
    return tuple(command.format(n=row.number) for command in _BEFORE.get(row.state, ()))


def _after_answer(row: CaseRow, file: CaseFile, stands: Standing) -> tuple[str, ...]:
    """Send the answer, or write it anew where the facts are others by now; then what remains to be done, or close."""
    verdict, letter = stands.verdict, last_answer(file)
    is_current, sending = True, tuple[str, ...]()
    if letter is not None and letter.told:  # older versions kept no facts of their letters
        is_current = letter.told == digest_of_facts(stands.account, stands.coverage, verdict)
        sending = (SEND.format(n=row.number),) if is_current and letter.sent_on is None else ()
    if verdict is None or (verdict.is_proven and is_current):
        return (*sending, f"mailsorter case close {row.number}")
    commands = next_commands(verdict, row.number)
    if not is_current or not verdict.may_answer:
        return (*sending, *commands)
    remains = tuple(one for one in commands if "mailsorter case letter" not in one)
    return (*sending, *remains, f"or end it so: mailsorter case close {row.number} --leave-open --reason TEXT")


SEND = "send the letter, then: mailsorter case sent {n} --on YYYY-MM-DD"
_EMPTY_AND_UNREAD = (
    "give access, then: mailsorter case find {n}",
    "or leave it out: mailsorter case scope {n} --without MAILBOX --reason TEXT",
)
_DECIDE = ("mailsorter case review {n} --undecided", "mailsorter case decide {n} ITEM… --reason TEXT")
_BEFORE = {
    CaseState.OPENED: ("mailsorter case verify {n} --help",),
    CaseState.VERIFIED: ("mailsorter case find {n}",),
    CaseState.FOUND: ("mailsorter case plan {n}",),
    CaseState.PLANNED: ("mailsorter case review {n}", "mailsorter case approve {n} --by NAME"),
    CaseState.APPROVED: ("mailsorter case perform {n}",),
    CaseState.REJECTED: ("mailsorter case letter {n}",),
    CaseState.SUSPENDED: ("mailsorter case resume {n}",),
}


def outcome_of(office: Office, unit: Unit, row: CaseRow) -> Outcome | None:
    """The outcome as the ledger alone tells it: for lists of many cases, and for closed ones."""
    if row.state not in PERFORMED or is_refused(row, list(unit.cases.items(row.number))):
        return None
    return standing(row.proof, ledger_account(office, unit, row), has_coverage=row.account is not None)


def ledger_account(office: Office, unit: Unit, row: CaseRow) -> Account:
    """The account of the ledger's rows alone, which a closed case keeps of what still lies somewhere."""
    return account((of_row(item) for item in unit.cases.items(row.number)), office.today())


def closed_counts(row: CaseRow, counted: Account) -> dict[str, int]:
    """The buckets of a closed case: what still lies somewhere is counted today, what has left since is erased."""
    if row.account is None:
        return {bucket.value: count for bucket, count in counted.counts.items()}
    now = {bucket.value: count for bucket, count in counted.counts.items()}
    not_theirs = row.account.get(Bucket.NOT_THEIRS.value, 0)
    erased = sum(row.account.values()) - not_theirs - counted.total
    return now | {Bucket.NOT_THEIRS.value: not_theirs, Bucket.ERASED.value: max(0, erased)}
