"""GetFolder, FindFolder, CreateFolder, UpdateFolder, DeleteFolder, MoveFolder."""

from __future__ import annotations

from typing import Any

from mailsorter.emulator.errors import ExchangeError, item_not_found
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.call import Call, each
from mailsorter.emulator.ews.shapes import Shape, show_folder
from mailsorter.emulator.ews.soap import elements, find, m, name_of, success, t, text
from mailsorter.emulator.store import Folder, Mailbox


def _shown(call: Call, operation: str, box: Mailbox, folder: Folder) -> Any:
    return success(operation, m("Folders", show_folder(call.store, box, folder, Shape(None))))


def get_folder(call: Call) -> list[Any]:
    """Folders by id or distinguished name."""
    shape = Shape(find(call.body, "m:FolderShape"), tells_no_false=call.server.fewer_elements)

    def one(named: Any) -> Any:
        box, folder = call.folder(named)
        shared = call.conditions.shared(folder.id)
        return success("GetFolder", m("Folders", show_folder(call.store, box, folder, shape, shared)))

    return each("GetFolder", elements(find(call.body, "m:FolderIds")), one)


def find_folder(call: Call) -> list[Any]:
    """Children of folders, or all below them."""
    shape = Shape(find(call.body, "m:FolderShape"), tells_no_false=call.server.fewer_elements)
    deep = call.body.get("Traversal") == "Deep"
    view = find(call.body, "m:IndexedPageFolderView")

    def one(named: Any) -> Any:
        box, parent = call.folder(named)
        found = call.store.folders.subtree(parent)[1:] if deep else call.store.folders.children(parent)
        offset = int(view.get("Offset", "0")) if view is not None else 0
        size = int(view.get("MaxEntriesReturned", "1000")) if view is not None else 1000
        page = found[offset : offset + size]
        shown = [show_folder(call.store, box, folder, shape) for folder in page]
        return success("FindFolder", root_folder(call, t("Folders", *shown), (offset, len(page), len(found))))

    return each("FindFolder", elements(find(call.body, "m:ParentFolderIds")), one)


def root_folder(call: Call, listed: Any, place: tuple[int, int, int]) -> Any:
    """`m:RootFolder` of a page: offset, how many it shows, and of how many. Some servers leave out what may be."""
    if call.server.fewer_elements:
        return m("RootFolder", listed) if len(listed) else None
    return m("RootFolder", listed, **paging(*place))


def paging(offset: int, shown: int, total: int) -> dict[str, str]:
    """Attributes that say where in a listing a page stands."""
    after = offset + shown
    return {
        "IndexedPagingOffset": str(after),
        "TotalItemsInView": str(total),
        "IncludesLastItemInRange": "true" if after >= total else "false",
    }


def create_folder(call: Call) -> list[Any]:
    """New folders below one parent."""
    box, parent = call.folder_in(find(call.body, "m:ParentFolderId"))

    def one(new: Any) -> Any:
        return _shown(call, "CreateFolder", box, call.store.folders.create(box, parent, text(new, "t:DisplayName")))

    return each("CreateFolder", elements(find(call.body, "m:Folders")), one)


def update_folder(call: Call) -> list[Any]:
    """Give folders other names."""

    def one(change: Any) -> Any:
        named = next(elements(change))
        box, folder = call.folder(named)
        for update in elements(find(change, "t:Updates")):
            uri = find(update, "t:FieldURI")
            if name_of(update) != "SetFolderField" or uri is None or uri.get("FieldURI") != "folder:DisplayName":
                raise ExchangeError("ErrorInvalidPropertySet", "Only a folder's name can be set here.")
            name = next((e.text or "" for e in update.iter() if name_of(e) == "DisplayName"), "")
            folder = call.store.folders.rename(box, folder, name)
        return _shown(call, "UpdateFolder", box, folder)

    return each("UpdateFolder", elements(find(call.body, "m:FolderChanges")), one)


def move_folder(call: Call) -> list[Any]:
    """Hang folders below another one."""
    home, target = call.folder_in(find(call.body, "m:ToFolderId"))

    def one(named: Any) -> Any:
        box, folder = call.folder(named)
        ids.refuse_crossing(box, home)
        return _shown(call, "MoveFolder", box, call.store.folders.move(box, folder, target))

    return each("MoveFolder", elements(find(call.body, "m:FolderIds")), one)


def delete_folder(call: Call) -> list[Any]:
    """Delete folders: to Deleted Items, into Recoverable Items, or for good with their mail in Purges."""
    kind = call.body.get("DeleteType", "")

    def one(named: Any) -> Any:
        box, folder = call.folder(named)
        if folder.well_known:
            raise ExchangeError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        if kind == "MoveToDeletedItems":
            call.store.messages.delete_folder(box, folder)
        elif kind in ("SoftDelete", "HardDelete"):
            call.store.messages.permanent_delete_folder(box, folder)
        else:
            raise item_not_found()
        return success("DeleteFolder")

    return each("DeleteFolder", elements(find(call.body, "m:FolderIds")), one)
