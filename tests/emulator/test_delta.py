"""Delta on messages: what a client that follows the links is told, and what is hidden from it."""

from __future__ import annotations

from typing import Any

import pytest

from mailsorter.emulator.conditions import DeltaQuirk
from tests.emulator.client import START, GraphClient

DELTA = "mailFolders/inbox/messages/delta"
NOW = int(START.timestamp())


def told(items: list[dict[str, Any]]) -> dict[str, str]:
    """Last word on each message: its subject, or `removed`."""
    return {item["id"]: "removed" if "@removed" in item else item.get("subject", "") for item in items}


def begin(graph: GraphClient, path: str = DELTA) -> str:
    """A first round's deltaLink."""
    return graph.round(path)[1]


def test_a_first_round_tells_every_message_of_the_folder_and_no_others(graph: GraphClient) -> None:
    for number in range(25):
        graph.deliver(subject=str(number))
    graph.deliver("archive", subject="elsewhere")
    graph.deliver(subject="hidden", hidden=True)
    pages = list(graph.pages(f"{DELTA}?$select=subject", Prefer='odata.maxpagesize=7, IdType="ImmutableId"'))
    assert [len(page["value"]) for page in pages] == [7, 7, 7, 4]
    assert ["@odata.deltaLink" in page for page in pages] == [False, False, False, True]
    items = [item for page in pages for item in page["value"]]
    assert {item["subject"] for item in items} == {str(number) for number in range(25)}
    assert {name for item in items for name in item} == {"@odata.type", "@odata.etag", "id", "subject"}


def test_a_round_without_changes_is_empty(graph: GraphClient) -> None:
    graph.deliver()
    link = begin(graph)
    assert graph.round(link)[0] == []


@pytest.mark.parametrize(
    "path", [f"{DELTA}()", "mailFolders('Inbox')/messages/delta", "//mailFolders//inbox/messages/delta()"]
)
def test_delta_is_found_however_clients_write_it(graph: GraphClient, path: str) -> None:
    graph.deliver()
    full = path if not path.startswith("/") else f"/v1.0/users/{graph.user}{path}"
    assert len(graph.round(full)[0]) == 1


def test_a_later_round_tells_new_changed_and_removed_messages(graph: GraphClient) -> None:
    stays, changes, moves, deleted = (graph.deliver(subject=name) for name in ("stays", "changes", "moves", "deleted"))
    link = begin(graph)
    graph.send("PATCH", f"messages/{graph.id_of(changes)}", {"isRead": True})
    graph.post(f"messages/{graph.id_of(moves)}/move", {"destinationId": "archive"})
    graph.send("DELETE", f"messages/{graph.id_of(deleted)}")
    new = graph.deliver(subject="new")
    items, link = graph.round(link)
    assert told(items) == {
        graph.id_of(changes): "changes",
        graph.id_of(moves): "removed",
        graph.id_of(deleted): "removed",
        graph.id_of(new): "new",
    }
    assert graph.id_of(stays) not in told(items)
    assert [item["@removed"] for item in items if "@removed" in item] == [{"reason": "deleted"}] * 2


def test_a_move_is_removed_here_and_new_there_under_one_immutable_id(graph: GraphClient) -> None:
    message = graph.deliver()
    here, there = begin(graph), begin(graph, "mailFolders/archive/messages/delta")
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "archive"})
    assert told(graph.round(here)[0]) == {graph.id_of(message): "removed"}
    assert told(graph.round(there)[0]) == {graph.id_of(message): "Hello"}


def test_with_default_ids_the_removed_id_is_the_old_one(graph: GraphClient) -> None:
    graph.immutable = False
    old = graph.id_of(graph.deliver())
    here, there = begin(graph), begin(graph, "mailFolders/archive/messages/delta")
    new = graph.post(f"messages/{old}/move", {"destinationId": "archive"}).json()["id"]
    assert told(graph.round(here)[0]) == {old: "removed"}
    assert told(graph.round(there)[0]) == {new: "Hello"}


def test_there_and_back_between_two_rounds_is_invisible(graph: GraphClient) -> None:
    message = graph.deliver()
    link = begin(graph)
    for place in ("archive", "inbox"):
        graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": place})
    assert graph.round(link)[0] == []


def test_there_and_back_across_two_rounds_is_told_both_times(graph: GraphClient) -> None:
    message = graph.deliver()
    link = begin(graph)
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "archive"})
    items, link = graph.round(link)
    assert told(items) == {graph.id_of(message): "removed"}
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "inbox"})
    assert told(graph.round(link)[0]) == {graph.id_of(message): "Hello"}


def test_a_change_made_while_away_is_told_after_the_return(graph: GraphClient) -> None:
    message = graph.deliver()
    link = begin(graph)
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "archive"})
    graph.send("PATCH", f"messages/{graph.id_of(message)}", {"isRead": True})
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "inbox"})
    assert told(graph.round(link)[0]) == {graph.id_of(message): "Hello"}


def test_what_came_and_went_between_two_rounds_is_never_told(graph: GraphClient) -> None:
    link = begin(graph)
    message = graph.deliver()
    graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "archive"})
    assert graph.round(link)[0] == []


def test_what_came_went_and_came_back_is_told(graph: GraphClient) -> None:
    """It was not known, so its way there and back must not hide it."""
    from_elsewhere = graph.deliver("archive", subject="moved in")
    link = begin(graph)
    delivered = graph.deliver(subject="delivered")
    for message, places in ((from_elsewhere, ("inbox", "archive", "inbox")), (delivered, ("archive", "inbox"))):
        for place in places:
            graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": place})
    expected = {graph.id_of(from_elsewhere): "moved in", graph.id_of(delivered): "delivered"}
    assert told(graph.round(link)[0]) == expected


def test_a_message_removed_in_mid_round_is_told_in_that_round_or_the_next(graph: GraphClient) -> None:
    messages = [graph.deliver(subject=str(number)) for number in range(6)]
    first = graph.get(DELTA, Prefer='IdType="ImmutableId", odata.maxpagesize=3')
    gone = first["value"][0]["id"]
    graph.post(f"messages/{gone}/move", {"destinationId": "archive"})
    rest, link = graph.round(first["@odata.nextLink"], Prefer='IdType="ImmutableId", odata.maxpagesize=3')
    later, _ = graph.round(link)
    known = told([*first["value"], *rest, *later])
    assert known[gone] == "removed"
    assert len(known) == len(messages)


def test_a_thousand_removals_do_not_slow_a_first_round(graph: GraphClient) -> None:
    for _ in range(30):
        message = graph.deliver()
        graph.store.messages.permanent_delete(graph.mailbox, message)
    assert len(list(graph.pages(DELTA))) == 1


@pytest.mark.parametrize(("kind", "expected"), [
    ("created", {"new"}), ("updated", {"changes"}), ("deleted", {"removed"}), ("created,deleted", {"new", "removed"}),
])  # fmt: skip
def test_change_type_limits_what_later_rounds_tell(graph: GraphClient, kind: str, expected: set[str]) -> None:
    changes, moves = graph.deliver(subject="changes"), graph.deliver(subject="moves")
    link = begin(graph, f"{DELTA}?changeType={kind}")
    graph.send("PATCH", f"messages/{graph.id_of(changes)}", {"isRead": True})
    graph.post(f"messages/{graph.id_of(moves)}/move", {"destinationId": "archive"})
    graph.deliver(subject="new")
    assert set(told(graph.round(link)[0]).values()) == expected


def test_a_filter_by_date_holds_for_all_rounds(graph: GraphClient) -> None:
    graph.deliver(subject="old", received=NOW - 90_000)
    graph.deliver(subject="today", received=NOW - 10)
    items, link = graph.round(f"{DELTA}?$filter=receivedDateTime ge 2026-03-02T00:00:00Z")
    assert list(told(items).values()) == ["today"]
    graph.deliver(subject="older", received=NOW - 90_000)
    graph.deliver(subject="newer", received=NOW)
    assert list(told(graph.round(link)[0]).values()) == ["newer"]


def test_a_filter_caps_the_first_round_at_five_thousand(graph: GraphClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsorter.emulator.graph.delta.FILTER_CAP", 12)
    for _ in range(20):
        graph.deliver()
    items, link = graph.round(f"{DELTA}?$filter=receivedDateTime ge 2020-01-01", Prefer="odata.maxpagesize=5")
    assert len(items) == 12
    assert graph.round(link)[0] == []
    assert len(graph.round(DELTA)[0]) == 20


@pytest.mark.parametrize(("query", "answer"), [
    ("$search=x", (400, "ErrorInvalidUrlQuery")),
    ("$skip=3", (400, "ErrorInvalidUrlQuery")),
    ("$filter=isRead eq true", (400, "ErrorInvalidUrlQueryFilter")),
    ("$orderby=subject", (400, "ErrorInvalidUrlQuery")),
    ("$deltatoken=latest", (400, "BadRequest")),
    ("$deltatoken=nonsense", (400, "BadRequest")),
])  # fmt: skip
def test_what_delta_does_not_take_is_refused(graph: GraphClient, query: str, answer: tuple[int, str]) -> None:
    assert graph.refused("GET", f"{DELTA}?{query}") == answer


def test_a_token_of_another_folder_is_refused(graph: GraphClient) -> None:
    link = begin(graph)
    assert graph.refused("GET", link.replace("inbox", "archive")) == (400, "BadRequest")


def test_expand_and_select_of_the_first_call_hold_for_later_pages_and_rounds(graph: GraphClient) -> None:
    for number in range(3):
        graph.deliver(subject=str(number), references="<a@x>")
    query = "$select=subject&$expand=singleValueExtendedProperties($filter=id eq 'String 0x1039')"
    items, link = graph.round(f"{DELTA}?{query}", Prefer='IdType="ImmutableId", odata.maxpagesize=2')
    graph.deliver(subject="3", references="<a@x>")
    items += graph.round(link)[0]
    assert len(items) == 4
    assert all(item["singleValueExtendedProperties"] == [{"id": "String 0x1039", "value": "<a@x>"}] for item in items)
    assert all("body" not in item for item in items)


@pytest.mark.parametrize("when", ["between rounds", "in mid-round"])
def test_lost_state_answers_410_also_in_mid_round(graph: GraphClient, when: str) -> None:
    for _ in range(5):
        graph.deliver()
    page = graph.get(DELTA, Prefer="odata.maxpagesize=2")
    link = begin(graph) if when == "between rounds" else page["@odata.nextLink"]
    graph.emulator.conditions.lose_delta_state(graph.mailbox.id)
    assert graph.refused("GET", link) == (410, "SyncStateNotFound")
    assert len(graph.round(DELTA)[0]) == 5


def test_replays_tell_unchanged_messages_again(graph: GraphClient) -> None:
    message = graph.deliver()
    link = begin(graph)
    graph.emulator.conditions.set_quirk(DeltaQuirk(replay=3))
    assert told(graph.round(link)[0]) == {graph.id_of(message): "Hello"}


def test_an_empty_page_may_come_with_a_next_link(graph: GraphClient) -> None:
    graph.deliver()
    graph.emulator.conditions.set_quirk(DeltaQuirk(empty_pages=True))
    for link in (DELTA, begin(graph)):
        pages = list(graph.pages(link))
        assert pages[0]["value"] == []
        assert "@odata.nextLink" in pages[0]
        assert "@odata.deltaLink" in pages[-1]


def test_the_delta_of_a_deleted_folder_is_not_found(graph: GraphClient) -> None:
    folder = graph.post("mailFolders", {"displayName": "Gone"}).json()["id"]
    link = begin(graph, f"mailFolders/{folder}/messages/delta")
    graph.post(f"mailFolders/{folder}/permanentDelete")
    assert graph.refused("GET", link) == (404, "ErrorItemNotFound")


def test_links_serve_both_forms_of_id(graph: GraphClient) -> None:
    message = graph.deliver()
    link = begin(graph)
    graph.send("PATCH", f"messages/{graph.id_of(message)}", {"isRead": True})
    graph.immutable = False
    assert list(told(graph.round(link)[0])) == [graph.id_of(message)]
