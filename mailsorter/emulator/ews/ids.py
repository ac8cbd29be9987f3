"""EWS ids over the store's own: plain base64, an item's id another one after each move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.soap import find, name_of, t
from mailsorter.emulator.store import Folder, Mailbox, Message, Store

_T = TypeVar("_T")
_TO_EWS = str.maketrans("-_", "+/")
_FROM_EWS = str.maketrans("+/", "-_")


def item_id(mailbox: Mailbox, message: Message) -> Any:
    """`t:ItemId` of a message."""
    ids = mailbox.ids
    written = ids.default_id(message.id, message.generation).translate(_TO_EWS)
    return t("ItemId", Id=written, ChangeKey=ids.change_key(message.seq))


def gone_item_id(mailbox: Mailbox, number: int, generation: int) -> Any:
    """`t:ItemId` of a message that left."""
    return t("ItemId", Id=mailbox.ids.default_id(number, generation).translate(_TO_EWS))


def folder_id(mailbox: Mailbox, number: int, name: str = "FolderId") -> Any:
    """`t:FolderId` or `t:ParentFolderId`."""
    return t(name, Id=mailbox.ids.folder_id(number).translate(_TO_EWS), ChangeKey="AQAAAA==")


def conversation_id(mailbox: Mailbox, conversation: bytes) -> Any:
    """`t:ConversationId`."""
    return t("ConversationId", Id=mailbox.ids.conversation_id(conversation).translate(_TO_EWS))


def read_item(store: Store, mailbox: Mailbox, element: Any) -> tuple[Mailbox, Message]:
    """The message that an ItemId names, and the mailbox that holds it: the one meant, or its archive.

    Raises `ExchangeError` when it is gone or was moved since.
    """
    written = str(element.get("Id", "")).translate(_FROM_EWS)
    return _at_home(store, mailbox, lambda box: store.messages.find(box, written))


def named_folder(
    store: Store, mailbox: Mailbox, element: Any, *, has_recoverable: bool = True
) -> tuple[Mailbox, Folder]:
    """The folder that a FolderId or DistinguishedFolderId names, and the mailbox that holds it.

    Raises `ExchangeError`: ErrorFolderNotFound for a distinguished folder that
    the mailbox has not, as those of an archive where there is none."""
    written = str(element.get("Id", ""))
    if name_of(element) != "DistinguishedFolderId":
        return _at_home(store, mailbox, lambda box: store.folders.find(box, written.translate(_FROM_EWS)))
    if "recoverable" in written and not has_recoverable:
        raise _no_such_folder()
    if written in IN_ARCHIVE:
        archive = store.mailboxes.archive(mailbox)
        if archive is None:
            raise _no_such_folder()
        return archive, store.folders.well_known(archive, IN_ARCHIVE[written])
    if written not in DISTINGUISHED:
        raise _no_such_folder()
    return mailbox, store.folders.well_known(mailbox, written)


def _at_home(store: Store, mailbox: Mailbox, look: Callable[[Mailbox], _T]) -> tuple[Mailbox, _T]:
    """An id says by itself whether it is of the mailbox or of its archive: each reads its own only."""
    try:
        return mailbox, look(mailbox)
    except ExchangeError as error:
        archive = store.mailboxes.archive(mailbox) if error.code == "ErrorInvalidIdMalformed" else None
        if archive is None:
            raise
        return archive, look(archive)


def _no_such_folder() -> ExchangeError:
    return ExchangeError("ErrorFolderNotFound", "The specified folder could not be found in the store.")


#: Well-known names that the schema's DistinguishedFolderIdNameType has as well.
DISTINGUISHED = frozenset(
    {
        *("calendar", "contacts", "deleteditems", "drafts", "inbox", "notes", "outbox", "sentitems", "tasks"),
        *("msgfolderroot", "root", "junkemail", "searchfolders", "recoverableitemsroot", "recoverableitemsdeletions"),
        *("recoverableitemsversions", "recoverableitemspurges", "recoverableitemsdiscoveryholds", "syncissues"),
        *("conflicts", "localfailures", "serverfailures", "conversationhistory", "archive"),
    }
)

#: What the schema calls the folders of a mailbox's archive, with the well-known name that each has inside it.
IN_ARCHIVE = {
    "archiveroot": "root",
    "archivemsgfolderroot": "msgfolderroot",
    "archivedeleteditems": "deleteditems",
    "archiverecoverableitemsroot": "recoverableitemsroot",
    "archiverecoverableitemsdeletions": "recoverableitemsdeletions",
    "archiverecoverableitemsversions": "recoverableitemsversions",
    "archiverecoverableitemspurges": "recoverableitemspurges",
    "archiverecoverableitemsdiscoveryholds": "recoverableitemsdiscoveryholds",
}


def refuse_crossing(source: Mailbox, target: Mailbox) -> None:
    """Between a mailbox and its archive nothing is moved or copied here (Exchange has ArchiveItem for that).

    Raises:
        ExchangeError: ErrorCrossMailboxMoveCopy.
    """
    if source.id != target.id:
        raise ExchangeError("ErrorCrossMailboxMoveCopy", "Items cannot be moved or copied to another mailbox here.")


def distinguished_name(mailbox: Mailbox, folder: Folder) -> str:
    """The distinguished name by which clients know the folder; empty for any other."""
    if mailbox.archive_of is not None:
        return next((name for name, inside in IN_ARCHIVE.items() if inside == folder.well_known), "")
    return folder.well_known if folder.well_known in DISTINGUISHED else ""


def mailbox_named(body: Any) -> str:
    """The address that any distinguished folder in a request carries, for delegate access, or an id to be converted."""
    found = find(body, ".//t:DistinguishedFolderId/t:Mailbox/t:EmailAddress")
    if found is not None:
        return (found.text or "").strip()
    converted = find(body, ".//t:AlternateId")
    return "" if converted is None else str(converted.get("Mailbox", "")).strip()
