"""The documented requests as a table, in this project's own words: `test_documented_pairs` asks them.

The numbers are those of the collection that the cases were written from. What an answer must have is given exactly:
names that the page shows and no others, apart from annotations.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mailsorter.emulator.faults import FaultPlan
from tests.emulator.client import GraphClient

FOLDER = {
    *("id", "displayName", "parentFolderId", "childFolderCount", "unreadItemCount", "totalItemCount", "isHidden"),
    "sizeInBytes",  # not on the page; recorded in every real answer
}
SEARCH_FOLDER = FOLDER | {"isSupported", "includeNestedFolders", "sourceFolderIds", "filterQuery"}
MESSAGE = {
    *("id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "receivedDateTime", "sentDateTime"),
    *("hasAttachments", "internetMessageId", "subject", "bodyPreview", "importance", "parentFolderId"),
    *("conversationId", "conversationIndex", "isDeliveryReceiptRequested", "isReadReceiptRequested", "isRead"),
    *("isDraft", "webLink", "inferenceClassification", "body", "sender", "from", "toRecipients", "ccRecipients"),
    *("bccRecipients", "replyTo", "flag"),
}
USER = "/v1.0/users/anna@firm.example"
ADMIN = "/v1.0/admin/exchange/mailboxes/{mbx}"
COLOR = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color"
MIME = b"From: a@klant.example\r\nSubject: Old\r\nDate: Sun, 28 Feb 2021 07:15:00 +0000\r\n\r\nText\r\n"


@dataclass(frozen=True)
class Pair:
    """One documented request with what its answer must be."""

    number: int
    title: str
    method: str
    path: str
    status: int
    one: set[str] | None = None
    """Names of the single object in the answer."""
    many: set[str] | None = None
    """Names of each object in `value`."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values that the object (or the first of many) must have."""
    context: str = ""
    """What `@odata.context` ends with."""
    code: str = ""
    message: str = ""
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[GraphClient], object] | None = None


def two_more_folders(graph: GraphClient) -> None:
    for name in ("Second", "Third"):
        graph.post("mailFolders", {"displayName": name})


def held(graph: GraphClient) -> None:
    graph.store.mailboxes.change(graph.mailbox, litigation_hold=1)


def shut_off(graph: GraphClient) -> None:
    app = graph.store.apps.get("office")
    assert app is not None
    policy = msgspec.structs.replace(app, denied_mailboxes=("anna@firm.example",), assignments=())
    graph.store.apps.register(policy)


def throttled(graph: GraphClient) -> None:
    fault = {"status": 429, "retry_after": 2.128, "message": "Please retry again later."}
    graph.emulator.faults.set_plan(FaultPlan.make({"fault": [fault]}))


def not_licensed(graph: GraphClient) -> None:
    graph.store.mailboxes.create("old@firm.example", state="unlicensed")


def coloured(graph: GraphClient) -> None:
    prop = {"id": COLOR, "value": "Light green"}
    made = graph.post("messages", {"subject": "Coloured", "singleValueExtendedProperties": [prop]})
    assert made.status_code == 201


#: Made and received now, sent when its Date says.
DRAFT = {"isDraft": True, "sentDateTime": "2021-02-28T07:15:00Z"} | dict.fromkeys(
    ("createdDateTime", "receivedDateTime"), "2026-03-02T09:00:00Z"
)
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
TEXT = {"Prefer": 'outlook.body-content-type="text"'}
PLAIN = {"Content-Type": "text/plain"}
SUBFOLDERS = "/v1.0/me/mailFolders/{inbox}/childFolders"
_GREEN = f"ep/id eq '{COLOR}' and contains(ep/value, 'green')"
COLOURED = f"/v1.0/me/messages?$filter=singleValueExtendedProperties/any(ep:{_GREEN})"
APPOINTMENTS = f"{ADMIN}/folders?$filter=type eq 'IPF.Appointment'&$select=displayName,type,wellKnownName&$top=5"
CREATED = "$filter=createdDateTime ge 2021-08-21 and createdDateTime lt 2030-09-16&$select=type,size&$top=1"

PAIRS = [
    Pair(1, "list folders", "GET", "/v1.0/me/mailFolders", 200, many=FOLDER, context="/mailFolders"),
    Pair(1, "a search folder says what it is", "GET", SUBFOLDERS, 200, many=SEARCH_FOLDER | FOLDER,
        context="/childFolders"),
    Pair(2, "hidden folders too", "GET", "/v1.0/me/mailFolders/?includeHiddenFolders=true", 200, many=FOLDER),
    Pair(3, "create a hidden folder", "POST", "/v1.0/me/mailFolders", 201, one=FOLDER, values={"isHidden": True},
        body={"displayName": "Rules", "isHidden": True}),
    Pair(3, "create a child", "POST", SUBFOLDERS, 201, one=FOLDER, values={"displayName": "New", "totalItemCount": 0},
        body={"displayName": "New"}),
    Pair(4, "rename", "PATCH", "/v1.0/me/mailFolders/{acme}", 200, one=FOLDER, values={"displayName": "Acme B.V."},
        body={"displayName": "Acme B.V."}),
    Pair(5, "move a folder", "POST", "/v1.0/me/mailFolders/{acme}/move", 200, one=FOLDER,
        values={"displayName": "Acme"}, body={"destinationId": "archive"}),
    Pair(5, "copy a folder", "POST", "/v1.0/me/mailFolders/{acme}/copy", 200, one=FOLDER,
        body={"destinationId": "archive"}),
    Pair(6, "delete a folder", "DELETE", "/v1.0/me/mailFolders/{acme}", 204),
    Pair(7, "delete a folder for good", "POST", f"{USER}/mailFolders/{{acme}}/permanentDelete", 204),
    Pair(7, "below its parent", "POST", f"{USER}/mailFolders/{{inbox}}/childFolders/{{acme}}/permanentDelete", 204),
    Pair(8, "folder delta, two a page", "GET", "/v1.0/me/mailFolders/delta", 200, many=FOLDER,
        headers={"Prefer": "odata.maxpagesize=2"}, answer_headers={"Preference-Applied": "odata.maxpagesize=2"}),
    Pair(9, "list with a selection", "GET", "/v1.0/me/messages?$select=sender,subject", 200,
        many={"id", "sender", "subject"}, context="/messages(sender,subject)"),
    Pair(10, "one message", "GET", "/v1.0/me/messages/{message}", 200, one=MESSAGE,
        values={"importance": "normal", "inferenceClassification": "focused", "flag": {"flagStatus": "notFlagged"}},
        context="/messages/$entity"),
    Pair(11, "its headers", "GET", "/v1.0/me/messages/{message}/?$select=internetMessageHeaders", 200,
        one={"id", "internetMessageHeaders"}, context="/messages(internetMessageHeaders)/$entity"),
    Pair(12, "its body as text", "GET", "/v1.0/me/messages/{message}?$select=subject,body,bodyPreview,uniqueBody",
        200, one={"id", "subject", "body", "bodyPreview", "uniqueBody"}, headers=TEXT,
        answer_headers={"Preference-Applied": 'outlook.body-content-type="text"'}),
    Pair(13, "its MIME", "GET", "/v1.0/me/messages/{message}/$value", 200,
        answer_headers={"Content-Type": "text/plain"}),
    Pair(14, "move a message", "POST", "/v1.0/me/messages/{message}/move", 201, one=MESSAGE,
        values={"subject": "Hello", "receivedDateTime": "2026-03-02T08:00:00Z"},
        body={"destinationId": "deleteditems"}),
    Pair(15, "copy a message", "POST", "/v1.0/me/messages/{message}/copy", 201, one=MESSAGE,
        body={"destinationId": "archive"}),
    Pair(16, "delete a message", "DELETE", "/v1.0/me/messages/{message}", 204),
    Pair(17, "delete a message for good", "POST", f"{USER}/messages/{{message}}/permanentDelete", 204),
    Pair(17, "below its folder", "POST", f"{USER}/mailFolders/inbox/messages/{{message}}/permanentDelete", 204),
    Pair(22, "created only", "GET", "/v1.0/me/mailFolders/inbox/messages/delta?changeType=created&$select=subject",
        200, many={"id", "subject"}, context="#Collection(message)"),
    Pair(24, "translate ids", "POST", "/v1.0/me/translateExchangeIds", 200, many={"sourceId", "targetId"},
        body={"inputIds": ["{message}"], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}),
    Pair(25, "with immutable ids", "GET", "/v1.0/me/messages/{message}", 200, one=MESSAGE, headers=IMMUTABLE,
        answer_headers={"Preference-Applied": 'IdType="ImmutableId"'}),
    Pair(26, "a draft from MIME", "POST", "/v1.0/me/messages", 201, one=MESSAGE,
        values=DRAFT,
        body=base64.b64encode(MIME), headers=PLAIN),
    Pair(27, "bad MIME", "POST", "/v1.0/me/messages", 400, code="ErrorMimeContentInvalidBase64String",
        message="Invalid base64 string for MIME content.", body=b"no base64!", headers=PLAIN),
    Pair(28, "filter on an extended property, not shown", "GET", COLOURED, 200, many=MESSAGE - {"from", "sender"},
        values={"subject": "Coloured"}, before=coloured),
    Pair(28, "and shown", "GET",
        f"{COLOURED}&$select=id&$expand=singleValueExtendedProperties($filter=id eq '{COLOR}')", 200,
        many={"id", "singleValueExtendedProperties"},
        values={"singleValueExtendedProperties": [{"id": COLOR, "value": "Light green"}]}, before=coloured),
    Pair(29, "search", "GET", '/v1.0/me/messages?$search="hello"', 200, many=MESSAGE),
    Pair(29, "search by participant", "GET",
        '/v1.0/me/messages?$search="participants:piet"&$select=subject,toRecipients', 200,
        many={"id", "subject", "toRecipients"}),
    Pair(30, "too complex", "GET", "/v1.0/me/messages?$filter=contains(subject,'x')&$orderby=receivedDateTime desc",
        400, code="InefficientFilter", message="The restriction or sort order is too complex for this operation."),
    Pair(34, "throttled", "GET", "/v1.0/me/messages", 429, code="TooManyRequests",
        message="Please retry again later.", answer_headers={"Retry-After": "2.128"}, before=throttled),
    Pair(35, "outside the app's scope", "GET", f"{USER}/messages", 403, code="ErrorAccessDenied",
        message="Access to OData is disabled.", before=shut_off),
    Pair(41, "mailbox ids", "GET", f"{USER}/settings/exchange", 200, one={"primaryMailboxId"},
        context="/settings/exchange/$entity"),
    Pair(42, "folders of the admin API", "GET", APPOINTMENTS, 200,
        many={"id", "displayName", "type", "wellKnownName"}, values={"type": "IPF.Appointment"}, context="/folders"),
    Pair(43, "items of the admin API", "GET", f"{ADMIN}/folders/Inbox/items?{CREATED}", 200,
        many={"id", "type", "size"}, values={"type": "IPM.Note"}, context="/folders('Inbox')/items"),
    Pair(44, "soft delete", "DELETE", f"{ADMIN}/folders/inbox/items/{{message}}?disposalType=softDelete", 204),
    Pair(45, "hard delete", "DELETE",
        f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}?disposalType=hardDelete", 204),
    Pair(45, "hard delete of a held item", "DELETE",
        f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}?disposalType=hardDelete", 403,
        code="ErrorAccessDenied", before=held),
    Pair(45, "no disposal type", "DELETE", f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}", 400,
        code="BadRequest"),
    Pair(51, "no mailbox", "GET", "/v1.0/users/old@firm.example/mailFolders", 404, code="MailboxNotEnabledForRESTAPI",
        message="The mailbox is either inactive, soft-deleted, or is hosted on-premise.", before=not_licensed),
    Pair(51, "no such mailbox", "GET", "/v1.0/users/nobody@firm.example/mailFolders", 404, code="ErrorInvalidUser"),
    Pair(52, "a taken name", "POST", SUBFOLDERS, 409, code="ErrorFolderExists",
        message="A folder with the specified name already exists., Could not create folder 'acme'.",
        body={"displayName": "acme"}),
    Pair(53, "a malformed id", "GET", "/v1.0/me/messages/AAMkAGUAAAwTW09AAA=", 400, code="ErrorInvalidIdMalformed",
        message="Id is malformed."),
    Pair(54, "an unknown item", "GET", "/v1.0/me/messages/{moved}", 404, code="ErrorItemNotFound",
        message="The specified object was not found in the store."),
]  # fmt: skip
