"""`mailsorter doctor`: is everything as it must be, and what to do where it is not?"""

from __future__ import annotations

import typer

from mailsorter.cli.options import Json, config_file
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_MARKS = {"ok": "ok     ", "warning": "WARNING", "failed": "FAILED "}


@app.command()
def doctor(ctx: typer.Context, json: Json = False) -> None:
    """Check config, clock, sign-in, mailboxes, permissions (missing and too broad) and ledger; say what to do.

    Changes nothing. Ends with 0 when all works, also with warnings; else with the code of the first failure.
    """
    from mailsorter.cli.diagnosis import Check, Status, diagnose, ok
    from mailsorter.cli.working import assembled

    voice = Voice(as_json=json)
    checks: list[Check] = []

    def tell(check: Check) -> None:
        checks.append(check)
        voice.say(f"{_MARKS[check.status]} {check.what}")
        if check.advice:
            voice.say(f"        {check.advice}")

    with assembled(ctx) as assembly:  # a wrong config ends here, with all its problems
        config = assembly.config
        boxes = f"{counted(len(config.mailbox), 'mailbox', 'mailboxes')}, {counted(len(assembly.book), 'client')}"
        tell(ok("config", f"{config_file(ctx)} is right: {boxes}."))
        for check in diagnose(assembly):
            tell(check)
    wrong = [check for check in checks if check.status is Status.FAILED]
    voice.answer(
        {
            "checks": [{"name": c.name, "status": str(c.status), "what": c.what, "advice": c.advice} for c in checks],
            "ok": not wrong,
        }
    )
    if wrong:
        raise typer.Exit(wrong[0].code)
