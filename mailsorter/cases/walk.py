"""Walking a case from opening to letter, as far as it goes without a person's decision."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from mailsorter.cases.correspondence import is_outdated, mark_outdated, name_request
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.enumerate import Progress as FindProgress
from mailsorter.cases.eraser import Progress as EraseProgress
from mailsorter.cases.find import Findings, find, subject_of
from mailsorter.cases.forecast import OnForecast
from mailsorter.cases.intake import canonical_addresses, open_case
from mailsorter.cases.letter import write_letter
from mailsorter.cases.office import Office
from mailsorter.cases.perform import Performed, perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.cases.prove import Proof, prove
from mailsorter.cases.verify import attest
from mailsorter.cases.written import Letter
from mailsorter.errors import DecisionNeeded, MailsorterError, Unreachable
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.caseplan import Plan
from mailsorter.model.counted import counted, plural
from mailsorter.model.coverage import Depth
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.verdict import Outcome, VerdictOnCase, next_commands, words

Result = Findings | Plan | Performed | Proof | Letter


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the officer gave the walk."""

    subject: Subject
    by: str
    depth: Depth | None = None  # to which the search reads; None: as it was begun, else the default
    known: str = ""  # how the person is known: verifies the case


class Watching(msgspec.Struct, frozen=True):
    """How the walk tells of its progress, and is told to stop."""

    on_find: FindProgress | None = None
    on_forecast: OnForecast | None = None
    on_erase: EraseProgress | None = None
    stop: threading.Event | None = None


def case_for(office: Office, subject: Subject, *, received_on: date | None = None, although: str = "") -> CaseRow:
    """The newest open erasure case of these addresses, to which others may have been added since; else a new one."""
    wanted = canonical_addresses(subject)
    with office.ledger.reading() as unit:
        rows = unit.cases.all()
    for row in reversed(rows):
        is_open = row.kind is CaseKind.ERASURE and row.state is not CaseState.CLOSED
        if is_open and wanted <= canonical_addresses(subject_of(office.open_file(row.number))):
            _take_in(office, row, subject)
            return row
    return open_case(office, CaseKind.ERASURE, subject, received_on=received_on, although=although)


def _take_in(office: Office, row: CaseRow, subject: Subject) -> None:
    """What the officer says of the request only now. A list that was made without it is made again by the walk."""
    file = office.open_file(row.number)
    before = subject_of(file)
    if subject.request_message_id and subject.request_message_id != before.request_message_id:
        name_request(office, row.number, subject.request_message_id)
    if subject.objects and not before.objects:
        file.write("subject", msgspec.structs.replace(subject_of(file), objects=True))
        mark_outdated(file)


def walk(office: Office, number: str, asked: Asked, watching: Watching) -> Iterator[tuple[CaseState, Result]]:
    """Take one step after the other; gives each step's result with the state it led to.

    Raises:
        DecisionNeeded: a person must decide; the advice names the command. Call again afterwards.
        Whatever the single steps raise.
    """
    while (state := office.get(number).state) in _STEPS or state in _STOPS:
        if state is CaseState.OPENED and asked.known:
            attest(office, number, asked.known)
            continue
        if state in _STOPS and not (state is CaseState.PLANNED and _is_outdated(office, number)):
            _STOPS[state](office, number)
        result = _STEPS[state](office, number, asked, watching)
        after = office.get(number).state
        yield after, result
        if after is state and state is not CaseState.PLANNED:
            _stuck(number, result)


def _is_outdated(office: Office, number: str) -> bool:
    """Did a reviewer decide on what the list still leaves open, or was the request named since?"""
    file = office.open_file(number)
    decided = decisions_of(file)
    if is_outdated(file):
        return True
    return any(item.finding.key in decided for item in plan_of(file).undecided)


def _find(office: Office, number: str, asked: Asked, watching: Watching) -> Result:
    return find(office, number, watching.on_find, depth=asked.depth, on_forecast=watching.on_forecast)


def _plan(office: Office, number: str, asked: Asked, watching: Watching) -> Result:
    return make_plan(office, number, by=asked.by)


def _perform(office: Office, number: str, asked: Asked, watching: Watching) -> Result:
    return perform(office, number, on_progress=watching.on_erase, stop=watching.stop)


def _prove(office: Office, number: str, asked: Asked, watching: Watching) -> Result:
    return prove(office, number)


def _letter(office: Office, number: str, asked: Asked, watching: Watching) -> Result:
    return write_letter(office, number)


_STEPS: dict[CaseState, Callable[[Office, str, Asked, Watching], Result]] = {
    CaseState.VERIFIED: _find,
    CaseState.FOUND: _plan,
    CaseState.PLANNED: _plan,
    CaseState.APPROVED: _perform,
    CaseState.PERFORMING: _perform,
    CaseState.PERFORMED: _prove,
    CaseState.PROVEN: _letter,
    CaseState.REJECTED: _letter,
}


def _stop_opened(office: Office, number: str) -> None:
    raise DecisionNeeded(
        f"Case {number}: is it really the person who asks?",
        advice=f'Run: mailsorter case verify {number} --send-to ADDRESS, or mailsorter erase … --known "how you know"',
    )


def _stop_planned(office: Office, number: str) -> None:
    plan = plan_of(office.open_file(number))
    if plan.undecided:
        raise DecisionNeeded(
            f"Case {number}: {len(plan.undecided)} of {counted(len(plan.items), 'finding')} "
            f"{plural(len(plan.undecided), 'waits', 'wait')} for a person's decision.",
            advice=f"Run: mailsorter case review {number} --undecided, mailsorter case decide {number} …, "
            f"mailsorter case plan {number}",
        )
    raise DecisionNeeded(
        f"Case {number}: {plan.counts['erase']} to erase and {plan.counts['keep']} to keep wait for approval.",
        advice=f"Run: mailsorter case review {number}, then with the digest that it prints: "
        f"mailsorter case approve {number} --by NAME --digest DIGEST",
    )


def _stop_suspended(office: Office, number: str) -> None:
    raise DecisionNeeded(f"Case {number} is suspended.", advice=f"Go on: mailsorter case resume {number}")


_STOPS: dict[CaseState, Callable[[Office, str], None]] = {
    CaseState.OPENED: _stop_opened,
    CaseState.PLANNED: _stop_planned,
    CaseState.SUSPENDED: _stop_suspended,
}


def _stuck(number: str, result: Result) -> None:
    """The step did not bring the case on: say why, and stop."""
    if isinstance(result, Performed) and result.unfinished:
        raise result.unfinished[0][1]
    if isinstance(result, Proof):
        assert result.verdict is not None  # made just now
        raise _not_proven(number, result.verdict)
    raise DecisionNeeded(f"Case {number} was stopped.", advice="Call the same command again: it goes on.")


def _not_proven(number: str, verdict: VerdictOnCase) -> MailsorterError:
    """Why it is not proven, and what to do about it."""
    what = f"Case {number} is not proven: {'; '.join(map(words, verdict.reasons))}."
    advice = "Next: " + "; ".join(next_commands(verdict, number))
    if verdict.outcome is Outcome.TRY_AGAIN:
        return Unreachable(what, advice=advice)
    return DecisionNeeded(what, advice=advice)
