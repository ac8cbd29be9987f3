"""Recoverable Items, holds, the admin API's hard delete, retention over time."""

from __future__ import annotations

from typing import Any

import pytest

from mailsorter.emulator.store import Message
from tests.emulator.client import DAY_S, GraphClient


@pytest.fixture
def admin(graph: GraphClient) -> str:
    """The admin API's path of the mailbox."""
    ids = graph.get("settings/exchange")
    return f"/v1.0/admin/exchange/mailboxes/{ids['primaryMailboxId']}"


def in_folder(graph: GraphClient, name: str) -> list[str]:
    return [item["subject"] for item in graph.all(f"mailFolders/{name}/messages")]


def purged(graph: GraphClient, **fields: Any) -> Message:
    message = graph.deliver(**fields)
    assert graph.post(f"messages/{graph.id_of(message)}/permanentDelete").status_code == 204
    return message


def hard_delete(graph: GraphClient, admin: str, message: Message, folder: str = "recoverableitemspurges") -> Any:
    path = f"{admin}/folders/{folder}/items/{graph.id_of(message)}?disposalType=hardDelete"
    return graph.send("DELETE", path)


def test_permanent_delete_puts_into_purges_and_the_item_can_still_be_read(graph: GraphClient) -> None:
    message = purged(graph)
    assert in_folder(graph, "recoverableitemspurges") == ["Hello"]
    shown = graph.get(
        f"messages/{graph.id_of(message)}?$expand=singleValueExtendedProperties($filter=id eq 'Binary 0x348A')"
    )
    assert shown["singleValueExtendedProperties"][0]["id"] == "Binary 0x348A"


def test_hard_delete_removes_for_good(graph: GraphClient, admin: str) -> None:
    message = purged(graph)
    assert hard_delete(graph, admin, message).status_code == 204
    assert graph.refused("GET", f"messages/{graph.id_of(message)}") == (404, "ErrorItemNotFound")
    assert hard_delete(graph, admin, message).status_code == 404
    assert graph.store.db.value("SELECT count(*) FROM content") == 0


@pytest.mark.parametrize("hold", [
    {"litigation_hold": 1},
    {"retention_policies": '["mbx7cfb30345d454ac0a989ab3041051209:2"]'},
    {"retention_policies": '["UniH1234"]'},
    {"delay_hold_until": 4_000_000_000},
])  # fmt: skip
def test_a_held_item_is_not_hard_deleted(graph: GraphClient, admin: str, hold: dict[str, Any]) -> None:
    message = purged(graph)
    graph.store.mailboxes.change(graph.mailbox, **hold)
    assert hard_delete(graph, admin, message).status_code == 403
    assert in_folder(graph, "recoverableitemspurges") == ["Hello"]


@pytest.mark.parametrize("policies", ['["mbxabc:1"]', '["-mbxabc:2"]', "[]"])
def test_a_policy_that_only_deletes_or_excludes_the_mailbox_holds_nothing(
    graph: GraphClient, admin: str, policies: str
) -> None:
    graph.store.mailboxes.change(graph.mailbox, retention_policies=policies)
    assert hard_delete(graph, admin, purged(graph)).status_code == 204


def test_a_retention_label_holds_its_item_only(graph: GraphClient, admin: str) -> None:
    assert hard_delete(graph, admin, purged(graph, label="Contract 7 jaar")).status_code == 403
    assert hard_delete(graph, admin, purged(graph)).status_code == 204


@pytest.mark.parametrize(("blocks", "status"), [(False, 204), (True, 403)])
def test_whether_single_item_recovery_alone_stops_a_hard_delete_is_a_setting(
    graph: GraphClient, admin: str, blocks: bool, status: int
) -> None:
    graph.store.db.set_setting("single_item_recovery_blocks_hard_delete", blocks)
    assert hard_delete(graph, admin, purged(graph)).status_code == status


def test_soft_delete_goes_to_deletions(graph: GraphClient, admin: str) -> None:
    message = graph.deliver()
    path = f"{admin}/folders/inbox/items/{graph.id_of(message)}?disposalType=softDelete"
    assert graph.send("DELETE", path).status_code == 204
    assert in_folder(graph, "recoverableitemsdeletions") == ["Hello"]


@pytest.mark.parametrize("query", ["", "?disposalType=maybe"])
def test_the_disposal_type_is_required(graph: GraphClient, admin: str, query: str) -> None:
    message = graph.deliver()
    path = f"{admin}/folders/inbox/items/{graph.id_of(message)}{query}"
    assert graph.refused("DELETE", path) == (400, "BadRequest")
    assert in_folder(graph, "inbox") == ["Hello"]


def test_an_item_is_found_in_its_own_folder_only(graph: GraphClient, admin: str) -> None:
    assert hard_delete(graph, admin, graph.deliver()).status_code == 404


def test_recoverable_items_go_after_their_time(graph: GraphClient) -> None:
    purged(graph, subject="purged")
    twice = graph.deliver(subject="deleted")
    for _ in range(2):
        graph.send("DELETE", f"messages/{graph.id_of(twice)}")
    graph.store.advance(13 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == ["purged"]
    graph.store.advance(2 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == in_folder(graph, "recoverableitemsdeletions") == []


def test_time_that_passes_while_serving_is_noticed(graph: GraphClient) -> None:
    purged(graph)
    graph.emulator.clock.advance(15 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == []


def test_retention_days_are_the_mailboxs_own(graph: GraphClient) -> None:
    graph.store.mailboxes.change(graph.mailbox, retain_days=30)
    purged(graph)
    graph.store.advance(29 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == ["Hello"]
    graph.store.advance(2 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == []


def test_litigation_hold_keeps_for_ever_and_its_end_leaves_a_delay_hold(graph: GraphClient, admin: str) -> None:
    graph.store.mailboxes.change(graph.mailbox, litigation_hold=1)
    message = purged(graph)
    graph.store.advance(400 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == ["Hello"]
    graph.store.recoverable.end_hold(graph.mailbox)
    assert hard_delete(graph, admin, message).status_code == 403
    graph.store.advance(31 * DAY_S)
    assert in_folder(graph, "recoverableitemspurges") == []


def test_a_retention_policy_moves_expired_items_to_discovery_holds(graph: GraphClient) -> None:
    graph.store.mailboxes.change(graph.mailbox, retention_policies='["mbxabc:3"]')
    purged(graph)
    graph.store.advance(15 * DAY_S)
    assert in_folder(graph, "recoverableitemsdiscoveryholds") == ["Hello"]


@pytest.mark.parametrize(("change", "kept"), [({"subject": "changed"}, ["Hello"]), ({"isRead": True}, [])])
def test_under_hold_the_original_of_changed_mail_is_kept_in_versions(
    graph: GraphClient, change: dict[str, Any], kept: list[str]
) -> None:
    message = graph.deliver()
    graph.store.mailboxes.change(graph.mailbox, litigation_hold=1)
    assert graph.send("PATCH", f"messages/{graph.id_of(message)}", change).status_code == 200
    assert in_folder(graph, "recoverableitemsversions") == kept


def test_an_item_can_be_moved_back_out_of_recoverable_items(graph: GraphClient) -> None:
    message = purged(graph)
    assert graph.post(f"messages/{graph.id_of(message)}/move", {"destinationId": "inbox"}).status_code == 201
    graph.store.advance(30 * DAY_S)
    assert in_folder(graph, "inbox") == ["Hello"]


# the admin API


def test_the_admin_api_shows_folders_of_every_class(graph: GraphClient, admin: str) -> None:
    folders = graph.all(f"{admin}/folders")
    assert {"IPF.Note", "IPF.Appointment", "IPF.Contact"} <= {folder["type"] for folder in folders}
    found = graph.get(
        f"{admin}/folders?$filter=type eq 'IPF.Appointment'&$select=displayName,type,wellKnownName&$top=5"
    )
    assert [set(folder) for folder in found["value"]] == [{"@odata.type", "id", "displayName", "type", "wellKnownName"}]
    children = graph.all(f"{admin}/folders/recoverableitemsroot/childFolders")
    assert "Purges" in {folder["displayName"] for folder in children}
    assert graph.get(f"{admin}/folders/inbox")["wellKnownName"] == "inbox"


def test_the_admin_api_shows_items_without_their_contents(graph: GraphClient, admin: str) -> None:
    message = graph.deliver(hidden=True, categories=["Acme"])
    listed = graph.all(f"{admin}/folders/inbox/items")
    assert [item["id"] for item in listed] == [graph.id_of(message)]
    assert {"subject", "from", "body"}.isdisjoint(listed[0])
    assert (listed[0]["type"], listed[0]["categories"]) == ("IPM.Note", ["Acme"])
    one = graph.get(
        f"{admin}/folders/inbox/items/{graph.id_of(message)}"
        "?$expand=singleValueExtendedProperties($filter=id eq 'String 0x5D01')"
    )
    assert one["singleValueExtendedProperties"][0]["value"] == "piet@klant.example"


def test_items_are_filtered_paged_and_counted(graph: GraphClient, admin: str) -> None:
    for number in range(12):
        graph.deliver(message_class="IPM.Note" if number % 2 else "IPM.Appointment")
    path = f"{admin}/folders/inbox/items?$filter=type eq 'IPM.Note'&$top=4&$count=true&$select=size,type"
    assert graph.get(path)["@odata.count"] == 6
    assert len(graph.all(path)) == 6


def test_the_admin_api_has_deltas_of_folders_and_items(graph: GraphClient, admin: str) -> None:
    _, folders = graph.round(f"{admin}/folders/delta")
    _, items = graph.round(f"{admin}/folders/inbox/items/delta()")
    graph.app = "emulator-tenant-wide"
    made = graph.post(f"{admin}/folders", {"displayName": "New"})
    assert made.status_code == 201
    message = graph.deliver()
    assert [folder["displayName"] for folder in graph.round(folders)[0]] == ["New"]
    found, items = graph.round(items)
    assert [item["@odata.type"] for item in found] == ["#microsoft.graph.mailboxItem"]
    graph.send("DELETE", f"messages/{graph.id_of(message)}")
    assert [item["@removed"] for item in graph.round(items)[0]] == [{"reason": "deleted"}]
    renamed = graph.send("PATCH", f"{admin}/folders/{made.json()['id']}", {"displayName": "Newer"})
    assert renamed.json()["displayName"] == "Newer"
    child = graph.post(f"{admin}/folders/{made.json()['id']}/childFolders", {"displayName": "Child"})
    assert child.status_code == 201
    assert graph.send("DELETE", f"{admin}/folders/{made.json()['id']}/$ref").status_code == 204


def test_the_admin_api_wants_a_mailbox_id(graph: GraphClient) -> None:
    path = "/v1.0/admin/exchange/mailboxes/anna@firm.example/folders"
    assert graph.refused("GET", path) == (400, "ErrorInvalidRequest")


# the in-place archive


def test_the_archive_is_a_mailbox_of_its_own_known_in_beta_only(graph: GraphClient) -> None:
    archive = graph.store.mailboxes.add_archive(graph.mailbox)
    assert "inPlaceArchiveMailboxId" not in graph.get("settings/exchange")
    mbx = graph.get(f"/beta/users/{graph.user}/settings/exchange")["inPlaceArchiveMailboxId"]
    assert mbx == graph.store.mailboxes.mbx_id(archive)
    folders = graph.all(f"/v1.0/users/{mbx}/mailFolders/recoverableitemsroot/childFolders")
    assert "Purges" in {folder["displayName"] for folder in folders}
    assert graph.refused("GET", f"/v1.0/users/{mbx}/mailFolders/inbox") == (404, "ErrorItemNotFound")
    assert graph.refused("GET", f"/v1.0/admin/exchange/mailboxes/{mbx}/folders")[0] == 404
    assert graph.get(f"/beta/admin/exchange/mailboxes/{mbx}/folders")["value"]
    assert graph.refused("GET", f'/v1.0/users/{mbx}/messages?$search="x"')[0] == 400


def test_an_archives_ids_are_not_the_mailboxs(graph: GraphClient) -> None:
    archive = graph.store.mailboxes.add_archive(graph.mailbox)
    message = graph.deliver()
    mbx = graph.store.mailboxes.mbx_id(archive)
    assert graph.refused("GET", f"/v1.0/users/{mbx}/messages/{graph.id_of(message)}") == (
        400,
        "ErrorInvalidIdMalformed",
    )
