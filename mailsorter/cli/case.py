"""`mailsorter case`: the steps of a case under data-protection law, one command each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailsorter.cli.case_work import officer, on_found
from mailsorter.cli.group import Group
from mailsorter.cli.options import Json, Read, Today, keep_today
from mailsorter.cli.person_data import FROM_HELP, asked_for
from mailsorter.cli.voice import Voice
from mailsorter.model.case import CaseKind, Verdict
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.cases.office import Office

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    help="Handle requests under data-protection law, step by step.",
    rich_markup_mode=None,
)

Number = Annotated[str, typer.Argument(help="The case's number, such as 2026-0001.", metavar="NUMBER")]
By = Annotated[str, typer.Option("--by", help="Who does this; else the name of the user signed in here.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the person may be told it.")]
Although = Annotated[
    str, typer.Option("--although", help="Why an address that is shared, ours or impossible is taken all the same.")
]


@app.callback()
def case(ctx: typer.Context, today: Today = None) -> None:
    """Handle requests under data-protection law, step by step."""
    keep_today(ctx, today)


def _day_option(name: str, about: str) -> Any:
    return typer.Option(name, help=about, formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")


def _day(given: datetime | None) -> date | None:
    return given.date() if given is not None else None


def _do(ctx: typer.Context, json: bool, work: Callable[[Voice, Office], dict[str, Any]]) -> None:
    """Run one command's work with an office, and answer with what it gives."""
    from mailsorter.cli.working import assembled

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        voice.answer(work(voice, assembly.office))


@app.command("open")
def open_(
    ctx: typer.Context,
    kind: Annotated[
        CaseKind, typer.Option(help="What is asked for; only erasure and client-leaves are carried out.")
    ] = CaseKind.ERASURE,
    person: Annotated[list[str] | None, typer.Option("--person", help="The person's name.")] = None,
    address: Annotated[
        list[str] | None, typer.Option("--address", help="An address of theirs; repeat for more.")
    ] = None,
    alias: Annotated[list[str] | None, typer.Option("--alias", help="Another name of theirs.")] = None,
    phone: Annotated[list[str] | None, typer.Option("--phone", help="A phone number of theirs.")] = None,
    source: Annotated[str, typer.Option("--from", help=FROM_HELP, metavar="FILE")] = "",
    client: Annotated[str, typer.Option("--client", help="The id of the client that leaves.")] = "",
    received: Annotated[datetime | None, _day_option("--received", "When the request came; else today.")] = None,
    request: Annotated[str, typer.Option("--request", help="The Message-ID of the request itself.")] = "",
    language: Annotated[str, typer.Option("--language", help="Of the letters: nl or en.")] = "nl",
    objects: Annotated[bool, typer.Option("--objects", help="The request objects to processing (art. 21).")] = False,
    although: Although = "",
    json: Json = False,
) -> None:
    """Open a case; its clocks start on the day the request came."""
    from mailsorter.cases.correspondence import reference_of
    from mailsorter.cases.intake import deadlines_of, open_case, open_for_the_same
    from mailsorter.cli.person_data import PersonData, read_person
    from mailsorter.model.case import Subject

    given = read_person(source) if source else PersonData()

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        subject = Subject(
            names=(*(person or ()), *given.name), addresses=(*(address or ()), *given.address),
            aliases=(*(alias or ()), *given.alias), phones=(*(phone or ()), *given.phone), client_id=client,
            language=language, objects=objects, request_message_id=request,
        )  # fmt: skip
        row = open_case(office, kind, subject, received_on=_day(received), although=although)
        terms = deadlines_of(office, row)
        others = open_for_the_same(office, subject, but=row.number)
        reference = reference_of(office.open_file(row.number), row.number)
        voice.say(
            f"Case {row.number} is open. Put {reference} into the subject of every mail about it.",
            f"Say what cannot be erased by {terms.firm_on}; answer by {terms.month_on}.",
            f"Next: mailsorter case verify {row.number} --help",
        )
        for other in others:
            voice.warn(f"Case {other} is open for the same person already: mailsorter case show {other}")
        return {
            "case": row.number, "state": row.state.value, "firm_on": terms.firm_on, "month_on": terms.month_on,
            "extended_on": terms.extended_on, "also_open": others, "reference": reference,
        }  # fmt: skip

    _do(ctx, json, work)


@app.command()
def verify(
    ctx: typer.Context,
    number: Number,
    send_to: Annotated[
        str, typer.Option("--send-to", help="Make a code for you to send to this address.", callback=asked_for)
    ] = "",
    code: Annotated[str, typer.Option("--code", help="The code that came back.")] = "",
    known: Annotated[str, typer.Option("--known", help="How you know the person otherwise.")] = "",
    address: Annotated[
        list[str] | None,
        typer.Option("--address", help="With --known: the further address that is verified.", callback=asked_for),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option("--alias", help="With --known: the further name that is verified.", callback=asked_for),
    ] = None,
    json: Json = False,
) -> None:
    """Make sure, proportionately, that the right person asks: never by an identity document."""
    from mailsorter.cases.verify import attest, check_code, give_code
    from mailsorter.errors import UserError

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if sum(map(bool, (send_to, code, known))) != 1:
            raise UserError("Verifying takes one way at a time.", advice="Give --send-to, --code or --known.")
        if send_to:
            made = give_code(office, number, send_to)
            voice.say(
                f"Code {made}: send it to that address yourself, and only there.",
                f"A letter for it: mailsorter case letter {number} --kind identify --code {made}",
                f"When it came back: mailsorter case verify {number} --code CODE",
            )
            return {"case": number, "state": office.get(number).state.value, "code": made}
        row = (
            check_code(office, number, code)
            if code
            else attest(office, number, known, addresses=address or (), aliases=alias or ())
        )
        voice.say(f"Case {number} is verified. Next: mailsorter case find {number}")
        return {"case": number, "state": row.state.value}

    _do(ctx, json, work)


@app.command()
def find(
    ctx: typer.Context,
    number: Number,
    address: Annotated[
        list[str] | None,
        typer.Option("--address", help="Take this address in as theirs, and search anew.", callback=asked_for),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option("--alias", help="Take this name in as theirs, and search anew.", callback=asked_for),
    ] = None,
    known: Annotated[
        str, typer.Option("--known", help="How you know that what is taken in is the same person's.")
    ] = "",
    although: Although = "",
    read: Read = None,
    json: Json = False,
) -> None:
    """Search every folder of every mailbox; broken off, it goes on where it stopped."""
    from mailsorter.cases.find import find as find_all
    from mailsorter.cases.standing import searched_coverage
    from mailsorter.cases.widen import widen
    from mailsorter.cli.case_view import found_data, show_found, unread_data
    from mailsorter.cli.case_work import depth_named, search_ending, told_forecast
    from mailsorter.cli.working import assembled, finish

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        office = assembly.office
        if address or alias:
            widen(office, number, addresses=address or (), aliases=alias or (), known=known, although=although)
        with voice.progress("Comparing messages") as advance:
            found = find_all(
                office, number, on_found(advance), depth=depth_named(read), on_forecast=told_forecast(voice)
            )
        coverage = searched_coverage(office.open_file(number))
        show_found(voice, number, found, coverage)
        data = {"case": number, "state": office.get(number).state.value, **found_data(found)}
        voice.answer(data | {"unread": unread_data(coverage)})
        finish(search_ending(coverage))


@app.command()
def plan(
    ctx: typer.Context,
    number: Number,
    by: By = "",
    restrict: Annotated[bool, typer.Option("--restrict", help="Move what is kept to the restricted folder.")] = False,
    json: Json = False,
) -> None:
    """Divide what was found into erase, keep and look; takes in the decisions made since."""
    from mailsorter.cases.plan import make_plan
    from mailsorter.cases.standing import searched_coverage
    from mailsorter.cli.case_view import offer_request, plan_data, show_plan

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        made = make_plan(office, number, by=officer(by), restricts_kept=restrict)
        show_plan(voice, made, searched_coverage(office.open_file(number)))
        return {"state": office.get(number).state.value, **plan_data(made), **offer_request(voice, office, number)}

    _do(ctx, json, work)


@app.command()
def request(
    ctx: typer.Context,
    number: Number,
    which: Annotated[str, typer.Argument(help="Its Message-ID, or an item of the review.", metavar="MESSAGE-ID")],
    json: Json = False,
) -> None:
    """Say which message is the request itself: it is not erased; then plan again."""
    from mailsorter.cases.correspondence import name_request

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        subject = name_request(office, number, which)
        voice.say(f"Written down. Next: mailsorter case plan {number}")
        return {"case": number, "request": subject.request_message_id}

    _do(ctx, json, work)


@app.command()
def review(
    ctx: typer.Context,
    number: Number,
    undecided: Annotated[bool, typer.Option("--undecided", help="Only what a person must still look at.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, safe to open in a spreadsheet.")] = False,
    json: Json = False,
) -> None:
    """Print the list, item by item. It is readable personal data: what you write it to is yours to remove."""
    from mailsorter.cases.plan import plan_of
    from mailsorter.cases.review import as_csv, listed, rows
    from mailsorter.cli.case_view import show_review
    from mailsorter.model.caseplan import digest

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        file = office.open_file(number)
        made = plan_of(file)
        items = listed(office, office.get(number), file, undecided=undecided)
        if csv and not json:
            typer.echo(as_csv(items), nl=False)
        else:
            show_review(voice, items)
        if not undecided:
            voice.note(f"digest {digest(made).hex()}", beside=csv)
        return {"case": number, "digest": digest(made).hex(), "items": list(rows(items))}

    _do(ctx, json, work)


@app.command()
def decide(
    ctx: typer.Context,
    number: Number,
    items: Annotated[
        list[str] | None, typer.Argument(help="Items of the review, or role:mentioned for all of a role.")
    ] = None,
    sender: Annotated[
        str,
        typer.Option(
            "--from", help="All items listed now from this address; only with --not-theirs.", callback=asked_for
        ),
    ] = "",
    erase: Annotated[bool, typer.Option("--erase", help="It goes.")] = False,
    keep: Annotated[str, typer.Option("--keep", help="It stays, on this ground or purpose of the config.")] = "",
    until: Annotated[datetime | None, _day_option("--until", "The last day of what stays.")] = None,
    not_theirs: Annotated[bool, typer.Option("--not-theirs", help="It does not concern the person.")] = False,
    reason: Reason = "",
    by: By = "",
    json: Json = False,
) -> None:
    """Decide on single findings, with the reason; then plan again, or after a proof prove again."""
    from mailsorter.cases.decide import decide as decide_on
    from mailsorter.cases.decide import next_command
    from mailsorter.errors import UserError

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        chosen = [v for v, wanted in _verdicts(erase, keep, not_theirs) if wanted]
        if len(chosen) != 1:
            raise UserError("A decision is one of three.", advice="Give --erase, --keep GROUND or --not-theirs.")
        if not items and not sender:
            raise UserError("Which findings?", advice=f"Name them, as in: mailsorter case review {number}")
        count = decide_on(
            office, number, items or [], chosen[0], by=officer(by), reason=reason, ground=keep, until=_day(until),
            sender=sender,
        )  # fmt: skip
        command = next_command(office.get(number).state, chosen[0], number)
        voice.say(f"{counted(count, 'finding')} decided. Next: {command}")
        return {"case": number, "decided": count, "verdict": chosen[0].value, "next": [command]}

    _do(ctx, json, work)


def _verdicts(erase: bool, keep: str, not_theirs: bool) -> list[tuple[Verdict, bool]]:
    return [(Verdict.ERASE, erase), (Verdict.KEEP, bool(keep)), (Verdict.NOT_THEIRS, not_theirs)]


@app.command()
def approve(
    ctx: typer.Context,
    number: Number,
    by: By = "",
    statement: Annotated[
        bool, typer.Option("--statement", help="Print the text to sign, and approve nothing.")
    ] = False,
    signature: Annotated[
        Path | None, typer.Option("--signature", help="The file that ssh-keygen -Y sign made (-: standard input).")
    ] = None,
    digest: Annotated[
        str, typer.Option("--digest", help="The digest that case review printed; not needed with --signature.")
    ] = "",
    json: Json = False,
) -> None:
    """Approve exactly this list, by the digest that review printed; with a key in the config, by signature."""
    from mailsorter.cases.approve import approve as approve_list
    from mailsorter.cases.approve import text_to_sign
    from mailsorter.cli.case_work import read_text

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if statement:
            text = text_to_sign(office, number).decode()
            if not json:
                typer.echo(text, nl=False)
            return {"case": number, "statement": text}
        state = approve_list(
            office, number, by=officer(by), digest=digest,
            signature=read_text(signature) if signature is not None else "",
        )  # fmt: skip
        if state.missing:
            voice.say(f"Approved by {', '.join(state.names)}; {state.missing} more must approve.")
        else:
            voice.say(f"Case {number} is approved. Next: mailsorter case perform {number}")
        row = office.get(number)
        return {"case": number, "state": row.state.value, "approvals": list(state.names), "missing": state.missing}

    _do(ctx, json, work)


@app.command()
def perform(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Erase exactly the approved list; broken off, it goes on where it stopped."""
    from mailsorter.cases.perform import perform as perform_list
    from mailsorter.cli.case_view import show_performed
    from mailsorter.cli.case_work import ending, on_erased, performed_data
    from mailsorter.cli.working import assembled, finish

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        with voice.progress("Erasing") as advance:
            performed = perform_list(assembly.office, number, on_progress=on_erased(advance), stop=assembly.stop)
        show_performed(voice, number, performed)
        voice.answer(performed_data(assembly.office, number, performed))
        finish(ending(performed))


@app.command()
def prove(
    ctx: typer.Context,
    number: Number,
    again: Annotated[
        bool, typer.Option("--again", help="Look anew, also where --certificate or --pdf would write the last proof.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Write the certificate here, as JSON.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the certificate here, as PDF.")] = None,
    json: Json = False,
) -> None:
    """Look at everything again by another road, and write the certificate."""
    from mailsorter.cases.certificate import as_pdf, canonical
    from mailsorter.cases.prove import proof_of
    from mailsorter.cases.prove import prove as prove_case
    from mailsorter.cases.standing import standing_of
    from mailsorter.cli.case_view import proof_data, show_proof
    from mailsorter.cli.case_work import proof_ending
    from mailsorter.cli.working import assembled, finish
    from mailsorter.files import create, require_new

    voice = Voice(as_json=json)
    for path, option in ((certificate, "--certificate"), (pdf, "--pdf")):
        if path is not None:
            require_new(path, option)
    with assembled(ctx) as assembly:
        office = assembly.office
        row = office.get(number)
        file = office.open_file(number)
        wants_paper = certificate is not None or pdf is not None
        stands = standing_of(office, row, file) if row.proof is not None and wants_paper and not again else None
        last = (
            proof_of(file) if stands is not None and stands.verdict is not None and stands.verdict.is_proven else None
        )
        proof = last or prove_case(office, number)
        if certificate is not None:
            create(certificate, canonical(proof.certificate), "--certificate")
        if pdf is not None:
            create(pdf, as_pdf(proof.certificate), "--pdf")
        if last is not None:
            at = f"{proof.at:%Y-%m-%d %H:%M} UTC"
            voice.say(f"Nothing was looked at again: this is the proof of {at}. To look anew, add --again.")
        show_proof(voice, number, proof)
        voice.answer({"case": number, "state": office.get(number).state.value, **proof_data(proof)})
        finish(proof_ending(proof))


@app.command()
def letter(
    ctx: typer.Context,
    number: Number,
    kind: Annotated[str, typer.Option("--kind", help="done, partly, extension, identify or refusal.")] = "",
    language: Annotated[str, typer.Option("--language", help="nl or en; else the case's.")] = "",
    code: Annotated[str, typer.Option("--code", help="For identify: the code to send.")] = "",
    recipients: Annotated[
        bool, typer.Option("--recipients", help="Name who received the data: only when the person asks (art. 19).")
    ] = False,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it here as PDF, too.")] = None,
    json: Json = False,
) -> None:
    """Write the letter to the person and print it as text for the mail."""
    from mailsorter.cases.letter import as_pdf, write_letter
    from mailsorter.cases.written import LetterKind
    from mailsorter.cli.case_view import show_letter
    from mailsorter.errors import UserError
    from mailsorter.files import create, require_new

    if pdf is not None:
        require_new(pdf, "--pdf")

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if kind and kind not in list(LetterKind):
            raise UserError(f"There is no letter {kind}.", advice=f"Choose: {', '.join(LetterKind)}.")
        written = write_letter(
            office, number, LetterKind(kind) if kind else None, language=language, code=code,
            names_recipients=recipients,
        )  # fmt: skip
        show_letter(voice, number, office.firm.name, written)
        if pdf is not None:
            create(pdf, as_pdf(office, written), "--pdf")
        row = office.get(number)
        return {"case": number, "state": row.state.value, "kind": written.kind.value, "text": written.text}

    _do(ctx, json, work)


@app.command()
def sent(
    ctx: typer.Context,
    number: Number,
    on: Annotated[datetime | None, _day_option("--on", "The day on which it was sent; else today.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="Which letter, by its kind; else the newest.")] = "",
    json: Json = False,
) -> None:
    """Record that a letter was sent; mailsorter itself sends nothing. For an answer, that ends its term."""
    from mailsorter.cases.sent import record_sent
    from mailsorter.cases.standing import standing_of
    from mailsorter.cases.written import LetterKind
    from mailsorter.errors import UserError

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if kind and kind not in list(LetterKind):
            raise UserError(f"There is no letter {kind}.", advice=f"Choose: {', '.join(LetterKind)}.")
        letter = record_sent(office, number, on=_day(on), kind=LetterKind(kind) if kind else None)
        voice.say(f"Recorded: the letter {letter.kind} was sent on {letter.sent_on}.")
        row = office.get(number)
        commands = standing_of(office, row, office.open_file(number)).next
        voice.say(*(f"Next: {command}" for command in commands))
        return {
            "case": number, "state": row.state.value, "kind": letter.kind.value, "sent_on": letter.sent_on,
            "next": list(commands),
        }  # fmt: skip

    _do(ctx, json, work)


@app.command()
def extend(ctx: typer.Context, number: Number, reason: Reason = "", json: Json = False) -> None:
    """Claim two more months; the person must be told why within the first (letter --kind extension)."""
    from mailsorter.cases.intake import deadlines_of
    from mailsorter.cases.intake import extend as extend_case

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        terms = deadlines_of(office, extend_case(office, number, reason=reason))
        voice.say(
            f"Answer by {terms.answer_on}. Tell the person by {terms.month_on}: "
            f"mailsorter case letter {number} --kind extension"
        )
        return {"case": number, "answer_on": terms.answer_on, "tell_by": terms.month_on}

    _do(ctx, json, work)


@app.command()
def suspend(
    ctx: typer.Context,
    number: Number,
    until: Annotated[datetime | None, _day_option("--until", "When to look again.")] = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Wait for the person; the firm's own term goes on."""
    from mailsorter.cases.intake import suspend as suspend_case
    from mailsorter.errors import UserError

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        day = _day(until)
        if day is None:
            raise UserError("Until when?", advice="Give it: --until 2026-12-31")
        row = suspend_case(office, number, until=day, reason=reason)
        voice.say(f"Case {number} waits until {day}. Go on: mailsorter case resume {number}")
        return {"case": number, "state": row.state.value, "until": day}

    _do(ctx, json, work)


@app.command()
def resume(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Go on with a suspended case where it stood."""
    from mailsorter.cases.intake import resume as resume_case

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        row = resume_case(office, number)
        voice.say(f"Case {number} is {row.state} again.")
        return {"case": number, "state": row.state.value}

    _do(ctx, json, work)


@app.command()
def reject(ctx: typer.Context, number: Number, reason: Reason = "", json: Json = False) -> None:
    """Refuse the request; the letter tells the reason and the ways to complain."""
    from mailsorter.cases.intake import reject as reject_case

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        row = reject_case(office, number, reason=reason)
        voice.say(f"Case {number} is rejected. Next: mailsorter case letter {number}")
        return {"case": number, "state": row.state.value}

    _do(ctx, json, work)


@app.command("continue")
def continue_(
    ctx: typer.Context,
    number: Number,
    keep_until: Annotated[
        datetime | None, _day_option("--keep-until", "Keep what is due until another day instead.")
    ] = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Erase kept items whose day has come, and what Exchange still held; for closed cases too."""
    from mailsorter.cases.carry_on import carry_on, keep_longer
    from mailsorter.cli.case_view import carried_data, show_carried
    from mailsorter.cli.case_work import carried_ending, on_erased
    from mailsorter.cli.working import assembled, finish

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        if (day := _day(keep_until)) is not None:
            count = keep_longer(assembly.office, number, day, reason)
            voice.say(f"{counted(count, 'item is', 'items are')} kept until {day}.")
            voice.answer({"case": number, "kept_longer": count, "until": day})
            return
        with voice.progress("Erasing") as advance:
            carried = carry_on(assembly.office, number, on_erased(advance))
        show_carried(voice, number, carried)
        voice.answer({"case": number, **carried_data(carried)})
        finish(carried_ending(carried))


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List all cases with their state and what is due."""
    from mailsorter.cli.case_view import list_cases
    from mailsorter.cli.working import assembled

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        voice.answer(list_cases(voice, assembly.office_at_a_glance))


@app.command()
def show(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Show everything about one case; what is readable comes from its sealed file."""
    from mailsorter.cli.case_show import show_case

    _do(ctx, json, lambda voice, office: show_case(voice, office, number))


@app.command()
def scope(
    ctx: typer.Context,
    number: Number,
    without: Annotated[str, typer.Option("--without", help="The mailbox to leave out of this case.")] = "",
    folder: Annotated[str, typer.Option("--folder", help="Only this folder of it, as the coverage names it.")] = "",
    reason: Reason = "",
    by: By = "",
    json: Json = False,
) -> None:
    """Show which mailboxes the case looks at; leave one out, or a folder of it, with the reason. It is always named."""
    from mailsorter.cases.scope import leave_out, left_out_of, scope_today
    from mailsorter.cases.standing import standing_of

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if without:
            place = leave_out(office, number, mailbox=without, folder=folder, reason=reason, by=officer(by))
            where = f"{place.mailbox}, {place.folder}" if place.folder else place.mailbox
            voice.say(f"{where} is left out of case {number}, and named wherever the case says what it looked at.")
        file = office.open_file(number)
        left_out = left_out_of(file)
        today = scope_today(office, left_out)
        rows = [(name, "in scope", "", "") for name in today.mailboxes]
        rows += [(gap.mailbox, gap.reason, "", "") for gap in today.gaps if gap.reason != "left-out"]
        rows += [(place.mailbox, "left-out", place.folder, place.reason) for place in left_out]
        voice.table(("mailbox", "", "folder", "reason"), rows)
        for command in standing_of(office, office.get(number), file).next:
            voice.say(f"Next: {command}")
        return {
            "case": number,
            "in_scope": list(today.mailboxes),
            "not_in_scope": [{"mailbox": gap.mailbox, "reason": gap.reason} for gap in today.gaps],
            "left_out": [
                {"mailbox": p.mailbox, "folder": p.folder, "reason": p.reason, "by": p.by} for p in left_out
            ],
        }  # fmt: skip

    _do(ctx, json, work)


@app.command()
def close(
    ctx: typer.Context,
    number: Number,
    leave_open: Annotated[
        bool, typer.Option("--leave-open", help="Close although something is open; needs --reason.")
    ] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Destroy the case file's key and the person's rows; digests of what must not come back stay to their day."""
    from mailsorter.cases.close import close as close_case
    from mailsorter.cli.case_view import closed_data, show_closed
    from mailsorter.errors import UserError

    def work(voice: Voice, office: Office) -> dict[str, Any]:
        if leave_open and not reason.strip():
            raise UserError("Leaving something open needs a reason.", advice="Give it: --reason TEXT")
        closed = close_case(office, number, leave_open=reason if leave_open else "")
        show_closed(voice, closed)
        return closed_data(closed)

    _do(ctx, json, work)
