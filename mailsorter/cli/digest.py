"""`mailsorter status --digest`: the last day for the administrator, from the ledger and the daemon's own word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailsorter.cli.voice import Voice

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.daemon.snapshot import Snapshot

DAY_S = 86400
_COUNTS = ("pulled", "filed", "left", "skipped", "failed")


def gather(assembly: Assembly, status: Mapping[str, Any]) -> dict[str, object]:
    """The day as JSON has it; `status` is what plain status tells."""
    from mailsorter.daemon.snapshot import STALE_S, read

    now_s = int(assembly.clock.now().timestamp())
    with assembly.ledger.reading() as unit:
        said = read(unit)
        runs = unit.runs.since(now_s - DAY_S)
    address_of = {mailbox["number"]: mailbox["mailbox"] for mailbox in status["mailboxes"]}
    alive = said is not None and now_s - said.at_s <= STALE_S
    return {
        "daemon": {"running": alive, "seconds_since_word": None if said is None else now_s - said.at_s},
        "runs": {
            "count": len(runs),
            **{name: sum(run.counts.get(name, 0) for run in runs) for name in _COUNTS},
            "interrupted": sum(run.state == "interrupted" for run in runs),
        },
        "mailboxes": [_mailbox(mailbox, said, now_s) for mailbox in status["mailboxes"]],
        "troubles": _troubles(said, address_of, now_s) if alive else [],
        "review": sum(_review(mailbox) for mailbox in status["mailboxes"]),
        "cases_due": status["cases_due"],
        "audit_head": status["audit_head"],
    }


def _review(mailbox: Mapping[str, Any]) -> int:
    states = mailbox["messages"]
    return int(states.get("unmatched", 0) + states.get("ambiguous", 0))


def _mailbox(mailbox: Mapping[str, Any], said: Snapshot | None, now_s: int) -> dict[str, object]:
    """One mailbox: lag is the age of the last look that came to its end, as the daemon knows it or the ledger."""
    seen = next((m for m in said.mailboxes if m.number == mailbox["number"]), None) if said else None
    lag = mailbox["seconds_since"] if seen is None or seen.fine_s is None else now_s - seen.fine_s
    return {
        "mailbox": mailbox["mailbox"],
        "lag_s": lag,
        "backlog": bool(seen and seen.has_more),
        "quota_used": seen.quota_used if seen else None,
        "failed_looks_in_a_row": seen.failures if seen else 0,
        "waiting": mailbox["messages"].get("waiting", 0),
        "review": _review(mailbox),
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
    from mailsorter.cli.moments import span

    daemon, runs = day["daemon"], day["runs"]
    since = daemon["seconds_since_word"]
    heard = "never heard of" if since is None else f"last heard of {span(since)} ago"
    voice.say("The daemon runs." if daemon["running"] else f"The daemon does not run: {heard}.")
    for trouble in day["troubles"]:
        who = f" ({', '.join(trouble['mailboxes'])})" if trouble["mailboxes"] else ""
        voice.say(f"- {trouble['kind']}{who}, for {span(trouble['seconds'])}. {trouble['advice']}".rstrip())
    voice.say(
        "",
        f"Last 24 hours: {runs['pulled']} messages seen in {runs['count']} runs, {runs['filed']} filed, "
        f"{runs['left']} left, {runs['failed']} failed.",
        f"For review: {day['review']}. Cases due: {len(day['cases_due'])}.",
        "",
    )
    rows = [
        (
            m["mailbox"],
            "never" if m["lag_s"] is None else span(m["lag_s"]),
            "" if m["quota_used"] is None else f"{m['quota_used']:.0%}",
            "yes" if m["backlog"] else "no",
            m["waiting"],
            m["review"],
        )
        for m in day["mailboxes"]
    ]
    voice.table(("mailbox", "lag", "quota", "backlog", "waiting", "for review"), rows)
    voice.say("", f"audit head {day['audit_head']}")
