"""The seam between mailsorter and Exchange: what every connector can do, and what holds when it cannot.

**Contract** (tests/contracts/ runs one suite of it against every implementation):

- One object is one mailbox; it is used by one thread at a time.
- Ids are opaque and case-sensitive. A message's `id` is *stable*: it survives moves inside the mailbox, or, where a
  connector's ids change on move (`ids_survive_moves` is False), every answer to a move carries the new one.
- Reading never changes anything, not even the read flag.
- A call either returns, or raises one error of `mailsorter.errors`:
  `TemporaryError` (again later), `NotPermitted`, `MailboxGone`, `NotFound` (the folder itself), `CursorLost`.
  `Unreachable` out of a changing call means *nobody knows whether it happened*: look before you repeat.
- Calls over many items answer per item (`Done`, or the error for that item) in the order asked; one bad item never
  spoils the rest. An item's error is one of `NotFound`, `PoisonItem`, `Held`, `MailboxFull`, `Refused`,
  `NotPermitted`, `TemporaryError` (with `Unreachable` meaning unknown, as above).
- Pages come lazily; a page may be empty and still not be the last.
- A message that the server has but cannot render comes in listings and rounds as `Message.is_unreadable`, with nothing
  but id and folder: it is listed for a person, never decided on. Fetched by id it is `PoisonItem`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from mailsorter.errors import MailsorterError
from mailsorter.model.contents import Contents
from mailsorter.model.folder import Folder, FolderPermission, FolderTree
from mailsorter.model.message import ItemStub, Message


class Detail(enum.Enum):
    """How much of each message to fetch."""

    IDS = "ids"  # id and folder: nothing personal leaves the server
    ENVELOPE = "envelope"  # everything matching needs; where ids change on move the search key too, to find it again
    TRACES = "traces"  # envelope plus search key and message class: what an erasure needs


class AttachedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of one attachment without its content. `size` in bytes, 0 where it does not say.

    `is_item`: it is an item of Exchange's own (a message, an appointment, a contact), not a file.
    """

    name: str = ""
    content_type: str = ""
    size: int = 0
    is_item: bool = False


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A message's text as the server has it, HTML or plain, and its header block as text ("" where it gives none).

    Held in memory by the caller only as long as comparing takes. `attached`: what is attached, inline pictures too, or
    None where the server did not say it with the text. `received_at`: None where the listing is not by date.
    """

    id: str
    content: str
    is_html: bool = False
    headers: str = ""
    has_attachments: bool = False
    attached: tuple[AttachedItem, ...] | None = None
    received_at: datetime | None = None


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a folder's changes.

    `removed` ids are no longer in this folder: look for them, they are not known to be deleted.
    `cursor` continues after this page, also in another process; with `is_last` it starts the next round.
    """

    messages: tuple[Message, ...]
    removed: tuple[str, ...]
    cursor: str
    is_last: bool


class TreePage(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the folder tree gave: the tree as it is now, and whether it changed since `cursor`."""

    tree: FolderTree | None  # None: nothing changed since the cursor given
    cursor: str


class Move(msgspec.Struct, frozen=True):
    """Move one message; both ids are this mailbox's own."""

    id: str
    to_folder_id: str


class Done(msgspec.Struct, frozen=True):
    """One item was changed; `id` is its id now and `folder_id` where the server says that it is ("" when gone)."""

    id: str
    folder_id: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where an item lies at this moment."""

    id: str
    folder_id: str


class ItemCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items a folder has, by the server's own word at this moment. None where it does not say.

    `held`: the folder's own count, which includes items of every kind. `listed`: how many items a complete listing
    gives, where a listing leaves out items of other kinds than mail (Graph); None where it leaves out none (EWS).
    """

    held: int | None
    listed: int | None = None


Outcome = Done | MailsorterError
"""How one item of a many-item call ended."""

_ARCHIVE = "archive:"


def archive_name(address: str) -> str:
    """How a mailbox's archive on premises is named where a mailbox is asked for (an online archive has its MBX id)."""
    return _ARCHIVE + address


def archive_owner(name: str) -> str | None:
    """Whose archive on premises that name means; None for any other mailbox."""
    return name.removeprefix(_ARCHIVE) if name.startswith(_ARCHIVE) else None


class SearchHits(msgspec.Struct, frozen=True):
    """What the server's own search found: an extra road, never the authority.

    `is_complete` False: it hit its cap, or `is_useless`: it gave more than there is, so it looks at no word of the
    question. `unplaced` are hits whose stable id the server would not tell: their own ids are good for nothing, so
    whoever reads them looks for them by Message-ID and date. `broken` counts entries that named no message at all.
    `failure` is the class of the error that ended the search of at least one term ("" when none did).
    """

    messages: tuple[Message, ...]
    is_complete: bool
    is_useless: bool = False
    unplaced: tuple[Message, ...] = ()
    broken: int = 0
    failure: str = ""


@runtime_checkable
class Mailbox(Protocol):
    """One Exchange mailbox. See the contract above."""

    @property
    def address(self) -> str:
        """The address by which the config names it."""
        ...

    @property
    def ids_survive_moves(self) -> bool:
        """True where a moved message keeps its id (Graph's immutable ids)."""
        ...

    # reading -------------------------------------------------------------------------------------------------

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        """All folders, complete, the visible root itself among them (mail may lie in it).

        `hidden` adds hidden ones and those that only another road shows: `FolderTree.lacks` says where it is closed.
        `recoverable` adds Recoverable Items with its subfolders (beside the visible root, never below it).
        """
        ...

    def tree_changes(self, cursor: str | None) -> TreePage:
        """The visible tree if it changed since `cursor` (None: as it is). One request when nothing changed."""
        ...

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        """A folder's changes since `cursor` (None: everything in it), as envelopes, until the round's last page.

        Order is free and items may come twice; the last occurrence wins. Raises `CursorLost`, also between pages,
        when the server forgot the cursor; `NotFound` when the folder is gone.
        """
        ...

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        """Every message directly in the folder, in pages of up to 1,000; `hidden` adds associated items.

        `since`: only what was received then or later is asked for. A road that does not list by date, oldest first,
        gives everything all the same.
        """
        ...

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        """Every item's id directly in the folder, in pages of up to 1,000."""
        ...

    def count_items(self, folder_id: str, *, hidden: bool = False) -> ItemCounts:
        """How many items the folder has now, and how many `list_ids` gives of them. Raises `NotFound`."""
        ...

    def count_carrying(self) -> int | None:
        """How many messages of the visible folders have attachments, by the server's own flag, which does not count
        inline pictures. None where a road cannot tell it in one request."""
        ...

    def fetch(self, ids: Sequence[str], detail: Detail = Detail.ENVELOPE) -> list[Message | MailsorterError]:
        """Messages by id, wherever they lie, in the order asked; `NotFound` for one that is gone."""
        ...

    def locate(self, ids: Sequence[str]) -> list[Place | MailsorterError]:
        """Where each item lies now; `NotFound` for one that this mailbox does not have."""
        ...

    def find(self, internet_message_id: str) -> list[Place]:
        """Where the messages of that msg-id (RFC 5322, with brackets) lie, Recoverable Items left out; [] for none."""
        ...

    def find_each(self, internet_message_ids: Sequence[str]) -> list[list[Place]]:
        """`find` for each, in the order asked; in as few requests as the road allows."""
        ...

    def find_traces(self, search_keys: Sequence[bytes], *, recoverable: bool = False) -> dict[bytes, list[Place]]:
        """Where items with those MAPI search keys lie, hidden ones too, by key; one that lies nowhere is left out.

        `recoverable` looks into Recoverable Items as well. For roads on which ids change on move; {} on others.
        """
        ...

    def texts(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        """The body of each message as plain text. Held in memory by the caller only as long as a decision takes."""
        ...

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        """The text of every message directly in the folder, in as few requests as its size allows; in the order of
        `messages`, and `since` as there.

        What the server cannot render is left out: ask `texts` for it.
        """
        ...

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        """The names of each message's attachments, in order."""
        ...

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        """The text of each message with the names and sizes of its attachments, inline ones too."""
        ...

    def attachments(self, ids: Sequence[str]) -> list[tuple[AttachedItem, ...] | MailsorterError]:
        """What is attached to each message, in order, without any content; inline pictures too."""
        ...

    def mime(self, message_id: str) -> bytes:
        """The whole message as RFC 5322 bytes, as the server renders it. Raises `NotFound`, `PoisonItem`."""
        ...

    def search(self, terms: Sequence[str]) -> SearchHits:
        """What the server's search finds for any of the words or addresses, visible folders only, newest first."""
        ...

    def folder_permissions(
        self, folder_ids: Sequence[str]
    ) -> list[tuple[FolderPermission, ...] | MailsorterError] | None:
        """Who else may do what with each folder, in the order asked; None where this road cannot tell (Graph knows
        permissions of calendars only)."""
        ...

    # changing (called by mailsorter.perform only) ------------------------------------------------------------

    def create_folder(self, parent_id: str, name: str) -> Folder:
        """A new visible folder. Raises `NameTaken` when a sibling, hidden or not, has the name; `Refused`."""
        ...

    def rename_folder(self, folder_id: str, name: str) -> Folder:
        """Give a folder another name. Raises as `create_folder`."""
        ...

    def delete_empty_folder(self, folder_id: str) -> None:
        """Delete a folder that holds nothing at all; `Refused` when it holds anything, looked at just before."""
        ...

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        """Move messages inside this mailbox; at most 20 go out in one request."""
        ...

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        """Copy messages inside this mailbox; `Done.id` is the copy's. Not idempotent: look before you repeat."""
        ...

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        """Set each message's categories to exactly these."""
        ...

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        """Out of every visible folder, into Recoverable Items: not yet an erasure (graph-facts, section 7)."""
        ...

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        """Out of Exchange for good, from that folder; `Held` where a hold protects the item."""
        ...
