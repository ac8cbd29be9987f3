"""`mailsorter check`: do ledger and mailboxes tell the same story?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.failure import ExitCode, exit_code
from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.checking.difference import Kind
    from mailsorter.checking.statement import MailboxStatement

app = typer.Typer(add_completion=False, help="Compare ledger and mailboxes, completely.", rich_markup_mode=None)

GoOn = Annotated[bool, typer.Option("--yes", "-y", help="Go on although a mailbox or folder is suddenly empty.")]
Only = Annotated[list[str] | None, typer.Option("--mailbox", help="Only this mailbox; may be given more than once.")]

_SAID = {
    "filed-by-hand": "put into a client's folder by a person: learnt from",
    "taken-out-by-hand": "taken out of a client's folder by a person: learnt from",
    "moved-by-hand": "moved by a person",
    "deleted-by-hand": "deleted by a person",
    "never-seen": "never seen by a run: its folder is read anew by the next one",
    "came-back": "there again, after it was gone",
    "late-move": "moved by ourselves later than the answer said",
    "claimed-but-absent": "claimed by the ledger, and in no folder: now recorded as gone",
    "seen-twice": "more than once in one client's folder: look, and delete what is too much",
    "restricted-moved": "kept on a legal ground only, and not where it was put: look",
    "erased-mail-is-back": "erased, and back from a backup: erase it again with a case",
    "client-folder-moved": "a client's folder was renamed or moved: followed",
    "client-folder-gone": "a client's folder is not there any more: restore it, or go on with mailsorter sort --yes",
}


@app.command()
def check(ctx: typer.Context, mailbox: Only = None, yes: GoOn = False, json: Json = False) -> None:
    """List every folder of every mailbox and compare it with the ledger; mend bookkeeping, report the rest.

    The completeness statement it prints is also recorded, by its digest, in the audit chain. Exit code 3 when
    something needs a person's eyes or could not be looked into.
    """
    from mailsorter.checking.check import check_mailboxes
    from mailsorter.cli.former_keys import key_data, key_words
    from mailsorter.cli.working import assembled, finish

    voice = Voice(as_json=json)
    with assembled(ctx) as assembly:
        connect = assembly.connect
        if mailbox:
            unknown = [address for address in mailbox if address not in connect]
            if unknown:
                raise UserError(f"{unknown[0]} is no mailbox of the config.", advice="Run: mailsorter status")
            connect = {address: connect[address] for address in mailbox}
        folder_of = {client.id: assembly.book.folder_of(client.id) for client in assembly.book}
        with voice.progress("Listing") as advance:
            statements = check_mailboxes(
                assembly.ledger, assembly.clock, connect, folder_of,
                brakes=assembly.brakes(go_on=yes), advance=advance,
            )  # fmt: skip
        assembly.finish_rekeying()
        with assembly.ledger.reading() as unit:
            head = unit.audit.head()
        former = key_data(assembly)
    for statement in statements:
        _show(voice, statement)
    voice.say(*key_words(former))
    voice.say(f"audit head {head}")
    voice.answer({"mailboxes": [_data(s) for s in statements], "former_keys": former, "audit_head": head})
    finish(_code(statements))


def _data(statement: MailboxStatement) -> dict[str, object]:
    error = statement.error
    told = None if error is None else {"kind": type(error).__name__, "what": error.what, "advice": error.advice}
    return {**statement.data(), "statement": statement.digest(), "error": told}


def _show(voice: Voice, statement: MailboxStatement) -> None:
    from mailsorter.model.folder import show_path

    agreement = (
        "agrees" if statement.agrees else "does not agree" if statement.error is None else "not compared to its end"
    )
    voice.say(f"{statement.mailbox}: {agreement}")
    rows = [(show_path(f.path), f.listed, f.known, f.in_ledger, f.listed - f.known) for f in statement.folders]
    if rows:
        voice.table(("folder", "in Exchange", "known", "in ledger", "not looked at"), rows)
    for kind, count in sorted(statement.differences.items()):
        voice.say(f"  {count} × {_SAID[kind]}")
        voice.say(*_named(statement, kind))
    if statement.settled:
        voice.say(f"  found out how {counted(statement.settled, 'step')} of an interrupted run had ended")
    if statement.not_sorted_yet:
        voice.say(f"  {statement.not_sorted_yet} came after the last run")
    for path in statement.unread_folders:
        voice.warn(f"{statement.mailbox}: the folder {show_path(path)} could not be listed")
    if statement.error is not None:
        voice.warn(f"{statement.mailbox}: {statement.error}")
    voice.say("  not shown by Exchange: " + "; ".join(statement.not_shown), f"  statement {statement.digest()}", "")


def _named(statement: MailboxStatement, kind: Kind) -> list[str]:
    from mailsorter.model.folder import show_path

    lines = []
    for difference in statement.details:
        if difference.kind is kind:
            places = [
                show_path(p) if p is not None else "nowhere" for p in (difference.expected_in, difference.found_in)
            ]
            if difference.expected_in is None:
                places = places[1:]
            lines.append(f"    {difference.message}  {' -> '.join(places)}")
    return lines


def _code(statements: Sequence[MailboxStatement]) -> ExitCode:
    codes = {exit_code(s.error) for s in statements if s.error is not None}
    if ExitCode.BRAKE in codes:
        return ExitCode.BRAKE
    if codes and all(s.error is not None for s in statements) and len(codes) == 1:
        return codes.pop()
    if codes == {ExitCode.INTERRUPTED} and all(s.agrees for s in statements if s.error is None):
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if all(s.agrees for s in statements) else ExitCode.PARTLY
