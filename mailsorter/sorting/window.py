"""Reading a mailbox in windows: enough messages to decide threads together, few enough to hold a million's backlog."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mailsorter.errors import CursorLost, NotFound
from mailsorter.mailbox.base import ChangePage, Mailbox
from mailsorter.model.folder import Folder
from mailsorter.model.message import Message

WINDOW = 2000  # messages decided and performed together: some 5 MB, and two minutes of one mailbox's quota


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one folder's changes. `cursor` continues after it; None where there is nothing to continue."""

    folder: Folder | None  # None: messages from several folders, whose waiting is over
    messages: tuple[Message, ...]
    removed: tuple[str, ...] = ()
    cursor: str | None = None
    is_last: bool = True


def changed_windows(mailbox: Mailbox, folder: Folder, cursor: str | None, size: int = WINDOW) -> Iterator[Window]:
    """A folder's changes since the cursor, in windows; at least one, the last with `is_last`.

    When the server forgot the cursor, the folder is read from its beginning: recording is idempotent, so reading
    again is harmless. A folder that is gone ends the windows.
    """
    for start in (cursor, None):
        try:
            yield from _windows(mailbox, folder, start, size)
        except CursorLost:
            continue
        except NotFound:
            return
        return


def _windows(mailbox: Mailbox, folder: Folder, cursor: str | None, size: int) -> Iterator[Window]:
    pages: list[ChangePage] = []
    for page in mailbox.changes(folder.id, cursor):
        pages.append(page)
        if page.is_last or sum(len(p.messages) + len(p.removed) for p in pages) >= size:
            yield _window(folder, pages)
            pages = []


def _window(folder: Folder, pages: list[ChangePage]) -> Window:
    """One window of several pages; an item that came more than once counts as it came last."""
    latest: dict[str, Message | None] = {}
    for page in pages:
        for message in page.messages:
            latest.pop(message.id, None)
            latest[message.id] = message
        for gone in page.removed:
            latest.pop(gone, None)
            latest[gone] = None
    return Window(
        folder=folder,
        messages=tuple(m for m in latest.values() if m is not None),
        removed=tuple(i for i, m in latest.items() if m is None),
        cursor=pages[-1].cursor,
        is_last=pages[-1].is_last,
    )
