"""One Exchange Online mailbox over Graph. Keeps the contract of `mailsorter.mailbox.base`.

Ids are Graph's immutable ids, asked for on every request and every item of a batch, so they survive moves. One object
is used by one thread at a time; objects of one connector share sessions, token and quota.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeAlias, TypeVar

import msgspec

from mailsorter.errors import (
    CursorLost,
    MailsorterError,
    NotFound,
    NotPermitted,
    PermanentError,
    PoisonItem,
    Refused,
    Unreachable,
)
from mailsorter.mailbox.base import (
    AttachedItem,
    Body,
    ChangePage,
    Detail,
    Done,
    ItemCounts,
    Move,
    Outcome,
    Place,
    SearchHits,
    TreePage,
)
from mailsorter.mailbox.graph import query, translate, wire
from mailsorter.mailbox.graph.client import Answer, Garbled, GraphClient, Request, decoded
from mailsorter.mailbox.graph.erase import Eraser
from mailsorter.mailbox.graph.pages import (
    ByDate,
    along_links,
    delta_page,
    next_link,
    walk,
    walk_bodies,
    walk_hits,
    walk_messages,
)
from mailsorter.mailbox.graph.refusals import Asked
from mailsorter.mailbox.graph.settings import GraphSettings
from mailsorter.mailbox.graph.stable_ids import StableIds
from mailsorter.mailbox.graph.tree import TreeReader
from mailsorter.model.contents import Attached, Contents
from mailsorter.model.folder import Folder, FolderPermission, FolderTree
from mailsorter.model.message import ItemStub, Message

T = TypeVar("T")
_ListPage: TypeAlias = wire.Page[wire.GraphMessage] | wire.Page[wire.Stub]
_READ = "Mail.Read"
_WRITE = "Mail.ReadWrite"
_TEXT = 'outlook.body-content-type="text"'
_SEARCH_CAP = 1000  # Graph never gives more, over all pages (search-query-parameter.md)


class GraphMailbox:
    """`address` is any address of the mailbox, its object id, or its MBX id (for an archive)."""

    def __init__(self, client: GraphClient, address: str, settings: GraphSettings, eraser: Eraser) -> None:
        self._client = client
        self._address = address
        self._settings = settings
        self._client_id = client_id = settings.client_id
        self._users = query.users(address)
        self._tree = TreeReader(client, address, Asked(address, "read folders", _READ, client_id))
        self._eraser = eraser
        self._stable = StableIds(client, self._users, self._get("", "translate ids"), self.locate)
        self._delta_expands = True  # until a round with extended properties fails here and one without does not
        self._expands = True  # until Exchange refuses extended properties here
        self._lists_attached = True  # until Exchange refuses to show what is attached beside the texts
        self._sorts = True  # until Exchange refuses to list by date here

    @property
    def address(self) -> str:
        return self._address

    @property
    def ids_survive_moves(self) -> bool:
        return True

    # reading -------------------------------------------------------------------------------------------------

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        return self._tree.tree(hidden=hidden, recoverable=recoverable)

    def tree_changes(self, cursor: str | None) -> TreePage:
        return self._tree.changes(cursor)

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        if cursor is not None and not self._client.is_own(cursor):
            raise CursorLost("The cursor belongs to another Graph address.")
        link = cursor
        while True:
            page = self._delta(folder_id, link)
            link = page.next_link if page.next_link is not None else page.delta_link
            if link is None:
                raise CursorLost("Exchange ended a round of messages without a cursor.")
            self._client.own(link, self._get("", "read messages").asked)  # it is kept, and a later run follows it
            yield self._change_page(folder_id, page, link)
            if not page.next_link:
                return

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        return self._messages(folder_id, detail, self._listing(folder_id, detail, hidden, since or query.EARLIEST))

    def _messages(
        self, folder_id: str, detail: Detail, pages: Iterator[_ListPage]
    ) -> Iterator[tuple[Message, ...]]:  # fmt: skip
        before: set[str] = set()
        for page in pages:
            found = tuple(
                translate.unreadable(item.id, folder_id)
                if isinstance(item, wire.Stub)
                else _shown(self._translated(item, folder_id), detail)
                for item in page.value
                if item.id not in before  # mail that arrives meanwhile shifts the pages
            )
            before = {item.id for item in page.value}
            yield found

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        first, rest = self._begin(folder_id, Detail.IDS, hidden, None)
        for page in self._messages(folder_id, Detail.IDS, chain([first], rest)):
            yield tuple(ItemStub(message.id, message.folder_id) for message in page)

    def count_items(self, folder_id: str, *, hidden: bool = False) -> ItemCounts:
        path = f"{self._users}/mailFolders/{query.segment(folder_id)}"
        shown = "true" if hidden else None
        tail = query.options(count="true", top=1, select="id", _includeHiddenMessages=shown)
        try:
            count = self._client.read(self._get(f"{path}/messages{tail}", "read messages"), wire.counted_page).count
        except Refused:
            count = None
        folder = self._client.read(self._get(path, "read folders"), wire.counted_folder)
        return ItemCounts(held=wire.number(folder.total_item_count), listed=wire.number(count))

    def count_carrying(self) -> int | None:
        tail = query.options(filter="hasAttachments eq true", count="true", top=1, select="id")
        try:
            counted = self._client.read(self._get(f"{self._users}/messages{tail}", "read messages"), wire.counted_page)
        except Refused:
            return None
        return wire.number(counted.count)

    def fetch(self, ids: Sequence[str], detail: Detail = Detail.ENVELOPE) -> list[Message | MailsorterError]:
        return self._each(
            ids,
            self._message_tail(detail),
            wire.one_message,
            lambda found: _shown(self._translated(found), detail),
        )

    def locate(self, ids: Sequence[str]) -> list[Place | MailsorterError]:
        tail = query.options(select=query.IDS)
        return self._each(ids, tail, wire.one_stub, lambda found: Place(found.id, found.parent_folder_id or ""))

    def find(self, internet_message_id: str) -> list[Place]:
        wanted = internet_message_id.replace("'", "''")
        tail = query.options(filter=f"internetMessageId eq '{wanted}'", select=query.IDS, top=100)
        pages = walk(self._client, self._get(f"{self._users}/messages{tail}", "find messages"), wire.stub_page)
        return [Place(found.id, found.parent_folder_id or "") for page in pages for found in page.value]

    def find_each(self, internet_message_ids: Sequence[str]) -> list[list[Place]]:
        return [self.find(one) for one in internet_message_ids]

    def find_traces(self, search_keys: Sequence[bytes], *, recoverable: bool = False) -> dict[bytes, list[Place]]:
        return {}

    def texts(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        def text(found: wire.Text) -> str:
            return (found.body.content if found.body else None) or ""

        return self._each(ids, query.options(select="body"), wire.one_text, text, prefer=(_TEXT,))

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        before: set[str] = set()
        onward = since or query.EARLIEST
        while True:
            for page in self._bodies(folder_id, hidden, onward):
                found = tuple(translate.body(item) for item in page.value if item.id not in before)
                before = {item.id for item in page.value}
                onward = max([onward, *(one.received_at for one in found if one.received_at)])
                yield found
                if self._lists_attached and _has_bytes(page):
                    self._lists_attached = False  # the server minds no inner $select: on without what is attached
                    break
            else:
                return

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        return self._attached(ids, "name", lambda listed: tuple(one.name or "" for one in listed))

    def attachments(self, ids: Sequence[str]) -> list[tuple[AttachedItem, ...] | MailsorterError]:
        return self._attached(ids, "name,contentType,size", lambda listed: tuple(map(translate.attached, listed)))

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        """Two requests a message, in batches."""

        def sized(listed: Sequence[wire.Attachment]) -> tuple[Attached, ...]:
            return tuple(Attached(one.name or "", one.size or 0) for one in listed)

        texts = self.texts(ids)
        known = [n for n, text in enumerate(texts) if not isinstance(text, MailsorterError)]
        attached = dict(zip(known, self._attached([ids[n] for n in known], "name,size", sized), strict=True))
        return [_joined(text, attached.get(n, ())) for n, text in enumerate(texts)]

    def mime(self, message_id: str) -> bytes:
        return self._client.request(self._get(self._message(message_id, "/$value"), "read messages")).body

    def search(self, terms: Sequence[str]) -> SearchHits:
        hits: dict[str, Message] = {}
        is_complete, broken = True, 0
        failure: MailsorterError | None = None
        for clause in query.search_clauses(terms):
            found = 0
            tail = query.options(search=clause, select=query.ENVELOPE)
            first = self._get(f"{self._users}/messages{tail}", "search")
            try:
                for messages, wrong in walk_hits(self._client, first, query.SEARCH_PAGE):
                    found += len(messages) + wrong
                    broken += wrong
                    hits |= {m.id: m for m in messages if m.id not in hits}
            except (Unreachable, PermanentError) as error:  # the other terms may be answered all the same
                failure = error
            is_complete = is_complete and found < _SEARCH_CAP
        if failure is not None and not hits:
            raise failure
        placed, unplaced = self._stable.of(list(hits.values()))
        ordered = sorted(placed, key=lambda m: m.sent_at.timestamp() if m.sent_at else 0.0, reverse=True)
        return SearchHits(
            tuple(ordered), is_complete=is_complete, unplaced=tuple(unplaced), broken=broken,
            failure=type(failure).__name__ if failure else "",
        )  # fmt: skip

    def folder_permissions(
        self, folder_ids: Sequence[str]
    ) -> list[tuple[FolderPermission, ...] | MailsorterError] | None:
        return None

    # changing ------------------------------------------------------------------------------------------------

    def create_folder(self, parent_id: str, name: str) -> Folder:
        path = f"{self._users}/mailFolders/{query.segment(parent_id)}/childFolders"
        made = self._client.request(self._change("POST", path, "create a folder", {"displayName": name}))
        return translate.folder(decoded(made, wire.one_folder))

    def rename_folder(self, folder_id: str, name: str) -> Folder:
        path = f"{self._users}/mailFolders/{query.segment(folder_id)}"
        renamed = self._client.request(self._change("PATCH", path, "rename a folder", {"displayName": name}))
        return translate.folder(decoded(renamed, wire.one_folder))

    def delete_empty_folder(self, folder_id: str) -> None:
        path = f"{self._users}/mailFolders/{query.segment(folder_id)}"
        looks = [
            query.options(top=1, select="id", _includeHiddenFolders="true"),
            query.options(top=1, select="id", _includeHiddenMessages="true"),
        ]
        for below, tail in zip(("childFolders", "messages"), looks, strict=True):
            page = self._client.read(self._get(f"{path}/{below}{tail}", "read folders"), wire.stub_page)
            if page.value:
                raise Refused(f"A folder of mailbox {self._address} is not empty; it stays.", code="FolderNotEmpty")
        count = self._client.read(self._get(path, "read folders"), wire.one_folder)
        if count.total_item_count:  # items of other kinds than messages
            raise Refused(f"A folder of mailbox {self._address} is not empty; it stays.", code="FolderNotEmpty")
        self._client.request(
            self._change("DELETE", path, "delete an empty folder")
        )  # to Deleted Items: nothing is lost

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._carry("move", moves, "move messages")

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._carry("copy", moves, "copy messages")

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        requests = [
            self._change("PATCH", self._message(message_id), "set categories", {"categories": list(categories)})
            for message_id, categories in id_categories
        ]
        return [_placed(answer) for answer in self._client.batch(requests)]

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        requests = [self._change("POST", self._message(i, "/permanentDelete"), "delete messages") for i in ids]
        answers = self._client.batch(requests)
        return [a if isinstance(a, MailsorterError) else Done(i) for i, a in zip(ids, answers, strict=True)]

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        return self._eraser.delete_hard(folder_id, ids, self._default_ids)

    # inside ----------------------------------------------------------------------------------------------------

    def _default_ids(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        """The id that each item has just now where nobody asks for immutable ones; it changes on every move."""
        known = self._stable.defaults(ids)
        rest = [one for one in ids if one not in known]
        tail = query.options(select="id")
        asked = self._each(rest, tail, wire.one_stub, lambda found: found.id, default_ids=True)
        found: dict[str, str | MailsorterError] = {**known, **dict(zip(rest, asked, strict=True))}
        return [found[one] for one in ids]

    def _translated(self, item: wire.GraphMessage, folder_id: str = "") -> Message:
        return translate.message(item, folder_id, self._settings.trusted_gateways)

    def _delta(self, folder_id: str, link: str | None) -> wire.Page[wire.GraphMessage]:
        """One page of a round; a new round begins with extended properties, without them, or with ids only."""
        if link is not None:
            try:
                return delta_page(self._client, self._get(link, "read messages"), self._settings.delta_page)
            except Garbled:
                return self._first_delta(folder_id, Detail.IDS)
            except Unreachable as failure:
                return self._plain_delta(folder_id, failure, is_first=False)
        try:
            return self._refusing_expand(lambda: self._first_delta(folder_id, Detail.ENVELOPE))
        except Garbled:
            return self._first_delta(folder_id, Detail.IDS)
        except Unreachable as failure:
            return self._plain_delta(folder_id, failure, is_first=True)

    def _plain_delta(self, folder_id: str, failure: Unreachable, *, is_first: bool) -> wire.Page[wire.GraphMessage]:
        """A round without extended properties, where Exchange answers 500 to those with them; remembered then.

        A link has them in its token. It is given up for a new round only when a new round with them fails as well.
        Raises `failure` when the extended properties are not to blame.
        """
        if not (self._expands and self._delta_expands):
            raise failure
        if not is_first:
            try:
                self._first_delta(folder_id, Detail.ENVELOPE)
            except Unreachable:
                pass
            else:
                raise failure
        self._delta_expands = False
        try:
            return self._first_delta(folder_id, Detail.ENVELOPE)
        except MailsorterError:
            self._delta_expands = True
            raise failure from None

    def _first_delta(self, folder_id: str, detail: Detail) -> wire.Page[wire.GraphMessage]:
        expand = self._expand(detail) if self._delta_expands else None
        tail = query.options(select=query.select_for(detail), expand=expand)
        path = f"{self._users}/mailFolders/{query.segment(folder_id)}/messages/delta{tail}"
        return delta_page(self._client, self._get(path, "read messages"), self._settings.delta_page)

    def _change_page(self, folder_id: str, page: wire.Page[wire.GraphMessage], link: str) -> ChangePage:
        """The page in the model's words; a message that came in part is fetched whole.

        So is every message of a round that cannot have extended properties: without them its thread is not known.
        """
        lacks_all = self._expands and not self._delta_expands
        partial = [item.id for item in page.value if item.is_partial or (lacks_all and item.removed is None)]
        whole = dict(zip(partial, self.fetch(partial), strict=True)) if partial else {}
        messages: list[Message] = []
        removed: list[str] = []
        for item in page.value:
            if item.removed is not None:
                removed.append(item.id)
                continue
            found = whole[item.id] if item.id in whole else self._translated(item, folder_id)
            if isinstance(found, PoisonItem):
                messages.append(translate.unreadable(item.id, folder_id))
            elif isinstance(found, Message) and found.folder_id == folder_id:
                messages.append(_shown(found, Detail.ENVELOPE))
            elif isinstance(found, Message | NotFound):
                removed.append(item.id)  # it left between the page and the look
            else:
                raise found
        return ChangePage(messages=tuple(messages), removed=tuple(removed), cursor=link, is_last=page.next_link is None)

    def _listing(self, folder_id: str, detail: Detail, hidden: bool, since: datetime) -> Iterator[_ListPage]:
        """By date, so that it is complete while mail moves; along the links where Exchange refuses to sort."""
        begun = None
        if self._sorts:
            with suppress(Refused, NotPermitted):
                begun = self._begin(folder_id, detail, hidden, since)
        if begun is None:
            expands = self._expands
            begun = self._refusing_expand(lambda: self._begin(folder_id, detail, hidden, None))
            self._sorts = self._sorts and self._expands != expands  # what was refused were extended properties
        first, rest = begun
        yield first
        yield from rest

    def _bodies(self, folder_id: str, hidden: bool, since: datetime) -> Iterator[wire.Page[wire.MessageBody]]:
        """By date, with what is attached; without one or the other where Exchange refuses it."""
        tries = [(self._sorts, self._lists_attached), (self._sorts, False), (False, False)]
        for sorts, lists_attached in dict.fromkeys(tries):
            tail = query.options(
                select=query.BODY,
                expand=query.ATTACHED if lists_attached else None,
                _includeHiddenMessages="true" if hidden else None,
            )
            path = f"{self._users}/mailFolders/{query.segment(folder_id)}/messages{tail}"
            if sorts:
                path = query.with_options(path, query.by_date(since))
            onward = ByDate(since) if sorts else along_links
            pages = walk_bodies(self._client, self._get(path, "read messages"), query.BODY_PAGE, onward)
            try:
                first = next(pages, None)
            except (Refused, NotPermitted):
                if not sorts and not lists_attached:
                    raise
                continue
            self._lists_attached = self._lists_attached and lists_attached
            yield from () if first is None else chain([first], pages)
            return

    def _begin(
        self, folder_id: str, detail: Detail, hidden: bool, since: datetime | None
    ) -> tuple[_ListPage, Iterator[_ListPage]]:
        """The first page of a listing, and the others: by date from `since` on, or with None along the links."""
        tail = query.options(
            select=query.select_for(detail) if since is None else query.listed_for(detail),
            expand=self._expand(detail),
            _includeHiddenMessages="true" if hidden else None,
        )
        path = f"{self._users}/mailFolders/{query.segment(folder_id)}/messages{tail}"
        if since is not None:
            path = query.with_options(path, query.by_date(since))
        onward = along_links if since is None else ByDate(since)
        pages = walk_messages(self._client, self._get(path, "read messages"), self._settings.list_page, onward)
        return next(pages), pages

    def _expand(self, detail: Detail) -> str | None:
        return query.expand_for(detail, headers=self._settings.reads_headers) if self._expands else None

    def _message_tail(self, detail: Detail) -> str:
        """Options for one message; where extended properties are refused its header is asked for instead."""
        selected = query.select_for(detail)
        if not self._expands and detail is not Detail.IDS:
            selected += ",internetMessageHeaders"
        return query.options(select=selected, expand=self._expand(detail))

    def _refusing_expand(self, ask: Callable[[], T]) -> T:
        """Ask; where Exchange refuses, ask once more without extended properties, and remember when that works."""
        if not self._expands:
            return ask()
        try:
            return ask()
        except (Refused, NotPermitted) as refusal:
            self._expands = False
            try:
                return ask()
            except MailsorterError:
                self._expands = True
                raise refusal from None

    def _each(
        self,
        ids: Sequence[str],
        tail: str,
        decoder: msgspec.json.Decoder[wire.T],
        make: Callable[[wire.T], T],
        prefer: tuple[str, ...] = (),
        default_ids: bool = False,
    ) -> list[T | MailsorterError]:
        """One GET for each message, in batches."""
        requests = [
            replace(self._get(self._message(i, tail), "read messages", prefer), default_ids=default_ids) for i in ids
        ]
        answers: list[T | MailsorterError] = []
        for answer in self._client.batch(requests):
            if isinstance(answer, Garbled):
                answers.append(PoisonItem(f"A message of mailbox {self._address} cannot be read: {answer.what}"))
            elif isinstance(answer, MailsorterError):
                answers.append(answer)
            else:
                answers.append(self._made(answer, decoder, make))
        return answers

    def _made(
        self, answer: Answer, decoder: msgspec.json.Decoder[wire.T], make: Callable[[wire.T], T]
    ) -> T | MailsorterError:
        try:
            return make(decoded(answer, decoder))
        except Garbled as error:
            return PoisonItem(f"A message of mailbox {self._address} cannot be read: {error.what}")
        except MailsorterError as error:
            return error

    def _carry(self, action: str, moves: Sequence[Move], doing: str) -> list[Outcome]:
        requests = [
            self._change("POST", self._message(m.id, f"/{action}"), doing, {"destinationId": m.to_folder_id})
            for m in moves
        ]
        return [_placed(answer) for answer in self._client.batch(requests)]

    def _attached(
        self, ids: Sequence[str], select: str, make: Callable[[Sequence[wire.Attachment]], T]
    ) -> list[T | MailsorterError]:
        def made(found: wire.Page[wire.Attachment]) -> T:
            first = self._get("", "read attachments")
            link = next_link(self._client, first, found)
            rest = walk(self._client, replace(first, path=link), wire.attachment_page) if link else ()
            return make([one for page in (found, *rest) for one in page.value])

        tail = "/attachments" + query.options(select=select, top=100)
        return self._each(ids, tail, wire.attachment_page, made)

    def _message(self, message_id: str, tail: str = "") -> str:
        return f"{self._users}/messages/{query.segment(message_id)}{tail}"

    def _get(self, path: str, doing: str, prefer: tuple[str, ...] = ()) -> Request:
        return Request("GET", path, Asked(self._address, doing, _READ, self._client_id), prefer=prefer)

    def _change(self, method: str, path: str, doing: str, body: dict[str, object] | None = None) -> Request:
        return Request(method, path, Asked(self._address, doing, _WRITE, self._client_id), body)


def _placed(answer: Answer | MailsorterError) -> Outcome:
    """Where a changed message lies, by the server's own word."""
    if isinstance(answer, MailsorterError):
        return answer
    try:
        stub = decoded(answer, wire.one_stub)
    except Garbled as error:
        return error
    return Done(stub.id, stub.parent_folder_id or "")


def _joined(
    text: str | MailsorterError, attached: tuple[Attached, ...] | MailsorterError
) -> Contents | MailsorterError:  # fmt: skip
    if isinstance(text, MailsorterError):
        return text
    return attached if isinstance(attached, MailsorterError) else Contents(text, attached)


def _has_bytes(page: wire.Page[wire.MessageBody]) -> bool:
    return any(bytes(one.content_bytes) for item in page.value for one in item.attachments or ())


def _shown(message: Message, detail: Detail) -> Message:
    """Nothing beyond what was asked for, however generous the server."""
    if detail is Detail.IDS:
        return Message(id=message.id, folder_id=message.folder_id)
    return message
