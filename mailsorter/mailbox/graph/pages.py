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
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

from mailsorter.mailbox.graph import query, translate, wire
from mailsorter.mailbox.graph.client import Garbled, GraphClient, Request, decoded
from mailsorter.model.message import Message

T = TypeVar("T")
B = TypeVar("B")
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


Onward = Callable[[str, wire.Page[Any], str | None], str | None]
"""Where a listing goes on: the path that was asked, its page, and the link that the page gives (None: it is the last).
"""


def along_links(asked: str, page: wire.Page[Any], link: str | None) -> str | None:
    """As the server's links say."""
    return link


class ByDate:
    """Goes on from the last date of a page, in a listing that `query.by_date` sorts.

    The server's links count messages (`$skip`): when one leaves a page that was read, another moves onto it, and is
    skipped. A date stays. So every message that lies in the folder all the time is given, whatever comes and goes;
    and a page may come short, or its link jump, because only that there is a link counts. Inside one second, and
    where the dates do not ascend, the links are followed all the same.
    """

    def __init__(self, since: datetime = query.EARLIEST) -> None:
        self._since = since

    def __call__(self, asked: str, page: wire.Page[Any], link: str | None) -> str | None:
        dates = [translate.utc(item.received_date_time) for item in page.value]
        known = [date for date in dates if date is not None]
        if link is None or not dates or known != dates or known != sorted(known) or known[-1] <= self._since:
            return link
        self._since = known[-1]
        return query.with_options(asked, {"$skip": None, **query.by_date(self._since)})


def walk_messages(
    client: GraphClient, first: Request, size: int, onward: Onward = along_links
) -> Iterator[wire.Page[wire.GraphMessage] | wire.Page[wire.Stub]]:
    """A listing of messages; a page of `Stub` stands for one message that Exchange cannot render."""
    for page, _ in _walk(client, first, size, wire.message_page, wire.stub_page, query.PLACE, onward):
        yield page


def walk_bodies(
    client: GraphClient, first: Request, size: int, onward: Onward = along_links
) -> Iterator[wire.Page[wire.MessageBody]]:
    """A listing of texts. One that cannot be rendered is left out."""
    pages = _walk(client, first, size, wire.body_page, wire.stub_page, query.PLACE, onward)
    return (cast(wire.Page[wire.MessageBody], page) for page, is_bare in pages if not is_bare)


def walk_hits(client: GraphClient, first: Request, size: int) -> Iterator[tuple[list[Message], int]]:
    """A search's messages, and of each page how many entries named none: an `error` object in place of a message."""
    for page, is_bare in _walk(client, first, size, wire.hit_page, wire.hit_page, query.IDS, along_links):
        yield _hits(page.value, _bare_hit if is_bare else lambda raw: translate.message(wire.one_message.decode(raw)))


def _walk(
    client: GraphClient,
    first: Request,
    size: int,
    decoder: msgspec.json.Decoder[wire.Page[T]],
    bare_decoder: msgspec.json.Decoder[wire.Page[B]],
    bare_fields: str,
    onward: Onward,
) -> Iterator[tuple[wire.Page[T] | wire.Page[B], bool]]:
    """Pages of `size`, or smaller ones where these cannot be read; True with one that has `bare_fields` alone."""
    chosen: dict[str, str | None] = {
        name: value for name, value in query.chosen(first.path).items() if name in ("$select", "$expand")
    }
    link: str | None = first.path
    top, failed = size, 0
    while link:
        request = replace(first, path=query.with_options(link, {"$top": str(top)}), may_shrink=top > 1)
        page: wire.Page[Any]
        try:
            page, is_bare = decoded(client.request(request), decoder), False
        except Garbled:
            failed += top == 1
            top = max(1, top // _SHRINK)
            if failed < _TRIES:
                continue
            bare = query.with_options(link, {"$top": "1", "$select": bare_fields, "$expand": None})
            page, is_bare = client.read(replace(first, path=bare), bare_decoder), True
        yield page, is_bare
        rest = next_link(client, first, page)
        if rest is not None and is_bare:
            rest = query.with_options(rest, chosen)
        link, failed = onward(link, page, rest), 0
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
