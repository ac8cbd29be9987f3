"""The server side of a mailbox kept in memory: what Exchange holds, and what other people do to it.

Shipped with the program and held to the same contract suite as every connector, so that a test of a flow needs no
mock of its neighbour. A test speaks to `MemoryServer` in the role of senders, the mailbox's owner, an administrator
and bad luck; the program under test speaks to `MemoryMailbox`. A server outlives its mailbox objects, as the real one
outlives our process.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from mailsorter.clock import Clock, VirtualClock
from mailsorter.errors import NameTaken, NotFound, Refused
from mailsorter.model.folder import Folder, FolderPath, FolderTree, WellKnown
from mailsorter.model.message import Message

FolderRef = str | WellKnown | FolderPath
"""How a test names a folder: its id, a well-known name, or a path below the visible root."""

_VISIBLE = {
    WellKnown.INBOX: "Inbox",
    WellKnown.SENT: "Sent Items",
    WellKnown.DRAFTS: "Drafts",
    WellKnown.DELETED: "Deleted Items",
    WellKnown.JUNK: "Junk Email",
    WellKnown.OUTBOX: "Outbox",
    WellKnown.ARCHIVE: "Archive",
    WellKnown.CONVERSATION_HISTORY: "Conversation History",
}
_RECOVERABLE = {
    WellKnown.RECOVERABLE_DELETIONS: "Deletions",
    WellKnown.RECOVERABLE_PURGES: "Purges",
    WellKnown.RECOVERABLE_VERSIONS: "Versions",
    WellKnown.RECOVERABLE_DISCOVERY_HOLDS: "DiscoveryHolds",
}
_START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # a Monday morning


@dataclass(slots=True)
class Item:
    """One item on the server: its envelope and what is fetched apart."""

    message: Message
    text: str = ""
    attachment_names: tuple[str, ...] = ()
    attachment_sizes: dict[str, int] = field(default_factory=dict)  # bytes by name; what is not named is empty
    mime: bytes | None = None
    is_associated: bool = False
    is_held: bool = False
    is_poison: bool = False
    changed: int = 0  # the server's sequence number of the last change


@dataclass(slots=True)
class _Shelf:
    """What a folder holds, and what left it when."""

    items: dict[str, Item] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)


class MemoryServer:
    """One mailbox's contents. Methods named `user_…` are the owner's acts; `hold`, `poison`, `forget_cursors`
    the administrator's and fate's."""

    def __init__(self, address: str, *, clock: Clock | None = None, ids_survive_moves: bool = True) -> None:
        self.address = address
        self.clock: Clock = clock or VirtualClock(_START)
        self.ids_survive_moves = ids_survive_moves
        self.epoch = 1
        self.tree_changed = 0
        self._children: Mapping[str, int] = {}  # how many visible ones each folder has, as of `_children_at`
        self._children_at = 0
        self._sequence = 0
        self._numbers = itertools.count(1)
        self._folders: dict[str, Folder] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._lies_in: dict[str, str] = {}
        self._conversations: dict[str, str] = {}
        self.root_id = self._add_folder("", "", WellKnown.ROOT).id
        for well_known, name in _VISIBLE.items():
            self._add_folder(self.root_id, name, well_known)
        self._recoverable_root = self._add_folder("", "Recoverable Items", WellKnown.RECOVERABLE_ROOT, hidden=True).id
        for well_known, name in _RECOVERABLE.items():
            self._add_folder(self._recoverable_root, name, well_known, hidden=True)

    # what lies where -----------------------------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """Grows with every change."""
        return self._sequence

    def folder(self, where: FolderRef) -> Folder:
        """The folder meant; a path is made where it is missing. Raises `NotFound` for an unknown id."""
        if isinstance(where, WellKnown):
            return next(f for f in self._folders.values() if f.well_known is where)
        if isinstance(where, tuple):
            return self._folder_at(where)
        if where not in self._folders:
            raise NotFound(f"Folder {where} is not in mailbox {self.address}.")
        return self._folders[where]

    def tree(self, *, hidden: bool = True, recoverable: bool = True) -> FolderTree:
        """The folders as they are, with their counts."""
        children, root = self._child_counts(), self._recoverable_root
        shelves, count = self._shelves, children.get
        chosen = [
            f
            if f.item_count == len(shelves[f.id].items) and f.child_count == count(f.id, 0)
            else self._counted(f, children)
            for f in list(self._folders.values())
            if (recoverable if root in (f.id, f.parent_id) else hidden or not f.is_hidden)
        ]
        return FolderTree(self.root_id, chosen)

    def items(self, where: FolderRef) -> list[Item]:
        """Everything directly in the folder, oldest change first, associated items too."""
        return list(self._shelves[self.folder(where).id].items.values())

    def ids(self, where: FolderRef) -> set[str]:
        """Ids of everything directly in the folder."""
        return set(self._shelves[self.folder(where).id].items)

    def everything(self) -> dict[str, str]:
        """Id to folder id of every item there is, Recoverable Items included."""
        return dict(self._lies_in)

    def item(self, item_id: str) -> Item:
        """Raises `NotFound`."""
        if item_id not in self._lies_in:
            raise NotFound(f"The item is not in mailbox {self.address}.")
        return self._shelves[self._lies_in[item_id]].items[item_id]

    def removed_since(self, folder_id: str, sequence: int) -> list[tuple[int, str]]:
        """What left the folder after that change, in order."""
        newest_first = reversed(self._shelves[folder_id].removed.items())
        recent = itertools.takewhile(lambda entry: entry[1] > sequence, newest_first)
        return sorted((at, gone) for gone, at in recent)

    def changed_since(self, folder_id: str, sequence: int) -> list[Item]:
        """What came into the folder or changed there after that, oldest change first."""
        newest_first = reversed(self._shelves[self.folder(folder_id).id].items.values())
        return list(itertools.takewhile(lambda item: item.changed > sequence, newest_first))[::-1]

    # senders and the owner -------------------------------------------------------------------------------------

    def deliver(
        self,
        where: FolderRef = WellKnown.INBOX,
        *,
        text: str = "",
        attachment_names: Sequence[str] = (),
        mime: bytes | None = None,
        hidden: bool = False,
        **fields: object,
    ) -> str:
        """A message arrives; `fields` are those of `Message`. Returns its id.

        A message that refers to one delivered before joins its conversation.
        """
        number = next(self._numbers)
        message_id = str(fields.get("internet_message_id") or f"<{number}@memory.example>")
        references = fields.get("references") or ()
        known = (self._conversations[r] for r in references if r in self._conversations)  # type: ignore[attr-defined]
        conversation = str(fields.get("conversation_id") or next(known, f"conversation-{number}"))
        self._conversations.setdefault(message_id, conversation)
        values: dict[str, object] = {
            "received_at": self.clock.now(),
            "sent_at": self.clock.now(),
            "search_key": number.to_bytes(16, "big"),
            "is_read": False,
            "preview": text[:255],
            "has_attachments": bool(attachment_names),
            **fields,
            "internet_message_id": message_id,
            "conversation_id": conversation,
            "id": f"AAkM{number:08d}",
            "folder_id": self.folder(where).id,
        }
        message = msgspec.convert(values, Message)
        self._put(Item(message, text, tuple(attachment_names), mime=mime, is_associated=hidden))
        return message.id

    def user_moves(self, item_id: str, to: FolderRef) -> str:
        """Drag a message to a folder; returns the id it has then."""
        item = self.item(item_id)
        target = self.folder(to).id
        if item.message.folder_id == target:
            return item_id
        self._take(item_id)
        new_id = item_id if self.ids_survive_moves else f"AAkM{next(self._numbers):08d}"
        item.message = msgspec.structs.replace(item.message, id=new_id, folder_id=target)
        self._put(item)
        return new_id

    def user_copies(self, item_id: str, to: FolderRef) -> str:
        """Copy a message; the copy shares search key and message-id and has an id of its own."""
        original = self.item(item_id)
        message = msgspec.structs.replace(
            original.message, id=f"AAkM{next(self._numbers):08d}", folder_id=self.folder(to).id
        )
        sizes = dict(original.attachment_sizes)
        self._put(Item(message, original.text, original.attachment_names, sizes, original.mime))
        return message.id

    def user_changes(self, item_id: str, **fields: object) -> None:
        """Read, flag, categorise: any fields of `Message` except id and folder."""
        item = self.item(item_id)
        item.message = msgspec.structs.replace(item.message, **fields)
        self._touch(item)

    def user_deletes(self, item_id: str) -> str:
        """To Deleted Items, or from there on to Recoverable Items/Deletions; returns the id it has then."""
        deleted = self.folder(WellKnown.DELETED).id
        inside = FolderTree(self.root_id, self._folders.values()).lies_within(
            self.item(item_id).message.folder_id, deleted
        )
        return self.user_moves(item_id, WellKnown.RECOVERABLE_DELETIONS if inside else WellKnown.DELETED)

    def user_destroys(self, item_id: str) -> None:
        """The item is gone without a trace, as when retention ends."""
        self._take(item_id)

    def restores(self, item: Item) -> str:
        """A backup brings an item back: the same one where ids survive moves, else a copy under a new id."""
        if self.ids_survive_moves:
            self._put(item)
            return item.message.id
        message = msgspec.structs.replace(item.message, id=f"AAkM{next(self._numbers):08d}")
        self._put(Item(message, item.text, item.attachment_names, dict(item.attachment_sizes), item.mime))
        return message.id

    def user_creates_folder(self, parent: FolderRef, name: str, *, hidden: bool = False, search: bool = False) -> str:
        """A folder someone makes in Outlook. Raises `NameTaken`, `Refused`; returns its id."""
        return self.create_folder(self.folder(parent).id, name, hidden=hidden, search=search).id

    def user_renames_folder(self, folder: FolderRef, name: str) -> None:
        """Raises `NameTaken`, `Refused`."""
        self.rename_folder(self.folder(folder).id, name)

    def user_moves_folder(self, folder: FolderRef, to: FolderRef) -> None:
        """A folder goes below another one with all that is in it."""
        moved = self.folder(folder)
        self._folders[moved.id] = msgspec.structs.replace(moved, parent_id=self.folder(to).id)
        self.tree_changed = self._next()

    def user_deletes_folder(self, folder: FolderRef) -> None:
        """A folder goes below Deleted Items with all that is in it."""
        self.user_moves_folder(folder, WellKnown.DELETED)

    # administrator and fate ------------------------------------------------------------------------------------

    def hold(self, ids: Iterable[str]) -> None:
        """A hold protects these items from leaving Recoverable Items."""
        for item_id in ids:
            self.item(item_id).is_held = True

    def poison(self, item_id: str) -> None:
        """From now on the server itself cannot render this item."""
        self.item(item_id).is_poison = True

    def forget_cursors(self) -> None:
        """All delta state is lost."""
        self.epoch += 1

    # what the mailbox's own changes come down to -----------------------------------------------------------------

    def create_folder(self, parent_id: str, name: str, *, hidden: bool = False, search: bool = False) -> Folder:
        """Raises `NotFound`, `NameTaken`, `Refused`."""
        self._check_name(self.folder(parent_id).id, name)
        return self._add_folder(parent_id, name, hidden=hidden, search=search)

    def rename_folder(self, folder_id: str, name: str) -> Folder:
        """Raises `NotFound`, `NameTaken`, `Refused`."""
        folder = self.folder(folder_id)
        if folder.well_known is not None:
            raise Refused("A distinguished folder keeps its name.", code="ErrorCannotRenameDistinguishedFolder")
        if folder.name.casefold() != name.casefold():
            self._check_name(folder.parent_id, name)
        self._folders[folder_id] = msgspec.structs.replace(folder, name=name)
        self.tree_changed = self._next()
        return self._counted(self._folders[folder_id])

    def delete_folder(self, folder_id: str) -> None:
        """The folder and what it holds are gone. Raises `NotFound`, `Refused`."""
        if self.folder(folder_id).well_known is not None:
            raise Refused("A distinguished folder cannot be deleted.", code="ErrorDeleteDistinguishedFolder")
        for item_id in list(self._shelves[folder_id].items):
            self._take(item_id)
        del self._folders[folder_id], self._shelves[folder_id]
        self.tree_changed = self._next()

    # inside ------------------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _add_folder(
        self,
        parent_id: str,
        name: str,
        well_known: WellKnown | None = None,
        *,
        hidden: bool = False,
        search: bool = False,
    ) -> Folder:
        folder = Folder(
            id=f"AQMk{next(self._numbers):08d}",
            parent_id=parent_id,
            name=name,
            well_known=well_known,
            is_hidden=hidden,
            is_search=search,
        )
        self._folders[folder.id] = folder
        self._shelves[folder.id] = _Shelf()
        self.tree_changed = self._next()
        return folder

    def _check_name(self, parent_id: str, name: str) -> None:
        if not name or len(name) > 255:
            raise Refused("A folder's name has 1 to 255 characters.", code="ErrorInvalidFolderName")
        folded = name.casefold()
        if any(f.parent_id == parent_id and f.name.casefold() == folded for f in self._folders.values()):
            raise NameTaken("A folder of that name exists.")

    def _folder_at(self, path: FolderPath) -> Folder:
        parent = self._folders[self.root_id]
        for name in path:
            named = FolderTree(self.root_id, self._folders.values()).named(parent.id, name)
            parent = named[0] if named else self._add_folder(parent.id, name)
        return parent

    def _counted(self, folder: Folder, children: Mapping[str, int] | None = None) -> Folder:
        children = children if children is not None else self._child_counts()
        counts = len(self._shelves[folder.id].items), children.get(folder.id, 0)
        if (folder.item_count, folder.child_count) == counts:
            return folder
        counted = msgspec.structs.replace(folder, item_count=counts[0], child_count=counts[1])
        self._folders[folder.id] = counted  # most stay as they are until the tree is asked for again
        return counted

    def _child_counts(self) -> Mapping[str, int]:
        if self._children_at != self.tree_changed:
            self._children_at = self.tree_changed
            self._children = Counter(f.parent_id for f in self._folders.values() if not f.is_hidden)
        return self._children

    def _touch(self, item: Item) -> None:
        shelf = self._shelves[item.message.folder_id]
        item.changed = self._next()
        shelf.items.pop(item.message.id, None)
        shelf.items[item.message.id] = item  # last: a shelf stays in order of change

    def _put(self, item: Item) -> None:
        self._shelves[item.message.folder_id].removed.pop(item.message.id, None)
        self._lies_in[item.message.id] = item.message.folder_id
        self._touch(item)

    def _take(self, item_id: str) -> Item:
        self.item(item_id)
        shelf = self._shelves[self._lies_in.pop(item_id)]
        shelf.removed.pop(item_id, None)  # last: in order of leaving
        shelf.removed[item_id] = self._next()
        return shelf.items.pop(item_id)


def rendered(item: Item) -> bytes:
    """The item as RFC 5322 bytes: those it came with, or made from its envelope."""
    if item.mime is not None:
        return item.mime
    mail, envelope = EmailMessage(), item.message
    mail["Message-ID"] = envelope.internet_message_id
    mail["Subject"] = " ".join(envelope.subject.split())
    if envelope.sent_at is not None:
        mail["Date"] = format_datetime(envelope.sent_at)
    if envelope.from_ is not None:
        with contextlib.suppress(RecursionError):  # thousands of opening brackets: no address
            mail["From"] = envelope.from_.address
    mail.set_content(item.text)
    for name in item.attachment_names:
        mail.add_attachment(b"", maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()
