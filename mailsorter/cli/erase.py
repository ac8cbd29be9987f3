"""`mailsorter erase ADDRESS…`: walks a case from opening to letter, stopping where a person decides."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailsorter.cli.case_work import depth_named, officer, on_erased, on_found, performed_data, told_forecast
from mailsorter.cli.options import Json, Read, Today, keep_today
from mailsorter.cli.person_data import FROM_HELP
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.cases.office import Office
    from mailsorter.cases.walk import Asked, Result, Watching
    from mailsorter.errors import MailsorterError

app = typer.Typer(
    add_completion=False, help="Find, and after approval erase, everything of one person.", rich_markup_mode=None
)


@app.command()
def erase(
    ctx: typer.Context,
    addresses: Annotated[list[str] | None, typer.Argument(help="The person's addresses.", metavar="ADDRESS…")] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help=f"{FROM_HELP} Without it and without addresses a terminal is asked.",
            metavar="FILE",
        ),
    ] = "",
    name: Annotated[list[str] | None, typer.Option("--name", help="The person's name.")] = None,
    alias: Annotated[list[str] | None, typer.Option("--alias", help="Another name of theirs.")] = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="A phone number of theirs.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the letters: nl or en.")] = "nl",
    known: Annotated[str, typer.Option("--known", help="How you know that the right person asks.")] = "",
    received: Annotated[
        datetime | None,
        typer.Option(
            "--received", help="When the request came; else today.", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD"
        ),
    ] = None,
    request: Annotated[
        str, typer.Option("--request", help="The Message-ID of the request itself, which is not erased.")
    ] = "",
    objects: Annotated[bool, typer.Option("--objects", help="The request objects to processing (art. 21).")] = False,
    by: Annotated[str, typer.Option("--by", help="Who does this; else the user signed in here.")] = "",
    although: Annotated[
        str, typer.Option("--although", help="Why an address that is shared, ours or impossible is taken all the same.")
    ] = "",
    today: Today = None,
    read: Read = None,
    json: Json = False,
) -> None:
    """Find everything of a person, show it, wait for approval, erase, prove, and write the letter.

    Called again with the same addresses it goes on where it stopped. Nothing is erased before a person has approved
    exactly the list shown. It stops with exit code 4 where a person must decide.
    """
    from mailsorter.cases.correspondence import reference_of
    from mailsorter.cases.intake import open_for_the_same
    from mailsorter.cases.walk import Asked, Watching, case_for
    from mailsorter.cli.person_data import PersonData, ask_person, read_person
    from mailsorter.cli.working import assembled, finish
    from mailsorter.errors import UserError
    from mailsorter.model.case import Subject

    voice = Voice(as_json=json)
    keep_today(ctx, today)
    given = read_person(source) if source else PersonData() if addresses else ask_person(voice)
    if not (addresses or given.address):
        raise UserError("Whose mail?", advice="Give ADDRESS…, --from FILE, or --from - for standard input.")
    subject = Subject(
        names=(*(name or ()), *given.name), addresses=(*(addresses or ()), *given.address),
        aliases=(*(alias or ()), *given.alias), phones=(*(phone or ()), *given.phone), language=language,
        objects=objects, request_message_id=request,
    )  # fmt: skip
    with assembled(ctx) as assembly:
        office = assembly.office
        received_on = received.date() if received is not None else None
        row = case_for(office, subject, received_on=received_on, although=although)
        reference = reference_of(office.open_file(row.number), row.number)
        voice.say(f"Case {row.number}, {row.state}. Put {reference} into the subject of every mail about it.")
        for other in open_for_the_same(office, subject, but=row.number):
            voice.warn(f"Case {other} is open for the same person already: mailsorter case show {other}")
        with voice.progress("Working") as advance:
            watching = Watching(on_found(advance), told_forecast(voice), on_erased(advance), assembly.stop)
            steps, stopped = _walk(
                voice,
                office,
                row.number,
                Asked(subject=subject, by=officer(by), known=known, depth=depth_named(read)),
                watching,
            )
        finish(_end(voice, office, row.number, steps, stopped))


def _walk(
    voice: Voice, office: Office, number: str, asked: Asked, watching: Watching
) -> tuple[list[dict[str, Any]], MailsorterError | None]:
    """Take the steps and show each; gives them as data, and what stopped the walk."""
    from mailsorter.cases.walk import walk
    from mailsorter.errors import DecisionNeeded, TemporaryError

    steps: list[dict[str, Any]] = []
    while True:
        try:
            for state, result in walk(office, number, asked, watching):
                steps.append({"state": state.value, **_show(voice, office, number, result)})
        except DecisionNeeded as error:
            if not _approved_here(voice, office, number, asked.by):
                return steps, error
            continue
        except TemporaryError as error:
            return steps, error
        return steps, None


_FIRST_DIGITS = 8
_LONGEST_SHOWN = 50


def _approved_here(voice: Voice, office: Office, number: str, by: str) -> bool:
    """Show the list with its digest to the person at the terminal and ask for the approval; was it given?"""
    from mailsorter.cases.approve import approve
    from mailsorter.cases.people import listed
    from mailsorter.cases.plan import plan_of
    from mailsorter.cli.case_view import show_review
    from mailsorter.model.caseplan import digest
    from mailsorter.model.lifecycle import CaseState

    if not voice.can_ask or office.get(number).state is not CaseState.PLANNED:
        return False
    plan = plan_of(office.open_file(number))
    approver = listed(office.firm, by)
    signs = approver is not None and approver.public_key
    if plan.undecided or office.firm.approvals > 1 or signs or (office.firm.approvers and approver is None):
        return False
    shown = digest(plan).hex()
    if len(plan.items) <= _LONGEST_SHOWN:
        show_review(voice, plan.items)
    else:
        voice.say(
            f"Look at all {counted(len(plan.items), 'item')} in another terminal: mailsorter case review {number}"
        )
    voice.say(f"digest {shown}")
    typed = voice.ask(
        f"{by}, to approve exactly this list ({plan.counts['erase']} to erase, {plan.counts['keep']} to keep) type the "
        f"first {_FIRST_DIGITS} digits of its digest; Enter stops here:"
    )
    if typed.lower() != shown[:_FIRST_DIGITS]:
        return False
    approve(office, number, by=by, digest=shown)
    return True


def _show(voice: Voice, office: Office, number: str, result: Result) -> dict[str, Any]:
    from mailsorter.cases.find import Findings
    from mailsorter.cases.perform import Performed
    from mailsorter.cases.standing import searched_coverage
    from mailsorter.cases.written import Letter
    from mailsorter.cli import case_view as view
    from mailsorter.model.caseplan import Plan

    coverage = searched_coverage(office.open_file(number))
    if isinstance(result, Findings):
        view.show_found(voice, number, result, coverage)
        return {"step": "find", **view.found_data(result), "unread": view.unread_data(coverage)}
    if isinstance(result, Plan):
        view.show_plan(voice, result, coverage)
        return {"step": "plan", **view.plan_data(result), **view.offer_request(voice, office, number)}
    if isinstance(result, Performed):
        view.show_performed(voice, number, result)
        return {"step": "perform", **performed_data(office, number, result)}
    if isinstance(result, Letter):
        voice.say("")
        view.show_letter(voice, number, office.firm.name, result)
        return {"step": "letter", "kind": result.kind.value, "text": result.text}
    view.show_proof(voice, number, result)
    return {"step": "prove", **view.proof_data(result)}


def _end(
    voice: Voice, office: Office, number: str, steps: list[dict[str, Any]], stopped: MailsorterError | None
) -> Any:
    """Say where the case stands; gives the exit code."""
    from mailsorter.cases.correspondence import reference_of
    from mailsorter.cases.standing import standing_of
    from mailsorter.cli.failure import ExitCode, exit_code

    row = office.get(number)
    with office.ledger.reading() as unit:
        counts = {state.value: count for state, count in unit.cases.item_counts(number).items()}
    file = office.open_file(number)
    commands = standing_of(office, row, file).next
    code = ExitCode.DONE if stopped is None else exit_code(stopped)
    if stopped is not None:
        voice.warn(str(stopped))
    else:
        voice.say("", f"Case {number} is {row.state}.", *(f"Next: {command}" for command in commands))
    voice.answer(
        {
            "case": number,
            "reference": reference_of(file, number),
            "next": list(commands),
            "state": row.state.value,
            "steps": steps,
            "items": counts,
            "stopped": None if stopped is None else {"what": stopped.what, "advice": stopped.advice},
            "exit_code": int(code),
        }
    )
    return code
