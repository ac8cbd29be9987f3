"""`mailsorter clients`: list and check; `import` and `suggest` have files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mailsorter.cli.clients_import import import_clients
from mailsorter.cli.clients_suggest import suggest
from mailsorter.cli.group import Group
from mailsorter.cli.options import Json, config_file, loaded
from mailsorter.cli.voice import Voice
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.config.book_check import Finding
    from mailsorter.config.load import Loaded

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, import, check and extend the client book.",
)
app.command("import")(import_clients)
app.command("suggest")(suggest)


@app.command("list")
def list_clients(ctx: typer.Context, json: Json = False) -> None:
    """List all clients, with their folders and how they are recognised."""
    from mailsorter.model.folder import show_path

    voice = Voice(as_json=json)
    book = loaded(ctx).book
    voice.table(
        ["id", "name", "folder", "domains", "addresses", "codes", "status"],
        [
            [c.id, c.name, show_path(book.folder_of(c.id)), len(c.domains), len(c.addresses), len(c.codes), c.status]
            for c in book
        ],
    )
    voice.answer(
        {
            "clients": [
                {
                    "id": c.id,
                    "name": c.name,
                    "folder": list(book.folder_of(c.id)),
                    "domains": list(c.domains),
                    "addresses": [
                        {"address": a.address, "valid_from": a.valid_from, "valid_until": a.valid_until}
                        for a in c.addresses
                    ],
                    "codes": list(c.codes),
                    "team": list(c.team),
                    "language": c.language,
                    "status": c.status,
                }
                for c in book
            ]
        }
    )


@app.command()
def check(ctx: typer.Context, json: Json = False) -> None:
    """Look for what is right by itself but will not file as meant: shared domains, public providers, no evidence."""
    from mailsorter.config.book_check import check_book
    from mailsorter.config.load import load

    voice = Voice(as_json=json)
    found = load(config_file(ctx), with_origins=True)
    findings = list(check_book(found.book, found.config.firm.domains, found.config.matching.public_domains))
    places = _places(found, findings)
    for finding, place in zip(findings, places, strict=True):
        voice.say(f"{place}: {', '.join(finding.clients)} {finding.what} ({finding.code})")
    voice.say(f"{counted(len(found.book), 'client')}, {counted(len(findings), 'finding')}.")
    voice.answer(
        {
            "clients": len(found.book),
            "findings": [
                {"place": place, "code": f.code, "clients": list(f.clients), "what": f.what}
                for f, place in zip(findings, places, strict=True)
            ],
        }
    )


def _places(found: Loaded, findings: list[Finding]) -> list[str]:
    """`PATH:LINE` of each finding, by one look at each file."""
    wanted: dict[str, set[tuple[str | int, ...]]] = {}
    documents = {document.shown: document for document, _ in found.origins.values()}
    spots = []
    for finding in findings:
        document, index = found.origins[finding.clients[0]]
        spot = ("client", index, *finding.where)
        wanted.setdefault(document.shown, set()).add(spot)
        spots.append((document.shown, spot))
    lines = {shown: documents[shown].lines(places) for shown, places in wanted.items()}
    return [f"{shown}:{lines[shown][spot]}" for shown, spot in spots]
