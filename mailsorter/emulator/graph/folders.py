"""Mail folders: list, get, create, rename, move, copy, delete, the tree's delta."""

from __future__ import annotations

from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError, item_not_found
from mailsorter.emulator.graph.auxiliary import check_target
from mailsorter.emulator.graph.directory import context_user
from mailsorter.emulator.graph.paging import collection, next_link, page_size
from mailsorter.emulator.graph.render import folder_selected, render_folder
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer, no_content
from mailsorter.emulator.odata.properties import FOLDER_PROPERTIES
from mailsorter.emulator.odata.sql import FilterSql
from mailsorter.emulator.store import Folder
from mailsorter.emulator.store.records import FOLDER_COLUMNS

#: Calendars, contacts, tasks and notes are no mail folders; the admin API shows them.
_MAIL_CLASSES = "(folder.folder_class = 'IPF.Note' OR folder.well_known IN ('msgfolderroot', 'root', 'searchfolders'))"


def find(call: Call, reference: str) -> Folder:
    """The folder a path names."""
    return call.face.store.folders.find(call.mailbox, reference)


def target(call: Call, body: dict[str, Any]) -> Folder:
    """The folder a move or copy names: `destinationId` in any case; Microsoft's own SDKs write `DestinationId`."""
    for key, value in body.items():
        if key.lower() == "destinationid" and isinstance(value, str) and value:
            found = find(call, value)
            check_target(call, found)
            return found
    raise ExchangeError("ErrorInvalidRequest", "The request lacks a destinationId.")


def _context(call: Call, suffix: str) -> str:
    version = "beta" if call.beta else "v1.0"
    return f"{call.request.origin}/{version}/$metadata#{context_user(call.mailbox)}/mailFolders{suffix}"


def show(call: Call, folder: Folder, status: int = 200) -> Response:
    """One folder as an answer."""
    select = call.request.options.select
    names = folder_selected(select, beta=call.beta)
    children = call.face.store.folders.child_count(folder)
    shown = _expanded(call, render_folder(call.mailbox.ids, folder, children, names, beta=call.beta), folder)
    chosen = f"({','.join(select)})" if select else ""
    return answer({"@odata.context": _context(call, f"{chosen}/$entity"), **shown}, status)


def _list(call: Call, parent: Folder, suffix: str) -> Response:
    request, options = call.request, call.request.options
    hidden = options.other.get("includehiddenfolders", "").lower() == "true"
    where, parameters = f"mailbox = ? AND parent = ? AND {_MAIL_CLASSES}", [call.mailbox.id, parent.id]
    if not hidden and not parent.recoverable:
        where += " AND NOT hidden"
    sql = FilterSql(FOLDER_PROPERTIES, call.mailbox.ids, mapi=False)
    if options.filter:
        condition = sql.condition(options.filter)
        where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    order = sql.order(options.orderby) if options.orderby else "name_key"
    size = page_size(request)
    db = call.face.store.db
    rows = db.rows(
        f"SELECT {FOLDER_COLUMNS} FROM folder WHERE {where} ORDER BY {order}, id LIMIT ? OFFSET ?",
        (*parameters, size + 1, options.skip),
    )
    names = folder_selected(options.select, beta=call.beta)
    counts = call.face.store.folders.child_counts(call.mailbox)
    ids = call.mailbox.ids
    folders = [Folder(*row) for row in rows[:size]]
    shown = [
        msgspec.json.encode(
            _expanded(call, render_folder(ids, folder, counts.get(folder.id, 0), names, beta=call.beta), folder)
        )
        for folder in folders
    ]
    count = db.value(f"SELECT count(*) FROM folder WHERE {where}", parameters) if options.count else None
    link = next_link(request, options.skip + size) if len(rows) > size else ""
    return answer(collection(_context(call, suffix), shown, next_page=link, count=count))


def _expanded(call: Call, shown: dict[str, Any], folder: Folder) -> dict[str, Any]:
    """With `$expand=childFolders`, one level of children; nothing else can be expanded here."""
    for name in call.request.options.expand:
        if name.lower() != "childfolders":
            raise ExchangeError(
                "BadRequest", f"The emulator does not expand '{name}' on type 'microsoft.graph.mailFolder'."
            )
    if call.request.options.expand:
        store = call.face.store
        shown["childFolders"] = [
            render_folder(call.mailbox.ids, child, store.folders.child_count(child), None, beta=call.beta)
            for child in store.folders.children(folder)
            if not child.hidden
        ]
    return shown


def list_folders(call: Call) -> Response:
    """GET mailFolders: direct children of the visible root."""
    return _list(call, call.face.store.folders.well_known(call.mailbox, "msgfolderroot"), "")


def list_children(call: Call) -> Response:
    """GET mailFolders/{f}/childFolders."""
    parent = find(call, call.words[0])
    return _list(call, parent, f"('{call.words[0]}')/childFolders")


def count_folders(call: Call) -> Response:
    """GET mailFolders/$count and childFolders/$count."""
    parent = (
        find(call, call.words[0]) if call.words else call.face.store.folders.well_known(call.mailbox, "msgfolderroot")
    )
    count = call.face.store.db.value(
        f"SELECT count(*) FROM folder WHERE mailbox = ? AND parent = ? AND NOT hidden AND {_MAIL_CLASSES}",
        (call.mailbox.id, parent.id),
    )
    return Response(200, str(count).encode(), content_type="text/plain")


def get_folder(call: Call) -> Response:
    """GET mailFolders/{f}."""
    return show(call, find(call, call.words[-1]))


def get_child(call: Call) -> Response:
    """GET mailFolders/{f}/childFolders/{g}."""
    return show(call, child(call))


def child(call: Call) -> Folder:
    """The folder behind `{f}/childFolders/{g}`; it must really hang there."""
    parent, folder = find(call, call.words[0]), find(call, call.words[1])
    if folder.parent != parent.id:
        raise item_not_found()
    return folder


def create_folder(call: Call) -> Response:
    """POST mailFolders or childFolders: a folder, or a search folder."""
    store = call.face.store
    parent = find(call, call.words[0]) if call.words else store.folders.well_known(call.mailbox, "msgfolderroot")
    body = call.request.json()
    name, hidden = body.get("displayName"), body.get("isHidden", False)
    if not isinstance(name, str):
        raise ExchangeError("ErrorInvalidRequest", "The folder's displayName is missing.")
    if not isinstance(hidden, bool):
        raise ExchangeError("BadRequest", "isHidden must be a boolean.")
    _refuse_extended(body)
    made = store.folders.create(call.mailbox, parent, name, hidden=hidden, search=_search(body))
    store.auxiliary.put_beside(call.mailbox, parent.id, made.id)
    return show(call, made, 201)


def _refuse_extended(body: dict[str, Any]) -> None:
    """Extended properties of folders are left out: what is not kept must not look as if it were."""
    if body.get("singleValueExtendedProperties") or body.get("multiValueExtendedProperties"):
        raise ExchangeError("NotImplemented", "The emulator keeps no extended properties of folders.")


def _search(body: dict[str, Any]) -> str | None:
    if str(body.get("@odata.type", "")).lstrip("#").lower() != "microsoft.graph.mailsearchfolder":
        return None
    return _search_text(body)


def _search_text(values: dict[str, Any]) -> str:
    """What a search folder looks for, as the store keeps it."""
    sources = values.get("sourceFolderIds") or []
    if not isinstance(sources, list) or not isinstance(values.get("filterQuery", ""), str):
        raise ExchangeError("ErrorInvalidRequest", "A search folder needs sourceFolderIds and a filterQuery.")
    kept = {
        "isSupported": True,
        "includeNestedFolders": bool(values.get("includeNestedFolders", False)),
        "sourceFolderIds": [str(source) for source in sources],
        "filterQuery": values.get("filterQuery", ""),
    }
    return msgspec.json.encode(kept).decode("utf-8")


_SEARCH_KEYS = frozenset({"filterQuery", "sourceFolderIds", "includeNestedFolders"})


def change_folder(call: Call) -> Response:
    """PATCH mailFolders/{f}: the display name, and what a search folder looks for; `isHidden` is fixed at creation."""
    folder, body = _addressed(call), call.request.json()
    _refuse_extended(body)
    name, query = body.get("displayName"), _SEARCH_KEYS.intersection(body) if folder.search is not None else frozenset()
    if not isinstance(name, str) and not query:
        raise ExchangeError("ErrorInvalidRequest", "Only a folder's displayName can be changed.")
    folders = call.face.store.folders
    with call.face.store.db.write():
        if query:
            values = {**msgspec.json.decode(folder.search or "{}"), **{key: body[key] for key in query}}
            folder = folders.define_search(call.mailbox, folder, _search_text(values))
        if isinstance(name, str):
            folder = folders.rename(call.mailbox, folder, name)
    return show(call, folder)


def _addressed(call: Call) -> Folder:
    return child(call) if len(call.words) == 2 else find(call, call.words[0])


def move_folder(call: Call) -> Response:
    """POST mailFolders/{f}/move."""
    moved = call.face.store.folders.move(call.mailbox, _addressed(call), target(call, call.request.json()))
    return show(call, moved)


def copy_folder(call: Call) -> Response:
    """POST mailFolders/{f}/copy: with everything in it."""
    folder = _addressed(call)
    return show(call, call.face.store.messages.copy_folder(call.mailbox, folder, target(call, call.request.json())))


def delete_folder(call: Call) -> Response:
    """DELETE mailFolders/{f}."""
    call.face.store.messages.delete_folder(call.mailbox, _addressed(call))
    return no_content()


def permanent_delete_folder(call: Call) -> Response:
    """POST mailFolders/{f}/permanentDelete."""
    call.face.store.messages.permanent_delete_folder(call.mailbox, _addressed(call))
    return no_content()
