"""`$batch`, quota and concurrency."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mailsorter.emulator import running_emulator
from mailsorter.emulator.throttle import Limits
from tests.emulator.client import GraphClient, frozen_clock


def batch(graph: GraphClient, *items: dict[str, Any]) -> dict[str, dict[str, Any]]:
    response = graph.post("/v1.0/$batch", {"requests": list(items)})
    assert response.status_code == 200, response.text
    return {item["id"]: item for item in response.json()["responses"]}


def item(number: object, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    found = {"id": str(number), "method": method, "url": f"/users/anna@firm.example/{path}", **more}
    if body is not None:
        found |= {"body": body, "headers": {"Content-Type": "application/json", **more.get("headers", {})}}
    return found


def test_each_item_has_its_own_answer(graph: GraphClient) -> None:
    message = graph.deliver()
    path = f"messages/{graph.mailbox.ids.default_id(message.id, 1)}"
    answers = batch(
        graph,
        item(1, "GET", "mailFolders/inbox"),
        item(2, "POST", f"{path}/move", {"destinationId": "archive"}),
        item(3, "DELETE", "mailFolders/inbox"),
        item(4, "GET", path),
    )
    assert [answers[number]["status"] for number in "1234"] == [200, 201, 400, 404]
    assert answers["1"]["body"]["displayName"] == "Inbox"
    assert answers["3"]["body"]["error"]["code"] == "ErrorDeleteDistinguishedFolder"


def test_the_outer_prefer_header_does_not_reach_the_items(graph: GraphClient) -> None:
    graph.deliver()
    answers = batch(
        graph, item(1, "GET", "messages"), item(2, "GET", "messages", headers={"Prefer": 'IdType="ImmutableId"'})
    )
    lengths = [len(answers[number]["body"]["value"][0]["id"]) for number in "12"]
    assert lengths == [152, 68]
    assert answers["2"]["headers"]["Preference-Applied"] == 'IdType="ImmutableId"'


def test_urls_without_a_leading_slash_are_taken(graph: GraphClient) -> None:
    assert (
        batch(graph, {"id": "a", "method": "get", "url": "users/anna@firm.example/mailFolders/inbox"})["a"]["status"]
        == 200
    )


def test_what_depends_on_a_failure_fails_with_424(graph: GraphClient) -> None:
    answers = batch(
        graph,
        item(1, "GET", "messages/nosuch"),
        item(2, "GET", "mailFolders/inbox", dependsOn=["1"]),
        item(3, "GET", "mailFolders/inbox", dependsOn=["2"]),
    )
    assert [answers[number]["status"] for number in "123"] == [400, 424, 424]


@pytest.mark.parametrize("requests", [
    [], "x", None, [1], [item(number, "GET", "messages") for number in range(21)],
    [item("a", "GET", "messages"), item("A", "GET", "messages")],
    [item(1, "GET", "messages", dependsOn=["2"])],
    [{"id": 1, "method": "GET", "url": "/users"}],
    [{"id": "1", "method": "POST", "url": "/users/anna@firm.example/messages", "body": {}}],
])  # fmt: skip
def test_a_batch_with_a_mistake_is_refused_whole(graph: GraphClient, requests: Any) -> None:
    assert graph.refused("POST", "/v1.0/$batch", {"requests": requests}) == (400, "BadRequest")
    assert graph.refused("POST", "/v1.0/$batch", b"{") == (400, "BadRequest")


def test_a_batch_holds_no_batch(graph: GraphClient) -> None:
    inner = {"id": "1", "method": "POST", "url": "/$batch", "headers": {"Content-Type": "application/json"}, "body": {}}
    assert batch(graph, inner)["1"]["status"] == 400


def test_each_item_counts_as_a_request(graph: GraphClient) -> None:
    batch(graph, *(item(number, "GET", "mailFolders/inbox") for number in range(20)))
    assert graph.emulator.throttle.used("emulator", graph.mailbox.id) == 20


def test_requests_over_the_quota_are_refused_until_the_window_has_passed() -> None:
    with running_emulator(clock=frozen_clock(), limits=Limits(requests=5)) as emulator:
        emulator.store.mailboxes.create("anna@firm.example")
        emulator.store.mailboxes.create("bert@firm.example")
        with GraphClient(emulator) as graph:
            for _ in range(5):
                graph.get("mailFolders/inbox")
            refused = graph.send("GET", "mailFolders/inbox")
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TooManyRequests")
            assert int(refused.headers["Retry-After"]) == 600
            assert batch(graph, item(1, "GET", "mailFolders/inbox"))["1"]["headers"]["Retry-After"] == "600"
            graph.get("/v1.0/users/bert@firm.example/mailFolders/inbox")
            emulator.clock.advance(601)
            graph.get("mailFolders/inbox")


def test_refused_requests_count_against_the_quota_too() -> None:
    """Who goes on asking while throttled stays throttled, as Microsoft documents."""
    with running_emulator(clock=frozen_clock(), limits=Limits(requests=3)) as emulator:
        emulator.store.mailboxes.create("anna@firm.example")
        with GraphClient(emulator) as graph:
            assert [graph.send("GET", "mailFolders/inbox").status_code for _ in range(3)] == [200, 200, 200]
            emulator.clock.advance(599)
            assert [graph.send("GET", "mailFolders/inbox").status_code for _ in range(3)] == [429, 429, 429]
            emulator.clock.advance(10)
            assert graph.send("GET", "mailFolders/inbox").status_code == 429
            emulator.clock.advance(600)
            assert graph.send("GET", "mailFolders/inbox").status_code == 200


def test_another_app_has_a_quota_of_its_own() -> None:
    with running_emulator(clock=frozen_clock(), limits=Limits(requests=1)) as emulator:
        emulator.store.mailboxes.create("anna@firm.example")
        for app in ("emulator", "emulator-tenant-wide"):
            with GraphClient(emulator, app=app) as graph:
                graph.get("mailFolders/inbox")


def test_uploads_have_a_quota() -> None:
    with running_emulator(clock=frozen_clock(), limits=Limits(upload_bytes=1000)) as emulator:
        emulator.store.mailboxes.create("anna@firm.example")
        with GraphClient(emulator) as graph:
            body = {"subject": "x", "body": {"content": "y" * 700}}
            assert graph.post("messages", body).status_code == 201
            assert graph.refused("POST", "messages", body) == (429, "TooManyRequests")
            graph.get("messages")
            emulator.clock.advance(301)
            assert graph.post("messages", body).status_code == 201


def test_a_fifth_request_at_once_is_refused(graph: GraphClient) -> None:
    throttle, mailbox = graph.emulator.throttle, graph.mailbox.id
    with throttle.admit("emulator", mailbox), throttle.admit("emulator", mailbox), throttle.admit("emulator", mailbox):
        graph.get("mailFolders/inbox")
        with throttle.admit("EMULATOR", mailbox):
            refused = graph.send("GET", "mailFolders/inbox")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json()["error"] | {"innerError": None} == {
        "code": "ApplicationThrottled",
        "message": "Application is over its MailboxConcurrency limit.",
        "innerError": None,
    }
    graph.get("mailFolders/inbox")


def test_a_batch_beside_other_requests_has_single_items_refused(graph: GraphClient) -> None:
    items = [item(number, "GET", "mailFolders/inbox") for number in range(8)]
    throttle, mailbox = graph.emulator.throttle, graph.mailbox.id
    assert {answer["status"] for answer in batch(graph, *items).values()} == {200}
    with throttle.admit("emulator", mailbox), throttle.admit("emulator", mailbox):
        answers = batch(graph, *items)
    assert [answers[str(number)]["status"] for number in range(8)] == [200, 200, 429, 429] * 2


def test_an_ordered_batch_counts_as_one_request_at_a_time(graph: GraphClient) -> None:
    items = [item(0, "GET", "mailFolders/inbox"), item(1, "GET", "mailFolders/inbox", dependsOn=["0"])]
    throttle, mailbox = graph.emulator.throttle, graph.mailbox.id
    with throttle.admit("emulator", mailbox), throttle.admit("emulator", mailbox), throttle.admit("emulator", mailbox):
        assert {answer["status"] for answer in batch(graph, *items).values()} == {200}


def test_truly_simultaneous_requests_are_counted(graph: GraphClient) -> None:
    """Eight threads, each request taking 0.2 s: at most four are served, the others told to wait."""
    from mailsorter.emulator.faults import FaultPlan

    graph.emulator.faults.set_plan(FaultPlan.make({"fault": [{"latency_s": 0.2}]}))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(graph.send("GET", "mailFolders/inbox").status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 429 in statuses
    assert 4 <= statuses.count(200) < 8
