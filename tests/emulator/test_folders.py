"""Mail folders over Graph."""

from __future__ import annotations

import pytest

from tests.emulator.client import GraphClient


def names(graph: GraphClient, path: str = "mailFolders?$top=100") -> list[str]:
    return [folder["displayName"] for folder in graph.all(path)]


def make(graph: GraphClient, name: str, parent: str = "msgfolderroot") -> str:
    response = graph.post(f"mailFolders/{parent}/childFolders", {"displayName": name})
    assert response.status_code == 201
    return str(response.json()["id"])


def test_the_root_lists_visible_mail_folders_only(graph: GraphClient) -> None:
    listed = names(graph)
    assert {"Inbox", "Sent Items", "Deleted Items", "Drafts", "Archive"} <= set(listed)
    assert {"Clutter", "Calendar", "Contacts", "Recoverable Items"}.isdisjoint(listed)


def test_hidden_folders_come_on_request(graph: GraphClient) -> None:
    assert "Clutter" in names(graph, "mailFolders?includeHiddenFolders=true&$top=100")


def test_a_page_holds_ten_folders_and_links_to_the_next(graph: GraphClient) -> None:
    for number in range(8):
        make(graph, f"F{number}")
    first = graph.get("mailFolders")
    assert len(first["value"]) == 10
    assert "skip=10" in first["@odata.nextLink"]
    assert len(names(graph, "mailFolders")) == len(names(graph))


@pytest.mark.parametrize(
    "name", ["inbox", "INBOX", "SentItems", "deleteditems", "msgfolderroot", "recoverableitemsroot"]
)
def test_well_known_names_in_any_case_stand_for_ids(graph: GraphClient, name: str) -> None:
    folder = graph.get(f"mailFolders/{name}")
    assert graph.get(f"mailFolders/{folder['id']}")["displayName"] == folder["displayName"]
    assert graph.get(f"mailFolders('{name}')")["id"] == folder["id"]


def test_folder_ids_are_the_same_with_and_without_the_immutable_header(graph: GraphClient) -> None:
    with_header = graph.get("mailFolders/inbox")["id"]
    graph.immutable = False
    assert graph.get("mailFolders/inbox")["id"] == with_header


def test_the_children_of_recoverable_items_can_be_listed(graph: GraphClient) -> None:
    listed = names(graph, "mailFolders/recoverableitemsroot/childFolders?$top=50")
    assert {"Deletions", "Purges", "Versions", "DiscoveryHolds", "SubstrateHolds", "Calendar Logging"} <= set(listed)


@pytest.mark.parametrize("name", ["Klant / dochter", "顾问客户", "a" * 255, "O'Neil & Zn", "‏עברית"])
def test_a_folder_keeps_its_name_whatever_it_is(graph: GraphClient, name: str) -> None:
    assert graph.get(f"mailFolders/{make(graph, name)}")["displayName"] == name


@pytest.mark.parametrize("name", ["", "   ", "a" * 256, "a\x00b"])
def test_an_impossible_name_is_refused(graph: GraphClient, name: str) -> None:
    assert graph.refused("POST", "mailFolders", {"displayName": name}) == (400, "ErrorInvalidRequest")


def test_a_taken_name_is_refused_in_any_case_also_when_a_hidden_folder_has_it(graph: GraphClient) -> None:
    make(graph, "Acme")
    assert graph.refused("POST", "mailFolders", {"displayName": "ACME"}) == (409, "ErrorFolderExists")
    assert graph.refused("POST", "mailFolders", {"displayName": "clutter"}) == (409, "ErrorFolderExists")


def test_some_tenants_say_400_for_a_taken_name(graph: GraphClient) -> None:
    graph.store.mailboxes.change(graph.mailbox, folder_exists_status=400)
    make(graph, "Acme")
    assert graph.refused("POST", "mailFolders", {"displayName": "Acme"}) == (400, "ErrorFolderExists")


def test_rename_changes_the_name_and_keeps_the_id(graph: GraphClient) -> None:
    folder = make(graph, "Acme")
    renamed = graph.send("PATCH", f"mailFolders/{folder}", {"displayName": "Acme B.V."})
    assert (renamed.status_code, renamed.json()["id"], renamed.json()["displayName"]) == (200, folder, "Acme B.V.")


@pytest.mark.parametrize(("method", "path", "body"), [
    ("PATCH", "mailFolders/inbox", {"displayName": "In"}),
    ("POST", "mailFolders/inbox/move", {"destinationId": "archive"}),
])  # fmt: skip
def test_a_well_known_folder_is_neither_renamed_nor_moved(
    graph: GraphClient, method: str, path: str, body: dict[str, str]
) -> None:
    assert graph.refused(method, path, body) == (400, "ErrorCannotMoveSpecialFolder")


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "mailFolders/inbox"), ("POST", "mailFolders/inbox/permanentDelete")]
)
def test_a_well_known_folder_is_not_deleted(graph: GraphClient, method: str, path: str) -> None:
    assert graph.refused(method, path) == (400, "ErrorDeleteDistinguishedFolder")


def test_a_moved_folder_takes_its_mail_along(graph: GraphClient) -> None:
    client, target = make(graph, "Acme"), make(graph, "Clients")
    graph.deliver(client)
    moved = graph.post(f"mailFolders/{client}/move", {"destinationId": target})
    assert (moved.status_code, moved.json()["parentFolderId"], moved.json()["totalItemCount"]) == (200, target, 1)
    assert graph.get(f"mailFolders/{target}")["childFolderCount"] == 1


def test_a_folder_does_not_move_below_itself(graph: GraphClient) -> None:
    outer = make(graph, "Outer")
    inner = make(graph, "Inner", outer)
    assert graph.refused("POST", f"mailFolders/{outer}/move", {"destinationId": inner}) == (400, "ErrorMoveCopyFailed")
    assert graph.refused("POST", f"mailFolders/{outer}/copy", {"destinationId": inner}) == (400, "ErrorMoveCopyFailed")


def test_a_copied_folder_has_copies_of_all_below(graph: GraphClient) -> None:
    outer, target = make(graph, "Outer"), make(graph, "Target")
    inner = make(graph, "Inner", outer)
    graph.deliver(inner)
    copied = graph.post(f"mailFolders/{outer}/copy", {"destinationId": target}).json()
    below = graph.get(f"mailFolders/{copied['id']}/childFolders")["value"]
    assert [(folder["displayName"], folder["totalItemCount"]) for folder in below] == [("Inner", 1)]
    assert graph.get(f"mailFolders/{inner}")["totalItemCount"] == 1


def test_a_deleted_folder_goes_to_deleted_items_with_its_mail_and_a_second_one_gets_a_number(
    graph: GraphClient,
) -> None:
    for _ in range(2):
        folder = make(graph, "Acme")
        graph.deliver(folder)
        assert graph.send("DELETE", f"mailFolders/{folder}").status_code == 204
    listed = graph.get("mailFolders/deleteditems/childFolders")["value"]
    assert [(folder["displayName"], folder["totalItemCount"]) for folder in listed] == [("Acme", 1), ("Acme 1", 1)]


@pytest.mark.parametrize(
    ("road", "place"), [("delete twice", "recoverableitemsdeletions"), ("permanent", "recoverableitemspurges")]
)
def test_a_folder_deleted_for_good_is_gone_and_its_mail_recoverable(graph: GraphClient, road: str, place: str) -> None:
    folder = make(graph, "Acme")
    inner = make(graph, "Inner", folder)
    graph.deliver(inner, subject="kept")
    if road == "permanent":
        assert graph.post(f"mailFolders/{folder}/permanentDelete").status_code == 204
    else:
        assert [graph.send("DELETE", f"mailFolders/{folder}").status_code for _ in range(2)] == [204, 204]
    assert graph.refused("GET", f"mailFolders/{folder}") == (404, "ErrorItemNotFound")
    assert graph.refused("GET", f"mailFolders/{inner}") == (404, "ErrorItemNotFound")
    assert [item["subject"] for item in graph.all(f"mailFolders/{place}/messages")] == ["kept"]


def test_folders_cannot_be_made_in_recoverable_items(graph: GraphClient) -> None:
    path = "mailFolders/recoverableitemspurges/childFolders"
    assert graph.refused("POST", path, {"displayName": "x"}) == (403, "ErrorAccessDenied")


def test_a_child_is_addressed_below_its_parent_only(graph: GraphClient) -> None:
    outer = make(graph, "Outer")
    inner = make(graph, "Inner", outer)
    assert graph.get(f"mailFolders/{outer}/childFolders/{inner}")["id"] == inner
    assert graph.refused("GET", f"mailFolders/inbox/childFolders/{inner}") == (404, "ErrorItemNotFound")


def test_folders_are_filtered_sorted_selected_and_counted(graph: GraphClient) -> None:
    make(graph, "Acme")
    found = graph.get("mailFolders?$filter=displayName eq 'acme'&$select=displayName&$count=true")
    assert [(folder["displayName"], set(folder)) for folder in found["value"]] == [("Acme", {"id", "displayName"})]
    assert found["@odata.count"] == 1
    assert names(graph, "mailFolders?$orderby=displayName desc&$top=100") == sorted(names(graph), reverse=True)
    assert graph.send("GET", "mailFolders/$count").text == str(len(names(graph)))


@pytest.mark.parametrize("path", ["mailFolders/inbox", "mailFolders/msgfolderroot/childFolders"])
def test_child_folders_may_be_expanded_and_nothing_else(graph: GraphClient, path: str) -> None:
    """One folder and each of a list; what is not done is refused, not passed over."""
    make(graph, "Acme", graph.get("mailFolders/inbox")["id"])
    answer = graph.get(f"{path}?$expand=childFolders")
    folders = {folder["displayName"]: folder for folder in answer.get("value", [answer])}
    assert [child["displayName"] for child in folders["Inbox"]["childFolders"]] == ["Acme"]
    assert graph.refused("GET", f"{path}?$expand=messages") == (400, "BadRequest")


def test_a_search_folder_shows_what_its_filter_finds(graph: GraphClient) -> None:
    graph.deliver(subject="weekly digest 1")
    graph.deliver(subject="other")
    body = {
        "@odata.type": "microsoft.graph.mailSearchFolder",
        "displayName": "Digests",
        "includeNestedFolders": True,
        "sourceFolderIds": ["inbox"],
        "filterQuery": "contains(subject, 'weekly digest')",
    }
    made = graph.post("mailFolders/searchfolders/childFolders", body).json()
    assert made["@odata.type"] == "#microsoft.graph.mailSearchFolder"
    assert [item["subject"] for item in graph.all(f"mailFolders/{made['id']}/messages")] == ["weekly digest 1"]


def test_what_a_search_folder_looks_for_can_be_changed(graph: GraphClient) -> None:
    """Its query alone, its name alone, or both; an ordinary folder has a name only."""
    graph.deliver(subject="First")
    graph.deliver(subject="Second")
    search = {"@odata.type": "microsoft.graph.mailSearchFolder", "displayName": "S", "sourceFolderIds": ["inbox"]}
    made = graph.post("mailFolders", {**search, "filterQuery": "contains(subject, 'First')"}).json()
    path = f"mailFolders/{made['id']}"
    changed = graph.send("PATCH", path, {"filterQuery": "contains(subject, 'Second')"}).json()
    assert (changed["filterQuery"], changed["sourceFolderIds"], changed["displayName"]) == (
        "contains(subject, 'Second')",
        ["inbox"],
        "S",
    )
    assert [item["subject"] for item in graph.all(f"{path}/messages")] == ["Second"]
    assert graph.send("PATCH", path, {"displayName": "T", "includeNestedFolders": True}).json()["displayName"] == "T"
    assert graph.refused("PATCH", path, {"filterQuery": 3}) == (400, "ErrorInvalidRequest")
    own = make(graph, "Acme")
    assert graph.refused("PATCH", f"mailFolders/{own}", {"filterQuery": "x"}) == (400, "ErrorInvalidRequest")


def test_the_trees_delta_tells_every_folder_once_then_changes_only(graph: GraphClient) -> None:
    told, link = graph.round("mailFolders/delta", Prefer="odata.maxpagesize=3")
    assert "Inbox" in {folder["displayName"] for folder in told}
    assert "Top of Information Store" not in {folder["displayName"] for folder in told}
    assert len({folder["id"] for folder in told}) == len(told)
    folder = make(graph, "Acme")
    changed, link = graph.round(link)
    assert [item["displayName"] for item in changed] == ["Acme"]
    graph.send("PATCH", f"mailFolders/{folder}", {"displayName": "Acme B.V."})
    changed, link = graph.round(link)
    assert [item["displayName"] for item in changed] == ["Acme B.V."]
    graph.post(f"mailFolders/{folder}/permanentDelete")
    removed, link = graph.round(link)
    assert [(item["id"], item["@removed"]) for item in removed] == [(folder, {"reason": "deleted"})]
    assert graph.round(link)[0] == []


@pytest.mark.parametrize(("reference", "answer"), [
    ("AAMkNoSuch", (400, "ErrorInvalidIdMalformed")),
    ("nosuchname", (400, "ErrorInvalidIdMalformed")),
])  # fmt: skip
def test_a_reference_that_is_no_id_is_malformed(graph: GraphClient, reference: str, answer: tuple[int, str]) -> None:
    assert graph.refused("GET", f"mailFolders/{reference}") == answer


def test_another_mailboxs_folder_id_is_malformed_and_an_unused_one_not_found(graph: GraphClient) -> None:
    other = graph.store.mailboxes.create("bert@firm.example")
    foreign = other.ids.folder_id(graph.store.folders.well_known(other, "inbox").id)
    assert graph.refused("GET", f"mailFolders/{foreign}") == (400, "ErrorInvalidIdMalformed")
    unused = graph.mailbox.ids.folder_id(999_999)
    assert graph.refused("GET", f"mailFolders/{unused}") == (404, "ErrorItemNotFound")


def test_a_dutch_mailbox_has_dutch_names_and_the_same_well_known_ones(graph: GraphClient) -> None:
    graph.store.mailboxes.create("dirk@firm.example", language="nl")
    assert graph.get("/v1.0/users/dirk@firm.example/mailFolders/inbox")["displayName"] == "Postvak IN"


def test_too_many_subfolders_and_too_deep_a_tree_are_refused(
    graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = make(graph, "Outer")
    monkeypatch.setattr("mailsorter.emulator.store.folders.MAX_SUBFOLDERS", 3)
    for number in range(3):
        make(graph, f"{number}", outer)
    path = f"mailFolders/{outer}/childFolders"
    assert graph.refused("POST", path, {"displayName": "x"}) == (400, "ErrorFolderChildCountLimitExceeded")
    monkeypatch.setattr("mailsorter.emulator.store.folders.MAX_DEPTH", 3)
    path = f"mailFolders/{graph.get(path)['value'][0]['id']}/childFolders"
    assert graph.refused("POST", path, {"displayName": "y"}) == (400, "ErrorFolderHierarchyLimitExceeded")
