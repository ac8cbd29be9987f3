"""`mailsorter plan --against`: what a change of the client book or of the rules would re-file, over all history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mailsorter.cli.voice import Voice
from mailsorter.errors import MailsorterError
from mailsorter.model.counted import counted
from mailsorter.model.folder import show_path

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.config.load import Loaded
    from mailsorter.model.match import Match
    from mailsorter.sorting.against import Difference


def show_differences(ctx: typer.Context, voice: Voice, old: Path, *, messages: bool) -> None:
    """Compare with an older client book, or with an older config and its books; changes nothing."""
    from mailsorter.assembly import Assembly
    from mailsorter.cli.working import assembled, finish, reading_code

    failed: list[MailsorterError] = []
    totals: Counter[tuple[str, str]] = Counter()
    listed: list[Difference] = []
    with assembled(ctx) as assembly, voice.progress("Comparing") as advance:
        before = Assembly(_as_it_was(assembly.loaded, old), clock=assembly.clock)
        for entry in assembly.config.mailbox:
            try:
                for difference in _of_mailbox(assembly, before, entry.address):
                    totals[_shown(difference.before), _shown(difference.after)] += 1
                    if messages or voice.as_json:
                        listed.append(difference)
                    advance(1)
            except MailsorterError as error:
                failed.append(error)
                voice.warn(f"{entry.address}: {error}")
        count = len(assembly.config.mailbox)
    _show(voice, totals, listed, failed)
    finish(reading_code(failed, count))


def _as_it_was(loaded: Loaded, old: Path) -> Loaded:
    """The config with the older book; or, where a config is given, that one with its own books and rules."""
    import tomllib

    from mailsorter.config.load import load, load_book

    if old.suffix.lower() == ".toml":
        try:
            data = tomllib.loads(old.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            data = {}  # load_book tells what is wrong with it
        if "mailbox" in data or "firm" in data:
            return load(old)
    return replace(loaded, book=load_book(old, loaded.config.archive.folder))


def _of_mailbox(assembly: Assembly, before: Assembly, address: str) -> Any:
    from mailsorter.config.policy import several
    from mailsorter.sorting.against import Side, differences

    now = next(entry for entry in assembly.config.mailbox if entry.address == address)
    then = next((entry for entry in before.config.mailbox if entry.address.casefold() == address.casefold()), now)
    return differences(
        assembly.ledger,
        address,
        assembly.connect[address],
        Side(before.match_book_of(_edition(assembly, address)), several(before.config, then)),
        Side(assembly.match_book, several(assembly.config, now)),
    )


def _edition(assembly: Assembly, address: str) -> int:
    """The edition of the rules of evidence that decided the mailbox's mail until now."""
    from mailsorter.model.matching import EDITION
    from mailsorter.sorting.glance import edition_in_force

    with assembly.ledger.unit() as unit:
        return edition_in_force(unit, unit.places.mailbox(address), EDITION)


def _shown(match: Match) -> str:
    return f"{match.outcome} {', '.join(match.clients)}".strip()


def _show(
    voice: Voice, totals: Counter[tuple[str, str]], listed: list[Difference], failed: list[MailsorterError]
) -> None:
    rows = [(before, after, count) for (before, after), count in totals.most_common()]
    if rows:
        voice.table(["before", "now", "messages"], rows)
    if listed:
        voice.table(
            ["mailbox", "in", "before", "now", "id"],
            [(d.mailbox, show_path(d.folder), _shown(d.before), _shown(d.after), d.message_id) for d in listed],
        )
    voice.say(
        f"{counted(sum(totals.values()), 'message')} would be decided otherwise, by their headers. Nothing was "
        "changed: sort moves what lies in watched folders, and leaves what is filed."
    )
    voice.answer(
        {
            "differences": [{"before": before, "now": after, "messages": count} for before, after, count in rows],
            "messages": [
                {
                    "mailbox": d.mailbox,
                    "id": d.message_id,
                    "folder": list(d.folder),
                    "before": {"outcome": str(d.before.outcome), "clients": list(d.before.clients)},
                    "now": {"outcome": str(d.after.outcome), "clients": list(d.after.clients)},
                }
                for d in listed
            ],
            "errors": [error.what for error in failed],
        }
    )
