"""One mailbox on the firm's own Exchange Server, over EWS. Keeps the contract of `mailsorter.mailbox.base`.

An item's id *changes* when it moves: `ids_survive_moves` is False, and every answer to a move carries the new id. EWS
gives no recipients in a listing or a round, so these bring ids, and each message is fetched by GetItem, many a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from mailsorter.errors import (
    Held,
    MailsorterError,
    NotFound,
    PoisonItem,
    Refused,
    TemporaryError,
    Unreachable,
)
from mailsorter.mailbox.base import (
    AttachedItem,
    Body,
    ChangePage,
    Detail,
    Done,
    ItemCounts,
    Move,
    Outcome,
    Place,
    SearchHits,
    TreePage,
    archive_name,
)
from mailsorter.mailbox.ews import translate
from mailsorter.mailbox.ews.by_key import ByKey, SearchKeys
from mailsorter.mailbox.ews.client import EwsClient
from mailsorter.mailbox.ews.elements import (
    ENVELOPE,
    HEADERS,
    PLACE,
    SEARCH_KEY,
    Field,
    any_of,
    can_be_asked,
    element,
    field_uri,
    find,
    find_items,
    folder_id,
    is_last,
    item_ids,
    listed,
    local_name,
    shape,
    text,
)
from mailsorter.mailbox.ews.settings import EwsSettings
from mailsorter.mailbox.ews.tree import TreeReader
from mailsorter.model.contents import Contents
from mailsorter.model.folder import Folder, FolderPermission, FolderTree, WellKnown
from mailsorter.model.message import ItemStub, Message

T = TypeVar("T")
_MESSAGE_ID = "message:InternetMessageId"
_MESSAGE_IDS_AT_ONCE = 50
_AT_ONCE = 20  # changes in one request: what a lost answer leaves unknown stays small
_SEARCH_CAP = 1000
_PATIENCE = 20  # steps back more than pages read, then a server is taken for one that keeps no order
_FOLDERS_AT_ONCE = 50
_FIELDS = {Detail.IDS: PLACE, Detail.ENVELOPE: (*ENVELOPE, HEADERS), Detail.TRACES: ENVELOPE}


class EwsMailbox:
    """One mailbox, or its archive, which Exchange reaches through the mailbox; used by one thread at a time."""

    def __init__(self, client: EwsClient, settings: EwsSettings, *, is_archive: bool = False) -> None:
        self._client = client
        self._settings = settings
        self._address = archive_name(client.address) if is_archive else client.address
        owner = "" if settings.impersonate else client.address
        self._tree = TreeReader(client, owner=owner, is_archive=is_archive)
        self._keys = SearchKeys()
        self._by_key = ByKey(client)
        self._tells_new_ids: bool | None = None  # until an answer to a move does or does not

    @property
    def address(self) -> str:
        return self._address

    @property
    def ids_survive_moves(self) -> bool:
        return False

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._client.requests

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # reading -------------------------------------------------------------------------------------------------

    def tree(self, *, hidden: bool = False, recoverable: bool = False) -> FolderTree:
        return self._tree.tree(hidden=hidden, recoverable=recoverable)

    def tree_changes(self, cursor: str | None) -> TreePage:
        return self._tree.changes(cursor)

    def changes(self, folder_id: str, cursor: str | None) -> Iterator[ChangePage]:
        state = cursor
        while True:
            answer = self._client.one(_sync_items(folder_id, state, self._settings.page), "read messages")
            state = text(answer, "m:SyncState")
            is_last = text(answer, "m:IncludesLastItemInRange").lower() != "false"
            yield self._change_page(folder_id, find(answer, "m:Changes"), state, is_last=is_last)
            if is_last:
                return

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        for stubs in self.list_ids(folder_id, hidden=hidden):
            if detail is Detail.IDS:
                yield tuple(Message(id=stub.id, folder_id=stub.folder_id) for stub in stubs)
                continue
            answers = self.fetch([stub.id for stub in stubs], detail)
            yield tuple(
                found
                for stub, answer in zip(stubs, answers, strict=True)
                if (found := _listed(stub, answer)) is not None
            )

    def list_ids(self, folder_id: str, *, hidden: bool = False) -> Iterator[tuple[ItemStub, ...]]:
        yield from self._listing(folder_id, "Shallow")
        if hidden:
            yield from self._listing(folder_id, "Associated")

    def count_items(self, folder_id: str, *, hidden: bool = False) -> ItemCounts:
        return ItemCounts(held=self._tree.total_of(folder_id))  # FindItem lists items of every kind

    def count_carrying(self) -> int | None:
        return None

    def fetch(self, ids: Sequence[str], detail: Detail = Detail.ENVELOPE) -> list[Message | MailsorterError]:
        reads = self._settings.reads_headers
        fields = [field for field in _FIELDS[detail] if reads or field != HEADERS]
        return self._each(ids, shape("m:ItemShape", fields), self._message)

    def locate(self, ids: Sequence[str]) -> list[Place | MailsorterError]:
        def place(item: Any) -> Place:
            found = self._message(item)
            return Place(found.id, found.folder_id)

        return self._each(ids, shape("m:ItemShape", (*PLACE, SEARCH_KEY)), place)

    def find_traces(self, search_keys: Sequence[bytes], *, recoverable: bool = False) -> dict[bytes, list[Place]]:
        if not any(search_keys):
            return {}
        folders = [f.id for f in self.tree(hidden=True, recoverable=recoverable) if not f.is_search]
        found = self._by_key.look(folders, search_keys)
        for key, places in self._by_key.look(folders, search_keys, traversal="Associated").items():
            found.setdefault(key, []).extend(places)
        return found

    def texts(self, ids: Sequence[str]) -> list[str | MailsorterError]:
        return self._each(ids, shape("m:ItemShape", ("item:TextBody",)), lambda item: text(item, "t:TextBody"))

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        wanted = shape("m:ItemShape", ("item:Body", "item:HasAttachments", "item:Attachments", HEADERS))
        for stubs in self.list_ids(folder_id, hidden=hidden):
            answers = self._each([stub.id for stub in stubs], wanted, translate.body)
            yield tuple(answer for answer in answers if isinstance(answer, Body))

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        return self._each(ids, shape("m:ItemShape", ("item:Attachments",)), translate.attachment_names)

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        return self._each(ids, shape("m:ItemShape", ("item:TextBody", "item:Attachments")), translate.contents)

    def attachments(self, ids: Sequence[str]) -> list[tuple[AttachedItem, ...] | MailsorterError]:
        return self._each(ids, shape("m:ItemShape", ("item:Attachments",)), translate.attachments)

    def mime(self, message_id: str) -> bytes:
        whole = shape("m:ItemShape", (), element("t:IncludeMimeContent", "true"))
        (answer,) = self._each([message_id], whole, translate.mime)
        if isinstance(answer, MailsorterError):
            raise answer
        return answer

    def find(self, internet_message_id: str) -> list[Place]:
        (found,) = self.find_each([internet_message_id])
        return found

    def find_each(self, internet_message_ids: Sequence[str]) -> list[list[Place]]:
        found: dict[str, list[Place]] = {one: [] for one in internet_message_ids}
        # the server writes a msg-id with characters that XML cannot hold as it came, and nobody can ask for it
        asked = [one for one in found if one and can_be_asked(one)]
        tree = self.tree(hidden=True) if asked else None
        for start in range(0, len(asked), _MESSAGE_IDS_AT_ONCE):
            some = asked[start : start + _MESSAGE_IDS_AT_ONCE]
            condition = element("m:Restriction", any_of(_MESSAGE_ID, some))
            assert tree is not None
            for stub, item in self._in_all_folders(tree, condition, (_MESSAGE_ID,) if len(some) > 1 else ()):
                place = Place(stub.id, stub.folder_id)
                for one in some if len(some) == 1 else _same_msg_id(some, text(item, "t:InternetMessageId")):
                    found[one].append(place)
        return [found[one] for one in internet_message_ids]

    def search(self, terms: Sequence[str]) -> SearchHits:
        hits: dict[str, Message] = {}
        is_complete, is_useless, came = True, False, 0
        tree = self.tree()
        there = sum(folder.item_count for folder in tree)
        for clause in dict.fromkeys(_clause(term) for term in terms if _clause(term)):
            found = [stub for stub, _ in self._in_all_folders(tree, element("m:QueryString", clause))]
            is_complete = is_complete and len(found) <= _SEARCH_CAP
            came += len(found)
            wanted = [stub for stub in found[:_SEARCH_CAP] if stub.id not in hits]
            answers = zip(wanted, self.fetch([stub.id for stub in wanted]), strict=True)
            hits.update({m.id: m for stub, answer in answers if (m := _listed(stub, answer)) is not None})
            if came > there:
                is_useless = True  # it looks at no word of the question
                break
        ordered = sorted(hits.values(), key=lambda m: m.sent_at.timestamp() if m.sent_at else 0.0, reverse=True)
        return SearchHits(tuple(ordered), is_complete=is_complete and not is_useless, is_useless=is_useless)

    def folder_permissions(
        self, folder_ids: Sequence[str]
    ) -> list[tuple[FolderPermission, ...] | MailsorterError] | None:
        found: list[tuple[FolderPermission, ...] | MailsorterError] = []
        for start in range(0, len(folder_ids), _FOLDERS_AT_ONCE):
            some = folder_ids[start : start + _FOLDERS_AT_ONCE]
            wanted = element("m:FolderIds", *(folder_id(one) for one in some))
            payload = element("m:GetFolder", shape("m:FolderShape", ("folder:PermissionSet",)), wanted)
            for answer in self._client.each(payload, len(some), "read folder permissions"):
                is_error = isinstance(answer, MailsorterError)
                found.append(answer if is_error else translate.permissions(find(answer, "m:Folders")[0]))
        return found

    # changing ------------------------------------------------------------------------------------------------

    def create_folder(self, parent_id: str, name: str) -> Folder:
        new = element("t:Folder", element("t:FolderClass", "IPF.Note"), element("t:DisplayName", name))
        payload = element(
            "m:CreateFolder", element("m:ParentFolderId", folder_id(parent_id)), element("m:Folders", new)
        )
        made = find(self._client.one(payload, "create a folder"), "m:Folders")[0]
        return Folder(id=translate.folder(made).id, parent_id=parent_id, name=name)

    def rename_folder(self, folder_id_: str, name: str) -> Folder:
        update = element(
            "t:SetFolderField", field_uri("folder:DisplayName"), element("t:Folder", element("t:DisplayName", name))
        )
        change = element("t:FolderChange", folder_id(folder_id_), element("t:Updates", update))
        self._client.one(element("m:UpdateFolder", element("m:FolderChanges", change)), "rename a folder")
        found = self.tree(hidden=True).get(folder_id_)
        if found is None:
            raise NotFound(f"The folder is not (any more) in mailbox {self.address}.")
        return found

    def delete_empty_folder(self, folder_id_: str) -> None:
        tree = self.tree(hidden=True)
        if folder_id_ not in tree:
            raise NotFound(f"The folder is not (any more) in mailbox {self.address}.")
        holds_items = any(page for page in self.list_ids(folder_id_, hidden=True))
        if tree.children(folder_id_) or holds_items:
            raise Refused(f"A folder of mailbox {self.address} is not empty; it stays.", code="FolderNotEmpty")
        payload = element(
            "m:DeleteFolder", element("m:FolderIds", folder_id(folder_id_)), DeleteType="MoveToDeletedItems"
        )
        self._client.one(payload, "delete an empty folder")

    def move(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._carry("m:MoveItem", moves, "move messages")

    def copy(self, moves: Sequence[Move]) -> list[Outcome]:
        return self._carry("m:CopyItem", moves, "copy messages")

    def categorize(self, id_categories: Sequence[tuple[str, tuple[str, ...]]]) -> list[Outcome]:
        return self._change(id_categories, _categorizing, "set categories", lambda pair, answer: Done(_new_id(answer)))

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        """Soft deletion: into Recoverable Items, under a new id, which the search key tells."""
        outcomes: list[Outcome] = []
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            keys = [m.search_key if isinstance(m, Message) else b"" for m in self.fetch(some, Detail.TRACES)]
            ended = self._change(some, lambda these: _deleting(these, "SoftDelete"), "delete messages", _as_it_was)
            wanted = [key for key, outcome in zip(keys, ended, strict=True) if isinstance(outcome, Done) and key]
            try:
                now = self._deleted_by_key(wanted)
            except MailsorterError as error:  # it was done, and nobody knows what became of it
                ended = [_not_looked_up(error) if isinstance(outcome, Done) else outcome for outcome in ended]
                now = {}
            outcomes.extend(
                now[key].pop() if isinstance(outcome, Done) and now.get(key) else outcome
                for key, outcome in zip(keys, ended, strict=True)
            )
        return outcomes

    def _deleted_by_key(self, keys: Sequence[bytes]) -> dict[bytes, list[Done]]:
        """What lies in Recoverable Items/Deletions under those search keys, newest last; copies share one.

        {} where the server has no such folder. Raises what else it answers.
        """
        if not any(keys):
            return {}
        try:
            deletions = self._tree.resolve(WellKnown.RECOVERABLE_DELETIONS)
        except NotFound:
            return {}
        places = self._by_key.look([deletions], keys)
        return {key: [Done(place.id, place.folder_id) for place in found] for key, found in places.items()}

    def delete_hard(self, folder_id: str, ids: Sequence[str]) -> list[Outcome]:
        """With single item recovery or a hold the server keeps what a hard delete takes, in Purges or below, under a
        new id: so the search keys are looked for there afterwards, and an item found is `Held`."""
        before = self.fetch(ids, Detail.TRACES)
        here = [n for n, m in enumerate(before) if not isinstance(m, Message) or m.folder_id == folder_id]
        answers = self._change(
            here,
            lambda some: _deleting([ids[n] for n in some], "HardDelete"),
            "delete items for good",
            lambda n, _: Done(ids[n]),
        )
        outcomes: dict[int, Outcome] = dict(zip(here, answers, strict=True))
        keys = {n: m.search_key for n, m in enumerate(before) if isinstance(m, Message)}
        try:
            kept = self._still_kept([keys[n] for n, o in outcomes.items() if isinstance(o, Done) and n in keys])
        except MailsorterError as error:
            outcomes = {n: _not_looked_up(error) if isinstance(o, Done) else o for n, o in outcomes.items()}
            kept = set()
        elsewhere = NotFound(f"The item is not in that folder of mailbox {self.address}.")
        return [self._final(outcomes.get(n, elsewhere), keys.get(n, b""), kept) for n in range(len(ids))]

    # inside ----------------------------------------------------------------------------------------------------

    def _final(self, outcome: Outcome, key: bytes, kept: set[bytes]) -> Outcome:
        if isinstance(outcome, Done) and key and key in kept:
            return Held(
                f"Exchange keeps this item of mailbox {self.address} in Recoverable Items.",
                advice="In the Exchange Management Shell look at Get-Mailbox: LitigationHoldEnabled, InPlaceHolds, "
                "SingleItemRecoveryEnabled.",
            )
        return outcome

    def _still_kept(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the search keys that lie in Recoverable Items now."""
        if not any(keys):
            return set()
        tree = self.tree(recoverable=True)
        root = tree.well_known(WellKnown.RECOVERABLE_ROOT)
        return set(self._by_key.look([folder.id for folder in tree.within(root.id)], keys)) if root else set()

    def _in_all_folders(
        self, tree: FolderTree, condition: Any, fields: Sequence[Field] = ()
    ) -> Iterator[tuple[ItemStub, Any]]:
        """Items of every folder that meet a condition; many folders are asked in one request."""
        folders = [f.id for f in tree if not f.is_search]
        for start in range(0, len(folders), _FOLDERS_AT_ONCE):
            some = folders[start : start + _FOLDERS_AT_ONCE]
            payload = find_items(some, "Shallow", 0, _SEARCH_CAP, condition, fields)
            for parent, answer in zip(some, self._client.each(payload, len(some), "search"), strict=True):
                if isinstance(answer, NotFound):
                    continue  # deleted since the tree was read
                if isinstance(answer, MailsorterError):
                    raise answer
                for one in listed(answer):
                    yield ItemStub(translate.item_id(one), parent), one

    def _listing(self, parent: str, traversal: str) -> Iterator[tuple[ItemStub, ...]]:
        """Oldest first, each page from the last item of the page before it on.

        EWS counts items (`Offset`): when one leaves a page that was read, another moves onto it, and would be skipped.
        So a page must begin with what was seen, however far back that is now. What follows it in the server's order
        follows it still: every item that lies there all the time is given, whatever comes and goes.
        """
        before: frozenset[str] = frozenset()  # the ids of the page before
        offset, pages, steps_back = 0, 0, 0
        while True:
            payload = find_items([parent], traversal, offset, self._settings.page, None, oldest_first=True)
            answer = self._client.one(payload, "read messages")
            ids = [translate.item_id(one) for one in listed(answer)]
            if offset and before and before.isdisjoint(ids) and steps_back < pages + _PATIENCE:
                offset = max(0, offset - max(1, len(before) - 1))
                steps_back += 1
                continue
            new = [one for one in ids if one not in before]
            yield tuple(ItemStub(one, parent) for one in new)
            if not ids or is_last(answer, len(ids)):
                return
            is_single = len(ids) == 1  # a page of one cannot begin with what was seen and bring something new
            pages += 1
            offset += max(1, len(ids) - 1)
            before = frozenset() if is_single else frozenset(ids)

    def _change_page(self, parent: str, changes: Any, state: str, *, is_last: bool) -> ChangePage:
        present: dict[str, None] = {}
        removed: list[str] = []
        for change in changes:
            if local_name(change) in ("Create", "Update"):
                present[translate.item_id(change[0])] = None
            elif local_name(change) == "ReadFlagChange":
                present[translate.item_id(change)] = None
            else:
                removed.append(translate.item_id(change))
        messages: list[Message] = []
        for item_id, answer in zip(present, self.fetch(list(present)), strict=True):
            found = _listed(ItemStub(item_id, parent), answer)
            if found is None or found.folder_id != parent:
                removed.append(item_id)  # it left between the page and the look
            else:
                messages.append(found)
        return ChangePage(messages=tuple(messages), removed=tuple(removed), cursor=state, is_last=is_last)

    def _message(self, item: Any) -> Message:
        made = translate.message(item, self._settings.trusted_gateways)
        self._keys.remember(made.id, made.search_key)
        return made

    def _each(self, ids: Sequence[str], wanted: Any, make: Callable[[Any], T]) -> list[T | MailsorterError]:
        items = self._client.items(ids, wanted, self._settings.chunk)
        return [item if isinstance(item, MailsorterError) else make(item) for item in items]

    def _carry(self, operation: str, moves: Sequence[Move], doing: str) -> list[Outcome]:
        """One request a target folder and 20 items; answers in the order asked."""
        if not self._tells_new_ids:  # they are looked for by their search keys afterwards
            unread = [move.id for move in moves if not self._keys.of(move.id)]
            if unread:
                self.locate(unread)
        keys = [self._keys.of(move.id) for move in moves]
        outcomes: dict[int, Outcome] = {}
        by_target: dict[str, list[int]] = {}
        for n, move in enumerate(moves):
            by_target.setdefault(move.to_folder_id, []).append(n)
        for target, numbers in by_target.items():

            def payload(some: Sequence[int], target: str = target) -> Any:
                ids = item_ids(moves[n].id for n in some)
                back = element("m:ReturnNewItemIds", "true")
                return element(operation, element("m:ToFolderId", folder_id(target)), ids, back)

            def done(n: int, answer: Any, target: str = target) -> Outcome:
                return Done(_new_id(answer), target)

            outcomes.update(zip(numbers, self._change(numbers, payload, doing, done), strict=True))
        self._name_again(outcomes, keys)
        return [outcomes[n] for n in range(len(moves))]

    def _name_again(self, outcomes: dict[int, Outcome], keys: Sequence[bytes]) -> None:
        """The new ids of what was moved or copied, where the server does not tell them: all are looked for together.

        What cannot be told, of several with one key, is `Unreachable`: it happened, and where it lies is not known.
        """
        nameless = {n: o for n, o in outcomes.items() if isinstance(o, Done) and not o.id}
        for n, outcome in outcomes.items():
            if isinstance(outcome, Done) and outcome.id:
                self._tells_new_ids = True
                self._keys.remember(outcome.id, keys[n])
        if not nameless:
            return
        self._tells_new_ids = False
        targets = list(dict.fromkeys(o.folder_id for o in nameless.values()))
        try:
            places = self._by_key.look(targets, {keys[n] for n in nameless})
        except MailsorterError:
            places = {}
        wanted: dict[tuple[bytes, str], list[int]] = {}
        for n, outcome in nameless.items():
            wanted.setdefault((keys[n], outcome.folder_id), []).append(n)
        for (key, target), numbers in wanted.items():
            there = [place for place in places.get(key, ()) if place.folder_id == target]
            for n, place in zip(numbers, there if len(there) == len(numbers) else [None] * len(numbers), strict=True):
                if place is None:
                    outcomes[n] = Unreachable("Exchange did not say the item's new id.")
                else:
                    outcomes[n] = Done(place.id, target)
                    self._keys.remember(place.id, key)

    def _change(
        self,
        asked: Sequence[T],
        payload: Callable[[Sequence[T]], Any],
        doing: str,
        done: Callable[[T, Any], Outcome],
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            try:
                answers = self._client.each(payload(some), len(some), doing)
            except TemporaryError as error:  # a lost answer is unknown for each; a busy server did none of them
                outcomes.extend(error for _ in some)
                continue
            except (NotFound, Refused) as error:  # the target folder is gone: said once for the whole request
                outcomes.extend(error for _ in some)
                continue
            outcomes.extend(
                answer if isinstance(answer, MailsorterError) else done(one, answer)
                for one, answer in zip(some, answers, strict=True)
            )
        return outcomes


def _listed(stub: ItemStub, answer: Message | MailsorterError) -> Message | None:
    """A listed item fetched whole; a stand-in for one that cannot be rendered; None for one that left meanwhile."""
    if isinstance(answer, PoisonItem):
        return Message(id=stub.id, folder_id=stub.folder_id, is_unreadable=True)
    if isinstance(answer, NotFound):
        return None
    if isinstance(answer, MailsorterError):
        raise answer
    return answer


def _sync_items(parent: str, state: str | None, page: int) -> Any:
    given = [element("m:SyncState", state)] if state else []
    return element(
        "m:SyncFolderItems",
        shape("m:ItemShape", ()),
        element("m:SyncFolderId", folder_id(parent)),
        *given,
        element("m:MaxChangesReturned", str(min(page, 512))),
    )


def _not_looked_up(error: MailsorterError) -> MailsorterError:
    """A deletion that was done and whose outcome nobody could look up: unknown, and to be looked for again."""
    return Unreachable(f"It was deleted, and looking for it then failed: {error}", advice=error.advice)


def _same_msg_id(asked: Sequence[str], told: str) -> list[str]:
    """Which of the msg-ids asked for an item has, compared as Exchange does, without regard to case; any of them where
    the server writes it in another way."""
    plain = told.strip().casefold()
    return [one for one in asked if one.strip().casefold() == plain] or list(asked)


def _as_it_was(item_id: str, answer: Any) -> Outcome:
    return Done(item_id)


def _deleting(ids: Sequence[str], kind: str) -> Any:
    return element(
        "m:DeleteItem",
        item_ids(ids),
        DeleteType=kind,
        SendMeetingCancellations="SendToNone",
        AffectedTaskOccurrences="AllOccurrences",
    )


def _categorizing(pairs: Sequence[tuple[str, tuple[str, ...]]]) -> Any:
    changes = []
    for item_id, categories in pairs:
        if categories:
            values = element("t:Categories", *(element("t:String", c) for c in categories))
            update = element("t:SetItemField", field_uri("item:Categories"), element("t:Message", values))
        else:
            update = element("t:DeleteItemField", field_uri("item:Categories"))
        changes.append(element("t:ItemChange", element("t:ItemId", Id=item_id), element("t:Updates", update)))
    return element(
        "m:UpdateItem",
        element("m:ItemChanges", *changes),
        ConflictResolution="AlwaysOverwrite",
        MessageDisposition="SaveOnly",
    )


def _new_id(answer: Any) -> str:
    items = find(answer, "m:Items")
    return translate.item_id(items[0]) if items is not None and len(items) else ""


def _clause(term: str) -> str:
    """A phrase of the server's query language; no quote breaks out."""
    plain = " ".join(term.replace('"', " ").split())
    return f'"{plain}"' if plain else ""
