"""Dividing what was found into erase, keep and look, and taking the reviewer's decisions into the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.correspondence import (
    Correspondence,
    kept_until,
    looks_like_the_request,
    mark_current,
    reference_of,
)
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.filed_without import filed_without_the_client
from mailsorter.cases.find import findings_of, scope_of, subject_of
from mailsorter.cases.intake import ERASING
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import ClientEntry, Office
from mailsorter.cases.people import check_planner, recorded_name
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import CaseKind, Decision, Finding, PlanItem, Verdict
from mailsorter.model.caseplan import Plan, digest, in_order
from mailsorter.model.folder import show_path
from mailsorter.model.ground import Judgement, judge
from mailsorter.model.lifecycle import CaseAct

PART = "plan"


@alone
def make_plan(office: Office, number: str, *, by: str, restricts_kept: bool = False) -> Plan:
    """Judge every finding by the config's policy and the reviewer's decisions; throws an earlier approval away.

    `by` is who plans: where two people must approve, neither of them. `restricts_kept` moves what is kept only on a
    ground into the restricted folder.

    Raises:
        LifecycleError: nothing was found yet, or it is too late to plan.
        UserError: the case is about access or rectification, which erase nothing; two must approve and the planner is
            no approver of the config.
    """
    row = office.get(number)
    check(row, CaseAct.PLAN)
    require_plausible_date(office)
    if row.kind not in ERASING:
        raise UserError(
            f"Case {number} is about {row.kind}: nothing is planned or erased for it.",
            advice=f"Answer it by hand, then end it: mailsorter case reject {number} --reason TEXT, then case letter "
            f"{number} and case close {number}",
        )
    check_planner(office.firm, by)
    by = recorded_name(office.firm, by)
    file = office.open_file(number)
    plan = _divide(office, file, row, by, restricts_kept)
    file.write(PART, plan)
    mark_current(file)
    counts = {f"to_{verdict}": count for verdict, count in plan.counts.items()}
    with office.ledger.reading() as unit:
        planner = unit.cases.name_token(by)
    advance(
        office, row, CaseAct.PLAN, counts=dict(counts), plan_digest=digest(plan), planner=planner,
        restricts_kept=restricts_kept,
    )  # fmt: skip
    return plan


def plan_of(file: CaseFile) -> Plan:
    """The plan as it was last made. Raises `UserError` when there is none."""
    plan = file.read(PART, Plan)
    if plan is None:
        raise UserError("This case has no plan yet.", advice="Run: mailsorter case plan NUMBER")
    return plan


def _divide(office: Office, file: CaseFile, row: CaseRow, by: str, restricts_kept: bool) -> Plan:
    subject, found = subject_of(file), findings_of(file)
    policy = replace(
        office.firm.policy, objected=subject.objects, zone=office.zone, correspondence_until=kept_until(office, row)
    )
    correspondence = Correspondence(row, reference_of(file, row.number), subject, found.findings)
    decisions = decisions_of(file)
    today = office.today()
    doubtful = filed_without_the_client(office, file, found.findings) if row.kind is CaseKind.CLIENT_LEAVES else set()
    items = []
    for finding in found.findings:
        dated = msgspec.structs.replace(finding, contract_ended_on=contract_end(finding, office.clients.values()))
        judgement = judge(dated, policy, today, is_correspondence=correspondence.includes(dated))
        if not subject.request_message_id and judgement.verdict is Verdict.ERASE:
            judgement = _spare_the_request(office, row, dated, judgement)
        if judgement.verdict is Verdict.ERASE and finding.key in doubtful:
            judgement = Judgement(Verdict.LOOK, "nobody-of-the-client")
        item = PlanItem(finding=dated, verdict=judgement.verdict, reason=judgement.reason, ground=judgement.ground)
        items.append(decided(item, decisions.get(finding.key)))
    return Plan(
        number=row.number, kind=row.kind, items=in_order(items), scope=tuple(scope_of(office, file)),
        not_seen=found.not_seen, restricts_kept=restricts_kept, made_by=by, made_at=office.clock.now(),
    )  # fmt: skip


def _spare_the_request(office: Office, row: CaseRow, finding: Finding, judgement: Judgement) -> Judgement:
    """While nobody has said which message is the request, what may be it is not erased unasked."""
    if judgement.reason != "case-correspondence" and looks_like_the_request(finding, row, office):
        return Judgement(Verdict.LOOK, "perhaps-the-request")
    return judgement


def decided(item: PlanItem, decision: Decision | None) -> PlanItem:
    """The item as a reviewer's decision has it; as it is without one."""
    if decision is None:
        return item
    return PlanItem(
        finding=item.finding, verdict=decision.verdict, reason="reviewer", ground=decision.ground,
        decided_by=decision.by, decision_reason=decision.reason,
    )  # fmt: skip


def contract_end(finding: Finding, clients: Iterable[ClientEntry]) -> date | None:
    """The end of the contract of the client in whose folder the finding lies."""
    for client in clients:
        folder = show_path(client.folder)
        if client.contract_ended_on is not None and (
            finding.folder == folder or finding.folder.startswith(f"{folder} / ")
        ):
            return client.contract_ended_on
    return None
