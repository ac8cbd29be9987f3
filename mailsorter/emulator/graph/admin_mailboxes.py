"""`/admin/exchange/mailboxes`: every folder and item of any class, and the one call that removes an item for good."""

from __future__ import annotations

from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError, item_not_found, malformed_id
from mailsorter.emulator.graph import delta, extended
from mailsorter.emulator.graph.paging import collection, next_link, page_size
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer, iso, no_content
from mailsorter.emulator.odata.properties import FOLDER_PROPERTIES, ITEM_PROPERTIES
from mailsorter.emulator.odata.sql import FilterSql
from mailsorter.emulator.store import Folder, Message
from mailsorter.emulator.store.records import FOLDER_COLUMNS, MESSAGE_COLUMNS

_FOLDER = "microsoft.graph.mailboxFolder"
_ITEM = "microsoft.graph.mailboxItem"


def _base(call: Call) -> str:
    version = "beta" if call.beta else "v1.0"
    return f"{call.request.origin}/{version}/admin/exchange/mailboxes/{call.mailbox_id}"


def _context(call: Call, suffix: str) -> str:
    version = "beta" if call.beta else "v1.0"
    return f"{call.request.origin}/{version}/$metadata#admin/exchange/mailboxes/{call.mailbox_id}/{suffix}"


def _chosen(shown: dict[str, Any], select: tuple[str, ...] | None, kind: str) -> dict[str, Any]:
    if select is None:
        return shown
    known = {name.lower() for name in shown if not name.startswith("@")}
    for name in select:
        if name.lower() not in known:
            raise ExchangeError("BadRequest", f"Could not find a property named '{name}' on type '{kind}'.")
    wanted = {name.lower() for name in select} | {"id"}
    return {name: value for name, value in shown.items() if name.startswith("@") or name.lower() in wanted}


def render_folder(call: Call, folder: Folder, children: int, select: tuple[str, ...] | None) -> dict[str, Any]:
    """A folder as the admin API shows it."""
    ids = call.mailbox.ids
    shown = {
        "@odata.type": f"#{_FOLDER}",
        "id": ids.folder_id(folder.id),
        "displayName": folder.name,
        "parentFolderId": ids.folder_id(folder.parent) if folder.parent else ids.folder_id(folder.id),
        "parentMailboxUrl": _base(call),
        "childFolderCount": children,
        "totalItemCount": folder.total,
        "type": folder.folder_class,
        "wellKnownName": folder.well_known or None,
    }
    return _chosen(shown, select, _FOLDER)


def _find(call: Call, reference: str) -> Folder:
    return call.face.store.folders.find(call.mailbox, reference)


def _list(call: Call, where: str, parameters: list[Any], suffix: str) -> Response:
    options = call.request.options
    sql = FilterSql(FOLDER_PROPERTIES, call.mailbox.ids, mapi=False)
    if options.filter:
        condition = sql.condition(options.filter)
        where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    size = page_size(call.request)
    db = call.face.store.db
    order = sql.order(options.orderby) if options.orderby else "id"
    rows = db.rows(
        f"SELECT {FOLDER_COLUMNS} FROM folder WHERE {where} ORDER BY {order}, id LIMIT ? OFFSET ?",
        (*parameters, size + 1, options.skip),
    )
    counts = call.face.store.folders.child_counts(call.mailbox)
    folders = [Folder(*row) for row in rows[:size]]
    shown = [
        msgspec.json.encode(render_folder(call, folder, counts.get(folder.id, 0), options.select)) for folder in folders
    ]
    count = db.value(f"SELECT count(*) FROM folder WHERE {where}", parameters) if options.count else None
    link = next_link(call.request, options.skip + size) if len(rows) > size else ""
    return answer(collection(_context(call, suffix), shown, next_page=link, count=count))


def list_folders(call: Call) -> Response:
    """GET folders: children of the visible root, of every class."""
    root = call.face.store.folders.well_known(call.mailbox, "msgfolderroot")
    return _list(call, "mailbox = ? AND parent = ?", [call.mailbox.id, root.id], "folders")


def list_children(call: Call) -> Response:
    """GET folders/{f}/childFolders."""
    parent = _find(call, call.words[0])
    return _list(
        call, "mailbox = ? AND parent = ?", [call.mailbox.id, parent.id], f"folders('{call.words[0]}')/childFolders"
    )


def _show(call: Call, folder: Folder, status: int = 200) -> Response:
    shown = render_folder(call, folder, call.face.store.folders.child_count(folder), call.request.options.select)
    return answer({"@odata.context": _context(call, "folders/$entity"), **shown}, status)


def get_folder(call: Call) -> Response:
    """GET folders/{f}."""
    return _show(call, _find(call, call.words[0]))


def create_folder(call: Call) -> Response:
    """POST folders."""
    name = call.request.json().get("displayName")
    if not isinstance(name, str):
        raise ExchangeError("ErrorInvalidRequest", "The folder's displayName is missing.")
    folders = call.face.store.folders
    parent = _find(call, call.words[0]) if call.words else folders.well_known(call.mailbox, "msgfolderroot")
    made = folders.create(call.mailbox, parent, name)
    call.face.store.auxiliary.put_beside(call.mailbox, parent.id, made.id)
    return _show(call, made, 201)


def rename_folder(call: Call) -> Response:
    """PATCH folders/{f}."""
    name = call.request.json().get("displayName")
    if not isinstance(name, str):
        raise ExchangeError("ErrorInvalidRequest", "Only a folder's displayName can be changed.")
    return _show(call, call.face.store.folders.rename(call.mailbox, _find(call, call.words[0]), name))


def delete_folder(call: Call) -> Response:
    """DELETE folders/{f}/$ref."""
    call.face.store.messages.delete_folder(call.mailbox, _find(call, call.words[0]))
    return no_content()


def folder_delta(call: Call) -> Response:
    """GET folders/delta."""
    return delta.folder_round(call, render_folder)


def _render_item(call: Call, message: Message, properties: extended.Requested) -> bytes:
    ids = call.mailbox.ids
    is_immutable = call.request.immutable and not call.face.conditions.graph.default_ids_on_admin_items
    text_id = ids.immutable_id(message.id) if is_immutable else ids.default_id(message.id, message.generation)
    shown = {
        "@odata.type": f"#{_ITEM}",
        "@odata.etag": f'W/"{ids.change_key(message.seq)}"',
        "id": text_id,
        "createdDateTime": iso(message.created),
        "lastModifiedDateTime": iso(message.modified),
        "changeKey": ids.change_key(message.seq),
        "categories": msgspec.json.decode(message.categories),
        "type": message.message_class,
        "size": message.size,
    }
    shown = _chosen(shown, call.request.options.select, _ITEM)
    shown.update({name: msgspec.Raw(found) for name, found in extended.pairs(call.face.store, message, properties)})
    return msgspec.json.encode(shown)


def list_items(call: Call) -> Response:
    """GET folders/{f}/items: every item, hidden ones too."""
    folder, options = _find(call, call.words[0]), call.request.options
    properties = extended.requested(options.expand)
    where, parameters = "message.folder = ?", [folder.id]
    sql = FilterSql(ITEM_PROPERTIES, call.mailbox.ids, mapi=True)
    if options.filter:
        condition = sql.condition(options.filter)
        where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    order = sql.order(options.orderby) if options.orderby else "message.received DESC"
    size = page_size(call.request)
    db = call.face.store.db
    rows = db.rows(
        f"SELECT {MESSAGE_COLUMNS} FROM message WHERE {where} ORDER BY {order}, message.id DESC LIMIT ? OFFSET ?",
        (*parameters, size + 1, options.skip),
    )
    shown = [_render_item(call, Message(*row), properties) for row in rows[:size]]
    count = db.value(f"SELECT count(*) FROM message WHERE {where}", parameters) if options.count else None
    link = next_link(call.request, options.skip + size) if len(rows) > size else ""
    return answer(collection(_context(call, f"folders('{call.words[0]}')/items"), shown, next_page=link, count=count))


def _item(call: Call) -> Message:
    folder = _find(call, call.words[0])
    ref = call.mailbox.ids.read_message_id(call.words[1])
    if ref.generation is None and call.face.conditions.graph.default_ids_on_admin_items:
        raise malformed_id()
    message = call.face.store.messages.resolve(call.mailbox, ref)
    if message.folder != folder.id:
        raise item_not_found()
    return message


def get_item(call: Call) -> Response:
    """GET folders/{f}/items/{i}."""
    shown = _render_item(call, _item(call), extended.requested(call.request.options.expand))
    return answer(b'{"@odata.context":"' + _context(call, "folders/items/$entity").encode() + b'",' + shown[1:])


def delete_item(call: Call) -> Response:
    """DELETE folders/{f}/items/{i}?disposalType=softDelete|hardDelete (v1.0 since August 2026).

    The code of the 403 that a protected item earns is a guess: the documentation names none.
    """
    disposal = call.request.options.other.get("disposaltype", "").lower()
    message = _item(call)
    match disposal:
        case "harddelete":
            call.face.store.recoverable.hard_delete(call.mailbox, message)
        case "softdelete":
            call.face.store.recoverable.soft_delete(call.mailbox, message)
        case _:
            raise ExchangeError("BadRequest", "The query parameter disposalType must be softDelete or hardDelete.")
    return no_content()


def item_delta(call: Call) -> Response:
    """GET folders/{f}/items/delta."""
    return delta.item_round(call, _find(call, call.words[0]), _render_item)
