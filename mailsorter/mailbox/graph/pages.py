"""Walking through pages, and through a page that Exchange cannot render.

A 200 whose JSON breaks off right after `"value":[` means that one message of the page cannot be rendered or that the
page took too long (seen in a tenant, graph-facts, section 4); a 504 means the latter too. So a page that cannot be
read is asked again smaller, down to a single message; if that one cannot be read either, its id is asked for alone,
it is handed on as unreadable, and the walk goes on behind it. A single one is asked for three times before that is
believed, because a bad line also cuts answers off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import msgspec

from mailsorter.mailbox.graph import query, translate, wire
from mailsorter.mailbox.graph.client import Garbled, GraphClient, Request, decoded
from mailsorter.model.message import Message

T = TypeVar("T")
_SHRINK = 10  # 1000, 100, 10, 1
_TRIES = 3  # of a single message


def walk(client: GraphClient, first: Request, decoder: msgspec.json.Decoder[wire.Page[T]]) -> Iterator[wire.Page[T]]:
    """Small pages of things that always render: folders, attachments' names."""
    link: str | None = first.path
    while link:
        page = client.read(replace(first, path=link), decoder)
        yield page
        link = next_link(client, first, page)


def next_link(client: GraphClient, request: Request, page: wire.Page[T]) -> str | None:
    """Where the listing goes on, None at its end. Raises `Refused` for a link that may not be followed."""
    return None if page.next_link is None else client.own(page.next_link, request.asked)


def walk_messages(
    client: GraphClient, first: Request, size: int
) -> Iterator[wire.Page[wire.GraphMessage] | wire.Page[wire.Stub]]:
    """A listing of messages; a page of `Stub` stands for one message that Exchange cannot render."""
    chosen: dict[str, str | None] = {
        name: value for name, value in query.chosen(first.path).items() if name in ("$select", "$expand")
    }
    link: str | None = first.path
    top, failed = size, 0
    while link:
        request = replace(first, path=query.with_options(link, {"$top": str(top)}), may_shrink=top > 1)
        try:
            page = decoded(client.request(request), wire.message_page)
        except Garbled:
            if top > 1:
                top = max(1, top // _SHRINK)
                continue
            failed += 1
            if failed < _TRIES:
                continue
            failed = 0
            bare = query.with_options(link, {"$top": "1", "$select": query.IDS, "$expand": None})
            stubs = client.read(replace(first, path=bare), wire.stub_page)
            yield stubs
            rest = next_link(client, first, stubs)
            link = query.with_options(rest, chosen) if rest else None
            continue
        yield page
        link, failed = next_link(client, first, page), 0
        top = min(size, top * _SHRINK)


def walk_hits(client: GraphClient, first: Request, size: int) -> Iterator[tuple[list[Message], int]]:
    """A search's messages, and of each page how many entries named none: an `error` object in place of a message."""
    link: str | None = first.path
    top, failed = size, 0
    while link:
        request = replace(first, path=query.with_options(link, {"$top": str(top)}), may_shrink=top > 1)
        try:
            page = decoded(client.request(request), wire.hit_page)
        except Garbled:
            if top > 1:
                top = max(1, top // _SHRINK)
                continue
            failed += 1
            if failed < _TRIES:
                continue
            bare = query.with_options(link, {"$top": "1", "$select": query.IDS})
            page = client.read(replace(first, path=bare), wire.hit_page)
            yield _hits(page.value, _bare_hit)
        else:
            yield _hits(page.value, lambda raw: translate.message(wire.one_message.decode(raw)))
        rest = next_link(client, first, page)
        chosen = query.chosen(first.path).get("$select")
        link, failed = query.with_options(rest, {"$select": chosen}) if rest and chosen else rest, 0
        top = min(size, top * _SHRINK)


def _bare_hit(raw: msgspec.Raw) -> Message:
    stub = wire.one_stub.decode(raw)
    return translate.unreadable(stub.id, stub.parent_folder_id or "")


def _hits(entries: list[msgspec.Raw], read: Callable[[msgspec.Raw], Message]) -> tuple[list[Message], int]:
    messages, broken = [], 0
    for raw in entries:
        try:
            messages.append(read(raw))
        except msgspec.DecodeError:
            broken += 1
    return messages, broken


def delta_page(client: GraphClient, request: Request, size: int) -> wire.Page[wire.GraphMessage]:
    """One page of a round, as large as Exchange can render. Raises `Garbled` when not even one message can."""
    while size > 1:
        sized = replace(request, prefer=(*request.prefer, f"odata.maxpagesize={size}"), may_shrink=True)
        try:
            return decoded(client.request(sized), wire.message_page)
        except Garbled:
            size = max(1, size // _SHRINK)
    return client.read(replace(request, prefer=(*request.prefer, "odata.maxpagesize=1")), wire.message_page)
