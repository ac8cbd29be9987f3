"""SyncFolderHierarchy and SyncFolderItems. All that a round needs to know is in its state, opaque to clients."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.call import Call
from mailsorter.emulator.ews.shapes import Shape, show_folder, show_item
from mailsorter.emulator.ews.soap import find, m, success, t, text
from mailsorter.emulator.store import Mailbox
from mailsorter.emulator.store.changes import MessageChange

_MAX_CHANGES = 512
_ALL = 100_000


class State(msgspec.Struct, array_like=True):
    """What a SyncState holds."""

    kind: str
    scope: int
    known: int
    after: int
    start: int
    epoch: int


_read_state = msgspec.msgpack.Decoder(State)  # built once: requests are answered in threads


def _synced(call: Call) -> Mailbox:
    """The mailbox whose folders are meant: the archive where its top is named."""
    named = find(call.body, "m:SyncFolderId")
    return call.mailbox if named is None else call.folder_in(named)[0]


def _read(call: Call, kind: str, box: Mailbox, scope: int) -> State:
    written = text(call.body, "m:SyncState")
    epoch = call.conditions.delta_epoch(box.id)
    now = call.store.db.sequence()
    if not written:
        return State(kind, scope, 0, 0, now, epoch)
    try:
        state = _read_state.decode(base64.b64decode(written, validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise _invalid() from None
    if (state.kind, state.scope, state.epoch) != (kind, scope, epoch):
        raise _invalid()
    if state.after == state.known:
        state.start = now
    return state


def _invalid() -> ExchangeError:
    return ExchangeError("ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid.")


def _write(state: State, *, is_last: bool) -> Any:
    if is_last:
        state.known = state.after = max(state.after, state.known, state.start)
    return m("SyncState", base64.b64encode(msgspec.msgpack.encode(state)).decode("ascii"))


def sync_hierarchy(call: Call) -> list[Any]:
    """Folders below the visible root that changed since the state."""
    shape = Shape(find(call.body, "m:FolderShape"), tells_no_false=call.server.fewer_elements)
    box = _synced(call)
    state = _read(call, "f", box, box.id)
    store = call.store
    changes = store.changes.folders(box.id, known=state.known, after=state.after, limit=_ALL, hidden=True)
    shown = []
    for change in changes:
        if change.folder is None:
            shown.append(t("Delete", ids.folder_id(box, change.removed)))
        else:
            name = "Create" if change.folder.entered_seq > state.known else "Update"
            shown.append(t(name, show_folder(store, box, change.folder, shape)))
        state.after = max(state.after, change.seq)
    last = m("IncludesLastFolderInRange", "true")
    return [success("SyncFolderHierarchy", _write(state, is_last=True), last, m("Changes", *shown))]


def sync_items(call: Call) -> list[Any]:
    """Items of one folder that changed since the state: whole in a first round, and then each change."""
    shape = Shape(find(call.body, "m:ItemShape"))
    shape.leave_out_whole_items()
    box, folder = call.folder_in(find(call.body, "m:SyncFolderId"))
    state = _read(call, "m", box, folder.id)
    size = min(int(text(call.body, "m:MaxChangesReturned", "100")), _MAX_CHANGES)
    changes = call.store.changes.messages(
        folder.id, known=state.known, after=state.after, start=state.start, limit=size
    )
    visible = [
        change
        for change in changes
        if call.store.changes.is_visible(folder.id, change, known=state.known, immutable=False)
    ]
    shown = [_change(call, box, change, shape) for change in visible]
    is_last = len(changes) < size
    if changes:
        state.after = changes[-1].seq
    last = m("IncludesLastItemInRange", "true" if is_last else "false")
    return [success("SyncFolderItems", _write(state, is_last=is_last), last, m("Changes", *shown))]


def _change(call: Call, box: Mailbox, change: MessageChange, shape: Shape) -> Any:
    if change.message is None:
        return t("Delete", ids.gone_item_id(box, change.removed, change.generation))
    name = "Create" if change.is_new else "Update"
    return t(name, show_item(call.store, box, change.message, shape))
