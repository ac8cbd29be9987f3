"""GetItem, FindItem, CreateItem, MoveItem, CopyItem, DeleteItem, UpdateItem, ConvertId."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.call import Call, each
from mailsorter.emulator.ews.folders import root_folder
from mailsorter.emulator.ews.restriction import matches
from mailsorter.emulator.ews.shapes import Shape, show_item
from mailsorter.emulator.ews.soap import elements, find, m, name_of, success, t, text
from mailsorter.emulator.graph.inbound import new_from_mime
from mailsorter.emulator.graph.search import search_condition
from mailsorter.emulator.store import Address, Folder, Mailbox, Message, NewMessage
from mailsorter.emulator.store.records import MESSAGE_COLUMNS

_IDS = Shape(None)


def _items(operation: str, *shown: Any) -> Any:
    return success(operation, m("Items", *shown))


def get_item(call: Call) -> list[Any]:
    """Items by id, with whatever of them is asked for."""
    shape = Shape(find(call.body, "m:ItemShape"))

    def one(named: Any) -> Any:
        box, message = ids.read_item(call.store, call.mailbox, named)
        call.conditions.check_one(message.id)
        return _items("GetItem", show_item(call.store, box, message, shape))

    return each("GetItem", elements(find(call.body, "m:ItemIds")), one)


def find_item(call: Call) -> list[Any]:
    """One page of each folder named: all items, those that meet a restriction, or those that a query finds."""
    shape = Shape(find(call.body, "m:ItemShape"))
    view = find(call.body, "m:IndexedPageItemView")
    offset = int(view.get("Offset", "0")) if view is not None else 0
    size = min(int(view.get("MaxEntriesReturned", "1000")), 1000) if view is not None else 1000
    if call.server.short_pages:
        size = max(1, size * 2 // 3)

    def one(named: Any) -> Any:
        shape.refuse_whole_items(but_recipients=call.server.recipients_in_listings)
        box, folder = call.folder(named)
        found = _found(call, folder)
        page = found[offset : offset + size]
        shown = [show_item(call.store, box, message, shape) for message in page]
        return success("FindItem", root_folder(call, t("Items", *shown), (offset, len(page), len(found))))

    return each("FindItem", elements(find(call.body, "m:ParentFolderIds")), one)


def _found(call: Call, folder: Folder) -> list[Message]:
    hidden = 1 if call.body.get("Traversal") == "Associated" else 0
    where, parameters = "message.folder = ? AND message.hidden = ?", [folder.id, hidden]
    query = text(call.body, "m:QueryString")
    if query and not call.server.ignores_query:
        condition, more = search_condition(query)
        where = f"{where} AND message.indexed <= ? AND {condition}"
        parameters += [int(call.store.clock.now_s()), *more]
    order = find(call.body, "m:SortOrder/t:FieldOrder")
    way = "ASC" if order is not None and order.get("Order") == "Ascending" else "DESC"  # by date, whatever is named
    rows = call.store.db.rows(
        f"SELECT {MESSAGE_COLUMNS} FROM message WHERE {where} ORDER BY message.received {way}, message.id {way}",
        tuple(parameters),
    )
    found = [Message(*row) for row in rows]
    restriction = find(call.body, "m:Restriction")
    if restriction is None:
        return found
    if call.server.no_binary_restriction and any(
        one.get("PropertyType") == "Binary" for one in restriction.iter("{*}ExtendedFieldURI")
    ):
        raise ExchangeError("ErrorInvalidRestriction", "The restriction specified is invalid.")
    (condition_,) = elements(restriction)
    return [message for message in found if matches(call.store, message, condition_)]


def create_item(call: Call) -> list[Any]:
    """New items in a folder (else Drafts), from MIME or from properties; nothing is ever sent."""
    if call.body.get("MessageDisposition", "SaveOnly") != "SaveOnly":
        raise ExchangeError("ErrorInvalidRequest", "The emulator sends no mail: use SaveOnly.")
    given = find(call.body, "m:SavedItemFolderId")
    drafts = call.store.folders.well_known(call.mailbox, "drafts")
    box, folder = (call.mailbox, drafts) if given is None else call.folder_in(given)

    def one(new: Any) -> Any:
        made = call.store.messages.create(box, folder, _new_message(call, new))
        return _items("CreateItem", show_item(call.store, box, made, _IDS))

    return each("CreateItem", elements(find(call.body, "m:Items")), one)


def _new_message(call: Call, new: Any) -> NewMessage:
    now = int(call.store.clock.now_s())
    mime = text(new, "t:MimeContent")
    if mime:
        try:
            made = new_from_mime(mime.strip().encode("ascii"), now=now)
        except (binascii.Error, UnicodeEncodeError):
            raise ExchangeError("ErrorMimeContentInvalidBase64String", "Invalid base64 string.") from None
    else:
        body = find(new, "t:Body")
        made = NewMessage(
            subject=text(new, "t:Subject"),
            body="" if body is None else (body.text or ""),
            body_type="html" if body is not None and body.get("BodyType") == "HTML" else "text",
            from_=_address(find(new, "t:From/t:Mailbox")),
            sender=_address(find(new, "t:Sender/t:Mailbox")),
            to=_addresses(find(new, "t:ToRecipients")),
            cc=_addresses(find(new, "t:CcRecipients")),
            bcc=_addresses(find(new, "t:BccRecipients")),
            message_id=text(new, "t:InternetMessageId") or None,
            references=text(new, "t:References"),
            in_reply_to=text(new, "t:InReplyTo"),
            categories=[one.text or "" for one in elements(find(new, "t:Categories"))],
            received=now,
            is_draft=True,
        )
    made.is_read = text(new, "t:IsRead", "true").lower() == "true"
    for given in new.iterfind("{*}ExtendedProperty"):
        uri = given.find("{*}ExtendedFieldURI")
        if uri is not None and int(uri.get("PropertyTag", "0"), 16) == 0x0E07:
            made.is_draft = not int(text(given, "t:Value", "0")) & 1 if text(given, "t:Value").isdecimal() else True
    return made


def _address(source: Any) -> Address | None:
    return None if source is None else Address(text(source, "t:Name"), text(source, "t:EmailAddress"))


def _addresses(source: Any) -> list[Address]:
    return [found for one in elements(source) if (found := _address(one)) is not None]


def move_item(call: Call) -> list[Any]:
    """Move items; the answer holds their new ids."""
    home, target = call.folder_in(find(call.body, "m:ToFolderId"))

    def one(named: Any) -> Any:
        box, message = ids.read_item(call.store, call.mailbox, named)
        ids.refuse_crossing(box, home)
        call.conditions.check_one(message.id)
        moved = call.store.messages.move(box, message, target)
        return _items("MoveItem", *_told(call, box, moved))

    return each("MoveItem", elements(find(call.body, "m:ItemIds")), one)


def _told(call: Call, box: Mailbox, made: Message) -> list[Any]:
    """The item's new id, unless this server does not tell it."""
    return [] if call.server.no_new_ids else [show_item(call.store, box, made, _IDS)]


def copy_item(call: Call) -> list[Any]:
    """Copy items; the answer holds the copies' ids."""
    home, target = call.folder_in(find(call.body, "m:ToFolderId"))

    def one(named: Any) -> Any:
        box, message = ids.read_item(call.store, call.mailbox, named)
        ids.refuse_crossing(box, home)
        return _items("CopyItem", *_told(call, box, call.store.messages.copy(box, message, target)))

    return each("CopyItem", elements(find(call.body, "m:ItemIds")), one)


def delete_item(call: Call) -> list[Any]:
    """The three ways to delete. HardDelete leaves nothing, unless single item recovery or a hold keeps it in Purges."""
    kind = call.body.get("DeleteType", "")

    def one(named: Any) -> Any:
        box, message = ids.read_item(call.store, call.mailbox, named)
        if kind == "MoveToDeletedItems":
            call.store.messages.move(box, message, call.store.folders.well_known(box, "deleteditems"))
        elif kind in ("SoftDelete", "HardDelete") and call.server.no_recoverable_items:
            call.store.recoverable.erase(message)
        elif kind == "SoftDelete":
            call.store.recoverable.soft_delete(box, message)
        elif kind == "HardDelete":
            _hard_delete(call, box, message)
        else:
            raise ExchangeError("ErrorInvalidRequest", "DeleteType is missing.")
        return success("DeleteItem")

    return each("DeleteItem", elements(find(call.body, "m:ItemIds")), one)


def _hard_delete(call: Call, box: Mailbox, message: Message) -> None:
    purges = call.store.folders.well_known(box, "recoverableitemspurges")
    kept = bool(box.single_item_recovery and message.folder != purges.id)
    if call.store.recoverable.hold(box, message) or kept:
        if message.folder == purges.id:
            raise ExchangeError("ErrorRecoverableItemsAccessDenied", "The item is protected and cannot be deleted.")
        call.store.recoverable.discard(box, message, "recoverableitemspurges")
    else:
        call.store.recoverable.erase(message)


def update_item(call: Call) -> list[Any]:
    """Categories, the read flag and the flag of items."""

    def one(change: Any) -> Any:
        box, message = ids.read_item(call.store, call.mailbox, next(elements(change)))
        columns: dict[str, Any] = {}
        for update in elements(find(change, "t:Updates")):
            _take_update(update, columns)
        changed = call.store.messages.change(box, message, columns)
        shown = m("Items", show_item(call.store, box, changed, _IDS))
        return success("UpdateItem", shown, m("ConflictResults", t("Count", "0")))

    return each("UpdateItem", elements(find(call.body, "m:ItemChanges")), one)


def _take_update(update: Any, columns: dict[str, Any]) -> None:
    path = next(elements(update))
    uri = path.get("FieldURI", "")
    deletes = name_of(update) == "DeleteItemField"
    values = list(elements(update))[1:]
    value = next(elements(values[0]), None) if values else None
    if uri == "item:Categories":
        names = [] if deletes else [one.text or "" for one in elements(value)]
        columns["categories"] = msgspec.json.encode(names).decode()
    elif uri == "message:IsRead" and value is not None:
        columns["is_read"] = int((value.text or "").lower() == "true")
    else:
        raise ExchangeError("ErrorInvalidPropertySet", f"The emulator does not set {uri} here.")


def convert_id(call: Call) -> list[Any]:
    """Ids between EwsId and HexEntryId: clients use it to see that the server is there."""
    target = call.body.get("DestinationFormat", "EwsId")

    def one(given: Any) -> Any:
        written, source = given.get("Id", ""), given.get("Format", "EwsId")
        try:
            raw = bytes.fromhex(written) if source == "HexEntryId" else base64.b64decode(written)
        except (ValueError, binascii.Error):
            raise ExchangeError("ErrorInvalidIdMalformed", "Id is malformed.") from None
        shown = raw.hex().upper() if target == "HexEntryId" else base64.b64encode(raw).decode("ascii")
        mailbox = given.get("Mailbox", call.mailbox.address)
        alternate = m("AlternateId", Format=target, Id=shown, Mailbox=mailbox)
        alternate.set("{http://www.w3.org/2001/XMLSchema-instance}type", "t:AlternateIdType")
        return success("ConvertId", alternate)

    return each("ConvertId", elements(find(call.body, "m:SourceIds")), one)
