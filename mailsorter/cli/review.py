"""`mailsorter review`: what waits for a person, read live."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import MailsorterError, UserError
from mailsorter.model.folder import show_path

if TYPE_CHECKING:
    from mailsorter.sorting.review import ReviewItem

app = typer.Typer(add_completion=False, help="List mail that only a person can place.", rich_markup_mode=None)


@app.command()
def review(
    ctx: typer.Context,
    mailbox: Annotated[str | None, typer.Option("--mailbox", help="Only this mailbox.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many of each mailbox.")] = 50,
    json: Json = False,
) -> None:
    """List ambiguous and unmatched mail, read live from Exchange; nothing of it is kept."""
    from mailsorter.cli.working import assembled, finish, reading_code
    from mailsorter.sorting.review import review as review_mailbox

    voice = Voice(as_json=json)
    found: list[ReviewItem] = []
    counts: dict[str, dict[str, int]] = {}
    failed: dict[str, MailsorterError] = {}
    with assembled(ctx) as assembly:
        entries = [e for e in assembly.config.mailbox if mailbox is None or e.address.casefold() == mailbox.casefold()]
        if not entries:
            raise UserError(
                f"The config has no mailbox {mailbox}.", advice="Mailboxes stand in the config as [[mailbox]]."
            )
        for entry in entries:
            outcomes: dict[str, int] = {}
            counts[entry.address] = outcomes
            try:
                items = review_mailbox(
                    assembly.ledger,
                    assembly.clock,
                    entry.address,
                    assembly.filing(entry),
                    assembly.connect[entry.address],
                )
                for item in items:
                    outcomes[str(item.match.outcome)] = outcomes.get(str(item.match.outcome), 0) + 1
                    if sum(outcomes.values()) <= limit:
                        found.append(item)
            except MailsorterError as error:
                failed[entry.address] = error
                voice.warn(f"{entry.address}: {error}")
    _show(voice, found, counts, failed)
    voice.answer(
        {
            "messages": [_data(item) for item in found],
            "counts": counts,
            "incomplete": list(failed),
            "errors": [error.what for error in failed.values()],
        }
    )
    finish(reading_code(list(failed.values()), len(entries)))


def _show(voice: Voice, found: list[ReviewItem], counts: dict[str, dict[str, int]], incomplete: Container[str]) -> None:
    for address, outcomes in counts.items():
        total = sum(outcomes.values())
        summary = ", ".join(f"{outcome} {count}" for outcome, count in sorted(outcomes.items()))
        cut_short = "not looked through to its end; so far " if address in incomplete else ""
        voice.say(f"{address}: {cut_short}{total} for a person" + (f" ({summary})" if total else ""))
        rows = [
            (
                item.message.received_at.strftime("%Y-%m-%d") if item.message.received_at else "",
                item.message.from_.address if item.message.from_ else "",
                item.message.subject,
                show_path(item.folder),
                _why(item),
            )
            for item in found
            if item.mailbox == address
        ]
        if rows:
            voice.table(("received", "from", "subject", "in", "why"), rows)
        if len(rows) < total:
            voice.say(f"  and {total - len(rows)} more: --limit {total}")
    voice.say("To decide one: drag it to the client's folder in Outlook, or complete the client book and sort again.")


def _why(item: ReviewItem) -> str:
    if item.match.reason == "lost-answer":
        return "one of these was moved, and which is not known: mailsorter explain lost-answer"
    if item.match.reason == "move-refused":
        return f"Exchange refused to move it to {', '.join(item.match.clients)}; each run tries again"
    best = ", ".join(f"{s.client_id} {s.score:.0%}" for s in item.match.suggestions)
    perhaps = f"; perhaps {best}" if best else ""
    if item.match.clients:
        return f"{item.match.outcome}: {', '.join(item.match.clients)}{perhaps}"
    return f"{item.match.outcome}{perhaps}" if perhaps else f"{item.match.outcome}: {item.match.reason}"


def _data(item: ReviewItem) -> dict[str, object]:
    message = item.message
    return {
        "mailbox": item.mailbox,
        "id": message.id,
        "message_id": message.internet_message_id,
        "received": message.received_at.isoformat() if message.received_at else None,
        "from": message.from_.address if message.from_ else None,
        "subject": message.subject,
        "folder": list(item.folder),
        "outcome": str(item.match.outcome),
        "reason": str(item.match.reason),
        "clients": list(item.match.clients),
        "labels": list(item.match.labels),
        "suggestions": [{"client": s.client_id, "score": s.score} for s in item.match.suggestions],
    }
