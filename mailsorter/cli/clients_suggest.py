"""`mailsorter clients suggest`: which outside domains have much mail that nothing recognises."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from mailsorter.cli.options import Json
from mailsorter.cli.voice import Voice
from mailsorter.errors import MailsorterError, UserError


def suggest(
    ctx: typer.Context,
    mailbox: Annotated[str | None, typer.Option("--mailbox", help="Only this mailbox.")] = None,
    at_least: Annotated[int, typer.Option("--at-least", min=1, help="Only domains with so many messages.")] = 5,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Look in every folder outside the archive, not only watched ones.")
    ] = False,
    json: Json = False,
) -> None:
    """Count outside domains with much unmatched mail, read live from headers; nothing of it is kept."""
    from mailsorter.cli.working import assembled, finish, reading_code
    from mailsorter.sorting.review import review
    from mailsorter.sorting.suggest import DomainTally

    voice = Voice(as_json=json)
    failed: list[MailsorterError] = []
    with assembled(ctx) as assembly, voice.progress("Reading headers") as advance:
        config = assembly.config
        tally = DomainTally(assembly.match_book, config.matching.public_domains)
        entries = [e for e in config.mailbox if mailbox is None or e.address.casefold() == mailbox.casefold()]
        if not entries:
            raise UserError(f"The config has no mailbox {mailbox}.", advice="Mailboxes stand in it as [[mailbox]].")
        for entry in entries:
            filing = assembly.filing(entry)
            filing = replace(filing, watch=("*",)) if everywhere else filing
            connect = assembly.connect[entry.address]
            try:
                for item in review(assembly.ledger, assembly.clock, entry.address, filing, connect, headers_only=True):
                    tally.add(item.message, item.match)
                    advance(1)
            except MailsorterError as error:
                failed.append(error)
                voice.warn(f"{entry.address}: {error}")
    found = tally.most(at_least)
    voice.table(
        ["domain", "messages", "people", "through lists"],
        [[count.domain, count.messages, len(count.people), count.from_lists] for count in found],
    )
    voice.say(
        f"{tally.unmatched} unmatched messages; {tally.at_public_providers} name people at public mail providers, "
        "whose addresses only count one by one (mailsorter review shows them)."
    )
    voice.answer(
        {
            "unmatched": tally.unmatched,
            "at_public_providers": tally.at_public_providers,
            "domains": [
                {"domain": c.domain, "messages": c.messages, "people": len(c.people), "through_lists": c.from_lists}
                for c in found
            ],
            "errors": [error.what for error in failed],
        }
    )
    finish(reading_code(failed, len(entries)))
