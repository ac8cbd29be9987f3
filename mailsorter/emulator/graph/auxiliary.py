"""308 for what lies in an auxiliary archive and was asked for in another of the archive's mailboxes.

Documented for `/admin/exchange/mailboxes` (handle-archive-mailbox-redirects, 2026-04); that mail paths under the
archive's id answer likewise is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.router import Call, Route
from mailsorter.emulator.graph.wire import Response
from mailsorter.emulator.store import Folder

_FOLDERS = frozenset({"mailfolders", "childfolders", "folders"})
_ITEMS = frozenset({"messages", "items"})


def guid_in(name: str) -> str:
    """The guid in a mailbox id, empty for a name of another kind."""
    return name[4:].partition("@")[0].lower() if name[:4].upper() == "MBX:" else ""


def redirect(call: Call, route: Route, start: Sequence[str], rest: Sequence[str]) -> Response | None:
    """The redirect that the call earns, None when what it names lies in the mailbox it names.

    `start` are the decoded segments before the mailbox's, `rest` those after it.

    Raises:
        ExchangeError: NotImplemented for a call in an auxiliary archive that names nothing in it.
    """
    folder = _named(call, route)
    if folder is None:
        if call.auxiliary and not call.words and route.pattern[0] != "messages":
            raise ExchangeError("NotImplemented", "An auxiliary archive answers for the folders that lie in it only.")
        return None
    lies = call.face.store.auxiliary.guid_of(folder)
    if lies == call.auxiliary:
        return None
    mailbox = call.face.store.mailboxes.mbx_id(call.mailbox, auxiliary=lies)
    path = "/".join(quote(part, safe="@:$=") for part in (*start, mailbox, *rest))
    query = f"?{call.request.query}" if call.request.query else ""
    version = "beta" if call.beta else "v1.0"
    return Response(308, headers={"Location": f"{call.request.origin}/{version}/{path}{query}"})


def _named(call: Call, route: Route) -> int | None:
    """The folder that the path is about, by its number: of the item it names, else the last folder in it."""
    before = [part for part, star in zip(route.pattern, route.pattern[1:], strict=False) if star == "*"]
    folder: int | None = None
    for kind, word in zip(before, call.words, strict=True):
        try:
            if kind in _FOLDERS:
                folder = call.face.store.folders.find(call.mailbox, word).id
            elif kind in _ITEMS:
                folder = call.face.store.messages.find(call.mailbox, word).folder
        except ExchangeError:
            return folder  # the operation itself will say so, in the mailbox that holds what could be found
    return folder


def check_target(call: Call, target: Folder) -> None:
    """Mail moves inside one mailbox only, and an auxiliary archive is another.

    Raises:
        ExchangeError: ErrorMoveCopyFailed.
    """
    if call.face.store.auxiliary.guid_of(target.id) != call.auxiliary:
        raise ExchangeError("ErrorMoveCopyFailed", "The destination folder lies in another archive mailbox.")
