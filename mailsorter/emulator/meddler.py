"""Another user of the mailbox: moves, deletes, reads, renames and receives mail while a client is at work."""

from __future__ import annotations

from collections.abc import Callable

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.store import Address, Folder, Mailbox, Message, NewMessage, Store

Choose = Callable[[int], int]


def meddle(store: Store, mailbox: Mailbox, what: str, choose: Choose) -> None:
    """Do one thing that the mailbox's owner might do; nothing when there is nothing to do it to."""
    if what == "deliver":
        _deliver(store, mailbox)
        return
    if what == "rename":
        _rename(store, mailbox, choose)
        return
    message = _any_message(store, mailbox, choose)
    if message is None:
        return
    match what:
        case "move":
            store.messages.move(mailbox, message, _other_folder(store, mailbox, message))
        case "delete":
            store.messages.delete(mailbox, message)
        case "read":
            store.messages.change(mailbox, message, {"is_read": 1 - message.is_read})


def _any_message(store: Store, mailbox: Mailbox, choose: Choose) -> Message | None:
    inbox = store.folders.well_known(mailbox, "inbox")
    numbers = store.db.rows("SELECT id FROM message WHERE folder = ? ORDER BY id LIMIT 1000", (inbox.id,))
    return store.messages.get(mailbox, numbers[choose(len(numbers))][0]) if numbers else None


def _other_folder(store: Store, mailbox: Mailbox, message: Message) -> Folder:
    archive = store.folders.well_known(mailbox, "archive")
    return archive if archive.id != message.folder else store.folders.well_known(mailbox, "inbox")


def _deliver(store: Store, mailbox: Mailbox) -> None:
    new = NewMessage(
        subject="Delivered in between",
        body="While you were working.",
        from_=Address("Someone", "someone@elsewhere.example"),
        to=[Address(mailbox.display_name, mailbox.address)],
        received=int(store.clock.now_s()),
    )
    store.messages.create(mailbox, store.folders.well_known(mailbox, "inbox"), new)


def _rename(store: Store, mailbox: Mailbox, choose: Choose) -> None:
    own = [folder for folder in store.folders.all(mailbox) if not folder.well_known and not folder.recoverable]
    if own:
        folder = own[choose(len(own))]
        try:
            store.folders.rename(mailbox, folder, f"{folder.name} (renamed)")
        except ExchangeError:
            return  # too long or taken: the user gives up
