"""GetFolder, FindFolder, CreateFolder, UpdateFolder, DeleteFolder, MoveFolder."""

from __future__ import annotations

from typing import Any

from mailsorter.emulator.errors import ExchangeError, item_not_found
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.call import Call, each
from mailsorter.emulator.ews.shapes import DISTINGUISHED, Shape, show_folder
from mailsorter.emulator.ews.soap import elements, find, m, name_of, success, t, text
from mailsorter.emulator.store import Folder


def _shown(call: Call, operation: str, folder: Folder, shape: Shape | None = None) -> Any:
    shown = show_folder(call.store, call.mailbox, folder, shape or Shape(None))
    return success(operation, m("Folders", shown))


def get_folder(call: Call) -> list[Any]:
    """Folders by id or distinguished name."""
    shape = Shape(find(call.body, "m:FolderShape"))

    def one(named: Any) -> Any:
        archive = call.store.mailboxes.archive(call.mailbox)
        if name_of(named) == "DistinguishedFolderId" and named.get("Id") == "archivemsgfolderroot" and archive:
            top = call.store.folders.well_known(archive, "msgfolderroot")
            return success("GetFolder", m("Folders", show_folder(call.store, archive, top, shape)))
        if name_of(named) == "DistinguishedFolderId" and named.get("Id", "") not in DISTINGUISHED:
            raise ExchangeError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return _shown(call, "GetFolder", ids.named_folder(call.store, call.mailbox, named), shape)

    return each("GetFolder", elements(find(call.body, "m:FolderIds")), one)


def find_folder(call: Call) -> list[Any]:
    """Children of folders, or all below them."""
    shape = Shape(find(call.body, "m:FolderShape"))
    deep = call.body.get("Traversal") == "Deep"
    view = find(call.body, "m:IndexedPageFolderView")

    def one(named: Any) -> Any:
        parent = ids.named_folder(call.store, call.mailbox, named)
        found = call.store.folders.subtree(parent)[1:] if deep else call.store.folders.children(parent)
        offset = int(view.get("Offset", "0")) if view is not None else 0
        size = int(view.get("MaxEntriesReturned", "1000")) if view is not None else 1000
        page = found[offset : offset + size]
        shown = [show_folder(call.store, call.mailbox, folder, shape) for folder in page]
        return success("FindFolder", m("RootFolder", t("Folders", *shown), **paging(offset, len(page), len(found))))

    return each("FindFolder", elements(find(call.body, "m:ParentFolderIds")), one)


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
    parent = ids.read_folder(call.store, call.mailbox, find(call.body, "m:ParentFolderId"))

    def one(new: Any) -> Any:
        made = call.store.folders.create(call.mailbox, parent, text(new, "t:DisplayName"))
        return _shown(call, "CreateFolder", made)

    return each("CreateFolder", elements(find(call.body, "m:Folders")), one)


def update_folder(call: Call) -> list[Any]:
    """Give folders other names."""

    def one(change: Any) -> Any:
        named = next(elements(change))
        folder = ids.named_folder(call.store, call.mailbox, named)
        for update in elements(find(change, "t:Updates")):
            uri = find(update, "t:FieldURI")
            if name_of(update) != "SetFolderField" or uri is None or uri.get("FieldURI") != "folder:DisplayName":
                raise ExchangeError("ErrorInvalidPropertySet", "Only a folder's name can be set here.")
            name = next((e.text or "" for e in update.iter() if name_of(e) == "DisplayName"), "")
            folder = call.store.folders.rename(call.mailbox, folder, name)
        return _shown(call, "UpdateFolder", folder)

    return each("UpdateFolder", elements(find(call.body, "m:FolderChanges")), one)


def move_folder(call: Call) -> list[Any]:
    """Hang folders below another one."""
    target = ids.read_folder(call.store, call.mailbox, find(call.body, "m:ToFolderId"))

    def one(named: Any) -> Any:
        folder = ids.named_folder(call.store, call.mailbox, named)
        return _shown(call, "MoveFolder", call.store.folders.move(call.mailbox, folder, target))

    return each("MoveFolder", elements(find(call.body, "m:FolderIds")), one)


def delete_folder(call: Call) -> list[Any]:
    """Delete folders: to Deleted Items, into Recoverable Items, or for good with their mail in Purges."""
    kind = call.body.get("DeleteType", "")

    def one(named: Any) -> Any:
        folder = ids.named_folder(call.store, call.mailbox, named)
        if folder.well_known:
            raise ExchangeError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        if kind == "MoveToDeletedItems":
            call.store.messages.delete_folder(call.mailbox, folder)
        elif kind in ("SoftDelete", "HardDelete"):
            call.store.messages.permanent_delete_folder(call.mailbox, folder)
        else:
            raise item_not_found()
        return success("DeleteFolder")

    return each("DeleteFolder", elements(find(call.body, "m:FolderIds")), one)
