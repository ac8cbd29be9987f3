"""Messages over Graph: listing, reading, writing, moving."""

from __future__ import annotations

import base64
import email
from typing import Any

import pytest

from mailsorter.emulator.store import Address, NewAttachment
from tests.emulator.client import START, GraphClient

NOW = int(START.timestamp())


def subjects(items: list[dict[str, Any]]) -> list[str]:
    return [item["subject"] for item in items]


def test_a_message_shows_what_graph_shows_and_nothing_it_does_not(graph: GraphClient) -> None:
    graph.deliver(subject="Offerte")
    shown = graph.get("messages")["value"][0]
    assert {"id", "@odata.etag", "changeKey", "parentFolderId", "conversationId", "bodyPreview", "webLink"} <= set(
        shown
    )
    assert {"internetMessageHeaders", "uniqueBody", "singleValueExtendedProperties", "attachments"}.isdisjoint(shown)
    assert shown["from"] == {"emailAddress": {"name": "Piet Klant", "address": "piet@klant.example"}}
    assert shown["flag"] == {"flagStatus": "notFlagged"}
    assert shown["receivedDateTime"] == "2026-03-02T08:00:00Z"
    assert (len(shown["id"]), shown["id"][:6]) == (68, "AAkALg")


def test_select_gives_id_and_etag_too_and_only_what_was_named(graph: GraphClient) -> None:
    graph.deliver()
    shown = graph.get("messages?%24select=sender,subject")["value"][0]
    assert set(shown) == {"@odata.etag", "id", "sender", "subject"}


def test_an_unknown_property_is_refused(graph: GraphClient) -> None:
    assert graph.refused("GET", "messages?$select=nosuch") == (400, "BadRequest")


def test_a_message_without_a_sender_has_no_from(graph: GraphClient) -> None:
    graph.deliver(from_=None)
    assert {"from", "sender"}.isdisjoint(graph.get("messages")["value"][0])


def test_messages_come_newest_first_ten_a_page(graph: GraphClient) -> None:
    for number in range(25):
        graph.deliver(subject=str(number), received=NOW - 1000 + number)
    assert len(graph.get("mailFolders/inbox/messages")["value"]) == 10
    assert subjects(graph.all("mailFolders/inbox/messages")) == [str(number) for number in reversed(range(25))]
    assert subjects(graph.all("messages?$top=7&$select=subject")) == [str(number) for number in reversed(range(25))]


def test_items_that_are_no_mail_are_counted_in_the_folder_and_not_listed(graph: GraphClient) -> None:
    """Appointments, contacts and tasks that lie in a mail folder; a switch lists them all the same."""
    graph.deliver(subject="Mail")
    for kind in ("IPM.Appointment", "IPM.Contact", "IPM.Task"):
        graph.deliver(subject=kind, message_class=kind)
    inbox = "mailFolders/inbox"
    assert graph.get(inbox)["totalItemCount"] == 4
    assert subjects(graph.all(f"{inbox}/messages?includeHiddenMessages=true")) == ["Mail"]
    assert subjects(graph.all("messages")) == ["Mail"]
    assert graph.get(f"{inbox}/messages?$count=true&$top=1")["@odata.count"] == 1
    assert subjects(graph.round(f"{inbox}/messages/delta")[0]) == ["Mail"]
    graph.emulator.conditions.lists_every_kind = True
    assert len(graph.all(f"{inbox}/messages")) == graph.get(f"{inbox}/messages?$count=true&$top=1")["@odata.count"] == 4
    assert len(graph.round(f"{inbox}/messages/delta")[0]) == 4
    graph.emulator.conditions.clear()
    assert len(graph.all(f"{inbox}/messages")) == 1


@pytest.mark.parametrize("top", ["0", "1001"])
def test_a_page_holds_one_to_a_thousand(graph: GraphClient, top: str) -> None:
    assert graph.refused("GET", f"messages?$top={top}") == (400, "ErrorInvalidUrlQuery")


def test_the_whole_mailbox_leaves_recoverable_items_out_and_deleted_items_in(graph: GraphClient) -> None:
    graph.deliver("deleteditems", subject="deleted")
    gone = graph.deliver(subject="gone")
    graph.post(f"messages/{graph.id_of(gone)}/permanentDelete")
    assert subjects(graph.all("messages")) == ["deleted"]


def test_hidden_messages_come_on_request(graph: GraphClient) -> None:
    graph.deliver(subject="associated", hidden=True)
    assert graph.get("messages")["value"] == []
    assert subjects(graph.get("messages?includeHiddenMessages=true")["value"]) == ["associated"]


FILTERS = [
    ("subject eq 'OFFERTE 1'", {"Offerte 1"}),
    ("contains(subject,'offerte')", {"Offerte 1", "Offerte 2"}),
    ("startswith(subject,'re:')", {"RE: Factuur"}),
    ("not startswith(subject,'re:') and isRead eq false", {"Offerte 1", "Offerte 2"}),
    ("from/emailAddress/address eq 'PIET@klant.example'", {"Offerte 1", "Offerte 2"}),
    ("receivedDateTime ge 2026-03-01T00:00:00Z", {"Offerte 1", "RE: Factuur"}),
    ("receivedDateTime lt 2026-03-01", {"Offerte 2"}),
    ("importance eq 'high'", {"Offerte 2"}),
    ("hasAttachments eq true", {"RE: Factuur"}),
    ("hasAttachments", {"RE: Factuur"}),
    ("internetMessageId eq '<two@klant.example>'", {"Offerte 2"}),
    ("categories/any(c:c eq 'acme')", {"RE: Factuur"}),
    ("(isRead eq true or importance eq 'high') and isDraft eq false", {"Offerte 2", "RE: Factuur"}),
    ("flag/flagStatus eq 'flagged'", {"RE: Factuur"}),
    ("singleValueExtendedProperties/any(ep: ep/id eq 'String 0x5D01' and ep/value eq 'piet@klant.example')",
     {"Offerte 1", "Offerte 2"}),
    ("singleValueExtendedProperties/any(ep: ep/id eq 'String 0x001A' and startswith(ep/value,'REPORT'))",
     {"RE: Factuur"}),
    ("singleValueExtendedProperties/any(ep: ep/id eq 'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color' and"
     " contains(ep/value, 'green'))", {"RE: Factuur"}),
    ("singleValueExtendedProperties/any(ep: ep/id eq 'Integer 0x0E08' and cast(ep/value, Edm.Int32) gt 0)",
     {"Offerte 1", "Offerte 2", "RE: Factuur"}),
    ("subject eq 'it''s'", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FILTERS)
def test_a_filter_finds_what_it_names(graph: GraphClient, text: str, expected: set[str]) -> None:
    graph.deliver(subject="Offerte 1", is_read=False)
    graph.deliver(subject="Offerte 2", received=NOW - 9 * 86_400, importance="high", message_id="<two@klant.example>")
    graph.deliver(
        subject="RE: Factuur",
        from_=Address("", "bank@elders.example"),
        is_read=True,
        categories=["Acme"],
        flag={"flagStatus": "flagged"},
        message_class="REPORT.IPM.Note.NDR",
        properties={"String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color": "Light green"},
        attachments=[NewAttachment("a.pdf", "application/pdf", b"x")],
    )
    found = graph.all("mailFolders/inbox/messages?$top=50&$filter=" + text.replace("&", "%26"))
    assert set(subjects(found)) == expected


REFUSALS = [
    ("$filter=toRecipients/any(r:r/emailAddress/address eq 'x')", "ErrorInvalidUrlQueryFilter"),
    ("$filter=contains(subject,'x')&$orderby=receivedDateTime desc", "InefficientFilter"),
    ("$filter=isRead eq true and receivedDateTime ge 2020-01-01&$orderby=receivedDateTime", "InefficientFilter"),
    ("$filter=conversationId eq 'x'&$orderby=receivedDateTime", "InefficientFilter"),
    ("$filter=subject eq", "BadRequest"),
    ("$filter=nosuch eq 1", "BadRequest"),
    ("$filter=subject eq 5", "BadRequest"),
    ("$filter=isof('microsoft.graph.eventMessage')", "ErrorInvalidUrlQueryFilter"),
    ("$orderby=nosuch", "ErrorInvalidUrlQuery"),
    ("$top=x", "BadRequest"),
    ("$top=1&$top=2", "BadRequest"),
    ('$search="x"&$filter=isRead eq true', "SearchWithFilter"),
    ('$search="x"&$orderby=receivedDateTime', "SearchWithOrderBy"),
    ("$expand=nosuch", "BadRequest"),
    ("$expand=singleValueExtendedProperties", "ErrorInvalidUrlQuery"),
    ("$expand=singleValueExtendedProperties($filter=id eq 'nonsense')", "ErrorInvalidPropertySet"),
]


@pytest.mark.parametrize(("query", "code"), REFUSALS)
def test_a_query_that_exchange_refuses_is_refused_with_its_code(graph: GraphClient, query: str, code: str) -> None:
    graph.deliver()
    assert graph.refused("GET", f"messages?{query}") == (400, code)


def test_the_date_first_in_the_filter_may_be_sorted_by(graph: GraphClient) -> None:
    graph.deliver(subject="a", received=NOW - 5)
    graph.deliver(subject="b", received=NOW - 9)
    query = "$filter=receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false&$orderby=receivedDateTime"
    assert subjects(graph.all(f"messages?{query}")) == ["b", "a"]


def test_count_tells_all_matches(graph: GraphClient) -> None:
    for number in range(12):
        graph.deliver(subject=f"{number}", is_read=number % 2 == 0)
    assert graph.get("messages?$count=true&$filter=isRead eq true")["@odata.count"] == 6
    assert graph.send("GET", "mailFolders/inbox/messages/$count").text == "12"


def test_extended_properties_come_when_expanded_and_only_those_there_are(graph: GraphClient) -> None:
    graph.deliver(references="<a@x> <b@x>", in_reply_to="<b@x>", message_id="<c@x>")
    graph.deliver(subject="plain")
    ids = ("String 0x1039", "String 0x1042", "String 0x001a", "String 0x5D01", "String 0x5D02", "String 0x1035")
    wanted = " or ".join(f"id eq '{name}'" for name in ids)
    found = graph.all(f"messages?$select=subject&$expand=singleValueExtendedProperties($filter={wanted})")
    values = {item["subject"]: {p["id"]: p["value"] for p in item["singleValueExtendedProperties"]} for item in found}
    assert values["Hello"]["String 0x1039"] == "<a@x> <b@x>"
    assert values["Hello"]["String 0x1042"] == "<b@x>"
    assert values["plain"] == {
        "String 0x001a": "IPM.Note",
        "String 0x5D01": "piet@klant.example",
        "String 0x5D02": "piet@klant.example",
        "String 0x1035": values["plain"]["String 0x1035"],
    }


def test_conversations_follow_references(graph: GraphClient) -> None:
    first = graph.deliver(message_id="<root@x>")
    reply = graph.deliver(references="<root@x>", in_reply_to="<root@x>", message_id="<reply@x>")
    other = graph.deliver(message_id="<other@x>")
    shown = {item["id"]: item["conversationId"] for item in graph.all("messages")}
    assert shown[graph.id_of(first)] == shown[graph.id_of(reply)] != shown[graph.id_of(other)]
    found = graph.all(f"messages?$filter=conversationId eq '{shown[graph.id_of(first)]}'")
    assert {item["id"] for item in found} == {graph.id_of(first), graph.id_of(reply)}


def test_headers_and_unique_body_come_when_selected(graph: GraphClient) -> None:
    message = graph.deliver(headers=[("X-Custom", "yes")])
    shown = graph.get(f"messages/{graph.id_of(message)}?$select=internetMessageHeaders,uniqueBody")
    assert set(shown) == {"@odata.context", "@odata.etag", "id", "internetMessageHeaders", "uniqueBody"}
    headers = {header["name"]: header["value"] for header in shown["internetMessageHeaders"]}
    assert {"Received", "From", "Message-ID", "X-Custom"} <= set(headers)


def test_a_body_comes_as_text_on_request(graph: GraphClient) -> None:
    folder = graph.store.folders.find(graph.mailbox, "inbox")
    from mailsorter.emulator.store import NewMessage

    new = NewMessage(subject="h", body="<p>Hallo <b>daar</b> &amp; hier</p>", body_type="html")
    message = graph.store.messages.create(graph.mailbox, folder, new)
    response = graph.send("GET", f"messages/{graph.id_of(message)}", Prefer='outlook.body-content-type="text"')
    assert response.headers["Preference-Applied"] == 'outlook.body-content-type="text"'
    assert response.json()["body"]["contentType"] == "text"
    assert "<b>" not in response.json()["body"]["content"]
    assert "& hier" in response.json()["body"]["content"]


# ids and moves


def test_a_move_keeps_the_immutable_id_dates_flags_and_categories(graph: GraphClient) -> None:
    message = graph.deliver(flag={"flagStatus": "flagged"}, categories=["Acme"], is_read=True)
    before = graph.get(f"messages/{graph.id_of(message)}")
    moved = graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "archive"})
    assert moved.status_code == 201
    after = graph.get(f"messages/{graph.id_of(message)}")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"@odata.etag", "changeKey", "parentFolderId", "lastModifiedDateTime"}
    assert after["parentFolderId"] == graph.get("mailFolders/archive")["id"]


def test_a_move_without_the_immutable_header_changes_the_id_and_the_old_one_is_stale(graph: GraphClient) -> None:
    graph.immutable = False
    message = graph.deliver()
    old = graph.id_of(message)
    new = graph.post(f"messages/{old}/move", {"DestinationId": "archive"}).json()["id"]
    assert (len(old), old != new) == (152, True)
    assert graph.refused("GET", f"messages/{old}") == (404, "ErrorItemNotFound")
    assert graph.refused("POST", f"messages/{old}/move", {"destinationId": "inbox"}) == (404, "ErrorItemNotFound")
    assert graph.get(f"messages/{new}")["id"] == new


def test_ids_are_case_sensitive_and_checked(graph: GraphClient) -> None:
    message = graph.deliver()
    good = graph.id_of(message)
    swapped = good[:-10] + good[-10:].swapcase()
    for bad in (good[:-4], swapped, good + "AAAA", "x"):
        assert graph.refused("GET", f"messages/{bad}") == (400, "ErrorInvalidIdMalformed")
    other = graph.store.mailboxes.create("bert@firm.example")
    assert graph.refused("GET", f"messages/{other.ids.immutable_id(message.id)}") == (400, "ErrorInvalidIdMalformed")


def test_both_forms_of_an_id_open_a_message_whatever_the_header(graph: GraphClient) -> None:
    message = graph.deliver()
    immutable = graph.id_of(message)
    graph.immutable = False
    default = graph.get(f"messages/{immutable}")["id"]
    graph.immutable = True
    assert graph.get(f"messages/{default}")["id"] == immutable


def test_below_a_folder_only_its_own_messages_are_found(graph: GraphClient) -> None:
    message = graph.deliver()
    assert graph.get(f"mailFolders/inbox/messages/{graph.id_of(message)}")["subject"] == "Hello"
    assert graph.refused("GET", f"mailFolders/archive/messages/{graph.id_of(message)}") == (404, "ErrorItemNotFound")


def test_a_copy_is_another_message_with_the_same_dates_and_search_key(graph: GraphClient) -> None:
    message = graph.deliver()
    response = graph.post(f"messages/{graph.id_of(message)}/copy", {"destinationId": "archive"})
    assert response.status_code == 201
    copy = response.json()
    assert copy["id"] != graph.id_of(message)
    assert copy["receivedDateTime"] == "2026-03-02T08:00:00Z"
    expand = "$expand=singleValueExtendedProperties($filter=id eq 'Binary 0x300B')"
    keys = [item["singleValueExtendedProperties"] for item in graph.all(f"messages?{expand}")]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_move_into_recoverable_items_or_nowhere_is_refused(graph: GraphClient) -> None:
    path = f"messages/{graph.id_of(graph.deliver())}/move"
    assert graph.refused("POST", path, {"destinationId": "recoverableitemspurges"}) == (400, "ErrorMoveCopyFailed")
    assert graph.refused("POST", path, {}) == (400, "ErrorInvalidRequest")
    assert graph.refused("POST", path, {"destinationId": "nosuch"}) == (400, "ErrorInvalidIdMalformed")


# writing


def test_a_patch_changes_what_is_sent_and_the_change_key(graph: GraphClient) -> None:
    message = graph.deliver()
    path = f"messages/{graph.id_of(message)}"
    before = graph.get(path)
    body = {"isRead": True, "categories": ["Acme", "Klant"], "importance": "high", "flag": {"flagStatus": "flagged"}}
    response = graph.send("PATCH", path, body)
    assert response.status_code == 200
    after = graph.get(path)
    assert {name: after[name] for name in body} == body
    assert before["changeKey"] != after["changeKey"]
    assert graph.get("mailFolders/inbox")["unreadItemCount"] == 0


def test_a_patch_with_a_stale_etag_is_refused(graph: GraphClient) -> None:
    path = f"messages/{graph.id_of(graph.deliver())}"
    etag = graph.get(path)["@odata.etag"]
    assert graph.send("PATCH", path, {"isRead": True}, If_Match=etag).status_code == 200
    assert graph.refused("PATCH", path, {"isRead": False}, If_Match=etag) == (412, "ErrorIrresolvableConflict")


@pytest.mark.parametrize(
    "body",
    [{"isRead": "yes"}, {"categories": "x"}, {"importance": "huge"}, {"flag": 1}, {"toRecipients": {}}, {"body": 3}],
)
def test_a_patch_of_the_wrong_type_is_refused_and_changes_nothing(graph: GraphClient, body: dict[str, Any]) -> None:
    path = f"messages/{graph.id_of(graph.deliver())}"
    before = graph.get(path)
    assert graph.refused("PATCH", path, body) == (400, "BadRequest")
    assert graph.get(path) == before


def test_from_the_last_day_of_2026_sensitive_properties_of_received_mail_need_their_own_permission(
    graph: GraphClient,
) -> None:
    path = f"messages/{graph.id_of(graph.deliver())}"
    assert graph.send("PATCH", path, {"subject": "x"}).status_code == 200
    graph.emulator.clock.advance(400 * 86_400)
    assert graph.refused("PATCH", path, {"subject": "y"}) == (403, "ErrorAccessDenied")
    assert graph.send("PATCH", path, {"categories": ["still free"]}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_misspelt_property_is_refused_and_a_read_only_one_passed_over(graph: GraphClient, method: str) -> None:
    """Otherwise a client would believe that it had set something."""
    path = "messages" if method == "POST" else f"messages/{graph.id_of(graph.deliver(is_draft=True))}"
    assert graph.refused(method, path, {"isread": True}) == (400, "RequestBodyRead")
    answer = graph.send(method, path, {"subject": "New", "bodyPreview": "x", "@odata.type": "#microsoft.graph.message"})
    assert answer.status_code in (200, 201)
    assert (answer.json()["subject"], answer.json()["bodyPreview"]) != ("New", "x")


def test_a_created_message_is_a_draft_of_now(graph: GraphClient) -> None:
    body = {
        "subject": "Hello World",
        "body": {"content": None},
        "toRecipients": [{"emailAddress": {"address": "max@x.example"}}],
    }
    response = graph.post("messages", body)
    made = response.json()
    assert (response.status_code, made["isDraft"], made["receivedDateTime"]) == (201, True, "2026-03-02T09:00:00Z")
    assert made["toRecipients"] == [{"emailAddress": {"name": "max@x.example", "address": "max@x.example"}}]
    assert made["parentFolderId"] == graph.get("mailFolders/drafts")["id"]
    assert graph.get(response.headers["Location"])["id"] == made["id"]


def test_mime_makes_a_draft_received_now_and_sent_when_it_says(graph: GraphClient) -> None:
    mime = b"From: a@x.example\r\nSubject: Oud\r\nDate: Sun, 28 Feb 2021 07:15:00 +0000\r\n\r\nhoi\r\n"
    response = graph.post("mailFolders/inbox/messages", base64.b64encode(mime), Content_Type="text/plain")
    made = response.json()
    assert (response.status_code, made["isDraft"], made["subject"]) == (201, True, "Oud")
    assert (made["receivedDateTime"], made["sentDateTime"]) == ("2026-03-02T09:00:00Z", "2021-02-28T07:15:00Z")
    assert graph.send("GET", f"messages/{made['id']}/$value").content == mime


@pytest.mark.parametrize("data", [b"not base64!", b"", b"QQ"])
def test_bad_base64_is_refused(graph: GraphClient, data: bytes) -> None:
    found = graph.refused("POST", "messages", data, Content_Type="text/plain")
    assert found == (400, "ErrorMimeContentInvalidBase64String")


def test_message_flags_and_delivery_time_make_a_received_message_of_the_past(graph: GraphClient) -> None:
    body = {
        "subject": "imported",
        "from": {"emailAddress": {"address": "a@x.example"}},
        "singleValueExtendedProperties": [
            {"id": "Integer 0x0E07", "value": "1"},
            {"id": "SystemTime 0x0E06", "value": "2020-05-01T10:00:00Z"},
        ],
    }
    made = graph.post("mailFolders/archive/messages", body).json()
    assert (made["isDraft"], made["isRead"], made["receivedDateTime"]) == (False, True, "2020-05-01T10:00:00Z")


def test_own_extended_properties_are_kept_and_survive_a_move(graph: GraphClient) -> None:
    name = "String {11111111-2222-3333-4444-555555555555} Name ArchiverClientId"
    path = f"messages/{graph.id_of(graph.deliver())}"
    graph.send("PATCH", path, {"singleValueExtendedProperties": [{"id": name, "value": "acme"}]})
    graph.post(f"{path}/move", {"destinationId": "archive"})
    shown = graph.get(f"{path}?$select=id&$expand=singleValueExtendedProperties($filter=id eq '{name}')")
    assert shown["singleValueExtendedProperties"] == [{"id": name, "value": "acme"}]


def test_mime_is_made_from_properties_on_demand(graph: GraphClient) -> None:
    message = graph.deliver(
        subject="Größe", references="<a@x>", attachments=[NewAttachment("b.txt", "text/plain", b"data")]
    )
    parsed = email.message_from_bytes(graph.send("GET", f"messages/{graph.id_of(message)}/$value").content)
    assert parsed["References"] == "<a@x>"
    assert parsed["From"] == "Piet Klant <piet@klant.example>"
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/mixed", "text/plain", "text/plain"]


def test_the_mime_of_a_bounce_is_a_report_with_the_original_recipient(graph: GraphClient) -> None:
    status = NewAttachment(
        "s", "message/delivery-status", b"Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;a@k.example\n"
    )
    original = NewAttachment("o", "message/rfc822", b"To: a@k.example\nSubject: orig\n\n", kind="item")
    message = graph.deliver(message_class="REPORT.IPM.Note.NDR", attachments=[status, original])
    parsed = email.message_from_bytes(graph.send("GET", f"messages/{graph.id_of(message)}/$value").content)
    assert parsed.get_content_type() == "multipart/report"
    kinds = [part.get_content_type() for part in parsed.get_payload()]
    assert kinds == ["text/plain", "message/delivery-status", "message/rfc822"]
    assert "a@k.example" in parsed.as_string()


def test_an_invitation_is_an_event_message_with_a_calendar_part(graph: GraphClient) -> None:
    message = graph.deliver(message_class="IPM.Schedule.Meeting.Request")
    shown = graph.get(f"messages/{graph.id_of(message)}")
    assert (shown["@odata.type"], shown["meetingMessageType"]) == (
        "#microsoft.graph.eventMessageRequest",
        "meetingRequest",
    )
    parsed = email.message_from_bytes(graph.send("GET", f"messages/{graph.id_of(message)}/$value").content)
    calendar = next(part for part in parsed.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert b"METHOD:REQUEST" in calendar.get_payload(decode=True)


@pytest.mark.parametrize("kind", ["", "nonsense", "multipart/mixed", "message/partial", "text/plain; charset=x", "ü/ü"])
def test_an_attachment_of_any_type_can_be_written_as_mime(graph: GraphClient, kind: str) -> None:
    message = graph.deliver(attachments=[NewAttachment("ü\n.bin", kind, b"\x00\xff")])
    assert graph.send("GET", f"messages/{graph.id_of(message)}/$value").status_code == 200


# deleting


def test_delete_goes_to_deleted_items_then_deletions_then_purges(graph: GraphClient) -> None:
    message = graph.deliver()
    path = f"messages/{graph.id_of(message)}"
    places = []
    for _ in range(3):
        assert graph.send("DELETE", path).status_code == 204
        places.append(graph.get(f"mailFolders/{graph.get(path)['parentFolderId']}")["displayName"])
    assert places == ["Deleted Items", "Deletions", "Purges"]
    assert graph.refused("DELETE", path) == (403, "ErrorAccessDenied")


def test_a_message_that_exchange_cannot_read_is_corrupt_and_its_page_may_break_off(graph: GraphClient) -> None:
    message = graph.deliver()
    graph.emulator.conditions.poison([message.id], truncates_pages=True)
    assert graph.refused("GET", f"messages/{graph.id_of(message)}") == (500, "ErrorCorruptData")
    page = graph.send("GET", "messages")
    assert page.status_code == 200
    assert page.text.endswith('"value":[')
    assert graph.get("messages?$select=subject")["value"][0]["subject"] == "Hello"


def test_a_full_mailbox_takes_nothing_more(graph: GraphClient) -> None:
    graph.store.mailboxes.change(graph.mailbox, quota_bytes=10)
    assert graph.refused("POST", "messages", {"subject": "x"}) == (507, "ErrorQuotaExceeded")


# attachments


def test_attachments_are_listed_read_added_and_removed(graph: GraphClient) -> None:
    path = f"messages/{graph.id_of(graph.deliver())}"
    item = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGFsbG8="}
    made = graph.post(f"{path}/attachments", item)
    assert made.status_code == 201
    assert graph.get(path)["hasAttachments"] is True
    listed = graph.get(f"{path}/attachments")["value"]
    assert [(one["name"], one["contentBytes"], one["size"]) for one in listed] == [("a.txt", "aGFsbG8=", 5)]
    one = f"{path}/attachments/{made.json()['id']}"
    assert graph.get(one)["@odata.type"] == "#microsoft.graph.fileAttachment"
    assert graph.send("GET", f"{one}/$value").content == b"hallo"
    assert graph.send("GET", f"{path}/attachments/$count").text == "1"
    assert graph.send("DELETE", one).status_code == 204
    assert graph.refused("GET", one) == (404, "ErrorItemNotFound")
    assert graph.get(path)["hasAttachments"] is False


def test_expanded_attachments_may_be_shown_in_part(graph: GraphClient) -> None:
    """Names and sizes of a page's attachments without a byte of them."""
    graph.deliver(attachments=[NewAttachment(name="a.txt", content_type="text/plain", data=b"hi")])
    path = "messages?$select=id&$expand=attachments"
    part = graph.get(f"{path}($select=name,size)")["value"][0]["attachments"][0]
    assert {name for name in part if "@" not in name} == {"id", "name", "size"}
    assert graph.get(path)["value"][0]["attachments"][0]["contentBytes"] == "aGk="


def test_attachments_of_seeded_mime_are_read_from_it_and_expanded(graph: GraphClient) -> None:
    from mailsorter.emulator.mime.read import read_mime

    mime = (
        b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain\r\n\r\nhi\r\n"
        b'--b\r\nContent-Type: application/pdf; name="c.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b"Content-Disposition: attachment\r\n\r\nUERG\r\n--b--\r\n"
    )
    inbox = graph.store.folders.find(graph.mailbox, "inbox")
    message = graph.store.messages.create(graph.mailbox, inbox, read_mime(mime))
    shown = graph.get(f"messages/{graph.id_of(message)}?$expand=attachments&$select=subject")
    assert [(one["name"], one["contentBytes"]) for one in shown["attachments"]] == [("c.pdf", "UERG")]
    graph.send("PATCH", f"messages/{graph.id_of(message)}", {"body": {"contentType": "text", "content": "new"}})
    assert graph.get(f"messages/{graph.id_of(message)}/attachments")["value"][0]["contentBytes"] == "UERG"
