"""Delta queries: one folder's messages, one mailbox's mail folders.

All that a round needs to know is in its token: the state the client knew before (`known`), where this round is
(`after`), when it began (`start`), and the options of its first call. Tokens are opaque to clients and checked here.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph import folders, messages
from mailsorter.emulator.graph.extended import Requested
from mailsorter.emulator.graph.render import folder_selected, render_folder, render_removed
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer
from mailsorter.emulator.odata.filter import Compare, Literal, Logic, Node, Path, parse_filter
from mailsorter.emulator.odata.options import read_options
from mailsorter.emulator.odata.sql import parse_time
from mailsorter.emulator.store import Folder, Message
from mailsorter.emulator.store.changes import MessageChange
from mailsorter.emulator.store.schema import OTHER_CLASSES

#: With `$filter`, a first round ends after this many messages.
FILTER_CAP = 5000
_DEFAULT_PAGE = 10
_MAX_PAGE = 1000
_ALLOWED = frozenset({"$select", "$top", "$expand", "$filter", "$orderby", "changetype", "$count"})


class Token(msgspec.Struct, array_like=True):
    """What a skiptoken or deltatoken holds."""

    kind: str
    """`m` for messages, `f` for folders, `i` for items of the admin API."""
    scope: int
    """Folder or mailbox number."""
    known: int
    after: int
    start: int
    given: int
    epoch: int
    """Goes up when a fault plan loses delta state."""
    query: list[tuple[str, str]]
    paused: bool = False
    """Has this round had its empty page?"""


_read_token = msgspec.msgpack.Decoder(Token)  # built once: requests are answered in threads


def _write(token: Token) -> str:
    data = msgspec.msgpack.encode(token)
    return base64.urlsafe_b64encode(zlib.crc32(data).to_bytes(4, "big") + data).decode("ascii").rstrip("=")


def _lost(token_epoch: int = 0, epoch: int = 0) -> ExchangeError:
    state = f"generation={token_epoch};[highest={epoch}][{epoch}][{epoch - 1}][{epoch}]"
    message = f"The sync state generation is not found; {state}."
    return ExchangeError("SyncStateNotFound", message)


def _read(text: str) -> Token:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
            raise ValueError
        return _read_token.decode(raw[4:])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise ExchangeError("BadRequest", "Badly formed token.") from None


def _page(call: Call) -> int:
    text = call.request.preference("odata.maxpagesize")
    if text is not None:
        if not (text.isascii() and text.isdigit()) or not int(text[:9]) >= 1:
            return _DEFAULT_PAGE
        return min(int(text[:9]), _MAX_PAGE)
    return _DEFAULT_PAGE


def _open_token(call: Call, kind: str, scope: int) -> Token:
    """The token of this call: the one in the link, or a new round's."""
    options = call.request.options
    text = options.skiptoken if options.skiptoken is not None else options.deltatoken
    epoch = call.face.conditions.delta_epoch(call.mailbox.id)
    if text is None:
        return Token(kind, scope, 0, 0, call.face.store.db.sequence(), 0, epoch, _first_query(call))
    if text.lower() == "latest":
        raise ExchangeError("BadRequest", "$deltatoken=latest is not supported for mail.")
    token = _read(text)
    if token.kind != kind or token.scope != scope:
        raise ExchangeError("BadRequest", "The token belongs to another resource.")
    if token.epoch != epoch:
        raise _lost(token.epoch, epoch)
    if options.deltatoken is not None:
        token.start = call.face.store.db.sequence()
        token.given = 0
    return token


def _first_query(call: Call) -> list[tuple[str, str]]:
    query = parse_qsl(call.request.query, keep_blank_values=True)
    for name, _ in query:
        if name.startswith("$") and name.lower() not in _ALLOWED:
            raise ExchangeError("ErrorInvalidUrlQuery", f"The query parameter '{name}' is not supported on delta.")
    return query


def _since(node: Node) -> int:
    """The only filter that delta takes: `receivedDateTime ge` (or `gt`) a moment."""
    match node:
        case Compare("ge" | "gt" as operator, Path(name), Literal(str() as value, True)) if (
            name.lower() == "receiveddatetime"
        ):
            return parse_time(value) + (operator == "gt")
        case Logic("and", (left, right)):
            return max(_since(left), _since(right))
    raise ExchangeError(
        "ErrorInvalidUrlQueryFilter", "Delta on messages supports $filter on receivedDateTime with ge and gt only."
    )


def message_delta(call: Call) -> Response:
    """GET mailFolders/{f}/messages/delta."""
    store = call.face.store
    folder = folders.child(call) if len(call.words) == 2 else folders.find(call, call.words[0])
    token = _open_token(call, "m", folder.id)
    options = read_options(token.query)
    since = _since(parse_filter(options.filter)) if options.filter else None
    if options.orderby and options.orderby != (("receivedDateTime", True),):
        raise ExchangeError("ErrorInvalidUrlQuery", "Delta on messages supports $orderby=receivedDateTime desc only.")
    kinds = {kind for kind in options.other.get("changetype", "").lower().split(",") if kind}
    size = (
        _page(call)
        if call.request.preference("odata.maxpagesize") or not options.top
        else min(max(options.top, 1), _MAX_PAGE)
    )
    quirk = call.face.conditions.quirk(call.mailbox.id)
    shower = messages.Shower(call, options.select, dict(options.expand), typed=True)
    if quirk.empty_pages and not token.paused:
        token.paused = True
        return _answer(call, token, [], True, "Collection(message)")
    where, parameters = (" AND received >= ?", (since,)) if since is not None else ("", ())
    capped = since is not None and not token.known
    room = min(size, FILTER_CAP - token.given) if capped else size
    changes = store.changes.messages(
        folder.id,
        known=token.known,
        after=token.after,
        start=token.start,
        limit=room,
        where=where,
        parameters=parameters,
    )
    visible = [
        change
        for change in changes
        if _wanted(change, kinds) and _is_listed(call, change) and _visible(call, folder, change, token)
    ]
    shower.check_page([change.message.id for change in visible if change.message])
    shown = [_show(shower, call, change) for change in visible]
    if quirk.replay and token.known and token.after == token.known:
        shown = _replayed(call, folder, shower, quirk.replay) + shown
    more = len(changes) >= room
    if changes:
        token.after = changes[-1].seq
        token.given += len(changes)
    if capped and token.given >= FILTER_CAP:
        more = False
    return _answer(call, token, shown, more, "Collection(message)")


def _visible(call: Call, folder: Folder, change: MessageChange, token: Token) -> bool:
    return call.face.store.changes.is_visible(folder.id, change, known=token.known, immutable=call.request.immutable)


def _is_listed(call: Call, change: MessageChange) -> bool:
    """Appointments, contacts and tasks are in no list of messages."""
    is_mail = change.message is None or change.message.message_class not in OTHER_CLASSES
    return is_mail or call.face.conditions.lists_every_kind


def _wanted(change: MessageChange, kinds: set[str]) -> bool:
    if not kinds:
        return True
    if change.message is None:
        return "deleted" in kinds
    return ("created" if change.is_new else "updated") in kinds


def _show(shower: messages.Shower, call: Call, change: MessageChange) -> bytes:
    if change.message is None:
        return render_removed(messages.rendering(call), change.removed, change.generation)
    return shower.show(change.message)


def _replayed(call: Call, folder: Folder, shower: messages.Shower, count: int) -> list[bytes]:
    """Unchanged messages told once more, as Exchange sometimes does."""
    rows = call.face.store.db.rows(
        "SELECT id FROM message WHERE folder = ? AND hidden = 0 ORDER BY seq DESC LIMIT ?", (folder.id, count)
    )
    return [shower.show(message) for message in messages.by_numbers(call, [row[0] for row in rows])]


def _answer(call: Call, token: Token, shown: list[bytes], more: bool, kind: str) -> Response:
    if more:
        name, word = "@odata.nextLink", "$skiptoken"
    else:
        name, word = "@odata.deltaLink", "$deltatoken"
        token.known = token.after = max(token.after, token.known, token.start)
        token.paused = False
    version = "beta" if call.beta else "v1.0"
    path = "/".join(part for part in call.request.path.split("/") if part)
    link = f"{call.request.origin}/{path}?{word}={_write(token)}"
    head = f'{{"@odata.context":"{call.request.origin}/{version}/$metadata#{kind}",'.encode()
    tail = f'"{name}":"{link}"}}'.encode()
    return answer(head + b'"value":[' + b",".join(shown) + b"]," + tail)


def folder_delta(call: Call) -> Response:
    """GET mailFolders/delta: every mail folder of the tree, flat, `msgfolderroot` itself left out."""
    return folder_round(call, render_mail_folder)


def folder_round(call: Call, render: Callable[[Call, Folder, int, tuple[str, ...] | None], dict[str, Any]]) -> Response:
    """One page of a mailbox's folder changes, each shown by `render`."""
    store = call.face.store
    token = _open_token(call, "f", call.mailbox.id)
    options = read_options(token.query)
    hidden = options.other.get("includehiddenfolders", "").lower() == "true"
    size = (
        _page(call)
        if call.request.preference("odata.maxpagesize") or not options.top
        else min(max(options.top, 1), _MAX_PAGE)
    )
    changes = store.changes.folders(call.mailbox.id, known=token.known, after=token.after, limit=size, hidden=hidden)
    counts = store.folders.child_counts(call.mailbox)
    shown = []
    for change in changes:
        if change.folder is None:
            removed = {"@removed": {"reason": "deleted"}, "id": call.mailbox.ids.folder_id(change.removed)}
            shown.append(msgspec.json.encode({"@odata.type": "#microsoft.graph.mailFolder", **removed}))
        else:
            shown.append(
                msgspec.json.encode(render(call, change.folder, counts.get(change.folder.id, 0), options.select))
            )
    if changes:
        token.after = changes[-1].seq
    return _answer(call, token, shown, len(changes) >= size, "Collection(mailFolder)")


def render_mail_folder(call: Call, folder: Folder, children: int, select: tuple[str, ...] | None) -> dict[str, Any]:
    """A folder as the tree's delta shows it."""
    names = folder_selected(select, beta=call.beta)
    return render_folder(call.mailbox.ids, folder, children, names, typed=True, beta=call.beta)


def item_round(call: Call, folder: Folder, render: Callable[[Call, Message, Requested], bytes]) -> Response:
    """One page of a folder's item changes for the admin API."""
    token = _open_token(call, "i", folder.id)
    store = call.face.store
    size = _page(call)
    changes = store.changes.messages(folder.id, known=token.known, after=token.after, start=token.start, limit=size)
    shown = []
    for change in changes:
        if not _visible(call, folder, change, token):
            continue
        if change.message is None:
            shown.append(
                render_removed(messages.rendering(call), change.removed, change.generation).replace(
                    b".message", b".mailboxItem", 1
                )
            )
        else:
            shown.append(render(call, change.message, Requested()))
    if changes:
        token.after = changes[-1].seq
    return _answer(call, token, shown, len(changes) >= size, "Collection(mailboxItem)")
