"""What the commands of a case share: who works, progress, files that the officer asks for, exit codes."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailsorter.cli.failure import ExitCode, exit_code
from mailsorter.cli.voice import Advance, Voice
from mailsorter.errors import UserError
from mailsorter.model.case import ItemState
from mailsorter.model.counted import counted
from mailsorter.model.verdict import Outcome

if TYPE_CHECKING:
    from mailsorter.cases.carry_on import CarriedOn
    from mailsorter.cases.forecast import Forecast
    from mailsorter.cases.office import Office
    from mailsorter.cases.perform import Performed
    from mailsorter.cases.prove import Proof
    from mailsorter.model.coverage import Coverage, Depth


def officer(given: str) -> str:
    """Who works on the case: the name given, else `$MAILSORTER_BY`, else the user signed in on this machine.

    `mailsorter-as-officer` sets the variable to the user who called it: its own user is the same for all officers.
    """
    name = given.strip() or os.environ.get("MAILSORTER_BY", "").strip()
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UserError("Who does this?", advice="Give a name: --by NAME") from None


def on_found(advance: Advance) -> Callable[[str, str, int], None]:
    """Moves the bar on by messages compared, counted over all mailboxes."""
    compared: dict[str, int] = {}

    def progress(mailbox: str, doing: str, messages: int) -> None:
        before = compared.get(mailbox, 0)
        if messages > before:
            compared[mailbox] = messages
            advance(messages - before)

    return progress


def depth_named(read: str | None) -> Depth | None:
    """The depth of `--read`; None where it was not given."""
    from mailsorter.model.coverage import Depth

    return Depth(read) if read else None


def told_forecast(voice: Voice) -> Callable[[Forecast], None]:
    """Says before a search how much it will read; what is an estimate is called one by "about"."""
    from mailsorter.model.coverage import Depth

    def tell(ahead: Forecast) -> None:
        messages, mailboxes = counted(ahead.messages, "message"), counted(ahead.mailboxes, "mailbox", "mailboxes")
        requests, minutes = counted(ahead.requests, "request"), counted(ahead.minutes, "minute")
        also, time = "", f"at least {minutes}"
        if ahead.opened is None:
            also = ", and two for each message that is opened, whose number the server does not tell"
        elif ahead.opened and ahead.minutes_opened is not None:
            longer = counted(ahead.minutes_opened, "minute")
            opened = counted(ahead.opened, "message")
            if ahead.depth is Depth.EVERYTHING:
                also, time = f", and about two for each of {opened} with attachments", f"about {longer}"
            else:
                also = f", and at most about two for each of {opened} with attachments"
                time = f"{minutes} to {longer}" if ahead.minutes_opened != ahead.minutes else f"about {longer}"
        unknown = counted(ahead.unknown, "mailbox", "mailboxes")
        without = f" Not counted, because no answer came: {unknown}." if ahead.unknown else ""
        voice.say(
            f"Reading {ahead.depth}: {messages} in {mailboxes}, {requests}{also}; {time} at Exchange's quota.{without}"
        )

    return tell


def on_erased(advance: Advance) -> Callable[[str, int], None]:
    """Moves the bar on by items settled."""
    settled: dict[str, int] = {}

    def progress(mailbox: str, count: int) -> None:
        before = settled.get(mailbox, 0)
        if count > before:
            settled[mailbox] = count
            advance(count - before)

    return progress


_LONGEST = 1 << 20


def read_text(path: Path) -> str:
    """A text file of the officer's, or `-` for standard input. Raises `UserError`."""
    try:
        return sys.stdin.read(_LONGEST) if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path} cannot be read as text.", advice="Name the file that ssh-keygen wrote.") from None


def search_ending(coverage: Coverage) -> ExitCode:
    """Done in part where something in scope was not read."""
    return ExitCode.PARTLY if coverage.unread else ExitCode.DONE


def performed_data(office: Office, number: str, performed: Performed) -> dict[str, Any]:
    """What `perform` did, for JSON."""
    return {
        "case": number,
        "state": office.get(number).state.value,
        "finished": performed.is_finished,
        "items": {state.value: count for state, count in sorted(performed.counts.items())},
        "unfinished": [{"mailbox": mailbox, "error": type(e).__name__} for mailbox, e in performed.unfinished],
    }


_LEFT = (ItemState.FAILED, ItemState.HELD, ItemState.CHANGED, ItemState.LOOK)


def proof_ending(proof: Proof) -> ExitCode:
    """Done when it is proven, done in part when it is not; later when asking again may be enough."""
    if proof.passed:
        return ExitCode.DONE
    waits = proof.verdict is not None and proof.verdict.outcome is Outcome.TRY_AGAIN
    return ExitCode.LATER if waits else ExitCode.PARTLY


def ending(performed: Performed) -> ExitCode:
    """Done; else why some mailbox was not finished; what was refused, held or left out is done in part."""
    if performed.unfinished:
        return exit_code(performed.unfinished[0][1])
    if not performed.is_finished:
        return ExitCode.LATER
    return ExitCode.PARTLY if any(performed.counts.get(state) for state in _LEFT) else ExitCode.DONE


def carried_ending(carried: CarriedOn) -> ExitCode:
    """Done; a person must look; why some mailbox was not finished; what is still there is done in part."""
    if carried.unfinished:
        return exit_code(carried.unfinished[0][1])
    if carried.counts.get(ItemState.LOOK):
        return ExitCode.DECISION
    is_left = any(carried.counts.get(state) for state in _LEFT) or carried.for_a_person
    return ExitCode.PARTLY if is_left else ExitCode.DONE
