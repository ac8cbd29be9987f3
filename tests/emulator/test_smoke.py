"""The emulator's main road, once from end to end."""

from tests.emulator.client import GraphClient


def test_a_message_is_listed_moved_and_found_again_by_the_same_immutable_id(graph: GraphClient) -> None:
    graph.deliver(subject="Offerte 12")
    listed = graph.get("mailFolders/inbox/messages")["value"][0]
    made = graph.post("mailFolders", {"displayName": "Klant"}).json()
    moved = graph.post(f"messages/{listed['id']}/move", {"destinationId": made["id"]})
    assert moved.status_code == 201
    assert moved.json()["id"] == listed["id"]
    assert moved.json()["parentFolderId"] == made["id"]
    assert graph.get("mailFolders/inbox")["totalItemCount"] == 0
    assert graph.get(f"mailFolders/{made['id']}")["totalItemCount"] == 1
