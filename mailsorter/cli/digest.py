"""`mailsorter status --digest`: the last day for the administrator, from the ledger and the daemon's own word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailsorter.cli.voice import Voice

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.daemon.snapshot import Snapshot

DAY_S = 86400
_FIGURES = ("lag_s", "backlog", "quota_used", "failed_looks_in_a_row", "review", "brake")
_COUNTS = ("pulled", "filed", "left", "skipped", "failed")


def gather(assembly: Assembly, status: Mapping[str, Any]) -> dict[str, object]:
    """The day as JSON has it; `status` is what plain status tells."""
    from mailsorter.daemon.snapshot import STALE_S, read

    now_s = int(assembly.clock.now().timestamp())
    with assembly.ledger.reading() as unit:
        said = read(unit)
        runs = unit.runs.since(now_s - DAY_S)
    address_of = {mailbox["number"]: mailbox["mailbox"] for mailbox in status["mailboxes"]}
    alive = said is not None and abs(now_s - said.at_s) <= STALE_S  # from the future: a clock was set back meanwhile
    return {
        "daemon": {"running": alive, "seconds_since_word": None if said is None else now_s - said.at_s},
        "runs": {
            "count": len(runs),
            **{name: sum(run.counts.get(name, 0) for run in runs) for name in _COUNTS},
            "interrupted": sum(run.state == "interrupted" for run in runs),
        },
        "mailboxes": [
            {
                "mailbox": m["mailbox"],
                "waiting": m["messages"].get("waiting", 0),
                **{name: m[name] for name in _FIGURES},
            }
            for m in status["mailboxes"]
        ],
        "troubles": _troubles(said, address_of, now_s) if alive else [],
        "review": sum(mailbox["review"] for mailbox in status["mailboxes"]),
        "cases_due": status["cases_due"],
        "audit_head": status["audit_head"],
    }


def _troubles(said: Snapshot | None, address_of: Mapping[int, str], now_s: int) -> list[dict[str, object]]:
    return [
        {
            "kind": trouble.kind,
            "mailboxes": [address_of[number] for number in trouble.mailboxes if number in address_of],
            "seconds": now_s - trouble.since_s,
            "needs_person": trouble.needs_person,
            "advice": trouble.advice,
        }
        for trouble in (said.troubles if said else ())
    ]


def show(voice: Voice, day: Mapping[str, Any]) -> None:
    """Print the day, what needs a person first."""
    from mailsorter.cli.case_view import show_due_data
    from mailsorter.cli.moments import span
    from mailsorter.cli.standing_brake import show_brakes

    daemon, runs = day["daemon"], day["runs"]
    since = daemon["seconds_since_word"]
    if since is None:
        heard = "it never ran"
    elif since < 0 and not daemon["running"]:
        heard = f"its last sign of life is {span(-since)} ahead of this machine's clock"
    else:
        heard = f"its last sign of life is {span(max(since, 0))} old"
    voice.say(f"The daemon {'runs' if daemon['running'] else 'does not run'}: {heard}.")
    if daemon["running"] and not day["troubles"] and not any(m["brake"] for m in day["mailboxes"]):
        voice.say("Nothing is wrong.")
    show_brakes(voice, day["mailboxes"])
    for trouble in day["troubles"]:
        who = f" ({', '.join(trouble['mailboxes'])})" if trouble["mailboxes"] else ""
        voice.say(f"- {trouble['kind']}{who}, for {span(trouble['seconds'])}. {trouble['advice']}".rstrip())
    voice.say(
        "",
        f"Last 24 hours: {_number(runs['pulled'], 'message')} seen in {_number(runs['count'], 'run')}, "
        f"{runs['filed']} filed, {runs['left']} left, {runs['failed']} failed.",
        f"For review: {_number(day['review'], 'message')}{' (mailsorter review)' if day['review'] else ''}. "
        f"Due in cases: {len(day['cases_due'])}{' (mailsorter case list)' if day['cases_due'] else ''}.",
    )
    show_due_data(voice, day["cases_due"])
    voice.say("")
    rows = [
        (
            m["mailbox"],
            "never" if m["lag_s"] is None else span(m["lag_s"]),
            *figures(m),
            m["waiting"],
            m["review"],
        )
        for m in day["mailboxes"]
    ]
    voice.table(("mailbox", "lag", "quota", "backlog", "waiting", "for review"), rows)
    voice.say("", f"audit head {day['audit_head']}")


def figures(mailbox: Mapping[str, Any]) -> tuple[str, str]:
    """A mailbox's quota and backlog as words."""
    used = mailbox["quota_used"]
    return "unknown" if used is None else f"{used:.0%}", "yes" if mailbox["backlog"] else "no"


def _number(count: int, of: str) -> str:
    return f"{count} {of}" if count == 1 else f"{count} {of}s"
