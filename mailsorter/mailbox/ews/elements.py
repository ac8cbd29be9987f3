"""EWS's XML: names, the shapes asked for, and small builders. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

M = "http://schemas.microsoft.com/exchange/services/2006/messages"
T = "http://schemas.microsoft.com/exchange/services/2006/types"

# MAPI tags as EWS names them
SEARCH_KEY = ("0x300B", "Binary")
HIDDEN = ("0x10F4", "Boolean")
PREVIEW = ("0x3FD9", "String")
FLAG_STATUS = ("0x1090", "Integer")
SENDER_SMTP = ("0x5D01", "String")
FROM_SMTP = ("0x5D02", "String")
HEADERS = ("0x007D", "String")

PLACE = ("item:ParentFolderId",)
ENVELOPE = (
    "item:ParentFolderId",
    "item:ItemClass",
    "item:Subject",
    "item:DateTimeReceived",
    "item:Categories",
    "item:InReplyTo",
    "item:IsDraft",
    "item:DateTimeSent",
    "item:HasAttachments",
    "item:ConversationId",
    "message:Sender",
    "message:ToRecipients",
    "message:CcRecipients",
    "message:BccRecipients",
    "message:From",
    "message:InternetMessageId",
    "message:IsRead",
    "message:References",
    "message:ReplyTo",
    PREVIEW,
    FLAG_STATUS,
    SENDER_SMTP,
    FROM_SMTP,
    SEARCH_KEY,  # what finds it again when its id has changed
)
FOLDER = (
    "folder:ParentFolderId",
    "folder:FolderClass",
    "folder:DisplayName",
    "folder:TotalCount",
    "folder:ChildFolderCount",
    "folder:DistinguishedFolderId",
    HIDDEN,
)
Field = str | tuple[str, str]
_NO_XML = re.compile(r"[^\t\n\r -\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def element(name: str, /, *children: etree._Element | str, **attributes: str) -> Any:
    """An element by its prefixed name (`m:FindItem`, `t:ItemId`)."""
    prefix, local = name.split(":")
    made = etree.Element(f"{{{M if prefix == 'm' else T}}}{local}", nsmap={"m": M, "t": T}, attrib=attributes)
    for child in children:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(child)
    return made


def field_uri(field: Field) -> Any:
    """The path of one property: `item:Subject`, or a MAPI tag with its type."""
    if isinstance(field, str):
        return element("t:FieldURI", FieldURI=field)
    return element("t:ExtendedFieldURI", PropertyTag=field[0], PropertyType=field[1])


def shape(tag: str, fields: Iterable[Field], *flags: Any) -> Any:
    """Ids and these properties, nothing else."""
    wanted = [field_uri(f) for f in fields]
    more = [element("t:AdditionalProperties", *wanted)] if wanted else []
    return element(tag, element("t:BaseShape", "IdOnly"), *flags, *more)


def folder_id(folder: str) -> Any:
    """A folder by its id."""
    return element("t:FolderId", Id=folder)


def distinguished(name: str, address: str = "") -> Any:
    """A distinguished folder; with an address that of another mailbox (delegate access)."""
    owner = [element("t:Mailbox", element("t:EmailAddress", address))] if address else []
    return element("t:DistinguishedFolderId", *owner, Id=name)


def item_ids(ids: Iterable[str]) -> Any:
    """Items by their ids."""
    return element("m:ItemIds", *(element("t:ItemId", Id=i) for i in ids))


def find(parent: Any, path: str) -> Any:
    """The first descendant at a path of prefixed names (`m:Items/t:Message`), or None."""
    return None if parent is None else parent.find(path, namespaces={"m": M, "t": T})


def text(parent: Any, path: str) -> str:
    """The text of the first descendant at that path, "" when there is none."""
    found = find(parent, path)
    return "" if found is None else words(found)


def words(node: Any) -> str:
    """The text right inside an element. Half of a surrogate pair, which a sender may write, is read as U+FFFD."""
    try:
        return node.text or ""
    except UnicodeDecodeError:  # lxml reads the reference and cannot hand it on
        raw: bytes = etree.tostring(node, method="text", encoding="utf-8", with_tail=False)
        return raw.decode("utf-8", "replace")


def can_be_asked(value: str) -> bool:
    """Has it only characters that XML can hold? What a sender wrote may have others (XML 1.0, section 2.2)."""
    return _NO_XML.search(value) is None


def local_name(node: Any) -> str:
    """`Message` of `{…types}Message`."""
    return str(etree.QName(node).localname)


def any_of(field: Field, values: Sequence[str]) -> Any:
    """A condition: the property has one of the values."""
    tests = [
        element("t:IsEqualTo", field_uri(field), element("t:FieldURIOrConstant", element("t:Constant", Value=value)))
        for value in values
    ]
    return tests[0] if len(tests) == 1 else element("t:Or", *tests)


def find_items(
    parents: Sequence[str], traversal: str, offset: int, page: int, condition: Any, fields: Sequence[Field] = (),
    *, oldest_first: bool = False,
) -> Any:  # fmt: skip
    view = element("m:IndexedPageItemView", MaxEntriesReturned=str(page), Offset=str(offset), BasePoint="Beginning")
    inside = element("m:ParentFolderIds", *(folder_id(parent) for parent in parents))
    shown = shape("m:ItemShape", fields)
    assert condition is None or not oldest_first
    children: tuple[Any, ...]
    if oldest_first:
        order = element("t:FieldOrder", field_uri("item:DateTimeReceived"), Order="Ascending")
        children = (shown, view, element("m:SortOrder", order), inside)
    elif condition is None:
        children = (shown, view, inside)
    elif local_name(condition) == "Restriction":  # the schema's order
        children = (shown, view, condition, inside)
    else:
        children = (shown, view, inside, condition)
    return element("m:FindItem", *children, Traversal=traversal)


def listed(answer: Any) -> list[Any]:
    """The items of a page; none where the server leaves out what would be empty."""
    items = find(answer, "m:RootFolder/t:Items")
    return [] if items is None else list(items)


def is_last(answer: Any, shown: int, *, full_is: int = 0) -> bool:
    """Is nothing behind this page? A server may leave out the attribute that says so: then only an empty page is the
    end, since it may give fewer than it was asked for; with `full_is` a page of fewer counts as the end, too."""
    root = find(answer, "m:RootFolder")
    told = "" if root is None else root.get("IncludesLastItemInRange", "").lower()
    return shown < max(1, full_is) if told == "" else told != "false"
