"""Which message properties a filter or a sort order may name, and what they are in the store."""

from __future__ import annotations

from typing import NamedTuple


class Property(NamedTuple):
    """A filterable property: its SQL and how its values are compared."""

    sql: str
    kind: str
    """`text` (no regard to case), `exact`, `time`, `flag` (truth value), `number`, `conversation`, `folder`."""
    sortable: bool = True


def _head(path: str) -> str:
    return f"json_extract(message.head, '$.{path}')"


MESSAGE_PROPERTIES: dict[str, Property] = {
    "subject": Property("message.subject", "text"),
    "receivedDateTime": Property("message.received", "time"),
    "sentDateTime": Property("message.sent", "time"),
    "createdDateTime": Property("message.created", "time"),
    "lastModifiedDateTime": Property("message.modified", "time"),
    "isRead": Property("message.is_read", "flag"),
    "isDraft": Property("message.is_draft", "flag"),
    "hasAttachments": Property("message.has_attachments", "flag"),
    "importance": Property("message.importance", "text"),
    "inferenceClassification": Property("message.inference", "text"),
    "flag/flagStatus": Property("json_extract(message.flag, '$.flagStatus')", "text"),
    "internetMessageId": Property("message.message_id", "exact"),
    "conversationId": Property("message.conversation", "conversation", sortable=False),
    "parentFolderId": Property("message.folder", "folder", sortable=False),
    "from/emailAddress/address": Property("message.from_address", "text"),
    "from/emailAddress/name": Property(_head("from.emailAddress.name"), "text"),
    "sender/emailAddress/address": Property(_head("sender.emailAddress.address"), "text"),
    "sender/emailAddress/name": Property(_head("sender.emailAddress.name"), "text"),
    "bodyPreview": Property(_head("bodyPreview"), "text"),
    "body/content": Property("(SELECT body FROM content WHERE content.id = message.content)", "text", sortable=False),
    "isReadReceiptRequested": Property(_head("isReadReceiptRequested"), "flag"),
    "isDeliveryReceiptRequested": Property(_head("isDeliveryReceiptRequested"), "flag"),
}

#: What Exchange refuses in a filter on messages with "invalid nodes".
REFUSED_COLLECTIONS = frozenset(
    {"toRecipients", "ccRecipients", "bccRecipients", "replyTo", "attachments", "internetMessageHeaders"}
)

FOLDER_PROPERTIES: dict[str, Property] = {
    "displayName": Property("folder.name", "text"),
    "isHidden": Property("folder.hidden", "flag"),
    "totalItemCount": Property("folder.total", "number"),
    "unreadItemCount": Property("folder.unread", "number"),
    "parentFolderId": Property("folder.parent", "folder"),
    "type": Property("folder.folder_class", "text"),
    "wellKnownName": Property("nullif(folder.well_known, '')", "text"),
}

ITEM_PROPERTIES: dict[str, Property] = {
    "createdDateTime": Property("message.created", "time"),
    "lastModifiedDateTime": Property("message.modified", "time"),
    "type": Property("message.message_class", "text"),
    "size": Property("message.size", "number"),
}
