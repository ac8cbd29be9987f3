"""`mailsorter status`: what the ledger knows, without asking Exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.daemon.snapshot import Snapshot

app = typer.Typer(add_completion=False, help="Show runs, mailboxes, what waits, the audit head.", rich_markup_mode=None)


Digest = Annotated[bool, typer.Option("--digest", help="Show the last day: the daemon, troubles, lag, what is due.")]


@app.command()
def status(ctx: typer.Context, digest: Digest = False, json: Json = False) -> None:
    """Show the last runs, each mailbox's state, what waits for a person, and the audit head."""
    from mailsorter.cli.working import assembled

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        data = gather(assembly)
        if digest:
            from mailsorter.cli import digest as day

            told = day.gather(assembly, data)
            day.show(voice, told)
            voice.answer(told)
            return
    _show(voice, data)
    voice.answer(data)


def gather(assembly: Assembly) -> dict[str, object]:
    """Everything that status tells, as JSON has it."""
    from mailsorter.cli.former_keys import key_data
    from mailsorter.cli.moments import moment
    from mailsorter.cli.standing_brake import brake_data
    from mailsorter.daemon.snapshot import read
    from mailsorter.sorting.brake_memory import standing_brakes
    from mailsorter.sorting.verdicts import failures

    now_s = int(assembly.clock.now().timestamp())
    mailboxes = []
    with assembly.ledger.unit() as unit:  # writes only when a mailbox has no number yet
        said = read(unit)
        open_steps = set(unit.steps.mailboxes_with_open())
        numbers = [unit.places.mailbox(entry.address) for entry in assembly.config.mailbox]
        brakes = standing_brakes(unit, numbers)
        failed = failures(unit, numbers)
        for entry, number in zip(assembly.config.mailbox, numbers, strict=True):
            looked = max(unit.cursors.at(number).values(), default=None)
            states = {
                state.name.lower().replace("_", "-"): n for state, n in sorted(unit.messages.counts(number).items())
            }
            mailboxes.append(
                {
                    "mailbox": entry.address,
                    "number": number,
                    "last_look": moment(looked),
                    "seconds_since": None if looked is None else now_s - looked,
                    "messages": states,
                    "review": sum(states.get(state, 0) for state in ("unmatched", "ambiguous", "unclear", "failed")),
                    "interrupted": number in open_steps,
                    "brake": brake_data(brakes.get(number), now_s),
                    **_as_the_daemon_saw(number, said, now_s, looked),
                }
            )
        runs = [
            {
                "run": run.id,
                "kind": run.kind,
                "state": run.state,
                "started": moment(run.started_s),
                "ended": moment(run.ended_s),
                "counts": run.counts,
            }
            for run in unit.runs.latest(5)
        ]
        head = unit.audit.head()
    return {
        "ledger": assembly.ledger.where,
        "mailboxes": mailboxes,
        "runs": runs,
        "audit_head": head,
        "former_keys": key_data(assembly),
        "authentication": {
            "judged": failed.seen,
            "failed": failed.failed,
            "warning": failed.warning if failed.is_suspicious else None,
            "advice": failed.advice if failed.is_suspicious else None,
        },
        **_cases(assembly),
    }


def _as_the_daemon_saw(number: int, said: Snapshot | None, now_s: int, looked: int | None) -> dict[str, object]:
    """`lag_s` is the age of the last look that came to its end, as the daemon knows it, or a later run by hand."""
    seen = next((m for m in said.mailboxes if m.number == number), None) if said else None
    by_hand = None if seen is not None and seen.has_more else looked  # then the ledger only knows how far it came
    fine = max((s for s in (by_hand, seen.fine_s if seen else None) if s is not None), default=None)
    return {
        "lag_s": None if fine is None else max(0, now_s - fine),
        "backlog": bool(seen and seen.has_more),
        "quota_used": seen.quota_used if seen else None,
        "failed_looks_in_a_row": seen.failures if seen else 0,
    }


def _cases(assembly: Assembly) -> dict[str, object]:
    """What is due in cases, and clients whose entry names somebody who was forgotten."""
    from zoneinfo import ZoneInfo

    from mailsorter.cases.calendar import due_dates
    from mailsorter.cases.returning import returned
    from mailsorter.cases.summary import summaries
    from mailsorter.cli.case_view import due_data, summary_data
    from mailsorter.model.lifecycle import CaseState

    today = assembly.clock.now().astimezone(ZoneInfo(assembly.config.firm.timezone)).date()
    due = due_dates(assembly.ledger, today, assembly.terms())
    entries = [(client.id, address.address) for client in assembly.book for address in client.addresses]
    back = returned(assembly.ledger, entries)
    cases = [one for one in summaries(assembly.office_at_a_glance) if one.row.state is not CaseState.CLOSED]
    return {
        "cases": [{"case": c.row.number, "state": c.row.state.value, **summary_data(c)} for c in cases],
        "cases_due": due_data(due),
        "forgotten_again": [{"client": one.client_id, "case": one.case} for one in back],
    }


def _show(voice: Voice, data: dict[str, object]) -> None:
    from mailsorter.cli.digest import figures
    from mailsorter.cli.former_keys import key_words
    from mailsorter.cli.moments import span
    from mailsorter.cli.standing_brake import show_brakes

    rows = []
    for mailbox in data["mailboxes"]:  # type: ignore[attr-defined]
        states, lag = mailbox["messages"], mailbox["lag_s"]
        looked = "never" if lag is None else f"{span(lag)} ago"
        looked += ", interrupted" if mailbox["interrupted"] else ""
        counts = (states.get("filed", 0), states.get("waiting", 0), mailbox["review"])
        rows.append((mailbox["mailbox"], looked, *figures(mailbox), *counts))
    voice.table(("mailbox", "last look", "quota", "backlog", "filed", "waiting", "for review"), rows)
    show_brakes(voice, data["mailboxes"])  # type: ignore[arg-type]
    authentication = data["authentication"]
    if authentication["warning"]:  # type: ignore[index]
        voice.say("", f"WARNING {authentication['warning']}", f"        {authentication['advice']}")  # type: ignore[index]
    runs = [
        (r["run"], r["kind"], r["state"], r["counts"].get("filed", 0), r["counts"].get("left", 0))
        for r in data["runs"]  # type: ignore[attr-defined]
    ]
    voice.say("")
    if runs:
        voice.table(("run", "what", "ended", "moved", "left"), runs)
    else:
        voice.say("No run yet: mailsorter plan   shows what the first would do.")
    _show_cases(voice, data)
    told = key_words(data["former_keys"])  # type: ignore[arg-type]
    voice.say(*(["", *told] if told else []))
    voice.say("", f"audit head {data['audit_head']}")


def _show_cases(voice: Voice, data: dict[str, object]) -> None:
    from mailsorter.cli.case_view import OUTCOME_WORDS, note_ledger_alone, show_due_data
    from mailsorter.model.verdict import Outcome

    rows = [
        (one["case"], one["state"], OUTCOME_WORDS[Outcome(one["outcome"]) if one["outcome"] else None], one["total"])
        for one in data["cases"]  # type: ignore[attr-defined]
    ]
    if rows:
        voice.say("")
        voice.table(("case", "state", "proof", "findings"), rows)
        note_ledger_alone(voice, [one["case"] for one in data["cases"] if one["by_ledger_alone"]])  # type: ignore[attr-defined]
    show_due_data(voice, data["cases_due"])  # type: ignore[arg-type]
    for one in data["forgotten_again"]:  # type: ignore[attr-defined]
        voice.warn(
            f"Client {one['client']}: its entry names an address of somebody forgotten in case {one['case']}: "
            "remove it from the client book and where it came from."
        )
