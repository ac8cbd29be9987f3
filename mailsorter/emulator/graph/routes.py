"""The table of what Graph's mail face answers, and the right each row needs. `docs/emulator.md` has a row for each."""

from __future__ import annotations

from collections.abc import Iterator

from mailsorter.emulator.graph import admin_mailboxes as admin
from mailsorter.emulator.graph import attachments, delta, folders, mailbox, messages
from mailsorter.emulator.graph.rights import Right
from mailsorter.emulator.graph.router import Handler, Route


def _route(method: str, path: str, handler: Handler, right: Right) -> Route:
    return Route(method, tuple(path.lower().split("/")), handler, right)


def _message_routes(prefix: str) -> Iterator[Route]:
    """Messages of a mailbox, a folder or a child folder: the same calls below each."""
    one = f"{prefix}/*"
    yield _route("GET", prefix, messages.list_messages, Right.BASIC)
    yield _route("POST", prefix, messages.create_message, Right.WRITE)
    yield _route("GET", f"{prefix}/$count", messages.count_messages, Right.BASIC)
    yield _route("GET", one, messages.get_message, Right.BASIC)
    yield _route("PATCH", one, messages.change_message, Right.WRITE)
    yield _route("DELETE", one, messages.delete_message, Right.WRITE)
    yield _route("GET", f"{one}/$value", messages.get_value, Right.READ)
    yield _route("POST", f"{one}/move", messages.move_message, Right.WRITE)
    yield _route("POST", f"{one}/copy", messages.copy_message, Right.WRITE)
    yield _route("POST", f"{one}/permanentDelete", messages.permanent_delete_message, Right.WRITE)
    yield _route("GET", f"{one}/attachments", attachments.list_attachments, Right.READ)
    yield _route("POST", f"{one}/attachments", attachments.add_attachment, Right.WRITE)
    yield _route("GET", f"{one}/attachments/$count", attachments.count_attachments, Right.READ)
    yield _route("GET", f"{one}/attachments/*", attachments.get_attachment, Right.READ)
    yield _route("DELETE", f"{one}/attachments/*", attachments.remove_attachment, Right.WRITE)
    yield _route("GET", f"{one}/attachments/*/$value", attachments.get_attachment_value, Right.READ)


def _folder_routes(prefix: str) -> Iterator[Route]:
    """One folder, addressed at the top or below its parent."""
    yield _route("PATCH", prefix, folders.change_folder, Right.WRITE)
    yield _route("DELETE", prefix, folders.delete_folder, Right.WRITE)
    yield _route("POST", f"{prefix}/move", folders.move_folder, Right.WRITE)
    yield _route("POST", f"{prefix}/copy", folders.copy_folder, Right.WRITE)
    yield _route("POST", f"{prefix}/permanentDelete", folders.permanent_delete_folder, Right.WRITE)
    yield _route("GET", f"{prefix}/messages/delta", delta.message_delta, Right.BASIC)
    yield from _message_routes(f"{prefix}/messages")


#: Below `users/{id}` and `me`. Literal rows stand before rows with a star in the same place.
MAIL_ROUTES: tuple[Route, ...] = (
    _route("GET", "mailboxSettings", mailbox.get_settings, Right.SETTINGS),
    _route("GET", "mailboxSettings/userPurpose", mailbox.get_purpose, Right.SETTINGS),
    _route("GET", "settings/exchange", mailbox.get_exchange_settings, Right.USERS),
    _route("POST", "translateExchangeIds", mailbox.translate_ids, Right.TRANSLATE),
    _route("GET", "mailFolders", folders.list_folders, Right.BASIC),
    _route("POST", "mailFolders", folders.create_folder, Right.WRITE),
    _route("GET", "mailFolders/delta", delta.folder_delta, Right.BASIC),
    _route("GET", "mailFolders/$count", folders.count_folders, Right.BASIC),
    _route("GET", "mailFolders/*", folders.get_folder, Right.BASIC),
    _route("GET", "mailFolders/*/childFolders", folders.list_children, Right.BASIC),
    _route("POST", "mailFolders/*/childFolders", folders.create_folder, Right.WRITE),
    _route("GET", "mailFolders/*/childFolders/$count", folders.count_folders, Right.BASIC),
    _route("GET", "mailFolders/*/childFolders/*", folders.get_child, Right.BASIC),
    *_folder_routes("mailFolders/*"),
    *_folder_routes("mailFolders/*/childFolders/*"),
    *_message_routes("messages"),
)

#: Below `admin/exchange/mailboxes/{MBX id}`.
ADMIN_ROUTES: tuple[Route, ...] = (
    _route("GET", "folders", admin.list_folders, Right.FOLDERS),
    _route("POST", "folders", admin.create_folder, Right.WRITE_FOLDERS),
    _route("GET", "folders/delta", admin.folder_delta, Right.FOLDERS),
    _route("GET", "folders/*", admin.get_folder, Right.FOLDERS),
    _route("PATCH", "folders/*", admin.rename_folder, Right.WRITE_FOLDERS),
    _route("DELETE", "folders/*/$ref", admin.delete_folder, Right.WRITE_FOLDERS),
    _route("GET", "folders/*/childFolders", admin.list_children, Right.FOLDERS),
    _route("POST", "folders/*/childFolders", admin.create_folder, Right.WRITE_FOLDERS),
    _route("GET", "folders/*/items", admin.list_items, Right.ITEMS),
    _route("GET", "folders/*/items/delta", admin.item_delta, Right.ITEMS),
    _route("GET", "folders/*/items/*", admin.get_item, Right.ITEMS),
    _route("DELETE", "folders/*/items/*", admin.delete_item, Right.WRITE_ITEMS),
)
