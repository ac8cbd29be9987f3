"""Messages: list, get, create, change, move, copy, delete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError, access_denied, item_not_found
from mailsorter.emulator.graph import attachments, extended, folders, search
from mailsorter.emulator.graph.directory import context_user
from mailsorter.emulator.graph.inbound import (
    changes_from_json,
    new_from_json,
    new_from_mime,
    read_address,
    read_addresses,
    read_flag,
    read_texts,
)
from mailsorter.emulator.graph.paging import collection, next_link, page_size
from mailsorter.emulator.graph.render import Context, render_message, selected, wants_body
from mailsorter.emulator.graph.rights import Right
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer, no_content
from mailsorter.emulator.mime.write import headers_of, mime_of
from mailsorter.emulator.odata.mapi import KEYWORDS
from mailsorter.emulator.odata.properties import MESSAGE_PROPERTIES
from mailsorter.emulator.odata.sql import FilterSql, too_complex
from mailsorter.emulator.store import Address, Folder, Message
from mailsorter.emulator.store.compose import flag_json, preview_of, recipient, recipients
from mailsorter.emulator.store.records import MESSAGE_COLUMNS
from mailsorter.emulator.store.schema import OTHER_KINDS

#: What only a draft may change without Mail-Advanced.ReadWrite.All, from 2026-12-31.
_SENSITIVE = frozenset(
    {
        "subject",
        "body",
        "toRecipients",
        "ccRecipients",
        "bccRecipients",
        "from",
        "sender",
        "replyTo",
        "internetMessageId",
    }
)

_RECIPIENTS = frozenset({"from", "sender", "replyTo", "toRecipients", "ccRecipients", "bccRecipients"})


def rendering(call: Call) -> Context:
    """How this request wants messages shown."""
    text = call.request.preference("outlook.body-content-type") == "text"
    return Context(call.mailbox.ids, call.request.immutable, text)


def find(call: Call, reference: str, folder: Folder | None = None) -> Message:
    """The message a path names; below a folder it must lie in that folder.

    Raises:
        ExchangeError: not there, or one that Exchange cannot read (made so by a fault plan).
    """
    message = call.face.store.messages.find(call.mailbox, reference)
    if folder is not None and message.folder != folder.id and folder.search is None:
        raise item_not_found()
    call.face.conditions.check_one(message.id)
    return message


def addressed(call: Call) -> Message:
    """The message that the path's last star names, or the one before an attachment's."""
    words = call.words
    match len(words):
        case 1:
            return find(call, words[0])
        case 2:
            return find(call, words[1], folders.find(call, words[0]))
        case _:
            return find(call, words[2], folders.child(call))


class Shower:
    """Renders messages as one request asks for them."""

    def __init__(
        self,
        call: Call,
        select: Sequence[str] | None,
        expand: dict[str, str],
        *,
        typed: bool = False,
        immutable: bool | None = None,
    ) -> None:
        self._call = call
        self._context = rendering(call)
        if immutable is not None:  # the ids are not of the form that the request asks for
            self._context = self._context._replace(immutable=immutable)
        self._full = call.face.allowed(call, (Right.READ,))
        self.names = selected(select, basic=not self._full)
        self._properties = extended.requested(expand)
        self._attachments = next((inner for name, inner in expand.items() if name.lower() == "attachments"), None)
        if (any(self._properties) or self._attachments is not None) and not self._full:
            raise access_denied()
        self._bodies = wants_body(self.names)
        self._typed = typed

    def check_page(self, numbers: Iterable[int]) -> None:
        """Stop a page that cannot be rendered; one without recipients gets through (seen in a tenant).

        Raises:
            TruncatedPage: it shows recipients of a message that truncates it.
        """
        if not _RECIPIENTS.isdisjoint(self.names):
            self._call.face.conditions.check_page(numbers)

    def show(self, message: Message) -> bytes:
        """One message."""
        store = self._call.face.store
        body = store.messages.body(message) if self._bodies else ("text", "")
        return render_message(
            self._context, message, self.names, body=body, extra=self._extra(message, body), typed=self._typed
        )

    def _extra(self, message: Message, body: tuple[str, str]) -> list[tuple[str, bytes]]:
        extra: list[tuple[str, bytes]] = []
        store = self._call.face.store
        if "internetMessageHeaders" in self.names and not message.is_draft:
            extra.append(("internetMessageHeaders", msgspec.json.encode(headers_of(store.messages, message))))
        if "uniqueBody" in self.names:
            extra.append(("uniqueBody", msgspec.json.encode({"contentType": body[0], "content": unique_part(*body)})))
        extra.extend(extended.pairs(store, message, self._properties))
        if self._attachments is not None:
            extra.append(("attachments", attachments.render_all(self._call, message, self._attachments)))
        return extra


def unique_part(body_type: str, body: str) -> str:
    """The part of a body that is new in its conversation: what stands before the quoted text."""
    for mark in ("-----Original Message-----", "-----Oorspronkelijk bericht-----", '<div id="divRplyFwdMsg"', "\n> "):
        position = body.find(mark)
        if position > 0:
            return body[:position].rstrip()
    return body


def _context_url(call: Call, suffix: str) -> str:
    version = "beta" if call.beta else "v1.0"
    return f"{call.request.origin}/{version}/$metadata#{context_user(call.mailbox)}/{suffix}"


def _chosen(call: Call) -> str:
    return f"({','.join(call.request.options.select)})" if call.request.options.select else ""


def show(call: Call, message: Message, status: int = 200, *, headers: dict[str, str] | None = None) -> Response:
    """One message as an answer."""
    shower = Shower(call, call.request.options.select, dict(call.request.options.expand))
    body = shower.show(message)
    context = _context_url(call, f"messages{_chosen(call)}/$entity")
    response = answer(b'{"@odata.context":"' + context.encode() + b'",' + body[1:], status)
    response.headers.update(headers or {})
    return response


def _scope(call: Call) -> tuple[Folder | None, str]:
    """The folder that a listing is about, None for the whole mailbox, and its place in the context."""
    match len(call.words):
        case 0:
            return None, "messages"
        case 1:
            return folders.find(call, call.words[0]), f"mailFolders('{call.words[0]}')/messages"
        case _:
            return folders.child(call), f"mailFolders('{call.words[1]}')/messages"


def _where(call: Call, folder: Folder | None) -> tuple[str, list[Any]]:
    hidden = call.request.options.other.get("includehiddenmessages", "").lower() == "true"
    visible = ("" if hidden else " AND message.hidden = 0") + only_mail(call)
    if folder is None:
        return f"message.mailbox = ? AND message.area = 0{visible}{_lying(call)}", [call.mailbox.id]
    if folder.search is not None:
        where, parameters = search.folder_condition(call, folder)
        return where + visible, parameters
    return f"message.folder = ?{visible}", [folder.id]


def only_mail(call: Call) -> str:
    """A condition that leaves out appointments, contacts and tasks: Graph lists them nowhere among messages."""
    if call.face.conditions.lists_every_kind:
        return ""
    others = f"SELECT other.id FROM message AS other WHERE other.mailbox = {call.mailbox.id} AND {OTHER_KINDS}"
    return f" AND message.id NOT IN ({others.replace('message_class', 'other.message_class')})"


def _lying(call: Call) -> str:
    """Of an archive that has auxiliary ones: what lies in the one that the path names."""
    if call.mailbox.kind != "archive":
        return ""
    numbers = ", ".join(str(number) for number in call.face.store.auxiliary.folders_of(call.auxiliary))
    return f" AND message.folder {'' if call.auxiliary else 'NOT '}IN ({numbers})"


def list_messages(call: Call) -> Response:
    """GET messages of the mailbox, a folder, or a search folder."""
    folder, place = _scope(call)
    request, options = call.request, call.request.options
    is_mail = folder is None or folder.folder_class in ("IPF", "IPF.Note")
    if call.face.conditions.graph.closed_classes and not is_mail:
        raise item_not_found()
    if options.search is not None:
        return search.answer_search(call, folder, place)
    shower = Shower(call, options.select, dict(options.expand))
    where, parameters = _where(call, folder)
    sql = FilterSql(MESSAGE_PROPERTIES, call.mailbox.ids, mapi=True)
    if options.filter:
        condition = sql.condition(options.filter, options.orderby)
        where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    order = sql.order(options.orderby) if options.orderby else "message.received DESC"
    size = page_size(request)
    server = call.face.conditions.graph
    if server.refuses_sorting and options.filter and options.orderby:
        raise too_complex()
    if server.refuses_attached and any(name.lower() == "attachments" for name in dict(options.expand)):
        raise too_complex()
    if server.short_pages:
        size = max(1, size * 2 // 3)
    db = call.face.store.db
    # ids first: skipping a million of them stays within the index
    numbers = db.rows(
        f"SELECT message.id FROM message WHERE {where} ORDER BY {order}, message.id DESC LIMIT ? OFFSET ?",
        (*parameters, size + 1, options.skip),
    )
    count = db.value(f"SELECT count(*) FROM message WHERE {where}", parameters) if options.count else None
    page = [row[0] for row in numbers[: -(-size // 2) if server.jumping_links else size]]
    shower.check_page(page)
    shown = [shower.show(message) for message in by_numbers(call, page)]
    link = next_link(request, options.skip + size) if len(numbers) > len(page) else ""
    return answer(collection(_context_url(call, place + _chosen(call)), shown, next_page=link, count=count))


def by_numbers(call: Call, numbers: Sequence[int]) -> list[Message]:
    """Messages in the given order."""
    found: dict[int, Message] = {}
    for start in range(0, len(numbers), 500):
        chunk = numbers[start : start + 500]
        marks = ",".join("?" * len(chunk))
        rows = call.face.store.db.rows(f"SELECT {MESSAGE_COLUMNS} FROM message WHERE id IN ({marks})", tuple(chunk))
        found.update((row[0], Message(*row)) for row in rows)
    return [found[number] for number in numbers if number in found]


def count_messages(call: Call) -> Response:
    """GET messages/$count."""
    folder, _ = _scope(call)
    where, parameters = _where(call, folder)
    if call.request.options.filter:
        condition = FilterSql(MESSAGE_PROPERTIES, call.mailbox.ids, mapi=True).condition(call.request.options.filter)
        where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    count = call.face.store.db.value(f"SELECT count(*) FROM message WHERE {where}", parameters)
    return Response(200, str(count).encode(), content_type="text/plain")


def get_message(call: Call) -> Response:
    """GET messages/{id}."""
    return show(call, addressed(call))


def get_value(call: Call) -> Response:
    """GET messages/{id}/$value: the MIME."""
    return Response(200, mime_of(call.face.store.messages, addressed(call)), content_type="text/plain")


def create_message(call: Call) -> Response:
    """POST messages: a draft from JSON or base64 MIME, in the folder named or in Drafts."""
    store, request = call.face.store, call.request
    folder = _scope(call)[0] or store.folders.well_known(call.mailbox, "drafts")
    now = int(store.clock.now_s())
    if request.headers.get("content-type", "").lower().startswith("text/plain"):
        new = new_from_mime(request.body, now=now)
    else:
        owner = Address(call.mailbox.display_name, call.mailbox.address)
        new = new_from_json(request.json(), now=now, owner=owner)
    message = store.messages.create(call.mailbox, folder, new)
    context = rendering(call)
    text_id = context.ids.immutable_id(message.id) if context.immutable else context.ids.default_id(message.id, 1)
    location = f"{request.origin}/v1.0/{context_user(call.mailbox)}/messages('{text_id}')"
    return show(call, message, 201, headers={"Location": location})


def change_message(call: Call) -> Response:
    """PATCH messages/{id}."""
    message, body = addressed(call), call.request.json()
    sensitive = not message.is_draft and _SENSITIVE.intersection(body)
    if sensitive and call.face.conditions.guards_sensitive() and not call.face.allowed(call, (Right.SENSITIVE,)):
        raise access_denied()
    _check_match(call, message)
    columns, head, own, content = changes_from_json(body)
    keywords = own.multi.pop(KEYWORDS, None)
    if "categories" in body or keywords is not None:
        categories = keywords if keywords is not None else read_texts(body, "categories")
        columns["categories"] = msgspec.json.encode(categories).decode("utf-8")
    if body.get("flag") is not None:
        columns["flag"] = flag_json(read_flag(body["flag"]))
    _read_people(body, columns, head)
    if content is not None:
        head["bodyPreview"] = preview_of(content[1], content[0])
    before = msgspec.json.decode(message.extra)
    named = (("props", own.single), ("multi", own.multi))
    extra = {key: {**before.get(key, {}), **values} for key, values in named if values}
    changed = call.face.store.messages.change(call.mailbox, message, columns, head, extra, content)
    return show(call, changed)


def _read_people(body: dict[str, Any], columns: dict[str, Any], head: dict[str, Any]) -> None:
    for key in ("toRecipients", "ccRecipients", "bccRecipients", "replyTo"):
        if key in body:
            head[key] = recipients(read_addresses(body, key))
    for key in ("from", "sender"):
        if key in body:
            person = read_address(body[key], key)
            head[key] = recipient(person) if person else None
            if key == "from":
                columns["from_address"] = person.address if person else ""


def _check_match(call: Call, message: Message) -> None:
    """`If-Match`: not documented for messages; the emulator takes it at its word."""
    wanted = call.request.headers.get("if-match", "*")
    if wanted != "*":
        key = wanted.removeprefix("W/").strip('"')
        if call.mailbox.ids.read_change_key(key) != message.seq:
            raise ExchangeError(
                "ErrorIrresolvableConflict",
                "The change key passed in the request does not match the current change key for the item.",
            )


def move_message(call: Call) -> Response:
    """POST messages/{id}/move."""
    message = addressed(call)
    target = folders.target(call, call.request.json())
    return show(call, call.face.store.messages.move(call.mailbox, message, target), 201)


def copy_message(call: Call) -> Response:
    """POST messages/{id}/copy."""
    message = addressed(call)
    target = folders.target(call, call.request.json())
    return show(call, call.face.store.messages.copy(call.mailbox, message, target), 201)


def delete_message(call: Call) -> Response:
    """DELETE messages/{id}."""
    call.face.store.messages.delete(call.mailbox, addressed(call))
    return no_content()


def permanent_delete_message(call: Call) -> Response:
    """POST messages/{id}/permanentDelete."""
    call.face.store.messages.permanent_delete(call.mailbox, addressed(call))
    return no_content()
