"""Where no source says how Graph answers, a switch decides; and faults that only one kind of query meets."""

from __future__ import annotations

import httpx
import pytest

from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.graph.switches import GRAPH_SWITCHES, GraphServer, graph_with
from mailsorter.emulator.store import NewAttachment
from tests.emulator.client import GraphClient

SEARCH = 'messages?$search="hello"'
ITEMS = "folders/inbox/items"


@pytest.fixture
def admin(graph: GraphClient) -> str:
    return f"/v1.0/admin/exchange/mailboxes/{graph.get('settings/exchange')['primaryMailboxId']}"


def test_a_search_answers_default_ids_whatever_is_asked_for(graph: GraphClient) -> None:
    message = graph.deliver()
    ids = graph.mailbox.ids
    assert [hit["id"] for hit in graph.all(SEARCH)] == [ids.default_id(message.id, message.generation)]
    graph.emulator.conditions.graph = graph_with("immutable_ids_in_search")
    assert [hit["id"] for hit in graph.all(SEARCH)] == [ids.immutable_id(message.id)]
    graph.immutable = False
    assert [hit["id"] for hit in graph.all(SEARCH)] == [ids.default_id(message.id, message.generation)]


def test_the_admin_item_paths_may_know_default_ids_only(graph: GraphClient, admin: str) -> None:
    message = graph.deliver()
    ids = graph.mailbox.ids
    assert [item["id"] for item in graph.all(f"{admin}/{ITEMS}")] == [ids.immutable_id(message.id)]
    graph.emulator.conditions.graph = graph_with("default_ids_on_admin_items")
    default_id = ids.default_id(message.id, message.generation)
    assert [item["id"] for item in graph.all(f"{admin}/{ITEMS}")] == [default_id]
    refused = graph.refused("DELETE", f"{admin}/{ITEMS}/{ids.immutable_id(message.id)}?disposalType=hardDelete")
    assert refused == (400, "ErrorInvalidIdMalformed")
    assert graph.all("messages") != []
    assert graph.send("DELETE", f"{admin}/{ITEMS}/{default_id}?disposalType=hardDelete").status_code == 204
    assert graph.all("messages") == []


def test_switches_by_the_endpoint(graph: GraphClient) -> None:
    """Each by its name; an unknown one is told, and changes nothing."""
    url = f"{graph.emulator.url}/_emulator/graph"
    with httpx.Client(trust_env=False) as http:
        for name in GRAPH_SWITCHES:
            assert http.put(url, json={"switches": [name]}).status_code == 200
            assert [one for one in GRAPH_SWITCHES if getattr(graph.emulator.conditions.graph, one)] == [name]
        for wrong in ({"switches": ["no_ids"]}, {"switch": []}):
            assert http.put(url, json=wrong).status_code == 400
        assert getattr(graph.emulator.conditions.graph, GRAPH_SWITCHES[-1])
        assert http.put(url, json={}).status_code == 200
        assert graph.emulator.conditions.graph == GraphServer()


def test_entries_of_a_search_may_be_errors(graph: GraphClient) -> None:
    """A page is still 200: only entries of it name no message."""
    for _ in range(3):
        graph.deliver()
    graph.emulator.faults.set_plan(FaultPlan.make({"fault": [{"query": "*$search=*", "break_entries": 2}]}))
    asked = {"Authorization": f"Bearer {graph.emulator.token('emulator')}"}  # not judged: no schema has such an entry
    entries = httpx.get(f"{graph.emulator.url}/v1.0/users/{graph.user}/{SEARCH}", headers=asked).json()["value"]
    assert [set(entry) == {"error"} for entry in entries] == [True, True, False]
    assert len(graph.all("messages")) == 3


def test_a_fault_may_be_for_one_kind_of_query(graph: GraphClient) -> None:
    """Delta with `$expand` answers 500, without it all is well; however the query is encoded."""
    graph.deliver()
    rule = {"path": "users/*/messages/delta", "query": "*$expand=*", "status": 500}
    graph.emulator.faults.set_plan(FaultPlan.make({"fault": [rule]}))
    expand = "singleValueExtendedProperties($filter=id%20eq%20'Binary%200x300B')"
    delta = "mailFolders/inbox/messages/delta?$select=subject"
    assert graph.send("GET", f"{delta}&$expand={expand}").status_code == 500
    assert graph.send("GET", f"{delta}&%24expand={expand}").status_code == 500
    assert len(graph.get(delta)["value"]) == 1


def _ids(graph: GraphClient, query: str) -> list[str]:
    return [message["id"] for message in graph.all(query)]


def test_a_message_that_leaves_hides_another_from_the_links(graph: GraphClient) -> None:
    for _ in range(4):
        graph.deliver()
    everything = _ids(graph, "mailFolders/inbox/messages?$top=10")
    first = graph.get("mailFolders/inbox/messages?$top=2")
    store, box = graph.emulator.store, graph.mailbox
    leaving = store.messages.find(box, first["value"][0]["id"])
    store.messages.move(box, leaving, store.folders.well_known(box, "archive"))
    rest = graph.send("GET", first["@odata.nextLink"]).json()["value"]
    assert [message["id"] for message in rest] == everything[3:]


def test_pages_come_short_and_links_jump(graph: GraphClient) -> None:
    for _ in range(6):
        graph.deliver()
    listing = "mailFolders/inbox/messages?$top=6"
    everything = _ids(graph, listing)
    graph.emulator.conditions.graph = graph_with("short_pages")
    assert len(graph.get(listing)["value"]) == 4
    assert _ids(graph, listing) == everything
    graph.emulator.conditions.graph = graph_with("jumping_links")
    assert _ids(graph, listing) == everything[:3]
    assert _ids(graph, "mailFolders/inbox/messages?$top=2") == everything[::2]


def test_a_sorted_listing_may_be_refused(graph: GraphClient) -> None:
    graph.deliver()
    filtered = "mailFolders/inbox/messages?$filter=receivedDateTime ge 1900-01-01T00:00:00Z"
    graph.emulator.conditions.graph = graph_with("refuses_sorting")
    assert graph.refused("GET", f"{filtered}&$orderby=receivedDateTime") == (400, "InefficientFilter")
    assert len(_ids(graph, filtered)) == 1
    graph.emulator.conditions.graph = GraphServer()
    assert len(_ids(graph, f"{filtered}&$orderby=receivedDateTime")) == 1


def test_mail_in_a_folder_of_another_class(graph: GraphClient) -> None:
    store, box = graph.emulator.store, graph.mailbox
    made = store.folders.create(box, store.folders.well_known(box, "inbox"), "INBOX", folder_class="IPF.Imap")
    store.messages.move(box, graph.deliver(), made)
    assert graph.all("mailFolders/inbox/childFolders?includeHiddenFolders=true") == []
    messages = f"mailFolders/{box.ids.folder_id(made.id)}/messages"
    assert len(graph.all(messages)) == 1
    graph.emulator.conditions.graph = graph_with("closed_classes")
    assert graph.refused("GET", messages) == (404, "ErrorItemNotFound")


def test_attachments_beside_a_listing_may_be_refused_or_come_whole(graph: GraphClient) -> None:
    """By default an inner `$select` leaves their bytes out, as it does in a tenant; a delta round minds none."""
    message = graph.deliver(attachments=[NewAttachment("a.pdf", data=b"12345")])
    listing = "messages?$select=id&$expand=attachments($select=name,size)"
    assert [one["name"] for one in graph.all(listing)[0]["attachments"]] == ["a.pdf"]
    assert "contentBytes" not in graph.all(listing)[0]["attachments"][0]
    graph.emulator.conditions.graph = graph_with("ignores_inner_select")
    assert graph.all(listing)[0]["attachments"][0]["contentBytes"] == "MTIzNDU="
    graph.emulator.conditions.graph = graph_with("refuses_attached")
    assert graph.refused("GET", listing)[0] == 400
    assert graph.all("messages")[0]["id"] == graph.id_of(message)
