"""The brake that stops a mailbox now: which, since when, and the command that goes on; for `status` and its digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mailsorter.cli.moments import moment, span
from mailsorter.cli.voice import Voice
from mailsorter.model.brake import BRAKES

if TYPE_CHECKING:
    from mailsorter.sorting.brake_memory import StandingBrake


def brake_data(standing: StandingBrake | None, now_s: int) -> dict[str, object] | None:
    """One mailbox's brake as JSON has it; None where no brake stops it."""
    if standing is None:
        return None
    facts = BRAKES[standing.code]
    return {
        "code": standing.code,
        "meaning": facts.meaning,
        "since": moment(standing.since_s),
        "seconds": max(0, now_s - standing.since_s),
        "advice": facts.first,
        "go_on": facts.command,
    }


def show_brakes(voice: Voice, mailboxes: Iterable[Mapping[str, Any]]) -> None:
    """Print a line for each mailbox that a brake stops."""
    for mailbox in mailboxes:
        if brake := mailbox["brake"]:
            voice.say(
                f"{mailbox['mailbox']}: the brake {brake['code']} has stopped filing since {brake['since']} "
                f"({span(brake['seconds'])}): {brake['meaning']}. {brake['advice']}. Then go on with: {brake['go_on']}"
            )
