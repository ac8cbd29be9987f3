"""Counting what became of each message, so that the numbers of a report add up."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mailsorter.ledger.states import StepState
from mailsorter.model.match import Reason
from mailsorter.model.step import MoveMessage
from mailsorter.perform import StepResult
from mailsorter.sorting.decide import Decision, Known
from mailsorter.sorting.recall import Recall
from mailsorter.sorting.report import MailboxReport


def count_results(report: MailboxReport, results: Sequence[StepResult], run: int, retested: Recall | None) -> None:
    """Count performed moves. A retested message that this run had counted as left is not counted twice."""
    for result in results:
        step = result.step
        if not isinstance(step, MoveMessage) or step.copy or result.state in (StepState.OPEN, StepState.NOT_TRIED):
            continue
        if retested is None or not _take_back(report, step.message.id, run, retested):
            report.pulled += 1
        if result.state is StepState.DONE:
            report.filed += 1
            report.filed_to[step.client_id or step.evidence[0]] += 1
            report.evidence.update(step.evidence[:1])
        elif result.state is StepState.FAILED:
            report.failed += 1
        elif result.state is StepState.OVERTAKEN:
            report.left[Known.BY_HAND.value] += 1
        elif result.state is StepState.UNCLEAR:
            report.left["unclear"] += 1
        else:
            report.skipped["gone"] += 1


def count_left(
    report: MailboxReport, left: Sequence[Decision], returned: Collection[str], run: int, retested: Recall | None
) -> None:
    """Count what stays where it is; `returned` are those that a person really put back.

    `retested`: this mail was left before, for another reason; what this run left is not counted twice.
    """
    for decision in left:
        if retested is None or not _take_back(report, decision.message.id, run, retested):
            report.pulled += 1
        if decision.match is not None:
            is_costly = decision.match.reason is Reason.TOO_COSTLY
            report.left[str(decision.match.reason if is_costly else decision.match.outcome)] += 1
        elif decision.known is Known.REPLAYED:
            report.skipped["seen twice"] += 1
        elif decision.known is Known.RETURNED and decision.message.id not in returned:
            report.skipped["filed already"] += 1
        else:
            reason = Known.BY_HAND if decision.known is Known.RETURNED else decision.known
            report.left[reason.value] += 1


def _take_back(report: MailboxReport, message_id: str, run: int, retested: Recall) -> bool:
    standing = retested.standing[retested.tokens[message_id].key]
    if standing.run != run:
        return False
    report.left[standing.state.name.lower()] -= 1
    return True
