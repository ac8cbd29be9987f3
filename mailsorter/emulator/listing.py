"""What a state file holds, as data: for `emulator show`."""

from __future__ import annotations

from typing import Any

from mailsorter.emulator.store import Mailbox, Store


def describe_folders(store: Store, mailbox: Mailbox) -> list[dict[str, Any]]:
    """Folders of one mailbox: path, counts and the immutable ids of its messages, oldest first."""
    found = []
    ids = mailbox.ids
    for folder in store.folders.all(mailbox):
        if folder.well_known in ("root", "msgfolderroot") or (not folder.total and folder.folder_class != "IPF.Note"):
            continue
        guid = store.auxiliary.guid_of(folder.id)
        numbers = store.db.rows("SELECT id FROM message WHERE folder = ? ORDER BY id", (folder.id,))
        found.append(
            {
                "path": list(store.folders.path(mailbox, folder)),
                "id": ids.folder_id(folder.id),
                "auxiliary_id": store.mailboxes.mbx_id(mailbox, auxiliary=guid) if guid else None,
                "well_known": folder.well_known or None,
                "hidden": bool(folder.hidden),
                "total": folder.total,
                "unread": folder.unread,
                "size_bytes": folder.bytes,
                "messages": [ids.immutable_id(row[0]) for row in numbers],
            }
        )
    return found


def describe(store: Store) -> dict[str, Any]:
    """All mailboxes of a store with their folders."""
    mailboxes = []
    for mailbox in store.mailboxes.all():
        folders = describe_folders(store, mailbox)
        mailboxes.append(
            {
                "address": mailbox.address,
                "name": mailbox.display_name,
                "kind": mailbox.kind,
                "state": mailbox.state,
                "user_id": mailbox.user_id,
                "mailbox_id": store.mailboxes.mbx_id(mailbox),
                "messages": sum(folder["total"] for folder in folders),
                "folders": folders,
            }
        )
    return {"mailboxes": mailboxes}
