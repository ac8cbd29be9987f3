"""Which properties a request wants, and items and folders shown with them in the schema's order."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import ids
from mailsorter.emulator.ews.soap import elements, find, name_of, t, text
from mailsorter.emulator.graph import extended
from mailsorter.emulator.graph.wire import iso
from mailsorter.emulator.mime.write import mime_of
from mailsorter.emulator.store import Folder, Mailbox, Message, Store
from mailsorter.emulator.store.compose import html_to_text

ExtendedTag = tuple[str, str]
"""Tag and type of a MAPI property: `("0x300B", "Binary")`."""


class Shape:
    """What a request wants to see."""

    def __init__(self, element: Any, *, tells_no_false: bool = False) -> None:
        self.tells_no_false = tells_no_false
        self.base = text(element, "t:BaseShape", "IdOnly")
        self.mime = text(element, "t:IncludeMimeContent").lower() == "true"
        self.body_type = text(element, "t:BodyType", "Best")
        self.uris: set[str] = set()
        self.tags: list[ExtendedTag] = []
        for path in elements(find(element, "t:AdditionalProperties")):
            if name_of(path) == "FieldURI":
                self.uris.add(path.get("FieldURI", ""))
            elif name_of(path) == "ExtendedFieldURI":
                self.tags.append((path.get("PropertyTag", ""), path.get("PropertyType", "String")))

    def wants(self, uri: str) -> bool:
        """Is the property asked for by name or by the base shape?"""
        if uri in self.uris or (uri == "item:MimeContent" and self.mime):
            return True
        return self.base == "AllProperties" or (self.base == "Default" and uri in _DEFAULT)

    def leave_out_whole_items(self) -> None:
        """A round shows no recipients, bodies and attachments, and says nothing of it."""
        self.mime = False
        self.base = "Default" if self.base == "AllProperties" else self.base
        self.uris -= _ONLY_BY_GET

    def refuse_whole_items(self, *, but_recipients: bool = False) -> None:
        """A listing refuses recipients, bodies and attachments.

        Raises:
            ExchangeError: ErrorInvalidPropertyRequest.
        """
        if self.mime or self.uris & (_ONLY_BY_GET - _RECIPIENTS if but_recipients else _ONLY_BY_GET):
            raise ExchangeError("ErrorInvalidPropertyRequest", "Property is not valid for this operation.")


_DEFAULT = {
    *("item:ParentFolderId", "item:Subject", "item:Sensitivity", "item:DateTimeSent", "item:HasAttachments"),
    *("message:From", "message:IsRead", "item:DateTimeReceived", "item:Size"),
    *("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"),
}
_RECIPIENTS = {"message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo"}
_ONLY_BY_GET = {
    *_RECIPIENTS,
    *("item:Body", "item:TextBody", "item:UniqueBody", "item:Attachments", "item:MimeContent"),
}


class _Source:
    """A message while it is shown."""

    def __init__(self, store: Store, mailbox: Mailbox, message: Message) -> None:
        self.store = store
        self.mailbox = mailbox
        self.message = message
        self._head: dict[str, Any] | None = None
        self._extra: dict[str, Any] | None = None

    @property
    def head(self) -> dict[str, Any]:
        if self._head is None:
            self._head = msgspec.json.decode(self.message.head)
        return self._head

    @property
    def extra(self) -> dict[str, Any]:
        if self._extra is None:
            self._extra = msgspec.json.decode(self.message.extra)
        return self._extra

    def body(self) -> tuple[str, str]:
        return self.store.messages.body(self.message)


_Show = Callable[[_Source], Any]


def _people(name: str, key: str) -> _Show:
    def show(source: _Source) -> Any:
        listed = source.head.get(key) or []
        return t(name, *(_mailbox(one) for one in listed)) if listed else None

    return show


def _person(name: str, key: str) -> _Show:
    def show(source: _Source) -> Any:
        one = source.head.get(key)
        return t(name, _mailbox(one)) if one else None

    return show


def _mailbox(one: dict[str, Any]) -> Any:
    who = one["emailAddress"]
    return t(
        "Mailbox",
        t("Name", str(who.get("name") or "")),
        t("EmailAddress", str(who.get("address") or "")),
        t("RoutingType", "SMTP"),
    )


def _flag(value: object) -> str:
    return "true" if value else "false"


def _mime(source: _Source) -> Any:
    data = mime_of(source.store.messages, source.message)
    return t("MimeContent", base64.b64encode(data).decode("ascii"), CharacterSet="UTF-8")


def _body(source: _Source) -> Any:
    kind, content = source.body()
    return t("Body", content, BodyType="HTML" if kind == "html" else "Text")


def _text_body(source: _Source) -> Any:
    kind, content = source.body()
    return t("TextBody", html_to_text(content) if kind == "html" else content, BodyType="Text")


def _attachments(source: _Source) -> Any:
    items = source.store.messages.attachments(source.message)
    if not items:
        return None
    shown = []
    for item in items:
        number = source.mailbox.ids.attachment_id(source.message.id, source.message.generation, item.id)
        kind = "ItemAttachment" if item.kind == "item" else "FileAttachment"
        shown.append(
            t(
                kind,
                t("AttachmentId", Id=number),
                t("Name", item.name),
                t("ContentType", item.content_type),
                t("Size", str(item.size)),
                t("IsInline", _flag(item.is_inline)),
            )
        )
    return t("Attachments", *shown)


def _categories(source: _Source) -> Any:
    names = msgspec.json.decode(source.message.categories)
    return t("Categories", *(t("String", name) for name in names)) if names else None


def _optional(name: str, value: str) -> Any:
    return t(name, value) if value else None


# in the order of Types.xsd: ItemType, then (after the extended properties) the rest of it, then MessageType
_BEFORE: tuple[tuple[str, _Show], ...] = (
    ("item:MimeContent", _mime),
    ("item:ItemId", lambda s: ids.item_id(s.mailbox, s.message)),
    ("item:ParentFolderId", lambda s: ids.folder_id(s.mailbox, s.message.folder, "ParentFolderId")),
    ("item:ItemClass", lambda s: t("ItemClass", s.message.message_class)),
    ("item:Subject", lambda s: t("Subject", s.message.subject)),
    ("item:Sensitivity", lambda s: t("Sensitivity", "Normal")),
    ("item:Body", _body),
    ("item:Attachments", _attachments),
    ("item:DateTimeReceived", lambda s: t("DateTimeReceived", iso(s.message.received))),
    ("item:Size", lambda s: t("Size", str(s.message.size))),
    ("item:Categories", _categories),
    ("item:Importance", lambda s: t("Importance", s.message.importance.capitalize())),
    ("item:InReplyTo", lambda s: _optional("InReplyTo", s.extra.get("inReplyTo", ""))),
    ("item:IsDraft", lambda s: t("IsDraft", _flag(s.message.is_draft))),
    ("item:DateTimeSent", lambda s: t("DateTimeSent", iso(s.message.sent))),
    ("item:DateTimeCreated", lambda s: t("DateTimeCreated", iso(s.message.created))),
    ("item:HasAttachments", lambda s: t("HasAttachments", _flag(s.message.has_attachments))),
)
_AFTER: tuple[tuple[str, _Show], ...] = (
    ("item:LastModifiedTime", lambda s: t("LastModifiedTime", iso(s.message.modified))),
    ("item:IsAssociated", lambda s: t("IsAssociated", _flag(s.message.hidden))),
    ("item:ConversationId", lambda s: ids.conversation_id(s.mailbox, s.message.conversation)),
    ("item:Preview", lambda s: t("Preview", str(s.head.get("bodyPreview") or ""))),
    ("item:TextBody", _text_body),
    ("message:Sender", _person("Sender", "sender")),
    ("message:ToRecipients", _people("ToRecipients", "toRecipients")),
    ("message:CcRecipients", _people("CcRecipients", "ccRecipients")),
    ("message:BccRecipients", _people("BccRecipients", "bccRecipients")),
    ("message:ConversationTopic", lambda s: t("ConversationTopic", s.message.subject)),
    ("message:From", _person("From", "from")),
    ("message:InternetMessageId", lambda s: _optional("InternetMessageId", s.message.message_id)),
    ("message:IsRead", lambda s: t("IsRead", _flag(s.message.is_read))),
    ("message:References", lambda s: _optional("References", s.extra.get("references", ""))),
    ("message:ReplyTo", _people("ReplyTo", "replyTo")),
)


def show_item(store: Store, mailbox: Mailbox, message: Message, shape: Shape) -> Any:
    """A message as `t:Message`."""
    source = _Source(store, mailbox, message)
    always = "item:ItemId"
    shown = [show(source) for uri, show in _BEFORE if uri == always or shape.wants(uri)]
    shown += [_extended(tag, property_of(store, message, tag)) for tag in shape.tags]
    shown += [show(source) for uri, show in _AFTER if shape.wants(uri)]
    return t("Message", *shown)


def property_of(store: Store, message: Message, tag: ExtendedTag) -> str | None:
    """The value of a MAPI property, None where the message has none."""
    number = int(tag[0], 16) if tag[0][:2].lower() == "0x" else -1
    if number == 0x3FD9:
        return str(msgspec.json.decode(message.head).get("bodyPreview") or "")
    if number == 0x1090:
        status = str(msgspec.json.decode(message.flag).get("flagStatus", ""))
        return {"flagged": "2", "complete": "1"}.get(status)
    return extended.value_of(store, message, f"{tag[1]} 0x{number:04X}")


def _extended(tag: ExtendedTag, value: str | None) -> Any:
    if value is None:
        return None
    uri = t("ExtendedFieldURI", PropertyTag=_tag(tag[0]), PropertyType=tag[1])
    return t("ExtendedProperty", uri, t("Value", value))


def _tag(written: str) -> str:
    """As Exchange writes it back: lower case, no leading zeros."""
    return f"0x{int(written, 16):x}"


_KINDS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}


def show_folder(
    store: Store, mailbox: Mailbox, folder: Folder, shape: Shape, shared: Mapping[str, str] | None = None
) -> Any:
    """A folder as the element of its kind; `shared` (user to level) only where one folder is asked for by itself."""
    name = "SearchFolder" if folder.search is not None else _KINDS.get(folder.folder_class, "Folder")
    shown = [ids.folder_id(mailbox, folder.id)]
    if shape.wants("folder:ParentFolderId"):
        shown.append(ids.folder_id(mailbox, folder.parent or folder.id, "ParentFolderId"))
    counts = str(store.folders.child_count(folder)) if shape.wants("folder:ChildFolderCount") else ""
    for uri, element, value in (
        ("folder:FolderClass", "FolderClass", folder.folder_class),
        ("folder:DisplayName", "DisplayName", folder.name),
        ("folder:TotalCount", "TotalCount", str(folder.total)),
        ("folder:ChildFolderCount", "ChildFolderCount", counts),
    ):
        if shape.wants(uri):
            shown.append(t(element, value))
    if folder.hidden or not shape.tells_no_false:
        shown += [_extended(tag, _flag(folder.hidden)) for tag in shape.tags if int(tag[0], 16) == 0x10F4]
    distinguished = ids.distinguished_name(mailbox, folder)
    if shape.wants("folder:DistinguishedFolderId") and distinguished:
        shown.append(t("DistinguishedFolderId", distinguished))
    if "folder:PermissionSet" in shape.uris and shared is not None and name == "Folder":
        shown.append(t("PermissionSet", t("Permissions", *(_permission(u, level) for u, level in shared.items()))))
    if shape.wants("folder:UnreadCount") and name in ("Folder", "SearchFolder", "TasksFolder"):
        shown.append(t("UnreadCount", str(folder.unread)))
    return t(name, *shown)


def _permission(user: str, level: str) -> Any:
    who = t("DistinguishedUser", user) if user in ("Default", "Anonymous") else t("PrimarySmtpAddress", user)
    reads = "None" if level in ("None", "Contributor") else "FullDetails"
    return t("Permission", t("UserId", who), t("ReadItems", reads), t("PermissionLevel", level))
