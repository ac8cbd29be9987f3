"""Folders with mail that Graph's mail folders leave out.

`/mailFolders` shows folders of class `IPF.Note` alone. A mailbox that was migrated over IMAP has folders of class
`IPF.Imap`, and other programs make classes of their own; Outlook shows them like any other. The admin API lists folders
of every class (mailbox-list-folders.md; MailboxFolder.Read.All), and their messages are read like other folders' then.
It names a mailbox by an id that takes User.Read.All to ask for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from mailsorter.errors import MailsorterError, NotPermitted, PermanentError, Throttled, Unreachable
from mailsorter.mailbox.graph import query, wire
from mailsorter.mailbox.graph.client import GraphClient, Request, decoded
from mailsorter.mailbox.graph.pages import next_link, walk
from mailsorter.mailbox.graph.refusals import Asked
from mailsorter.model.folder import FOLDER_CLASSES, FOLDER_CLASSES_UNANSWERED, Folder, may_hold_mail

_FIELDS = "id,displayName,parentFolderId,type,totalItemCount,childFolderCount"


class OtherClasses:
    """One mailbox's folders that only the admin API shows."""

    def __init__(self, client: GraphClient, address: str, client_id: str) -> None:
        self._client = client
        self._address = address
        self._client_id = client_id
        is_archive = address.upper().startswith("MBX:")
        self._mailbox_id = address if is_archive else ""
        self._version = "beta" if is_archive else "v1.0"  # v1.0 knows no archive on the admin paths (graph-facts, 7)
        self._is_refused = False

    def beside(self, known: Collection[str], root_id: str) -> tuple[list[Folder], str]:
        """Folders that may hold mail and are not among the `known` ids, and why there may be more.

        `FOLDER_CLASSES`: this identity may not look. `FOLDER_CLASSES_UNANSWERED`: the API gave no answer this time.
        A folder whose parent is no mail folder hangs below the root.
        """
        if self._is_refused:
            return [], FOLDER_CLASSES
        try:
            found = [one for one in self._all() if one.id not in known and may_hold_mail(one.type or "")]
        except NotPermitted:
            self._is_refused = True
            return [], FOLDER_CLASSES
        except PermanentError:
            return [], FOLDER_CLASSES
        except (Throttled, Unreachable):
            return [], FOLDER_CLASSES_UNANSWERED
        shown = {*known, *(one.id for one in found)}
        return [_folder(one, root_id if one.parent_folder_id not in shown else "") for one in found], ""

    def _all(self) -> Iterator[wire.AdminFolder]:
        """Level by level; asked are folders that say that they have children."""
        base = f"/admin/exchange/mailboxes/{query.segment(self._id())}/folders"
        tail = query.options(select=_FIELDS, top=query.FOLDER_PAGE)
        first = Request("GET", f"{base}{tail}", self._asked("read folders of every class"), version=self._version)
        level = [one for page in walk(self._client, first, wire.admin_folder_page) for one in page.value]
        while level:
            yield from level
            paths = [f"{base}/{query.segment(one.id)}/childFolders{tail}" for one in level if one.child_folder_count]
            below: list[wire.AdminFolder] = []
            for answer in self._client.batch([replace(first, path=path) for path in paths]) if paths else ():
                if isinstance(answer, MailsorterError):
                    raise answer
                page = decoded(answer, wire.admin_folder_page)
                below += page.value
                link = next_link(self._client, first, page)
                rest = walk(self._client, replace(first, path=link), wire.admin_folder_page) if link else ()
                below += [one for more in rest for one in more.value]
            level = below

    def _id(self) -> str:
        if not self._mailbox_id:
            asked = self._asked("read the mailbox's id", "User.Read.All")
            request = Request("GET", f"{query.users(self._address)}/settings/exchange", asked)
            self._mailbox_id = self._client.read(request, wire.exchange_settings).primary_mailbox_id or ""
        return self._mailbox_id

    def _asked(self, doing: str, permission: str = "MailboxFolder.Read.All") -> Asked:
        return Asked(self._address, doing, permission, self._client_id)


def _folder(source: wire.AdminFolder, parent_id: str) -> Folder:
    """Marked as hidden: no listing of mail folders shows it, and nothing is filed into it."""
    return Folder(
        id=source.id,
        parent_id=parent_id or source.parent_folder_id or "",
        name=source.display_name or "",
        is_hidden=True,
        item_count=source.total_item_count or 0,
        child_count=source.child_folder_count or 0,
    )
