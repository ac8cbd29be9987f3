"""A reviewer's decisions on single findings, each with its reason; they survive a new search of the same message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import findings_of
from mailsorter.cases.office import Office
from mailsorter.errors import LifecycleError, UserError
from mailsorter.model.case import Decision, Finding, Ground, Verdict
from mailsorter.model.ground import Basis
from mailsorter.model.lifecycle import CaseState

PART = "decisions"
_OPEN = (CaseState.FOUND, CaseState.PLANNED, CaseState.APPROVED)


def decisions_of(file: CaseFile) -> dict[tuple[str, str], Decision]:
    """All decisions, by the message's key."""
    return {(d.mailbox, d.id): d for d in file.read(PART, list[Decision]) or []}


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
) -> int:
    """Write down what becomes of these findings; gives how many. The plan must be made again to take it in.

    `handles` are the short names of the review table; one may be an unambiguous beginning, or a role or reason of the
    plan written as `role:mentioned` to mean every finding of it. Keeping needs a ground of the config (or a purpose)
    and a day.

    Raises:
        UserError: an unknown or ambiguous handle, no reason, an unknown ground, keeping without an end.
        LifecycleError: nothing was found yet, or the list is already being performed.
    """
    row = office.get(number)
    if row.state not in _OPEN:
        raise LifecycleError(
            f"Case {number} is {row.state}: nothing can be decided now.", advice=f"Run: mailsorter case show {number}"
        )
    if not reason.strip():
        raise UserError("A decision needs a reason.", advice="Say why: --reason TEXT")
    if verdict is Verdict.LOOK:
        raise UserError("To look is no decision.", advice="Choose --erase, --keep or --not-theirs.")
    file = office.open_file(number)
    chosen = _chosen(findings_of(file).findings, handles)
    kept_on = _ground(office, ground, until) if verdict is Verdict.KEEP else None
    decisions = decisions_of(file)
    for finding in chosen:
        decisions[finding.key] = Decision(
            mailbox=finding.mailbox, id=finding.id, verdict=verdict, reason=reason.strip(), by=by,
            at=office.clock.now(), ground=kept_on,
        )  # fmt: skip
    file.write(PART, list(decisions.values()))
    return len(chosen)


def _chosen(findings: Iterable[Finding], handles: Sequence[str]) -> list[Finding]:
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
            raise UserError(f"There is no finding {handle}.", advice="Run: mailsorter case review NUMBER")
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
