"""A reviewer's decisions on single findings, each with its reason; they survive a new search of the same message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.decisions import PART, decisions_of
from mailsorter.cases.find import findings_of, person_of, subject_of
from mailsorter.cases.office import Office
from mailsorter.cases.witnessed import witnessed_of
from mailsorter.errors import LifecycleError, UserError
from mailsorter.model.address import canonical
from mailsorter.model.case import Decision, Finding, Ground, Verdict
from mailsorter.model.ground import Basis
from mailsorter.model.lifecycle import CaseState

_BEFORE_PERFORMING = (CaseState.FOUND, CaseState.PLANNED, CaseState.APPROVED)
_AFTER_A_PROOF = (CaseState.PERFORMED, CaseState.PROVEN, CaseState.ANSWERED)


@alone
def decide(
    office: Office,
    number: str,
    handles: Sequence[str],
    verdict: Verdict,
    *,
    by: str,
    reason: str,
    ground: str = "",
    until: date | None = None,
    sender: str = "",
) -> int:
    """Write down what becomes of these findings; gives how many.

    Before a list is performed these are the findings of the search, and the plan must be made again to take it in.
    Afterwards they are what a proof saw beside the list: that it is not theirs counts at the next proof, anything else
    at the next search. `handles` are the short names of the review table; one may be an unambiguous beginning, or a
    role written as `role:mentioned` to mean every finding of it. `sender` means all that are listed now from that
    address: only for what is not theirs. Keeping needs a ground of the config (or a purpose) and a day.

    Raises:
        UserError: an unknown or ambiguous handle, no reason, an unknown ground, keeping without an end; a sender that
            is the person's own address.
        LifecycleError: nothing was found yet, or the list is being performed.
    """
    row = office.get(number)
    if row.state not in _BEFORE_PERFORMING + _AFTER_A_PROOF:
        raise LifecycleError(
            f"Case {number} is {row.state}: nothing can be decided now.", advice=f"Run: mailsorter case show {number}"
        )
    if not reason.strip():
        raise UserError("A decision needs a reason.", advice="Say why: --reason TEXT")
    if verdict is Verdict.LOOK:
        raise UserError("To look is no decision.", advice="Choose --erase, --keep or --not-theirs.")
    file = office.open_file(number)
    is_before = row.state in _BEFORE_PERFORMING
    listed = findings_of(file).findings if is_before else [one.finding for one in witnessed_of(file)]
    chosen = {f.key: f for f in _chosen(number, listed, handles)}
    if sender:
        chosen |= {f.key: f for f in _from(office, file, number, listed, sender, verdict)}
    kept_on = _ground(office, ground, until) if verdict is Verdict.KEEP else None
    decisions = decisions_of(file)
    for finding in chosen.values():
        decisions[finding.key] = Decision(
            mailbox=finding.mailbox, id=finding.id, verdict=verdict, reason=reason.strip(), by=by,
            at=office.clock.now(), ground=kept_on, by_sender=bool(sender),
        )  # fmt: skip
    file.write(PART, list(decisions.values()))
    return len(chosen)


def next_command(state: CaseState, verdict: Verdict, number: str) -> str:
    """What takes a decision in."""
    if state in _BEFORE_PERFORMING:
        return f"mailsorter case plan {number}"
    if verdict is Verdict.NOT_THEIRS:
        return f"mailsorter case prove {number} --again"
    return f"mailsorter case find {number}"


def _from(
    office: Office, file: CaseFile, number: str, listed: Iterable[Finding], sender: str, verdict: Verdict
) -> list[Finding]:
    """What is listed now of one sender, who must not be the person."""
    address = canonical(sender)
    if address is None:
        raise UserError(f"{sender} is no address.", advice="Give the sender's address: --from ADDRESS")
    if verdict is not Verdict.NOT_THEIRS:
        raise UserError("Only --not-theirs can be said of all that one sender wrote.", advice="Name the other items.")
    if person_of(office, file, subject_of(file)).is_address(address):
        raise UserError(
            "That address is the person's own: what it sent is theirs.",
            advice="Decide such items one by one, by their handles.",
        )
    found = [finding for finding in listed if canonical(finding.sender) == address]
    if not found:
        raise UserError(f"Nothing from {address} is listed now.", advice=f"Run: mailsorter case review {number}")
    return found


def _chosen(number: str, findings: Iterable[Finding], handles: Sequence[str]) -> list[Finding]:
    chosen: dict[tuple[str, str], Finding] = {}
    findings = list(findings)
    for handle in handles:
        if handle.startswith("role:"):
            found = [f for f in findings if f.role.value == handle.removeprefix("role:")]
        else:
            found = [f for f in findings if len(handle) >= 4 and f.handle.startswith(handle.lower())]
            if len(found) > 1:
                raise UserError(f"{handle} is not one finding but {len(found)}.", advice="Give more of its digits.")
        if not found:
            raise UserError(
                f"No finding {handle} can be decided now.", advice=f"Run: mailsorter case review {number} --undecided"
            )
        chosen |= {f.key: f for f in found}
    return list(chosen.values())


def _ground(office: Office, code: str, until: date | None) -> Ground:
    if until is None or until <= office.today():
        raise UserError("Keeping needs a last day that lies ahead.", advice="Give one: --until 2030-12-31")
    for rule in office.firm.policy.rules:
        if rule.code == code:
            return Ground(
                rule=code, basis=rule.basis, article=rule.article, until=until, recognised_by="reviewer",
                purpose=rule.purpose,
            )  # fmt: skip
    if code in office.firm.purposes:
        return Ground(
            rule=code, basis=Basis.STILL_NECESSARY, article="GDPR art. 17(1)", until=until, recognised_by="reviewer",
            purpose=office.firm.purposes[code],
        )  # fmt: skip
    known = ", ".join([*(r.code for r in office.firm.policy.rules), *office.firm.purposes]) or "none is configured"
    raise UserError(f"The config has no ground or purpose {code or '(none given)'}.", advice=f"Known: {known}.")
