"""Requests and answers as Microsoft's reference shows them (or a tenant gave them), in this project's own words.

The numbers are those of the collection that the cases were written from. What an answer must have is given exactly:
names that the page shows and no others, apart from annotations. Cases 36 to 40 and 46 to 50 (subscriptions, export and
import, auxiliary archives, purgeData) are left out of the emulator, see docs/emulator.md.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest

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


def names(value: Mapping[str, Any]) -> set[str]:
    """Property names, annotations left out."""
    return {name for name in value if "@" not in name}


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
    Pair(
        1,
        "a search folder says what it is",
        "GET",
        SUBFOLDERS,
        200,
        many=SEARCH_FOLDER | FOLDER,
        context="/childFolders",
    ),
    Pair(2, "hidden folders too", "GET", "/v1.0/me/mailFolders/?includeHiddenFolders=true", 200, many=FOLDER),
    Pair(
        3,
        "create a hidden folder",
        "POST",
        "/v1.0/me/mailFolders",
        201,
        one=FOLDER,
        values={"isHidden": True},
        body={"displayName": "Rules", "isHidden": True},
    ),
    Pair(
        3,
        "create a child",
        "POST",
        SUBFOLDERS,
        201,
        one=FOLDER,
        values={"displayName": "New", "totalItemCount": 0},
        body={"displayName": "New"},
    ),
    Pair(
        4,
        "rename",
        "PATCH",
        "/v1.0/me/mailFolders/{acme}",
        200,
        one=FOLDER,
        values={"displayName": "Acme B.V."},
        body={"displayName": "Acme B.V."},
    ),
    Pair(
        5,
        "move a folder",
        "POST",
        "/v1.0/me/mailFolders/{acme}/move",
        200,
        one=FOLDER,
        values={"displayName": "Acme"},
        body={"destinationId": "archive"},
    ),
    Pair(
        5,
        "copy a folder",
        "POST",
        "/v1.0/me/mailFolders/{acme}/copy",
        200,
        one=FOLDER,
        body={"destinationId": "archive"},
    ),
    Pair(6, "delete a folder", "DELETE", "/v1.0/me/mailFolders/{acme}", 204),
    Pair(7, "delete a folder for good", "POST", f"{USER}/mailFolders/{{acme}}/permanentDelete", 204),
    Pair(7, "below its parent", "POST", f"{USER}/mailFolders/{{inbox}}/childFolders/{{acme}}/permanentDelete", 204),
    Pair(
        8,
        "folder delta, two a page",
        "GET",
        "/v1.0/me/mailFolders/delta",
        200,
        many=FOLDER,
        headers={"Prefer": "odata.maxpagesize=2"},
        answer_headers={"Preference-Applied": "odata.maxpagesize=2"},
    ),
    Pair(
        9,
        "list with a selection",
        "GET",
        "/v1.0/me/messages?$select=sender,subject",
        200,
        many={"id", "sender", "subject"},
        context="/messages(sender,subject)",
    ),
    Pair(
        10,
        "one message",
        "GET",
        "/v1.0/me/messages/{message}",
        200,
        one=MESSAGE,
        values={"importance": "normal", "inferenceClassification": "focused", "flag": {"flagStatus": "notFlagged"}},
        context="/messages/$entity",
    ),
    Pair(
        11,
        "its headers",
        "GET",
        "/v1.0/me/messages/{message}/?$select=internetMessageHeaders",
        200,
        one={"id", "internetMessageHeaders"},
        context="/messages(internetMessageHeaders)/$entity",
    ),
    Pair(
        12,
        "its body as text",
        "GET",
        "/v1.0/me/messages/{message}?$select=subject,body,bodyPreview,uniqueBody",
        200,
        one={"id", "subject", "body", "bodyPreview", "uniqueBody"},
        headers=TEXT,
        answer_headers={"Preference-Applied": 'outlook.body-content-type="text"'},
    ),
    Pair(
        13, "its MIME", "GET", "/v1.0/me/messages/{message}/$value", 200, answer_headers={"Content-Type": "text/plain"}
    ),
    Pair(
        14,
        "move a message",
        "POST",
        "/v1.0/me/messages/{message}/move",
        201,
        one=MESSAGE,
        values={"subject": "Hello", "receivedDateTime": "2026-03-02T08:00:00Z"},
        body={"destinationId": "deleteditems"},
    ),
    Pair(
        15,
        "copy a message",
        "POST",
        "/v1.0/me/messages/{message}/copy",
        201,
        one=MESSAGE,
        body={"destinationId": "archive"},
    ),
    Pair(16, "delete a message", "DELETE", "/v1.0/me/messages/{message}", 204),
    Pair(17, "delete a message for good", "POST", f"{USER}/messages/{{message}}/permanentDelete", 204),
    Pair(17, "below its folder", "POST", f"{USER}/mailFolders/inbox/messages/{{message}}/permanentDelete", 204),
    Pair(
        22,
        "created only",
        "GET",
        "/v1.0/me/mailFolders/inbox/messages/delta?changeType=created&$select=subject",
        200,
        many={"id", "subject"},
        context="#Collection(message)",
    ),
    Pair(
        24,
        "translate ids",
        "POST",
        "/v1.0/me/translateExchangeIds",
        200,
        many={"sourceId", "targetId"},
        body={"inputIds": ["{message}"], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"},
    ),
    Pair(
        25,
        "with immutable ids",
        "GET",
        "/v1.0/me/messages/{message}",
        200,
        one=MESSAGE,
        headers=IMMUTABLE,
        answer_headers={"Preference-Applied": 'IdType="ImmutableId"'},
    ),
    Pair(
        26,
        "a draft from MIME",
        "POST",
        "/v1.0/me/messages",
        201,
        one=MESSAGE,
        values={
            "isDraft": True,
            "createdDateTime": "2026-03-02T09:00:00Z",
            "receivedDateTime": "2026-03-02T09:00:00Z",
            "sentDateTime": "2021-02-28T07:15:00Z",
        },
        body=base64.b64encode(MIME),
        headers=PLAIN,
    ),
    Pair(
        27,
        "bad MIME",
        "POST",
        "/v1.0/me/messages",
        400,
        code="ErrorMimeContentInvalidBase64String",
        message="Invalid base64 string for MIME content.",
        body=b"no base64!",
        headers=PLAIN,
    ),
    Pair(
        28,
        "filter on an extended property, not shown",
        "GET",
        COLOURED,
        200,
        many=MESSAGE - {"from", "sender"},
        values={"subject": "Coloured"},
        before=coloured,
    ),
    Pair(
        28,
        "and shown",
        "GET",
        f"{COLOURED}&$select=id&$expand=singleValueExtendedProperties($filter=id eq '{COLOR}')",
        200,
        many={"id", "singleValueExtendedProperties"},
        values={"singleValueExtendedProperties": [{"id": COLOR, "value": "Light green"}]},
        before=coloured,
    ),
    Pair(29, "search", "GET", '/v1.0/me/messages?$search="hello"', 200, many=MESSAGE),
    Pair(
        29,
        "search by participant",
        "GET",
        '/v1.0/me/messages?$search="participants:piet"&$select=subject,toRecipients',
        200,
        many={"id", "subject", "toRecipients"},
    ),
    Pair(
        30,
        "too complex",
        "GET",
        "/v1.0/me/messages?$filter=contains(subject,'x')&$orderby=receivedDateTime desc",
        400,
        code="InefficientFilter",
        message="The restriction or sort order is too complex for this operation.",
    ),
    Pair(
        34,
        "throttled",
        "GET",
        "/v1.0/me/messages",
        429,
        code="TooManyRequests",
        message="Please retry again later.",
        answer_headers={"Retry-After": "2.128"},
        before=throttled,
    ),
    Pair(
        35,
        "outside the app's scope",
        "GET",
        f"{USER}/messages",
        403,
        code="ErrorAccessDenied",
        message="Access to OData is disabled.",
        before=shut_off,
    ),
    Pair(
        41,
        "mailbox ids",
        "GET",
        f"{USER}/settings/exchange",
        200,
        one={"primaryMailboxId"},
        context="/settings/exchange/$entity",
    ),
    Pair(
        42,
        "folders of the admin API",
        "GET",
        APPOINTMENTS,
        200,
        many={"id", "displayName", "type", "wellKnownName"},
        values={"type": "IPF.Appointment"},
        context="/folders",
    ),
    Pair(
        43,
        "items of the admin API",
        "GET",
        f"{ADMIN}/folders/Inbox/items?{CREATED}",
        200,
        many={"id", "type", "size"},
        values={"type": "IPM.Note"},
        context="/folders('Inbox')/items",
    ),
    Pair(44, "soft delete", "DELETE", f"{ADMIN}/folders/inbox/items/{{message}}?disposalType=softDelete", 204),
    Pair(
        45,
        "hard delete",
        "DELETE",
        f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}?disposalType=hardDelete",
        204,
    ),
    Pair(
        45,
        "hard delete of a held item",
        "DELETE",
        f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}?disposalType=hardDelete",
        403,
        code="ErrorAccessDenied",
        before=held,
    ),
    Pair(
        45,
        "no disposal type",
        "DELETE",
        f"{ADMIN}/folders/recoverableitemspurges/items/{{purged}}",
        400,
        code="BadRequest",
    ),
    Pair(
        51,
        "no mailbox",
        "GET",
        "/v1.0/users/old@firm.example/mailFolders",
        404,
        code="MailboxNotEnabledForRESTAPI",
        message="The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        before=not_licensed,
    ),
    Pair(51, "no such mailbox", "GET", "/v1.0/users/nobody@firm.example/mailFolders", 404, code="ErrorInvalidUser"),
    Pair(
        52,
        "a taken name",
        "POST",
        SUBFOLDERS,
        409,
        code="ErrorFolderExists",
        message="A folder with the specified name already exists., Could not create folder 'acme'.",
        body={"displayName": "acme"},
    ),
    Pair(
        53,
        "a malformed id",
        "GET",
        "/v1.0/me/messages/AAMkAGUAAAwTW09AAA=",
        400,
        code="ErrorInvalidIdMalformed",
        message="Id is malformed.",
    ),
    Pair(
        54,
        "an unknown item",
        "GET",
        "/v1.0/me/messages/{moved}",
        404,
        code="ErrorItemNotFound",
        message="The specified object was not found in the store.",
    ),
]


@pytest.fixture
def office(graph: GraphClient) -> GraphClient:
    """An app that acts for Anna, default ids, and what the cases name in braces."""
    wide = graph.store.apps.get("emulator-tenant-wide")
    assert wide is not None
    office = msgspec.structs.replace(wide, client_id="office", me="anna@firm.example")
    graph.store.apps.register(office)
    graph.app, graph.immutable = "office", False
    return graph


def words(graph: GraphClient) -> dict[str, str]:
    """Real ids for the names in braces."""
    inbox = graph.get("mailFolders/inbox")["id"]
    acme = graph.post(f"mailFolders/{inbox}/childFolders", {"displayName": "Acme"}).json()["id"]
    search = {"@odata.type": "microsoft.graph.mailSearchFolder", "displayName": "Digests", "sourceFolderIds": [inbox]}
    search |= {"includeNestedFolders": True, "filterQuery": "contains(subject, 'digest')"}
    assert graph.post(f"mailFolders/{inbox}/childFolders", search).status_code == 201
    message, purged, moved = (graph.deliver(subject=name) for name in ("Hello", "Purged", "Moved"))
    stale = graph.id_of(moved)
    graph.post(f"messages/{stale}/move", {"destinationId": "archive"})
    graph.post(f"messages/{graph.id_of(purged)}/permanentDelete")
    immutable = graph.mailbox.ids.immutable_id(purged.id)
    mbx = graph.store.mailboxes.mbx_id(graph.mailbox)
    return {
        "inbox": inbox,
        "acme": acme,
        "message": graph.id_of(message),
        "purged": immutable,
        "moved": stale,
        "mbx": mbx,
    }


def filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def check(pair: Pair, response: httpx.Response) -> None:
    """Status, code, text, names and values as the page has them."""
    assert response.status_code == pair.status, response.text
    for name, value in pair.answer_headers.items():
        assert value in response.headers[name]
    if pair.code:
        error = response.json()["error"]
        assert error["code"] == pair.code
        assert error["message"].startswith(pair.message)
        assert {"date", "request-id", "client-request-id"} <= set(error["innerError"])
        return
    if pair.status == 204:
        assert response.content == b""
        return
    if pair.one is None and pair.many is None:
        return
    answer = response.json()
    assert answer["@odata.context"].endswith(pair.context)
    found = [answer] if pair.one is not None else answer["value"]
    assert found
    for item in found:
        optional = SEARCH_FOLDER - FOLDER if "mailSearchFolder" not in item.get("@odata.type", "") else set()
        assert names(item) == (pair.one or pair.many or set()) - optional, item
    for name, value in pair.values.items():
        assert found[0][name] == value


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{pair.number} {pair.title}" for pair in PAIRS])
def test_a_documented_request_has_its_documented_answer(office: GraphClient, pair: Pair) -> None:
    """Same request, same status, same code, same shape."""
    known = words(office)
    if pair.before is not None:
        pair.before(office)
    body = pair.body
    if isinstance(body, dict):
        body = msgspec.json.decode(filled(msgspec.json.encode(body).decode(), known))
    headers = {name.replace("-", "_"): value for name, value in pair.headers.items()}
    check(pair, office.send(pair.method, filled(pair.path, known), body, **headers))


def test_14_a_moved_message_has_a_new_id_and_its_old_times(office: GraphClient) -> None:
    """Received, sent and created stay, last modified moves, the id is another."""
    before = office.get(f"messages/{office.id_of(office.deliver())}")
    office.emulator.clock.advance(60)
    after = office.post(f"/v1.0/me/messages/{before['id']}/move", {"destinationId": "deleteditems"}).json()
    for name in ("receivedDateTime", "sentDateTime", "createdDateTime", "internetMessageId", "conversationId"):
        assert after[name] == before[name]
    assert after["lastModifiedDateTime"] > before["lastModifiedDateTime"]
    assert after["id"] != before["id"]
    immutable = office.send("GET", f"messages/{after['id']}", Prefer='IdType="ImmutableId"').json()["id"]
    again = office.post(f"messages/{immutable}/move", {"destinationId": "inbox"}, Prefer='IdType="ImmutableId"')
    assert again.json()["id"] == immutable


def test_18_to_21_a_delta_round_and_the_next(office: GraphClient) -> None:
    """Three pages of two, two and one message, then one deleted and one changed."""
    sent = [office.id_of(office.deliver(subject=f"Number {number}")) for number in range(5)]
    prefer = {"Prefer": "odata.maxpagesize=2"}
    pages = list(office.pages("/v1.0/me/mailfolders/inbox/messages/delta?$select=subject,sender,isRead", **prefer))
    assert [len(page["value"]) for page in pages] == [2, 2, 1]
    assert ["@odata.deltaLink" in page for page in pages] == [False, False, True]
    assert all("$skiptoken=" in page["@odata.nextLink"] for page in pages[:-1])
    for item in (item for page in pages for item in page["value"]):
        assert names(item) == {"id", "subject", "sender", "isRead"}
        assert item["@odata.type"] == "#microsoft.graph.message"
        assert item["@odata.etag"].startswith('W/"')
    office.send("DELETE", f"messages/{sent[0]}")
    office.send("PATCH", f"messages/{sent[1]}", {"isRead": True})
    told, link = office.round(pages[-1]["@odata.deltaLink"], **prefer)
    assert "$deltatoken=" in link
    removed = {"@odata.type": "#microsoft.graph.message", "id": sent[0], "@removed": {"reason": "deleted"}}
    assert removed in told
    assert [(item["id"], item["isRead"]) for item in told if "@removed" not in item] == [(sent[1], True)]


def test_22_created_only_tells_no_deletions_and_no_changes(office: GraphClient) -> None:
    """The later round of such a delta reports new messages alone."""
    gone, read = (office.id_of(office.deliver()) for _ in range(2))
    _, link = office.round("/v1.0/me/mailFolders/inbox/messages/delta?changeType=created&$select=subject")
    office.send("DELETE", f"messages/{gone}")
    office.send("PATCH", f"messages/{read}", {"isRead": True})
    new = office.id_of(office.deliver())
    assert [item["id"] for item in office.round(link)[0]] == [new]


def test_23_lost_state_is_410_with_its_generation(office: GraphClient) -> None:
    """The observed code and the beginning of its text."""
    _, link = office.round("/v1.0/me/mailFolders/inbox/messages/delta")
    office.emulator.conditions.lose_delta_state()
    response = office.send("GET", link)
    assert response.status_code == 410
    error = response.json()["error"]
    assert error["code"] == "SyncStateNotFound"
    assert error["message"].startswith("The sync state generation is not found; generation=")


def test_31_to_33_a_batch_answers_each_item(office: GraphClient) -> None:
    """Success, refusal, failed dependency and throttling side by side; the whole is 200."""
    fault = {"within": "item", "path": "users/*/mailfolders/sentitems", "status": 429, "retry_after": 10}
    fault |= {"code": "ApplicationThrottled", "message": "Application is over its MailboxConcurrency limit."}
    office.emulator.faults.set_plan(FaultPlan.make({"fault": [fault]}))
    items = [
        {"id": "1", "method": "GET", "url": "/me/mailFolders/inbox"},
        {"id": "3", "method": "DELETE", "url": "/me/mailFolders/inbox"},
        {"id": "4", "dependsOn": ["3"], "method": "GET", "url": "/me/mailFolders/drafts"},
        {
            "id": "5",
            "method": "GET",
            "url": "users?$select=id,displayName&$count=true",
            "headers": {"ConsistencyLevel": "eventual"},
        },
        {"id": "7", "dependsOn": ["1"], "method": "GET", "url": "/users/anna@firm.example/mailFolders/sentitems"},
    ]
    response = office.post("/v1.0/$batch", {"requests": items}, Accept="application/json")
    assert response.status_code == 200
    found = {item["id"]: item for item in response.json()["responses"]}
    assert {number: item["status"] for number, item in found.items()} == {
        "1": 200,
        "3": 400,
        "4": 424,
        "5": 200,
        "7": 429,
    }
    assert found["1"]["headers"]["Content-Type"].startswith("application/json")
    assert set(found["3"]["body"]["error"]) == {"code", "message", "innerError"}
    assert found["5"]["body"]["@odata.count"] == 1
    assert found["7"]["headers"]["Retry-After"] == "10"
    assert found["7"]["body"]["error"]["code"] == "ApplicationThrottled"


@pytest.mark.parametrize(
    "requests",
    [
        [{"id": "1", "method": "GET", "url": "/me"}, {"id": "1", "method": "GET", "url": "/me"}],
        [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)],
        [{"id": "1", "method": "GET"}],
    ],
    ids=["an id twice", "twenty-one items", "no url"],
)
def test_31_a_batch_that_is_wrong_as_a_whole_is_400(office: GraphClient, requests: list[Any]) -> None:
    """And none of its items is carried out."""
    assert office.refused("POST", "/v1.0/$batch", {"requests": requests})[0] == 400


def test_43_the_next_page_keeps_the_query(office: GraphClient) -> None:
    """`$top` and `$skip` are percent-encoded in the link, as the page shows them."""
    known = words(office)
    office.deliver()
    link = office.get(filled(f"{ADMIN}/folders/Inbox/items?{CREATED}", known))["@odata.nextLink"]
    assert "%24top=1" in link
    assert "%24skip=1" in link


def test_55_a_page_that_cannot_be_rendered_stops_in_the_middle(office: GraphClient) -> None:
    """200, and the body ends right after the opening of `value`; fewer recipient fields get through."""
    message = office.deliver()
    office.emulator.conditions.poison([message.id], truncates_pages=True)
    response = office.send("GET", "/v1.0/me/messages")
    assert response.status_code == 200
    assert response.content.endswith(b'"value":[')
    assert office.get("/v1.0/me/messages?$select=subject")["value"]
