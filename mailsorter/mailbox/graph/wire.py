"""Graph's JSON as it comes: one struct for each answer that is read. Everything may be null or missing.

Names are Graph's own. A property that is missing (`UNSET`) differs from one that is null: a delta may bring a message
with its changed properties only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")


class EmailAddress(msgspec.Struct):
    name: str | None = None
    address: str | None = None


class Recipient(msgspec.Struct):
    emailAddress: EmailAddress | None = None


class Flag(msgspec.Struct):
    flagStatus: str | None = None


class ItemBody(msgspec.Struct):
    content: str | None = None
    contentType: str | None = None


class ExtendedProperty(msgspec.Struct):
    id: str
    value: str | None = None


class Header(msgspec.Struct):
    name: str | None = None
    value: str | None = None


class Removed(msgspec.Struct):
    reason: str | None = None


class GraphMessage(msgspec.Struct, rename="camel"):
    """A message, whole or in part, or the notice that it left a folder."""

    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    parent_folder_id: str | UnsetType | None = UNSET
    received_date_time: datetime | None = None
    sent_date_time: datetime | None = None
    internet_message_id: str | None = None
    conversation_id: str | None = None
    subject: str | None = None
    body_preview: str | None = None
    from_: Recipient | None = msgspec.field(name="from", default=None)
    sender: Recipient | None = None
    reply_to: list[Recipient] | None = None
    to_recipients: list[Recipient] | UnsetType | None = UNSET
    cc_recipients: list[Recipient] | None = None
    bcc_recipients: list[Recipient] | None = None
    is_read: bool | None = None
    is_draft: bool | None = None
    flag: Flag | None = None
    has_attachments: bool | None = None
    categories: list[str] | None = None
    single_value_extended_properties: list[ExtendedProperty] | None = None
    internet_message_headers: list[Header] | None = None

    @property
    def is_partial(self) -> bool:
        """Does only the changed part of it come?"""
        return self.removed is None and UNSET in (self.to_recipients, self.parent_folder_id)


class GraphFolder(msgspec.Struct, rename="camel"):
    """A mail folder, or the notice that it is gone."""

    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    odata_type: str | None = msgspec.field(name="@odata.type", default=None)
    display_name: str | None = None
    parent_folder_id: str | None = None
    child_folder_count: int | None = None
    total_item_count: int | None = None
    is_hidden: bool | None = None


class AdminFolder(msgspec.Struct, rename="camel"):
    """A folder of any class, as the admin API shows it."""

    id: str
    display_name: str | None = None
    parent_folder_id: str | None = None
    type: str | None = None
    total_item_count: int | None = None
    child_folder_count: int | None = None


class Stub(msgspec.Struct, rename="camel"):
    """Where a message lies."""

    id: str
    parent_folder_id: str | None = None
    received_date_time: datetime | None = None  # only in a listing by date


class Text(msgspec.Struct):
    body: ItemBody | None = None


class MessageBody(msgspec.Struct, rename="camel"):
    """A message's text, and the fields of its header."""

    id: str
    body: ItemBody | None = None
    has_attachments: bool | None = None
    internet_message_headers: list[Header] | None = None
    received_date_time: datetime | None = None
    attachments: list[Attachment] | None = None
    more_attachments: str | None = msgspec.field(name="attachments@odata.nextLink", default=None)


class Attachment(msgspec.Struct, rename="camel"):
    """An attachment without its content; its kind is in the type that Graph writes beside it."""

    odata_type: str | None = msgspec.field(name="@odata.type", default=None)
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    content_bytes: msgspec.Raw = msgspec.Raw(b"")  # never asked for


class TranslatedId(msgspec.Struct, rename="camel"):
    """One id of translateExchangeIds; without a target where Exchange could not translate it."""

    source_id: str
    target_id: str | None = None


class TranslatedIds(msgspec.Struct):
    value: list[TranslatedId]


class ExchangeSettings(msgspec.Struct, rename="camel"):
    """The mailbox's ids for the admin paths; the archive's only in beta."""

    primary_mailbox_id: str | None = None
    in_place_archive_mailbox_id: str | None = None


class Page(msgspec.Struct, Generic[T]):
    """One page of anything."""

    value: list[T]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class CountedPage(msgspec.Struct):
    """What `$count=true` adds to a page: how many items the whole listing has."""

    count: object = msgspec.field(name="@odata.count", default=None)


class CountedFolder(msgspec.Struct, rename="camel"):
    """A folder's own count of its items."""

    total_item_count: object = None


def number(value: object) -> int | None:
    """A count as it came, or None for what is no count: missing, negative, or no whole number."""
    return value if type(value) is int and value >= 0 else None


# strict=False: a documented sample writes isRead as a string
message_page = msgspec.json.Decoder(Page[GraphMessage], strict=False)
hit_page = msgspec.json.Decoder(Page[msgspec.Raw])
stub_page = msgspec.json.Decoder(Page[Stub])
folder_page = msgspec.json.Decoder(Page[GraphFolder], strict=False)
admin_folder_page = msgspec.json.Decoder(Page[AdminFolder])
attachment_page = msgspec.json.Decoder(Page[Attachment])
counted_page = msgspec.json.Decoder(CountedPage)
counted_folder = msgspec.json.Decoder(CountedFolder)
one_message = msgspec.json.Decoder(GraphMessage, strict=False)
translated_ids = msgspec.json.Decoder(TranslatedIds)
one_stub = msgspec.json.Decoder(Stub)
one_folder = msgspec.json.Decoder(GraphFolder, strict=False)
body_page = msgspec.json.Decoder(Page[MessageBody], strict=False)
one_text = msgspec.json.Decoder(Text)
exchange_settings = msgspec.json.Decoder(ExchangeSettings)
