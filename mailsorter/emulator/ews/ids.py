"""EWS ids over the store's own: plain base64, an item's id another one after each move."""

from __future__ import annotations

from typing import Any

from mailsorter.emulator.ews.soap import elements, find, name_of, t
from mailsorter.emulator.store import Folder, Mailbox, Message, Store

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


def read_item(store: Store, mailbox: Mailbox, element: Any) -> Message:
    """The message that an ItemId names. Raises `ExchangeError` when it is gone or was moved since."""
    return store.messages.find(mailbox, str(element.get("Id", "")).translate(_FROM_EWS))


def read_folder(store: Store, mailbox: Mailbox, parent: Any) -> Folder:
    """The folder that a FolderId or DistinguishedFolderId inside `parent` names. Raises `ExchangeError`."""
    (named,) = elements(parent)
    return named_folder(store, mailbox, named)


def named_folder(store: Store, mailbox: Mailbox, element: Any) -> Folder:
    """The same for the element itself."""
    written = str(element.get("Id", ""))
    if name_of(element) == "DistinguishedFolderId":
        return store.folders.well_known(mailbox, written)
    return store.folders.find(mailbox, written.translate(_FROM_EWS))


def mailbox_named(body: Any) -> str:
    """The address that any distinguished folder in a request carries, for delegate access."""
    found = find(body, ".//t:DistinguishedFolderId/t:Mailbox/t:EmailAddress")
    return "" if found is None else (found.text or "").strip()
