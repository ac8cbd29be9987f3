"""How a command fails: the one function from error to exit code, and what is printed."""

from __future__ import annotations

import json
import os
import sys
import traceback
from enum import IntEnum
from pathlib import Path

from mailsorter import errors
from mailsorter.cli.clean import clean, escape


class ExitCode(IntEnum):
    """What every command can end with; the README's table says the same (a test compares them)."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    PARTLY = 3
    DECISION = 4
    LATER = 5
    BRAKE = 6
    NOT_PERMITTED = 7
    INTERRUPTED = 130  # 128 + SIGINT, as every shell has it


MEANING = {
    ExitCode.DONE: "done (for `sort`, `demo`, `undo` also when mail waits in `review`)",
    ExitCode.UNEXPECTED: "unexpected error, or the ledger cannot be trusted",
    ExitCode.USAGE: "usage or configuration",
    ExitCode.PARTLY: "done in part: a mailbox or message failed",
    ExitCode.DECISION: "stopped for a person's decision",
    ExitCode.LATER: "try again later: throttled, unreachable, or another mailsorter is at work",
    ExitCode.BRAKE: "refused by a brake",
    ExitCode.NOT_PERMITTED: "not permitted",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
}

_CODES: tuple[tuple[type[errors.MailsorterError], ExitCode], ...] = (  # the first that fits; subclasses before
    (errors.LedgerLocked, ExitCode.LATER),
    (errors.LedgerError, ExitCode.UNEXPECTED),
    (errors.Stopped, ExitCode.INTERRUPTED),
    (errors.TemporaryError, ExitCode.LATER),
    (errors.CursorLost, ExitCode.LATER),
    (errors.PermanentError, ExitCode.PARTLY),
    (errors.NotPermitted, ExitCode.NOT_PERMITTED),
    (errors.UserError, ExitCode.USAGE),
    (errors.LifecycleError, ExitCode.USAGE),
    (errors.BrakePulled, ExitCode.BRAKE),
    (errors.DecisionNeeded, ExitCode.DECISION),
)


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of an error's class."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.UNEXPECTED)


def tell(error: BaseException, *, as_json: bool) -> ExitCode:
    """Print what happened, to what, and what to do next; gives the exit code.

    With `--json` standard output also gets it as `{"error": {"kind", "what", "advice", "exit_code", …}}`.
    """
    code = exit_code(error)
    if isinstance(error, KeyboardInterrupt):
        what, advice = "Interrupted.", ""
    elif isinstance(error, errors.MailsorterError):
        what, advice = error.what, error.advice
    else:
        what, advice = _unexpected(error), "Set MAILSORTER_DEBUG=1 and run it again to see all of it, or report this."
    for line in (*what.splitlines(), *advice.splitlines()):
        print(clean(line), file=sys.stderr)
    if as_json:
        told: dict[str, object] = {"kind": type(error).__name__, "what": what, "advice": advice, "exit_code": int(code)}
        if isinstance(error, errors.ConfigError):
            told["problems"] = list(error.problems)
        if isinstance(error, errors.BrakePulled):
            told["brake"] = error.brake
        print(escape(json.dumps({"error": told}, ensure_ascii=False, indent=2), sys.stdout.encoding or "utf-8"))
    return code


def _unexpected(error: BaseException) -> str:
    """Where it happened, without the error's own words: they may quote mail, and standard error may be a log."""
    if os.environ.get("MAILSORTER_DEBUG") == "1":
        return "".join(traceback.format_exception(error))
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"Unexpected error: {type(error).__name__}", *places])
