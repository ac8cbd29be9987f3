"""What commands that work on mail share: an assembly for the length of the command, progress, and one exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from mailsorter.cli.failure import ExitCode, exit_code
from mailsorter.cli.options import TODAY, loaded
from mailsorter.errors import BrakePulled, MailsorterError, Stopped

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.sorting.report import MailboxReport, RunReport


@contextmanager
def assembled(ctx: typer.Context) -> Iterator[Assembly]:
    """The config put together. While the block runs, SIGTERM and the first Ctrl-C ask it to stop between batches.

    Who calls the app in process may hand it a clock of its own as click's `obj`; else it is the machine's.
    """
    from mailsorter.assembly import Assembly

    with Assembly(loaded(ctx), clock=ctx.obj, today_said=ctx.meta.get(TODAY)) as assembly, _stopping(assembly.stop):
        yield assembly


@contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask_to_stop(number: int, frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt  # the second time it is meant
        stop.set()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def outcome_code(reports: Sequence[MailboxReport], *, stopped: bool = False) -> ExitCode:
    """One exit code for a run over several mailboxes.

    A brake anywhere is said first, because a person must look. All mailboxes failing alike is that failure; some
    failing, or messages failing, is done in part. A mailbox that a Ctrl-C cut short did not fail.
    """
    errors = [report.error for report in reports if report.error is not None and not isinstance(report.error, Stopped)]
    stopped = stopped or any(isinstance(report.error, Stopped) for report in reports)
    codes = {exit_code(error) for error in errors}
    if ExitCode.BRAKE in codes:
        return ExitCode.BRAKE
    if errors and len(errors) == len(reports) and len(codes) == 1:
        return codes.pop()
    if errors or any(report.failed for report in reports):
        return ExitCode.PARTLY
    return ExitCode.INTERRUPTED if stopped else ExitCode.DONE


def reading_code(failed: Sequence[MailsorterError], mailboxes: int) -> ExitCode:
    """One exit code for what was only read in so many mailboxes; `failed` has an error for each that was not."""
    others = [error for error in failed if not isinstance(error, Stopped)]
    if not others:
        return ExitCode.INTERRUPTED if failed else ExitCode.DONE
    return exit_code(others[0]) if len(failed) == mailboxes else ExitCode.PARTLY


def problems(reports: Iterable[MailboxReport]) -> list[str]:
    """What went wrong, a line each, with what to do next."""
    return [f"{report.mailbox}: {report.error}" for report in reports if report.error is not None]


def mailbox_data(report: MailboxReport) -> dict[str, object]:
    """One mailbox's part of a run, for JSON."""
    return {
        "mailbox": report.mailbox,
        **report.counts(),
        "left_by_reason": dict(+report.left),
        "skipped_by_reason": dict(+report.skipped),
        "filed_to": dict(report.filed_to),
        "evidence": dict(report.evidence),
        "folders_made": [list(path) for path in report.folders_made],
        "looked_into": report.looked_into,
        "settled": report.settled,
        "complete": report.is_complete,
        "notes": list(report.notes),
        "error": None
        if report.error is None
        else {
            "kind": type(report.error).__name__,
            "what": report.error.what,
            "advice": report.error.advice,
            "exit_code": int(exit_code(report.error)),
            **({"brake": report.error.brake} if isinstance(report.error, BrakePulled) else {}),
        },
    }


def run_data(report: RunReport) -> dict[str, object]:
    """A whole run, for JSON."""
    counts = {name: report.total(name) for name in ("pulled", "filed", "left", "skipped", "failed")}
    return {"run": report.run, **counts, "mailboxes": [mailbox_data(r) for r in report.mailboxes]}


def finish(code: ExitCode) -> None:
    """End the command with this exit code. What was cut short says so: its counts are of a part only."""
    if code is ExitCode.INTERRUPTED:
        print("Interrupted before its end. To go on, run the same command again.", file=sys.stderr)
    if code is not ExitCode.DONE:
        raise typer.Exit(int(code))
